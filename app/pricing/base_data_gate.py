"""What every step of a change of base data begins and ends with: lock, state, log."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import WrongState
from app.estate import base_data
from app.estate import policies as estate_policies
from app.estate.base_data_steps import BaseDataStep
from app.pricing import policies
from app.pricing.models import BaseDataChange, BaseDataChangeState
from app.pricing.queries.base_data import get_base_data_change


def take_change(change_id: int) -> BaseDataChange:
    """Lock the change and read it afresh. Raises NotFound outside scope."""
    db.session.execute(
        select(BaseDataChange.id).where(BaseDataChange.id == change_id).with_for_update()
    )
    found = get_base_data_change(change_id)
    db.session.refresh(found)
    return found


def require_open(change: BaseDataChange, action: str, actor: Actor) -> None:
    """Let a step with a draft pass. Raises NotAllowed, NotFound, WrongState once it is sent."""
    actor.require(f"{policies.BASE_DATA_CHANGE}:{action}")
    estate_policies.require_reach(actor, change.project_id)
    if not policies.can_edit_change(change):
        raise WrongState(
            _l(
                "%(change)s is %(state)s and does not change any more.",
                change=str(change),
                state=BaseDataChangeState(change.state).title,
            )
        )


def log_step(change: BaseDataChange, step: BaseDataStep, actor: Actor, note: str = "") -> None:
    """Write the step into the log that both sides see."""
    base_data.write_entry(
        change.project_id,
        step.value,
        actor=actor,
        change_number=change.number,
        note=note or change.name,
    )

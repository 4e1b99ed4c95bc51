"""Drafts price plans and takes them through their states; nothing else writes a room's price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, WrongState
from app.core.numbering import next_number
from app.core.states import transition
from app.estate import policies as estate_policies
from app.estate.queries import get_project
from app.pricing import policies
from app.pricing.entries import check_plan
from app.pricing.models import PricePlan, PricePlanRow, PricePlanState
from app.pricing.operations.rows import PlanRowDraft, check_rows
from app.pricing.queries import get_price_plan
from app.workflows import engine
from app.workflows.models import ApprovalRequest

#: what PostgreSQL says of a row that points to none
ROOM_IS_GONE = "23503"


def create_price_plan(
    *,
    project_id: int,
    name: str,
    rows: Sequence[PlanRowDraft],
    origin: str = "hand",
    terms: Mapping[str, Any] | None = None,
    takes_effect_on: date | None = None,
    blanks: bool = False,
    actor: Actor,
) -> PricePlan:
    """Draft a plan with its rows; no room's price changes before it is approved.

    ``terms`` keeps how the prices were worked out; with ``blanks`` rows may lack them yet. Raises
    NotAllowed, NotFound for a project outside scope, Invalid naming the first wrong row, or for a
    day that has passed.
    """
    actor.require(f"{policies.PLAN}:add")
    estate_policies.require_reach(actor, project_id)
    project = get_project(project_id)
    check_plan({"name": name, "takes_effect_on": takes_effect_on})
    prices = check_rows(project, rows, blanks=blanks)
    plan = new_plan(project_id=project_id, name=name, origin=origin, actor=actor)
    plan.terms = dict(terms or {})
    plan.takes_effect_on = takes_effect_on
    db.session.flush()
    insert_rows(plan, prices)
    return plan


def new_plan(*, project_id: int, name: str, origin: str, actor: Actor) -> PricePlan:
    """Add a plan without rows; its number is given here."""
    plan = PricePlan(
        project_id=project_id,
        number=next_number("DJ"),
        name=name.strip()[:120],
        state=PricePlanState.DRAFT.value,
        origin=origin,
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    db.session.add(plan)
    db.session.flush()
    return plan


def edit_price_plan(
    plan: PricePlan, *, name: str, takes_effect_on: date | None = None, actor: Actor
) -> PricePlan:
    """Give an open plan another name and day; no day is at once, with the last yes.

    Raises WrongState for one in approval or after it, Invalid for a day that has passed.
    """
    locked = open_for(plan, "edit", actor=actor)
    check_plan({"name": name, "takes_effect_on": takes_effect_on}, row=locked)
    locked.name = name.strip()
    locked.takes_effect_on = takes_effect_on
    db.session.flush()
    return locked


def replace_plan_rows(plan: PricePlan, *, rows: Sequence[PlanRowDraft], actor: Actor) -> PricePlan:
    """Put other rows in place of those of an open plan.

    Raises WrongState for a plan in approval or in force, Invalid naming the first wrong row.
    """
    locked = open_for(plan, "edit", actor=actor)
    prices = check_rows(get_project(plan.project_id), rows)
    db.session.execute(delete(PricePlanRow).where(PricePlanRow.plan_id == locked.id))
    insert_rows(locked, prices)
    locked.version += 1
    db.session.flush()
    return locked


def delete_price_plan(plan: PricePlan, *, actor: Actor) -> None:
    """Delete a draft with its rows. Raises WrongState for one that was sent or is in force."""
    locked = open_for(plan, "delete", actor=actor)
    if locked.state != PricePlanState.DRAFT.value or _requests_of(locked):
        raise WrongState(
            _l(
                "%(plan)s has been sent for approval once and stays as a record. Draft a new plan.",
                plan=str(locked),
            )
        )
    db.session.execute(delete(PricePlanRow).where(PricePlanRow.plan_id == locked.id))
    db.session.delete(locked)
    db.session.flush()


def submit_price_plan(plan: PricePlan, *, reason: str, actor: Actor) -> ApprovalRequest:
    """Send an open plan for approval; its rows stay as they are until that ends.

    Raises NotAllowed, WrongState for a plan that is not open, Conflict if it was sent already,
    Invalid without a reason or naming the role that is missing.
    """
    actor.require(f"{policies.PLAN}:submit")
    return engine.submit("price_change", plan.id, values={}, reason=reason, actor=actor)


def freeze_plan(plan_id: int, *, actor: Actor) -> PricePlan:
    """Close a plan's rows while it is in approval. Raises WrongState if it is not open."""
    plan = get_price_plan(plan_id, lock=True)
    transition(plan, PricePlanState.IN_APPROVAL, actor=actor)
    db.session.flush()
    return plan


def reopen_plan(plan_id: int, *, rejected: bool, actor: Actor) -> PricePlan:
    """Give a plan in approval back to who drafted it, as a draft or as rejected."""
    plan = get_price_plan(plan_id, lock=True)
    to = PricePlanState.REJECTED if rejected else PricePlanState.DRAFT
    transition(plan, to, actor=actor)
    db.session.flush()
    return plan


def _requests_of(plan: PricePlan) -> int:
    found = select(func.count()).where(
        ApprovalRequest.subject_type == "price_plan", ApprovalRequest.subject_id == plan.id
    )
    count: int = db.session.scalar(found)
    return count


def open_for(plan: PricePlan, action: str, *, actor: Actor) -> PricePlan:
    """Return the plan locked, to be changed. Raises NotAllowed; WrongState if it is not open."""
    actor.require(f"{policies.PLAN}:{action}")
    locked = get_price_plan(plan.id, lock=True)
    if not policies.is_open(locked):
        raise WrongState(
            _l(
                "%(plan)s is %(state)s; its prices cannot change any more. Draft a new plan.",
                plan=str(locked),
                state=PricePlanState(locked.state).title,
            )
        )
    return locked


def insert_rows(plan: PricePlan, prices: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that have been checked. Raises Conflict if a room was taken back meanwhile."""
    rows = [{"plan_id": plan.id, "project_id": plan.project_id, **price} for price in prices]
    try:
        with db.session.begin_nested():
            db.session.execute(insert(PricePlanRow), rows)
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) != ROOM_IS_GONE:
            raise
        raise Conflict(
            _l("Somebody removed some of these rooms just now. Load them again.")
        ) from error

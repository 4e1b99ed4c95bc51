"""What sales hands over when somebody leaves: holds, open deals and unused special discounts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.admin.handover import Item, Work, register_work
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.sales import policies
from app.sales.models import LIVE_SUBSCRIPTIONS, Hold, SpecialDiscount, Subscription


def _finder(model: Any, owner: Any, *still: Any) -> Callable[[int], Sequence[Item]]:
    def find(user_id: int) -> list[Item]:
        rows = db.session.scalars(
            select(model).where(owner == user_id, *still).order_by(model.id),
            # All of them: what is left behind would be followed by nobody.
            execution_options={"whole_group": True},
        )
        return [Item(row.id, row.project_id, str(row)) for row in rows]

    return find


def _mover(
    model: Any, owner: Any, *still: Any
) -> Callable[[Collection[int], int, int, Actor], None]:
    def move(ids: Collection[int], leaver_id: int, successor_id: int, _actor: Actor) -> None:
        db.session.execute(
            update(model)
            # What ended or changed hands since it was found stays with whom it ended.
            .where(model.id.in_(ids), owner == leaver_id, *still)
            .values({owner.key: successor_id})
            # The administrator sees no deals himself; he hands over what he does not read.
            .execution_options(whole_group=True, synchronize_session="fetch")
        )

    return move


def _unused_discounts(user_id: int) -> Sequence[Item]:
    still = (SpecialDiscount.used_at.is_(None), SpecialDiscount.valid_until >= clock.today())
    return _finder(SpecialDiscount, SpecialDiscount.owner_id, *still)(user_id)


def register() -> None:
    """Tell the handover what sales has."""
    live = Hold.state == "live"
    unused = SpecialDiscount.used_at.is_(None)
    open_deals = Subscription.state.in_(LIVE_SUBSCRIPTIONS)
    for work in (
        Work(
            "holds",
            _l("Rooms held"),
            policies.ADD_HOLD,
            _finder(Hold, Hold.holder_id, live),
            _mover(Hold, Hold.holder_id, live),
            order=10,
        ),
        Work(
            "deals",
            _l("Open deals"),
            # Whoever only reads deals cannot carry one on.
            policies.ASK_CHANGE,
            _finder(Subscription, Subscription.consultant_id, open_deals),
            _mover(Subscription, Subscription.consultant_id, open_deals),
            order=20,
        ),
        Work(
            "special_discounts",
            _l("Unused special discounts"),
            policies.ASK_SPECIAL,
            _unused_discounts,
            _mover(SpecialDiscount, SpecialDiscount.owner_id, unused),
            order=25,
        ),
    ):
        register_work(work)

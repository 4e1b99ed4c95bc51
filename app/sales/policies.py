"""Who may hold, subscribe and ask for discounts, and what may be done with a room now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.permissions import Permission, declare_permissions
from app.customers.policies import SEE_ALL as SEE_ALL_CUSTOMERS
from app.estate.models import Room, RoomStatus
from app.pricing.policies import QUOTE
from app.sales.models import Hold

HOLD = "sales.hold"
SUBSCRIPTION = "sales.subscription"
SPECIAL_DISCOUNT = "sales.special_discount"
CHANGE = "sales.change"

SEE_HOLDS = f"{HOLD}:see"
ADD_HOLD = f"{HOLD}:add"
CONTROL = f"{HOLD}:control"
RELEASE_ANY = f"{HOLD}:release_any"
SEE_SUBSCRIPTIONS = f"{SUBSCRIPTION}:see"
SEE_ALL_SUBSCRIPTIONS = f"{SUBSCRIPTION}:see_all"
ADD_SUBSCRIPTION = f"{SUBSCRIPTION}:add"
EXPORT_SUBSCRIPTIONS = f"{SUBSCRIPTION}:export"
SEE_SPECIALS = f"{SPECIAL_DISCOUNT}:see"
ASK_SPECIAL = f"{SPECIAL_DISCOUNT}:ask"
SEE_CHANGES = f"{CHANGE}:see"
ASK_CHANGE = f"{CHANGE}:ask"
SEE_QUOTE = f"{QUOTE}:see"

#: who sees deals at all; all but the consultant (his own) and the supervisor (his team's) see those
#: of the whole project
DEALS = "CKSMDHAFXGVLB"
ALL_DEALS = "KMDHAFXGVLB"

declare_permissions(
    Permission(SEE_HOLDS, _l("See holds"), "CKSMDLB"),
    Permission(ADD_HOLD, _l("Hold rooms"), "CKSMDB"),
    Permission(CONTROL, _l("Take rooms off the market with a reason"), "KMDB"),
    Permission(RELEASE_ANY, _l("Release the holds of others"), "KMDB"),
    Permission(SEE_SUBSCRIPTIONS, _l("See subscriptions"), DEALS),
    Permission(SEE_ALL_SUBSCRIPTIONS, _l("See the subscriptions of all consultants"), ALL_DEALS),
    Permission(EXPORT_SUBSCRIPTIONS, _l("Export subscriptions"), "MDFXL"),
    Permission(ADD_SUBSCRIPTION, _l("Subscribe rooms"), "CKSB"),
    Permission(SEE_SPECIALS, _l("See special discounts"), "CKSMDLB"),
    Permission(ASK_SPECIAL, _l("Ask for a special discount"), "CKSMDB"),
    Permission(SEE_CHANGES, _l("See the change register"), DEALS),
    Permission(ASK_CHANGE, _l("Ask for changes of a deal"), "CKSMB"),
)


class HeldBy(Protocol):
    """What a decision about a held room looks at: a Hold or what a query read of one."""

    @property
    def holder_id(self) -> int: ...
    @property
    def customer_id(self) -> int | None: ...


def can_release(hold: HeldBy, actor: Actor) -> bool:
    """Tell whether the actor may end the hold: his own, or as controller, manager, director."""
    own = actor.kind == "user" and hold.holder_id == actor.id and actor.may(ADD_HOLD)
    return own or actor.may(RELEASE_ANY)


def can_subscribe_from(
    hold: HeldBy, actor: Actor, *, buyer_ids: Collection[int] | None = None
) -> bool:
    """Tell whether a reserved room may be subscribed by the actor.

    A hold for one of the buyers may, whoever made it; one's own hold for another customer too,
    since the holder agrees by doing it. Without ``buyer_ids``: whether there are such buyers.
    """
    if hold.customer_id is None:
        return False
    if hold.holder_id == actor.id:
        return True
    if buyer_ids is not None:
        return hold.customer_id in buyer_ids
    return actor.may(SEE_ALL_CUSTOMERS) or actor.follows(hold.holder_id)


def room_actions(room: Room, actor: Actor, *, hold: HeldBy | None = None) -> list[str]:
    """Return what the actor may do with the room now, by its state and his rights.

    ``hold`` saves the query for the live hold where the caller has read it.
    """
    status = RoomStatus(room.status)
    taken = status in {RoomStatus.HELD, RoomStatus.RESERVED}
    if taken and hold is None:
        hold = _live_hold(room.id)
    allowed = {
        "hold": status is RoomStatus.AVAILABLE and actor.may(ADD_HOLD),
        "name_customer": _can_name_customer(hold, status, actor),
        "release": taken and hold is not None and can_release(hold, actor),
        "subscribe": actor.may(ADD_SUBSCRIPTION) and _can_be_subscribed(status, hold, actor),
        "quote": status in _PRICED and actor.may(SEE_QUOTE),
        "ask_special_discount": status in _DISCOUNTED and actor.may(ASK_SPECIAL),
    }
    return [action for action, may in allowed.items() if may]


_PRICED = (RoomStatus.AVAILABLE, RoomStatus.HELD, RoomStatus.RESERVED)
_DISCOUNTED = (RoomStatus.AVAILABLE, RoomStatus.RESERVED)


def _can_be_subscribed(status: RoomStatus, hold: HeldBy | None, actor: Actor) -> bool:
    if status is RoomStatus.AVAILABLE:
        return True
    return status is RoomStatus.RESERVED and hold is not None and can_subscribe_from(hold, actor)


def _can_name_customer(hold: HeldBy | None, status: RoomStatus, actor: Actor) -> bool:
    if hold is None or status is not RoomStatus.RESERVED or hold.customer_id is not None:
        return False
    return hold.holder_id == actor.id and actor.may(ADD_HOLD)


def _live_hold(room_id: int) -> Any:
    return db.session.execute(
        select(Hold.holder_id, Hold.customer_id).where(
            Hold.room_id == room_id, Hold.state == "live"
        )
    ).first()

"""Everything about one room, as its panel and ``GET rooms/{id}`` show it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, bindparam, text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.identity import mask_name
from app.core.money import plain
from app.customers.models import Customer
from app.customers.policies import sees
from app.estate.drawing_answers import drawing_address
from app.estate.drawing_queries import pictures_of
from app.estate.models import Room, RoomStatus
from app.estate.policies import DRAWING
from app.estate.queries import get_room
from app.estate.room_codes import room_code
from app.grid import sql
from app.grid.history import list_steps
from app.pricing import policies as pricing
from app.pricing.queries import get_current_price
from app.sales import policies as sales
from app.sales.models import SubscriptionState
from app.sales.queries import (
    LiveHold,
    LiveSubscription,
    list_buyers,
    live_holds,
    live_subscriptions,
    usable_special_discounts,
)


def describe_room(room_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return the room, its price, live hold and deal, what the actor may do now, and its history.

    Raises NotFound outside scope. Floor total, reasons, deals and names only as far as the actor
    may see them.
    """
    room = get_room(room_id)
    hold = live_holds([room_id]).get(room_id)
    deal = live_subscriptions([room_id]).get(room_id)
    return {
        **_facts(room),
        "pictures": _pictures(room, actor),
        "marks": _marks(room_id),
        "price": _price(room_id, actor),
        "hold": _hold(hold, room.project_id, actor) if hold else None,
        "deal": _deal(deal, room.project_id, actor) if deal else None,
        "special_discounts": _special_discounts(room_id, actor),
        "actions": list_actions(room, hold, actor),
        "timeline": [
            step.as_json() for step in list_steps(room_id, project_id=room.project_id, actor=actor)
        ],
    }


def list_actions(room: Room, hold: LiveHold | None, actor: Actor) -> list[str]:
    """Return what the actor may do with the room now: selling first, then what the market sees."""
    status = RoomStatus(room.status)
    market = {
        "release_for_sale": (f"{pricing.SALE}:release", (RoomStatus.UNRELEASED,)),
        "withdraw": (
            f"{pricing.SALE}:withdraw",
            (RoomStatus.AVAILABLE, RoomStatus.REPRICING),
        ),
        "confirm_price": (f"{pricing.SALE}:confirm_price", (RoomStatus.REPRICING,)),
    }
    allowed = [
        name for name, (right, states) in market.items() if status in states and actor.may(right)
    ]
    return [*sales.room_actions(room, actor, hold=hold), *allowed]


def _facts(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "project_id": room.project_id,
        "building_id": room.building_id,
        "building": room.building.name,
        "entrance": room.entrance.name if room.entrance else None,
        "floor": room.floor_name,
        "floor_order": room.floor,
        "column": room.column,
        "number": room.number,
        "title": room.title,
        "code": room_code(room),
        "status": room.status,
        "status_title": str(RoomStatus(room.status).title),
        "house_type": room.house_type.name if room.house_type else None,
        "orientation": room.orientation,
        "gross_area": plain(room.gross_area),
        "inside_area": _plain(room.inside_area),
        "shared_area": _plain(room.shared_area),
        "version": room.version,
    }


def _pictures(room: Room, actor: Actor) -> list[dict[str, Any]]:
    """Return the pictures of the room's house type, for who sees drawings."""
    if not actor.may(f"{DRAWING}:see"):
        return []
    return [
        {
            "name": one.name,
            "url": drawing_address(one),
            "page": f"/drawings/{one.id}",
            "width": one.width,
            "height": one.height,
        }
        for one in pictures_of(room.house_type_id)
    ]


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


_MARKS = text(
    f"WITH wanted AS (SELECT CAST(:room_id AS bigint) AS id), {sql.MARKS.format(today=':today')}"
    " SELECT marks FROM mark"
).bindparams(bindparam("today", type_=Date))


def _marks(room_id: int) -> list[str]:
    found = db.session.scalar(_MARKS, {"room_id": room_id, "today": clock.today()})
    return list(found or [])


def _price(room_id: int, actor: Actor) -> dict[str, Any] | None:
    price = get_current_price(room_id)
    if price is None:
        return None
    shown = {
        "list_unit_price": plain(price.list_unit_price),
        "list_total": plain(price.list_total),
        "since": _moment(price.valid_from),
    }
    if pricing.can_see_floor(actor):
        shown["floor_total"] = plain(price.floor_total)
    return shown


def _hold(hold: LiveHold, project_id: int, actor: Actor) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": hold.kind,
        "who": hold.holder_name,
        "since": _moment(hold.since),
        "until": _moment(hold.until),
        "is_own": hold.holder_id == actor.id,
        "customer": None,
    }
    own = hold.holder_id in actor.owners_in(project_id)
    if own or actor.may(sales.SEE_HOLDS):
        shown |= {"id": hold.id, "reason": hold.reason}
    customer = _seen_customer(hold, project_id, actor)
    if customer is not None:
        # One's own customers have their names; of all others the panel stands open to passers-by.
        name = customer.name if customer.owner_id == actor.id else customer.masked_name
        shown |= {"customer": name, "customer_id": hold.customer_id}
    elif own:
        shown |= {"customer": hold.customer, "customer_id": hold.customer_id}
    return shown


def _seen_customer(hold: LiveHold, project_id: int, actor: Actor) -> Customer | None:
    if hold.customer_id is None:
        return None
    # Read within scope: the owner decides whether the actor sees this customer at all.
    found: Customer | None = db.session.get(Customer, hold.customer_id)
    return found if found is not None and sees(found.owner_id, project_id, actor) else None


def _special_discounts(room_id: int, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(sales.SEE_SPECIALS):
        return []
    return [
        {
            "id": special.id,
            "percent": plain(special.percent),
            "customer": special.customer.masked_name if special.customer else None,
            "customer_id": special.customer_id,
            "valid_until": special.valid_until.isoformat(),
        }
        for special in usable_special_discounts(room_id)
    ]


def _deal(deal: LiveSubscription, project_id: int, actor: Actor) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "state": deal.state,
        "state_title": str(SubscriptionState(deal.state).title),
        "who": deal.consultant_name,
        "since": _moment(deal.subscribed_at),
        "is_own": deal.consultant_id == actor.id,
        "buyers": None,
    }
    own = deal.consultant_id in actor.owners_in(project_id) and actor.may(sales.SEE_SUBSCRIPTIONS)
    if own or actor.may(sales.SEE_ALL_SUBSCRIPTIONS):
        shown |= {
            "id": deal.id,
            "number": deal.number,
            "buyers": _buyers(deal, actor),
            "deal_total": plain(deal.deal_total),
            "lapses_at": _moment(deal.lapses_at),
            "sign_by": deal.sign_by.isoformat(),
        }
    return shown


def _buyers(deal: LiveSubscription, actor: Actor) -> str:
    """Return 王小明、李**: one's own customers by name, the others masked."""
    rows = list_buyers([deal.id])[deal.id]
    return "、".join(one.name if one.owner_id == actor.id else mask_name(one.name) for one in rows)

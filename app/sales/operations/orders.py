"""What a subscription is made of: its buyers with their shares, and its price at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotFound
from app.core.money import HUNDRED, ZERO, percent, plain
from app.customers.models import Customer
from app.customers.policies import sees
from app.estate.models import Room
from app.estate.queries import get_room
from app.pricing import operations as pricing
from app.pricing.quotes import Quote
from app.sales.models import SpecialDiscount
from app.sales.operations.special_discounts import (
    discount_effect,
    require_price,
    take_special_discount,
)
from app.sales.refusals import wrong_buyers

MOST_BUYERS: Final = 20


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """What a buyer has chosen; ``buyers`` are customers with their shares in percent."""

    room_id: int
    payment_method_id: int
    buyers: Sequence[tuple[int, Decimal]]
    discount_ids: Sequence[int] = field(default_factory=tuple)
    special_discount_id: int | None = None


# Buyers


def read_buyers(order: SubscriptionOrder, *, actor: Actor) -> list[Customer]:
    """Return the buyers in order. Raises Invalid or NotFound for what is wrong with them."""
    ids = [customer_id for customer_id, _share in order.buyers]
    if not 1 <= len(ids) <= MOST_BUYERS:
        raise wrong_buyers(_l("A subscription has 1 to %(most)d buyers.", most=MOST_BUYERS))
    if len(set(ids)) < len(ids):
        raise wrong_buyers(_l("A buyer is named twice; add the shares together."))
    shares = [share for _id, share in order.buyers]
    if any(share <= 0 or percent(share) != share for share in shares):
        raise wrong_buyers(_l("A share is above 0 and has at most two decimals."))
    if sum(shares, ZERO) != HUNDRED:
        raise wrong_buyers(
            _l(
                "The shares come to %(sum)s %%; they must be 100.00 %% together.",
                sum=plain(sum(shares, ZERO)),
            )
        )
    found = {row.id: row for row in _customers(ids) if sees(row.owner_id, row.project_id, actor)}
    if len(found) < len(ids):
        raise NotFound(_l("There is no such customer within your scope."))
    buyers = [found[customer_id] for customer_id in ids]
    for buyer in buyers:
        if not buyer.has_document:
            raise wrong_buyers(
                _l(
                    "%(name)s has no identity document. Enter it with the customer first.",
                    name=buyer.name,
                )
            )
    return buyers


def _customers(ids: Sequence[int]) -> list[Customer]:
    return list(db.session.scalars(select(Customer).where(Customer.id.in_(ids))))


# The price


def price_order(order: SubscriptionOrder, *, actor: Actor) -> tuple[Quote, SpecialDiscount | None]:
    """Return the quote at the list price of now. Raises Invalid ``below_floor``."""
    room = get_room(order.room_id)
    price = require_price(room)
    special = None
    if order.special_discount_id is not None:
        special = take_special_discount(
            order.special_discount_id,
            room_id=room.id,
            buyer_ids=[customer_id for customer_id, _share in order.buyers],
            list_total=price.list_total,
        )
    quote = pricing.quote(
        room_id=room.id,
        payment_method_id=order.payment_method_id,
        discount_ids=list(order.discount_ids),
        special_percent=special.percent if special else None,
        on=clock.today(),
        actor=actor,
    )
    if quote.below_floor(price.floor_total):
        _require_approved_below_floor(room, special)
    return quote, special


def _require_approved_below_floor(room: Room, special: SpecialDiscount | None) -> None:
    """Raise Invalid unless a discount that itself leads below the floor price was approved."""
    if special is None:
        sentence = _l(
            "This price is below the floor price of %(room)s. Choose fewer discounts, or ask for a"
            " special discount.",
            room=room.title,
        )
    elif discount_effect(room, special.percent).below_floor:
        return
    else:
        sentence = _l(
            "With the other discounts this price falls below the floor price of %(room)s, which"
            " the special discount was not approved for. Choose fewer discounts, or ask for a"
            " deeper special discount.",
            room=room.title,
        )
    raise Invalid(
        sentence,
        code="below_floor",
        fields={"discount_ids": sentence},
        details={"remedy": "special_discount"},
    )

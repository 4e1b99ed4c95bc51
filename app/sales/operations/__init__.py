"""The verbs of sales: holds, special discounts and subscriptions."""

from __future__ import annotations

from app.sales.operations.deposits import lapse_subscriptions, settle_deposit
from app.sales.operations.holds import (
    PlacedHold,
    expire_holds,
    hold_room,
    longest_hold,
    name_hold_customer,
    release_hold,
)
from app.sales.operations.orders import SubscriptionOrder
from app.sales.operations.special_discounts import (
    DiscountWish,
    grant_special_discount,
    own_authority,
)
from app.sales.operations.subscriptions import subscribe

__all__ = [
    "DiscountWish",
    "PlacedHold",
    "SubscriptionOrder",
    "expire_holds",
    "grant_special_discount",
    "hold_room",
    "lapse_subscriptions",
    "longest_hold",
    "name_hold_customer",
    "own_authority",
    "release_hold",
    "settle_deposit",
    "subscribe",
]

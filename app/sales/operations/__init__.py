"""The verbs of sales: holds, special discounts and subscriptions."""

from __future__ import annotations

from app.sales.operations.holds import (
    PlacedHold,
    expire_holds,
    hold_room,
    longest_hold,
    name_hold_customer,
    release_hold,
)

__all__ = [
    "PlacedHold",
    "expire_holds",
    "hold_room",
    "longest_hold",
    "name_hold_customer",
    "release_hold",
]

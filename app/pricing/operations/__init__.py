"""The verbs of prices: plans, what makes them effective, and putting rooms on sale."""

from __future__ import annotations

from app.pricing.operations.effect import make_effective
from app.pricing.operations.plans import (
    PlanRowDraft,
    create_price_plan,
    delete_price_plan,
    freeze_plan,
    rename_price_plan,
    reopen_plan,
    replace_plan_rows,
)
from app.pricing.operations.sale import confirm_price, release_for_sale, withdraw_from_sale

__all__ = [
    "PlanRowDraft",
    "confirm_price",
    "create_price_plan",
    "delete_price_plan",
    "freeze_plan",
    "make_effective",
    "release_for_sale",
    "rename_price_plan",
    "reopen_plan",
    "replace_plan_rows",
    "withdraw_from_sale",
]

"""The verbs of prices: plans, what makes them effective, and putting rooms on sale."""

from __future__ import annotations

from app.pricing.operations.effect import make_effective
from app.pricing.operations.imports import (
    Agreement,
    ListImport,
    carry_out_import,
    import_price_list,
)
from app.pricing.operations.plans import (
    PlanRowDraft,
    create_price_plan,
    delete_price_plan,
    freeze_plan,
    rename_price_plan,
    reopen_plan,
    replace_plan_rows,
    submit_price_plan,
)
from app.pricing.operations.sale import confirm_price, release_for_sale, withdraw_from_sale

__all__ = [
    "Agreement",
    "ListImport",
    "PlanRowDraft",
    "carry_out_import",
    "confirm_price",
    "create_price_plan",
    "delete_price_plan",
    "freeze_plan",
    "import_price_list",
    "make_effective",
    "release_for_sale",
    "rename_price_plan",
    "reopen_plan",
    "replace_plan_rows",
    "submit_price_plan",
    "withdraw_from_sale",
]

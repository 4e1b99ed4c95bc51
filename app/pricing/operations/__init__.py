"""The verbs of prices: plans, what makes them effective, and putting rooms on sale."""

from __future__ import annotations

from app.pricing.operations.adjust import draft_adjusted_plan
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
from app.pricing.operations.terms import (
    LineDraft,
    add_discount,
    add_payment_method,
    delete_discount,
    delete_payment_method,
    edit_discount,
    edit_payment_method,
)
from app.pricing.quoting import quote

__all__ = [
    "Agreement",
    "LineDraft",
    "ListImport",
    "PlanRowDraft",
    "add_discount",
    "add_payment_method",
    "carry_out_import",
    "confirm_price",
    "create_price_plan",
    "delete_discount",
    "delete_payment_method",
    "delete_price_plan",
    "draft_adjusted_plan",
    "edit_discount",
    "edit_payment_method",
    "freeze_plan",
    "import_price_list",
    "make_effective",
    "quote",
    "release_for_sale",
    "rename_price_plan",
    "reopen_plan",
    "replace_plan_rows",
    "submit_price_plan",
    "withdraw_from_sale",
]

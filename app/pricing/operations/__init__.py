"""The verbs of prices: plans, what makes them effective, and putting rooms on sale."""

from __future__ import annotations

from app.pricing.operations.base_data import SIDES, review_base_data, take_back_review
from app.pricing.operations.base_data_changes import (
    add_base_data_change,
    add_change_line,
    delete_base_data_change,
    delete_change_line,
    edit_base_data_change,
    put_scan,
)
from app.pricing.operations.base_data_execution import (
    cancel_base_data_change,
    execute_change,
    finish_change,
    open_for_change,
)
from app.pricing.operations.cells import (
    CellDraft,
    SeenRow,
    add_plan_rooms,
    remove_plan_rooms,
    save_plan_cells,
)
from app.pricing.operations.drafts import (
    Adjustment,
    PlanHead,
    RulePreview,
    draft_adjusted_plan,
    draft_plan_by_hand,
    draft_plan_by_rule,
    try_rule,
)
from app.pricing.operations.effect import (
    cancel_scheduled_plan,
    carry_out_due_plan,
    find_due_plans,
    make_effective,
    price_returned_rooms,
    put_in_force,
)
from app.pricing.operations.imports import (
    Agreement,
    ListImport,
    carry_out_import,
    check_again,
    import_price_list,
    known_matching,
    match_columns,
)
from app.pricing.operations.plans import (
    create_price_plan,
    delete_price_plan,
    edit_price_plan,
    freeze_plan,
    reopen_plan,
    replace_plan_rows,
    submit_price_plan,
)
from app.pricing.operations.publications import publish_price_list
from app.pricing.operations.rows import PlanRowDraft
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
    "SIDES",
    "Adjustment",
    "Agreement",
    "CellDraft",
    "LineDraft",
    "ListImport",
    "PlanHead",
    "PlanRowDraft",
    "RulePreview",
    "SeenRow",
    "add_base_data_change",
    "add_change_line",
    "add_discount",
    "add_payment_method",
    "add_plan_rooms",
    "cancel_base_data_change",
    "cancel_scheduled_plan",
    "carry_out_due_plan",
    "carry_out_import",
    "check_again",
    "confirm_price",
    "create_price_plan",
    "delete_base_data_change",
    "delete_change_line",
    "delete_discount",
    "delete_payment_method",
    "delete_price_plan",
    "draft_adjusted_plan",
    "draft_plan_by_hand",
    "draft_plan_by_rule",
    "edit_base_data_change",
    "edit_discount",
    "edit_payment_method",
    "edit_price_plan",
    "execute_change",
    "find_due_plans",
    "finish_change",
    "freeze_plan",
    "import_price_list",
    "known_matching",
    "make_effective",
    "match_columns",
    "open_for_change",
    "price_returned_rooms",
    "publish_price_list",
    "put_in_force",
    "put_scan",
    "quote",
    "release_for_sale",
    "remove_plan_rooms",
    "reopen_plan",
    "replace_plan_rows",
    "review_base_data",
    "save_plan_cells",
    "submit_price_plan",
    "take_back_review",
    "try_rule",
    "withdraw_from_sale",
]

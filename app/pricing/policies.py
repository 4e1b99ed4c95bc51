"""Who may see, draft and change prices, and put rooms on sale."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.permissions import STAFF, Permission, declare_permissions
from app.pricing.models import (
    BaseDataChange,
    BaseDataChangeLine,
    BaseDataChangeState,
    PricePlan,
    PricePlanState,
)

PLAN = "pricing.plan"
FLOOR = "pricing.floor"
ROOM_PRICE = "pricing.room_price"
PAYMENT_METHOD = "pricing.payment_method"
DISCOUNT = "pricing.discount"
SALE = "pricing.sale"
QUOTE = "pricing.quote"
PUBLICATION = "pricing.publication"
BASE_DATA_CHANGE = "pricing.base_data_change"

#: roles that draft price plans; who approves them sees them too
DRAFTERS = "MO"
STEWARD = "O"
DIRECTOR = "D"

declare_permissions(
    Permission(f"{PLAN}:see", _l("See price plans"), "MDFXOL"),
    Permission(f"{PLAN}:add", _l("Draft price plans"), DRAFTERS),
    Permission(f"{PLAN}:edit", _l("Change price plans"), DRAFTERS),
    Permission(f"{PLAN}:delete", _l("Delete price plans"), DRAFTERS),
    Permission(f"{PLAN}:submit", _l("Send price plans for approval"), DRAFTERS),
    Permission(f"{PLAN}:cancel", _l("Cancel approved price plans before their day"), "MDO"),
    Permission(f"{PLAN}:export", _l("Export price plans"), "MDFXOL"),
    Permission(f"{FLOOR}:see", _l("See floor prices"), "SMDFXOL"),
    Permission(f"{ROOM_PRICE}:see", _l("See the price history of rooms"), STAFF),
    Permission(f"{ROOM_PRICE}:export", _l("Export prices"), "SMDFXOL"),
    Permission(f"{PAYMENT_METHOD}:see", _l("See payment methods"), STAFF),
    Permission(f"{PAYMENT_METHOD}:add", _l("Add payment methods"), STEWARD),
    Permission(f"{PAYMENT_METHOD}:edit", _l("Change payment methods"), STEWARD),
    Permission(f"{PAYMENT_METHOD}:delete", _l("Delete payment methods"), STEWARD),
    Permission(f"{DISCOUNT}:see", _l("See discounts"), STAFF),
    Permission(f"{DISCOUNT}:add", _l("Add discounts"), STEWARD),
    Permission(f"{DISCOUNT}:edit", _l("Change discounts"), STEWARD),
    Permission(f"{DISCOUNT}:delete", _l("Delete discounts"), STEWARD),
    Permission(f"{SALE}:release", _l("Release rooms for sale"), DIRECTOR),
    Permission(f"{SALE}:withdraw", _l("Withdraw rooms from sale"), DIRECTOR),
    Permission(f"{SALE}:confirm_price", _l("Confirm the present price of a room"), DRAFTERS),
    Permission(f"{PUBLICATION}:see", _l("See published price lists"), STAFF),
    Permission(f"{PUBLICATION}:publish", _l("Publish price lists"), "MDO"),
    Permission(
        f"{PUBLICATION}:export",
        _l("Export and print published price lists"),
        STAFF.replace("U", ""),
    ),
    Permission(f"{BASE_DATA_CHANGE}:see", _l("See changes of locked base data"), "MDFXOL"),
    Permission(f"{BASE_DATA_CHANGE}:add", _l("Write changes of locked base data"), "MFO"),
    Permission(f"{BASE_DATA_CHANGE}:edit", _l("Edit changes of locked base data"), "MFO"),
    Permission(f"{BASE_DATA_CHANGE}:delete", _l("Delete changes of locked base data"), "MFO"),
    Permission(f"{BASE_DATA_CHANGE}:submit", _l("Send changes of base data for approval"), "MFO"),
    Permission(f"{BASE_DATA_CHANGE}:execute", _l("Carry out changes of base data"), STEWARD),
    Permission(f"{QUOTE}:see", _l("Calculate quotations"), "CKSMDB"),
)


def can_see_floor(actor: Actor) -> bool:
    """Tell whether floor prices may be shown to the actor."""
    return actor.may(f"{FLOOR}:see")


def can_edit_plan(plan: PricePlan, actor: Actor) -> bool:
    """Tell whether the actor may change the plan now: not while it is approved or in force."""
    return is_open(plan) and actor.may(f"{PLAN}:edit") and actor.reaches(plan.project_id)


def can_submit_plan(plan: PricePlan, actor: Actor) -> bool:
    """Tell whether the actor may send the plan for approval now."""
    return is_open(plan) and actor.may(f"{PLAN}:submit") and actor.reaches(plan.project_id)


def can_cancel_plan(plan: PricePlan, actor: Actor) -> bool:
    """Tell whether the actor may cancel the plan now: an approved one before its day."""
    waits = plan.state == PricePlanState.SCHEDULED.value
    return waits and actor.may(f"{PLAN}:cancel") and actor.reaches(plan.project_id)


def is_open(plan: PricePlan) -> bool:
    """Tell whether the plan's rows may still change."""
    return plan.state in {PricePlanState.DRAFT.value, PricePlanState.REJECTED.value}


def can_edit_change(change: BaseDataChange) -> bool:
    """Tell whether what the change asks for may still change."""
    return change.state in {BaseDataChangeState.DRAFT.value, BaseDataChangeState.REJECTED.value}


def kind_of_line(line: BaseDataChangeLine) -> str:
    """Return the kind of record that a line of a change is about."""
    kinds = ("room", "house_type", "payment_method", "discount")
    return next(kind for kind in kinds if getattr(line, f"{kind}_id") is not None)

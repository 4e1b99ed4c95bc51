"""Reads prices, price plans, payment methods and discounts."""

from __future__ import annotations

from app.pricing.queries.plan_lines import (
    LineFilter,
    PlanCounts,
    PlanFigures,
    PlanLine,
    iterate_plan_lines,
    list_plan_lines,
    plan_counts,
    plan_figures,
    plan_figures_by_building,
    plan_figures_by_house_type,
)
from app.pricing.queries.plans import (
    OtherPlan,
    count_plans,
    digest_of_plan,
    get_price_plan,
    list_plans,
    list_requests_of_plan,
    list_waiting_plans,
)
from app.pricing.queries.prices import (
    current_prices,
    get_current_price,
    in_force_of,
    list_prices,
    price_at_end_of,
    price_on,
    rooms_whose_price_misfits,
    rooms_without_price,
)
from app.pricing.queries.sale import (
    BuildingSale,
    list_building_sales,
)
from app.pricing.queries.selection import (
    RoomSelection,
    RoomToPrice,
    rooms_for_rule,
    rooms_to_price,
    traits_of_project,
)
from app.pricing.queries.terms import (
    get_discount,
    get_payment_method,
    list_discounts,
    list_payment_methods,
)

__all__ = [
    "BuildingSale",
    "LineFilter",
    "OtherPlan",
    "PlanCounts",
    "PlanFigures",
    "PlanLine",
    "RoomSelection",
    "RoomToPrice",
    "count_plans",
    "current_prices",
    "digest_of_plan",
    "get_current_price",
    "get_discount",
    "get_payment_method",
    "get_price_plan",
    "in_force_of",
    "iterate_plan_lines",
    "list_building_sales",
    "list_discounts",
    "list_payment_methods",
    "list_plan_lines",
    "list_plans",
    "list_prices",
    "list_requests_of_plan",
    "list_waiting_plans",
    "plan_counts",
    "plan_figures",
    "plan_figures_by_building",
    "plan_figures_by_house_type",
    "price_at_end_of",
    "price_on",
    "rooms_for_rule",
    "rooms_to_price",
    "rooms_whose_price_misfits",
    "rooms_without_price",
    "traits_of_project",
]

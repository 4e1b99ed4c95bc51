"""How the kinds of payment lines, bases, due rules, discounts and plans are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.pricing.rules import SOLD

LINE_KINDS: Mapping[str, Any] = {
    "deposit": _l("Deposit"),
    "down_payment": _l("Down payment"),
    "instalment": _l("Instalment"),
    "loan": _l("Bank loan"),
    "fund": _l("Housing fund loan"),
    "fitout": _l("Fit-out"),
    "collected": _l("Collected for others"),
}
LINE_BASES: Mapping[str, Any] = {
    "rest": _l("The rest"),
    "percent": _l("Percent of the deal total"),
    "fixed": _l("Fixed amount, yuan"),
}
DUE_RULES: Mapping[str, Any] = {
    "subscription": _l("Days after subscription"),
    "contract": _l("Days after contract"),
    "date": _l("On a day"),
    "stage": _l("At a construction stage"),
}
DISCOUNT_KINDS: Mapping[str, Any] = {
    "percent": _l("Percent of the running price"),
    "points": _l("Percentage points on the list price"),
    "per_area": _l("Yuan off per m²"),
    "amount": _l("Yuan off"),
}
PLAN_ORIGINS: Mapping[str, Any] = {
    "import": _l("Price list"),
    "hand": _l("By hand"),
    "rule": _l("By a rule"),
    "adjust": _l("Adjustment of today's prices"),
    "rest": _l("Other program"),
}
PRICE_BASES: Mapping[str, Any] = {
    "gross": _l("By gross area"),
    "inside": _l("By inside area"),
    "unit": _l("By the unit"),
}
LEFT_BECAUSE: Mapping[str, Any] = {
    "sold": _l("Sold meanwhile, its price stays"),
    "overtaken": _l("Has got a newer price"),
}


def posted_status(status: str) -> Any:
    """Return a room's status as a buyer may read it on a posted list: for sale, sold, or neither.

    Who holds or has asked for a room is nobody else's business.
    """
    if status in SOLD:
        return _l("Sold")
    return _l("For sale") if status == "available" else _l("Not for sale at present")

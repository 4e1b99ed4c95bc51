"""Business settings of prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.money import parse_percent, parse_yuan, plain
from app.core.settings import Setting, declare, get_setting
from app.estate.settings import clean_switch

LARGEST_PERCENT = Decimal(100)
MOST_DAYS = 90


def _clean_percent(value: Any) -> str:
    percent = parse_percent(value)
    if not 0 < percent <= LARGEST_PERCENT:
        raise ValueError(value)
    return plain(percent)


def _clean_days(value: Any) -> int:
    days = int(str(value))
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(value)
    return days


def _clean_step(value: Any) -> str:
    step = parse_yuan(value)
    if step <= 0:
        raise ValueError(value)
    return plain(step)


DEFAULT_FLOOR_PERCENT = declare(
    Setting(
        "pricing.default_floor_percent",
        default="95.00",
        title=_l("Floor price in percent of the list price"),
        clean=_clean_percent,
        help=_l("What a price plan takes for the floor total of a room that none is given for."),
    )
)
DEFAULT_FLOOR_STEP = declare(
    Setting(
        "pricing.default_floor_step",
        default="100.00",
        title=_l("Yuan to which that floor price is rounded up"),
        clean=_clean_step,
    )
)
NOTED_CHANGE = declare(
    Setting(
        "pricing.noted_change_percent",
        default="5.00",
        title=_l("Change of a room's price that is pointed out, percent"),
        clean=_clean_percent,
        help=_l("Price plans count the rooms that rise or fall by more."),
    )
)

PUBLIC_PRICES = declare(
    Setting(
        "pricing.public_prices",
        default=False,
        title=_l("Posted prices can be read by everybody"),
        clean=clean_switch,
        help=_l("On: /posted-prices/ and the project's code, without signing in."),
    )
)
EXECUTION_DAYS = declare(
    Setting(
        "pricing.base_data_days",
        default=1,
        title=_l("Days to carry out an approved change of base data"),
        clean=_clean_days,
        help=_l("Counted from the approval; what is not carried out by then is shown as late."),
    )
)


def noted_change(project_id: int) -> Decimal:
    """Return beyond how many percent the change of a room's price is pointed out."""
    return Decimal(get_setting(NOTED_CHANGE, project_id))


def floor_terms(project_id: int) -> tuple[Decimal, Decimal]:
    """Return the percent of the list total and the step in yuan for floor totals not given."""
    percent = Decimal(get_setting(DEFAULT_FLOOR_PERCENT, project_id))
    return percent, Decimal(get_setting(DEFAULT_FLOOR_STEP, project_id))

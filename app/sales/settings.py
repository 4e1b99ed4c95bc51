"""Business settings of holds and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.money import parse_percent, plain
from app.core.permissions import ROLE_TITLES
from app.core.settings import Setting, declare, get_setting

LONGEST_DAYS: Final = 365
LONGEST_HOURS: Final = 720
LARGEST_PERCENT: Final = Decimal(100)


def clean_days_by_role(value: Any) -> dict[str, int]:
    """Return days by role code. Raises ValueError for an unknown role or a number out of range."""
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return {_role(code): _whole(days, 0, LONGEST_DAYS) for code, days in value.items()}


def clean_percents_by_role(value: Any) -> dict[str, str]:
    """Return percents by role code. Raises ValueError for what is not 0 to below 100."""
    if not isinstance(value, Mapping):
        raise TypeError(value)
    clean = {_role(code): parse_percent(percent) for code, percent in value.items()}
    if any(percent >= LARGEST_PERCENT for percent in clean.values()):
        raise ValueError(value)
    return {code: plain(percent) for code, percent in clean.items()}


def _role(code: Any) -> str:
    if code not in ROLE_TITLES:
        raise ValueError(code)
    return str(code)


def _whole(value: Any, least: int, most: int) -> int:
    number = int(value)
    if isinstance(value, bool) or str(number) != str(value) or not least <= number <= most:
        raise ValueError(value)
    return number


HOLD_DAYS = declare(
    Setting(
        "sales.hold_days",
        default={
            "consultant": 1,
            "controller": 1,
            "supervisor": 3,
            "manager": 7,
            "director": 15,
            # An agency does the work of consultants up to the manager in its own projects.
            "agency": 7,
        },
        title=_l("Days of a hold by role"),
        clean=clean_days_by_role,
        help=_l("How many days each role may hold a room for a customer; the longest role counts."),
    )
)

SIGNING_DAYS = declare(
    Setting(
        "sales.signing_days",
        default=7,
        title=_l("Days from subscription to contract"),
        clean=lambda value: _whole(value, 1, LONGEST_DAYS),
    )
)

LAPSE_HOURS = declare(
    Setting(
        "sales.lapse_hours",
        default=12,
        title=_l("Hours until a subscription without deposit lapses"),
        clean=lambda value: _whole(value, 1, LONGEST_HOURS),
    )
)

OWN_DISCOUNT = declare(
    Setting(
        "sales.own_discount",
        default={"director": "3.00"},
        title=_l("Discount by own authority by role"),
        clean=clean_percents_by_role,
        help=_l("Percent of the list total that a role may grant without anybody's approval."),
    )
)


def lapse_moment(project_id: int) -> datetime:
    """Return when a subscription made now lapses without its deposit."""
    return clock.now() + timedelta(hours=get_setting(LAPSE_HOURS, project_id))

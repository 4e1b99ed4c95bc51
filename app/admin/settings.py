"""Business settings of signing in: how long a session lasts, how old a password may grow."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.settings import Setting, declare

MINUTES_OF_A_DAY = 24 * 60
HOURS_OF_A_MONTH = 30 * 24
DAYS_OF_TEN_YEARS = 3650


def _whole(value: Any, least: int, most: int) -> int:
    number = int(value)
    if isinstance(value, bool) or str(number) != str(value) or not least <= number <= most:
        raise ValueError(value)
    return number


IDLE_MINUTES = declare(
    Setting(
        "admin.session_idle_minutes",
        default=60,
        title=_l("Minutes without use until a sign-in ends"),
        clean=lambda value: _whole(value, 5, MINUTES_OF_A_DAY),
        help=_l("5 to 1440. Open pages that only refresh themselves do not count as use."),
    )
)

ABSOLUTE_HOURS = declare(
    Setting(
        "admin.session_hours",
        default=12,
        title=_l("Hours until everybody signs in again"),
        clean=lambda value: _whole(value, 1, HOURS_OF_A_MONTH),
        help=_l("1 to 720, counted from signing in, however busy the person is."),
    )
)

PASSWORD_DAYS = declare(
    Setting(
        "admin.password_days",
        default=0,
        title=_l("Days until a password must be changed"),
        clean=lambda value: _whole(value, 0, DAYS_OF_TEN_YEARS),
        help=_l("0: passwords do not grow old."),
    )
)

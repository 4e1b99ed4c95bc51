"""Business settings of customers: what their data are kept for, and how long."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.settings import Setting, declare

LONGEST_PURPOSE = 200
MOST_YEARS = 50


def clean_purpose(value: Any) -> str:
    """Return the purpose. Raises ValueError for an empty or too long one."""
    text = str(value).strip()
    if not 1 <= len(text) <= LONGEST_PURPOSE:
        raise ValueError(value)
    return text


def clean_years(value: Any) -> int:
    """Return a number of years. Raises ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_YEARS:
        raise ValueError(value)
    return value


PURPOSE = declare(
    Setting(
        "customers.purpose",
        "购房洽谈、认购签约、收款开票、按揭与交付办理及售后服务",
        _l("What customers' data are kept for"),
        clean_purpose,
        _l("Told to the person at registration and written down with the consent."),
    )
)
RETENTION_YEARS = declare(
    Setting(
        "customers.retention_years",
        5,
        _l("Years that a customer's data are kept after the last deal"),
        clean_years,
        _l("Records of property sales are kept for at least 5 years; anonymized only after that."),
    )
)

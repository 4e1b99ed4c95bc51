"""Reads what addresses of prices ask for: a day, a percent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.bad_value import BadValue
from app.core.errors import Invalid
from app.core.money import parse_percent


def read_day(typed: str | None) -> date:
    """Return the day that was typed, today for none. Raises Invalid for what is no day."""
    if not typed:
        return clock.today()
    try:
        return date.fromisoformat(typed.strip())
    except ValueError as error:
        sentence = _l("%(typed)s is no day. Write it as 2026-11-21.", typed=typed[:20])
        raise Invalid(sentence, fields={"on": sentence}) from error


def read_percent(typed: str | None, default: Decimal) -> Decimal:
    """Return the percent that was typed, the default for none or for what is no percent."""
    try:
        return parse_percent(typed.strip()) if typed else default
    except BadValue:
        return default

"""The one source of "now" and of the business day."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")

_frozen: datetime | None = None


def now() -> datetime:
    """Return the moment, aware, in UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def today() -> date:
    """Return the business day in China."""
    return now().astimezone(BUSINESS_ZONE).date()


def start_of(day: date) -> datetime:
    """Return the moment at which a business day begins in China."""
    return datetime.combine(day, datetime.min.time(), BUSINESS_ZONE)


def local(moment: datetime) -> datetime:
    """Return the same moment on a Chinese clock."""
    return moment.astimezone(BUSINESS_ZONE)


@contextmanager
def frozen(moment: datetime) -> Iterator[datetime]:
    """Stop the clock at ``moment`` (tests and rehearsals only)."""
    global _frozen  # noqa: PLW0603 - one clock for the process is the point
    before, _frozen = _frozen, moment
    try:
        yield moment
    finally:
        _frozen = before

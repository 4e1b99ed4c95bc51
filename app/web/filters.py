"""Filters of a list: read from the address, shown as chips, turned into predicates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_
from werkzeug.datastructures import MultiDict

from app.core import clock, money
from app.web.columns import NUMBERS, Column, plain_text, state_title
from app.web.joins import Joins
from app.web.offered import offered_rows

MOST_TYPED = 80


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that narrows the list now: what the chip says, and the predicate."""

    column: Column
    says: str | Callable[[], str]
    parameters: tuple[tuple[str, str], ...]
    predicate: Any

    @cached_property
    def words(self) -> str:
        """Return what the chip says; names of rows are read when they are asked for, once."""
        return self.says if isinstance(self.says, str) else self.says()


def names_of(column: Column) -> tuple[str, ...]:
    """Return the names that the column's filter uses in an address."""
    if column.kind in NUMBERS or column.kind in ("day", "moment"):
        return (f"{column.path}.min", f"{column.path}.max")
    return (column.path,)


def like(typed: str) -> str:
    """Return the pattern "contains what was typed"."""
    escaped = typed.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def active_filter(column: Column, given: MultiDict[str, str], joins: Joins) -> ActiveFilter | None:
    """Return what the address asks of the column, or None; what cannot be read is left out."""
    names = names_of(column)
    parameters = tuple(
        (name, value.strip()) for name in names for value in given.getlist(name) if value.strip()
    )
    if not parameters:
        return None
    found = _FOR_KIND.get(column.kind, _text)(column, dict_of(parameters), joins)
    return None if found is None else ActiveFilter(column, found[0], parameters, found[1])


def dict_of(parameters: tuple[tuple[str, str], ...]) -> MultiDict[str, str]:
    """Return the parameters as the address carries them."""
    return MultiDict(parameters)


Found = tuple[str | Callable[[], str], Any] | None


def _text(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    typed = given[column.path][:MOST_TYPED]
    return f"{typed}", joins.attribute(column).ilike(like(typed))


def _state(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    states = column.states
    if states is None:
        return None
    known = {member.value for member in states}
    values = [value for value in given.getlist(column.path) if value in known]
    if not values:
        return None
    words = "、".join(state_title(states, value) for value in values)
    return words, joins.attribute(column).in_(values)


def _truth(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    wanted = given[column.path].lower() in ("1", "true", "yes")
    return (_("Yes") if wanted else _("No")), joins.attribute(column).is_(wanted)


def _relation(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    ids = [int(value) for value in given.getlist(column.path) if value.isdecimal()][:50]
    relation = column.relations[-1]
    if not ids or len(column.relations) != 1:
        return None
    target = relation.mapper.class_

    def words() -> str:
        # Read through the scope: an id outside it is not named.
        return "、".join(str(one) for one in offered_rows(target, ids)) or "–"

    if relation.uselist:
        attribute = getattr(joins.model, relation.key)
        return words, attribute.any(target.id.in_(ids))
    (local,) = relation.local_columns
    return words, getattr(joins.model, joins.key_of(local)).in_(ids)


def _number(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    low = _read_number(column, given.get(f"{column.path}.min"))
    high = _read_number(column, given.get(f"{column.path}.max"))
    attribute = joins.attribute(column)
    return _range(column, attribute, low, high, inclusive_end=True)


def _read_number(column: Column, text: str | None) -> Decimal | int | None:
    if not text:
        return None
    try:
        return int(text) if column.kind == "integer" else money.parse_yuan(text)
    except ValueError:
        return None


def _day(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    low = read_day(given.get(f"{column.path}.min"))
    high = read_day(given.get(f"{column.path}.max"))
    return _range(column, joins.attribute(column), low, high, inclusive_end=True)


def _moment(column: Column, given: MultiDict[str, str], joins: Joins) -> Found:
    low = read_day(given.get(f"{column.path}.min"))
    high = read_day(given.get(f"{column.path}.max"))
    found = _range(
        column,
        joins.attribute(column),
        start_of(low) if low else None,
        start_of(high + timedelta(days=1)) if high else None,
        inclusive_end=False,
    )
    return None if found is None else (_range_words(column, low, high), found[1])


def read_day(text: str | None) -> date | None:
    """Read ``2026-11-21``, or ``today``, ``today+7``, ``today-30``; None for anything else."""
    if not text:
        return None
    try:
        if text.startswith("today"):
            found = clock.today() + timedelta(days=int(text.removeprefix("today") or "0"))
        else:
            found = date.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    # The last year has no day after it that a range could end before.
    return found if found.year < date.max.year else None


def start_of(day: date) -> datetime:
    """Return the moment at which a business day begins."""
    return datetime.combine(day, time(), clock.BUSINESS_ZONE)


def _range(column: Column, attribute: Any, low: Any, high: Any, *, inclusive_end: bool) -> Found:
    if low is None and high is None:
        return None
    predicate: Any = True
    if low is not None:
        predicate = attribute >= low
    if high is not None:
        end = attribute <= high if inclusive_end else attribute < high
        predicate = end if low is None else predicate & end
    return _range_words(column, low, high), predicate


def _range_words(column: Column, low: Any, high: Any) -> str:
    def shown(value: Any) -> str:
        return plain_text(column, value)

    if low is not None and high is not None:
        return shown(low) if low == high else f"{shown(low)} – {shown(high)}"
    return f"≥ {shown(low)}" if high is None else f"≤ {shown(high)}"


_FOR_KIND = {
    "state": _state,
    "truth": _truth,
    "relation": _relation,
    "many": _relation,
    "day": _day,
    "moment": _moment,
    **dict.fromkeys(NUMBERS, _number),
}


def quick_search(columns: list[Column], typed: str, joins: Joins) -> Any:
    """Return the predicate "one of these columns contains what was typed", or None."""
    typed = typed.strip()[:MOST_TYPED]
    if not typed or not columns:
        return None
    return or_(*(joins.attribute(column).ilike(like(typed)) for column in columns))

"""Conditions on a request's figures: a small language kept as JSON, never run as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid

#: a group may stand inside a group, but nobody can read more than three levels
DEEPEST = 3

Comparison = Callable[[Any, Any], bool]

OPERATORS: Mapping[str, Comparison] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "in": lambda left, right: left in right,
}
ORDERED = (">", ">=", "<", "<=")
#: how an operator is written for people
SIGNS: Mapping[str, str] = {
    "=": "=",
    "!=": "≠",
    ">": ">",
    ">=": "≥",
    "<": "<",
    "<=": "≤",
    "in": "∈",
}


def holds(condition: Any, figures: Mapping[str, Any]) -> bool:
    """Tell whether ``{"all"|"any": [[figure, op, value], …]}`` holds on the figures.

    No condition (None or empty) always holds. Numbers may be strings, as figures are JSON.
    Raises Invalid for a condition that cannot be read or names a figure that is not there: a
    request must not take a shorter way because of a typing mistake.
    """
    if not condition:
        return True
    return _group(condition, figures, 1)


def check_condition(condition: Any, figure_names: Iterable[str] | None = None) -> None:
    """Raise Invalid unless the condition can be read and names only figures that are known."""
    known = None if figure_names is None else set(figure_names)
    for figure, operator, value in list_terms(condition):
        if known is not None and figure not in known:
            raise _unknown(figure)
        if operator in ORDERED:
            _number(value)


def list_terms(condition: Any) -> list[tuple[str, str, Any]]:
    """Return every ``(figure, operator, value)`` of a condition. Raises Invalid as ``holds``."""
    return list(_walk(condition, 1)) if condition else []


def describe(condition: Any, titles: Mapping[str, Any]) -> str:
    """Return the condition in words; a yes-or-no figure is said by its title alone."""
    if not condition:
        return ""
    joiner, parts = _parts(condition, 1)
    words = [
        f"（{describe(part, titles)}）" if isinstance(part, Mapping) else _term_words(part, titles)
        for part in parts
    ]
    return str(_l(" and ") if joiner == "all" else _l(" or ")).join(words)


def _group(condition: Any, figures: Mapping[str, Any], depth: int) -> bool:
    joiner, parts = _parts(condition, depth)
    # Every part is looked at, so that a mistake in the second one shows on the first request.
    answers = [
        _group(part, figures, depth + 1) if isinstance(part, Mapping) else _term(part, figures)
        for part in parts
    ]
    return all(answers) if joiner == "all" else any(answers)


def _parts(condition: Any, depth: int) -> tuple[str, list[Any]]:
    if not isinstance(condition, Mapping) or len(condition) != 1 or depth > DEEPEST:
        raise _unreadable(condition)
    ((joiner, parts),) = condition.items()
    if joiner not in {"all", "any"} or not isinstance(parts, list | tuple) or not parts:
        raise _unreadable(condition)
    return joiner, list(parts)


def _walk(condition: Any, depth: int) -> Iterator[tuple[str, str, Any]]:
    for part in _parts(condition, depth)[1]:
        if isinstance(part, Mapping):
            yield from _walk(part, depth + 1)
        else:
            yield _split(part)


def _split(part: Any) -> tuple[str, str, Any]:
    if not isinstance(part, list | tuple) or len(part) != 3:  # noqa: PLR2004 - a triple
        raise _unreadable(part)
    figure, operator, value = part
    if not isinstance(figure, str) or operator not in OPERATORS:
        raise _unreadable(part)
    if (operator == "in") != isinstance(value, list | tuple):
        raise _unreadable(part)
    return figure, operator, value


def _term(part: Any, figures: Mapping[str, Any]) -> bool:
    figure, operator, value = _split(part)
    if figure not in figures:
        raise _unknown(figure)
    found = figures[figure]
    if operator in ORDERED:
        if found is None:
            return False
        return OPERATORS[operator](_number(found), _number(value))
    if operator == "in":
        return _comparable(found) in [_comparable(one) for one in value]
    return OPERATORS[operator](_comparable(found), _comparable(value))


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _unreadable(value)
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise _unreadable(value) from error
    if not number.is_finite():
        raise _unreadable(value)
    return number


def _comparable(value: Any) -> Any:
    """Return numbers as Decimal, so that "2.50" equals 2.5; everything else as it is."""
    if isinstance(value, bool) or value is None:
        return value
    try:
        return _number(value)
    except Invalid:
        return value


def _term_words(part: Any, titles: Mapping[str, Any]) -> str:
    figure, operator, value = _split(part)
    title = str(titles.get(figure, figure))
    if operator == "=" and value is True:
        return title
    if operator == "=" and value is False:
        return str(_l("not: %(what)s", what=title))
    shown = "、".join(str(one) for one in value) if operator == "in" else value
    return f"{title} {SIGNS[operator]} {shown}"


def _unreadable(what: Any) -> Invalid:
    return Invalid(
        _l(
            "The condition %(what)s of an approval flow cannot be read. Correct the flow.",
            what=what,
        )
    )


def _unknown(figure: str) -> Invalid:
    return Invalid(
        _l(
            "A condition of the approval flow looks at %(figure)s, which this request does not"
            " have. Correct the flow.",
            figure=figure,
        )
    )

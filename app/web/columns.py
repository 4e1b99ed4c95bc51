"""What a column of a table is to a page: its kind, its label, its place, how its value is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import g
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import RelationshipProperty, class_mapper

from app.core import money
from app.core.states import State
from app.web import formats

#: precision of a two-decimal column → what it counts (see app.core.db)
KIND_OF_PRECISION = {14: "money", 10: "area", 7: "percent"}
#: what may be an amount of yuan: kept, or worked out for the list
AMOUNTS = ("money", "number")
NUMBERS = ("money", "area", "percent", "number", "integer")

#: labels of columns that many tables have
COMMON_LABELS: dict[str, Any] = {
    "id": _l("No."),
    "name": _l("Name"),
    "code": _l("Code"),
    "number": _l("Number"),
    "title": _l("Title"),
    "state": _l("State"),
    "status": _l("Status"),
    "kind": _l("Kind"),
    "note": _l("Note"),
    "reason": _l("Reason"),
    "amount": _l("Amount"),
    "position": _l("Place"),
    "project": _l("Project"),
    "organization": _l("Organization"),
    "parent": _l("Part of"),
    "user": _l("User"),
    "building": _l("Building"),
    "room": _l("Room"),
    "customer": _l("Customer"),
    "is_active": _l("In use"),
    "active": _l("In use"),
    "created_at": _l("Made at"),
    "created_by": _l("Made by"),
    "state_at": _l("Since"),
    "state_by": _l("By"),
    "at": _l("When"),
    "address": _l("Address"),
}


@dataclass(frozen=True)
class Column:
    """A column as pages see it.

    ``path`` is a column (``number``), a relation (``building``), a column behind relations
    (``building.name``) or a property of the model (``title``). ``relations`` are the steps to
    it; ``leaf`` the SQL column's key, empty for relations and properties.
    """

    path: str
    label: Any
    kind: str
    model: type
    relations: tuple[RelationshipProperty[Any], ...] = ()
    leaf: str = ""
    states: type[State] | None = None
    formatter: Callable[[Any], Any] | None = field(default=None, compare=False)
    getter: Callable[[Any], Any] | None = field(default=None, compare=False)

    @property
    def is_sql(self) -> bool:
        """Tell whether the database can filter and order by it."""
        return bool(self.leaf)

    @property
    def sql_type(self) -> Any:
        """Return the column's SQL type."""
        return class_mapper(self.owner).columns[self.leaf].type

    @property
    def owner(self) -> Any:
        """Return the class that holds the leaf."""
        return self.relations[-1].mapper.class_ if self.relations else self.model

    @property
    def css(self) -> str:
        """Return the classes of the column's cells."""
        if self.kind in NUMBERS:
            return "r num"
        return {"day": "num nowrap", "moment": "num nowrap", "code": "num", "long": "text"}.get(
            self.kind, ""
        )

    @property
    def head_css(self) -> str:
        """Return the classes of the column's head."""
        return "r" if self.kind in NUMBERS else ""

    def value(self, row: Any) -> Any:
        """Return the row's value, None where a relation on the way is empty."""
        if self.getter is not None:
            return self.getter(row)
        found = row
        for name in self.path.split("."):
            if found is None:
                return None
            found = getattr(found, name)
        return found() if callable(found) else found

    def text(self, row: Any) -> str:
        """Return the value as plain words."""
        return plain_text(self, self.value(row))

    def html(self, row: Any) -> Any:
        """Return the value as it stands on a page."""
        value = self.value(row)
        if self.formatter is not None:
            shown = self.formatter(value)
            return formats.NOTHING if shown is None or shown == "" else shown
        return shown_html(self, value)


def shown_html(column: Column, value: Any) -> Any:
    """Return a value of the column as HTML-safe text."""
    if value is None or value == "":
        return formats.NOTHING
    if column.states is not None:
        return chip_of(column.states, str(value))
    if column.kind in AMOUNTS and isinstance(value, Decimal) and g.get("short_money"):
        return formats.short_money_html(value)
    if column.kind == "json":
        return Markup("<code>{}</code>").format(str(value))
    return escape(plain_text(column, value))


def chip_of(states: type[State], value: str) -> Markup:
    """Return the chip of a state; a room's status has its mark and its own colours."""
    kept: dict[tuple[type[State], str], Markup] = g.setdefault("chips", {})
    if (states, value) not in kept:
        kept[states, value] = _chip(states, value)
    return kept[states, value]


def _chip(states: type[State], value: str) -> Markup:
    try:
        state = states(value)
    except ValueError:
        return Markup('<span class="chip">{}</span>').format(value)
    if {member.value for member in states} == set(formats.ROOM_MARKS):
        return formats.room_status_chip(state)
    return formats.state_chip(state)


def plain_text(column: Column, value: Any) -> str:
    """Return a value of the column in words, empty for nothing."""
    if value is None:
        return ""
    if column.states is not None:
        return state_title(column.states, str(value))
    if isinstance(value, bool):
        return str(formats.yes_no(value))
    if isinstance(value, Decimal):
        figure = formats.with_minus(money.format_yuan(value))
        return figure + ("%" if column.kind == "percent" else "")
    if column.kind == "moment" and isinstance(value, datetime):
        return formats.moment_text(value)
    return formats.day_text(value) if isinstance(value, date) else str(value)


def state_title(states: type[State], value: str) -> str:
    """Return the title of a state, or the bare code for one that is not known."""
    try:
        return str(states(value).title)
    except (KeyError, ValueError):
        return value


def label_of(path: str, labels: Mapping[str, Any]) -> Any:
    """Return the label of a column: the view's, the common one, else words made of its name."""
    if path in labels:
        return labels[path]
    first = path.partition(".")[0]
    for name in (path, first, first.removesuffix("_id")):
        if name in labels:
            return labels[name]
        if name in COMMON_LABELS:
            return COMMON_LABELS[name]
    return gettext_words(path)


def gettext_words(path: str) -> Any:
    """Return the name in words, translated where the catalogue has them."""
    words = path.replace(".", " ").replace("_", " ").capitalize()
    return _l(words)


def resolve(
    model: type,
    path: str,
    *,
    labels: Mapping[str, Any] | None = None,
    states: Mapping[str, type[State]] | None = None,
    formatters: Mapping[str, Callable[[Any], Any]] | None = None,
    computed: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Column:
    """Return the column that ``path`` names on ``model``, or among the ``computed`` ones.

    Raises AttributeError for a name that the model does not have.
    """
    label, formatter = label_of(path, labels or {}), (formatters or {}).get(path)
    if computed and path in computed:
        return Column(path, label, "computed", model, formatter=formatter, getter=computed[path])
    relations: list[RelationshipProperty[Any]] = []
    owner: Any = model
    leaf = ""
    kind = "text"
    for name in path.split("."):
        mapper = class_mapper(owner)
        if name in mapper.relationships:
            relations.append(mapper.relationships[name])
            owner = relations[-1].mapper.class_
            kind = "many" if relations[-1].uselist else "relation"
        elif name in mapper.columns:
            leaf = name
            kind = kind_of(mapper.columns[name].type, name)
        elif hasattr(owner, name):
            kind = "computed"
        else:
            message = f"{owner.__name__} has no {name} (column {path} of {model.__name__})"
            raise AttributeError(message)
    enum = (states or {}).get(path)
    return Column(
        path=path,
        label=label,
        kind="state" if enum else kind,
        model=model,
        relations=tuple(relations),
        leaf=leaf,
        states=enum,
        formatter=formatter,
    )


def kind_of(sql_type: Any, name: str) -> str:
    """Return what a column of this SQL type holds."""
    if isinstance(sql_type, Numeric):
        return KIND_OF_PRECISION.get(sql_type.precision or 0, "number")
    for base, kind in (
        (Boolean, "truth"),
        (DateTime, "moment"),
        (Date, "day"),
        (Integer, "integer"),
        (JSONB, "json"),
        (Text, "long"),
    ):
        if isinstance(sql_type, base):
            return kind
    if isinstance(sql_type, String) and name in ("code", "number"):
        return "code"
    return "text"


def gettext_of(label: Any) -> str:
    """Return a label in the reader's language."""
    return gettext(label) if isinstance(label, str) else str(label)

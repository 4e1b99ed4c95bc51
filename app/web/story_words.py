"""What the audit keeps, in words: names of tables, columns, values and, read at once, of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import String, Table, select
from sqlalchemy.orm import class_mapper

from app.core.actor import Actor
from app.core.audit import HIDDEN
from app.core.db import Base, Model, db
from app.core.states import State
from app.web import frame
from app.web.choices import choice_of
from app.web.columns import gettext_words, kind_of, label_of, state_title
from app.web.formats import moment_text, yes_no, yuan
from app.web.listing import load_options

NOTHING = "–"
#: columns whose changes say nothing to people
_TECHNICAL = (
    "id version updated_at state_at state_by_id created_at created_by_id last_login login_count"
    " access_version changed_on changed_by_fk created_by_fk fail_login_count last_name project_id"
    " uuid sha256 digest token_hash mobile_tail id_number_hash id_number_tail figures values route"
    " shape counts faults findings tiles granted steps subject_type subject_id serial sequence"
)
SILENT = frozenset(_TECHNICAL.split())
#: columns that no page shows, so that no view names them
LABELS: dict[str, Any] = {
    "account_id": _l("Account"),
    "applicant_id": _l("Applicant"),
    "after": _l("After"),
    "asked_by_id": _l("Asked by"),
    "before": _l("Before"),
    "closed_by": _l("Closed by"),
    "closed_project_id": _l("Project"),
    "closing_note": _l("Closing note"),
    "column_no": _l("Place on the floor"),
    "comment": _l("Opinion"),
    "decided_at": _l("Decided at"),
    "decided_by_id": _l("Decided by"),
    "decision": _l("Decision"),
    "description": _l("Description"),
    "dry_run": _l("Dry run"),
    "due_days": _l("Days until due"),
    "due_rule": _l("Due rule"),
    "due_stage": _l("Building stage"),
    "failure": _l("Failure"),
    "first_name": _l("Full name"),
    "from_on": _l("From day"),
    "is_preset": _l("Preset of the release"),
    "list_key": _l("List"),
    "role_code": _l("Role"),
    "until_on": _l("To day"),
    "flow_id": _l("Approval flow"),
    "holder_id": _l("Holder"),
    "id_number_cipher": _l("Number of document"),
    "issued_by_id": _l("Issued by"),
    "method_id": _l("Payment method"),
    "owner_id": _l("Consultant"),
    "parent_id": _l("Part of"),
    "password": _l("Password"),
    "payment_method_id": _l("Payment method"),
    "permission_view_id": _l("Permission"),
    "permit_id": _l("Permit"),
    "plan_id": _l("Price plan"),
    "receipt_id": _l("Receipt"),
    "receivable_id": _l("Receivable"),
    "request_id": _l("Approval request"),
    "result": _l("Result"),
    "query": _l("Conditions"),
    "reverses_id": _l("Reverses"),
    "role_id": _l("Role"),
    "round_down_to": _l("Rounded down to"),
    "special_discount_id": _l("Special discount"),
    "subject_title": _l("Subject"),
    "subscription_id": _l("Subscription"),
    "summary": _l("Summary"),
    "user_id": _l("User"),
    "voided_by_id": _l("Voided by"),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclass(frozen=True)
class StoryOf:
    """How the audit speaks of rows of a table, beyond what models and views say already.

    ``names`` returns the names of rows by id, as the actor may see them.
    """

    title: Any = None
    labels: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, type[State]] = field(default_factory=dict)
    names: Callable[[Collection[int], Actor], Mapping[int, str]] | None = None
    #: further columns that say nothing to people
    silent: frozenset[str] = frozenset()


_described: dict[str, StoryOf] = {}


def describe_story(table_name: str, story: StoryOf) -> None:
    """Say how the audit speaks of a table's rows; an area calls it beside its views."""
    _described[table_name] = story


def story_of(table_name: str) -> StoryOf:
    """Return what was said of the table."""
    return _described.get(table_name, StoryOf())


def model_of(table_name: str) -> Any:
    """Return the class of a table's rows, or None for a table without one."""
    found = [one.class_ for one in Base.registry.mappers if one.local_table.name == table_name]
    # Ours before the framework's, which maps ab_user as well.
    return max(found, key=lambda cls: len(cls.__mro__), default=None)


def views_of(model: Any) -> list[Any]:
    """Return the generated views of a model."""
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    return [one for one in views if getattr(one, "model", None) is model and model is not None]


def table_title(table_name: str) -> str:
    """Return what a table's rows are called, in the reader's language."""
    told = story_of(table_name).title
    if told is not None:
        return str(told)
    model = model_of(table_name)
    if model is None:
        return table_name
    chinese, mark, _rest = (model.__doc__ or "").partition(":")
    if frame.locale() == "zh":
        return (chinese if mark else (model.__doc__ or "").partition(".")[0]).strip()
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(model.__name__)).capitalize()


class Words:
    """Columns and values of one table in words."""

    def __init__(self, table_name: str) -> None:
        story, model = story_of(table_name), model_of(table_name)
        self.table: Table | None = Model.metadata.tables.get(table_name)
        self.model = model
        self.views = views_of(model)
        self._silent = SILENT | story.silent
        self._labels: dict[str, Any] = {}
        self._states: dict[str, type[State]] = {**_own_states(model)}
        #: columns that hold a code, and what lists and pages make of it
        self._codes: dict[str, Callable[[Any], Any]] = {}
        for view in self.views:
            self._codes |= {
                name: word for name, word in view.formatters.items() if self._is_text(name)
            }
            self._labels |= dict(view.label_columns)
            self._states |= dict(view.states)
        self._labels |= dict(story.labels)
        self._states |= dict(story.states)

    @property
    def states(self) -> Mapping[str, type[State]]:
        """Return the kinds of states that columns hold, by column."""
        return self._states

    def tells(self, column: str) -> bool:
        """Tell whether a change of the column says something to people."""
        return column not in self._silent

    def label(self, column: str) -> str:
        """Return what the column is called."""
        for name in (column, column.removesuffix("_id")):
            if name in self._labels:
                return str(self._labels[name])
        if column in LABELS:
            return str(LABELS[column])
        return str(label_of(column, self._labels) or gettext_words(column))

    def refers_to(self, column: str) -> str | None:
        """Return the table that the column points to."""
        known = None if self.table is None else self.table.c.get(column)
        keys = () if known is None else known.foreign_keys
        return next((key.target_fullname.partition(".")[0] for key in keys), None)

    def state(self, column: str, value: Any) -> str | None:
        """Return the title of a state, or None for a column that holds none."""
        enum = self._states.get(column)
        return None if enum is None or value is None else state_title(enum, str(value))

    def value(self, column: str, value: Any, names: Names) -> str:
        """Return a value as the audit keeps it (JSON) in words."""
        if value is None or value == "":
            return NOTHING
        if value == HIDDEN:
            return HIDDEN
        target = self.refers_to(column)
        if target is not None and isinstance(value, int):
            return names.of(target, value)
        if column in self._states:
            return state_title(self._states[column], str(value))
        if column in self._codes:
            said = self._codes[column](value)
            return said.striptags() if isinstance(said, Markup) else str(said)
        return _plain(self._kind(column), value)

    def _is_text(self, column: str) -> bool:
        known = None if self.table is None else self.table.c.get(column)
        return known is not None and isinstance(known.type, String)

    def _kind(self, column: str) -> str:
        known = None if self.table is None else self.table.c.get(column)
        return "" if known is None else kind_of(known.type, column)


def _own_states(model: Any) -> dict[str, type[State]]:
    """Return the states of a model that declares its transitions."""
    steps = set(getattr(model, "TRANSITIONS", None) or ())
    column = "state" if hasattr(model, "state") else "status"
    kinds = [kind for kind in _state_kinds(State) if steps and {s.value for s in kind} == steps]
    return {column: kinds[0]} if len(kinds) == 1 else {}


def _state_kinds(base: type[State]) -> Iterable[type[State]]:
    for child in base.__subclasses__():
        yield child
        yield from _state_kinds(child)


def _plain(kind: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(yes_no(value))
    if isinstance(value, dict | list):
        return _content(value)
    if kind in ("money", "area", "percent", "number") and isinstance(value, int | float):
        return yuan(Decimal(str(value))) + ("%" if kind == "percent" else "")
    if isinstance(value, str) and _MOMENT.match(value):
        return moment_text(datetime.fromisoformat(value))
    return str(value)


def _content(value: dict[str, Any] | list[Any]) -> str:
    if isinstance(value, dict):
        plain = [f"{k} {v}" for k, v in value.items() if isinstance(v, str | int | float)]
        if plain and len(plain) == len(value):
            return "；".join(plain)
    elif all(isinstance(one, str | int | float) for one in value):
        return "、".join(str(one) for one in value) or NOTHING
    return str(_("%(count)d entries", count=len(value)))


class Names:
    """Names of rows of any tables, asked for together: one query for each table."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._known: dict[tuple[str, int], str] = {}
        self._asked: set[tuple[str, int]] = set()

    def of(self, table_name: str, row_id: int) -> str:
        """Return the name, or the number of a row that is gone or has none."""
        return self._known.get((table_name, row_id)) or f"#{row_id}"

    def knows(self, table_name: str, row_id: int) -> bool:
        """Tell whether the row is there and has a name."""
        return (table_name, row_id) in self._known

    def learn(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Read the names of all these rows."""
        by_table: dict[str, set[tuple[str, int]]] = {}
        for key in dict.fromkeys(wanted):
            by_table.setdefault(key[0], set()).add(key)
        for table_name, keys in by_table.items():
            # Asked for only now: reading one table may have to learn the names of another's rows.
            fresh = keys - self._asked
            self._asked |= fresh
            if fresh:
                found = self._read(table_name, sorted(row_id for _table, row_id in fresh))
                self._known |= {(table_name, row_id): name for row_id, name in found.items()}

    def _read(self, table_name: str, ids: list[int]) -> Mapping[int, str]:
        told = story_of(table_name).names
        if told is not None:
            return told(ids, self._actor)
        model = model_of(table_name)
        if model is None:
            return {}
        if _has_name(model):
            return {row.id: str(row) for row in rows_of(model, ids)}
        return self._by_references(model, ids)

    def _by_references(self, model: Any, ids: list[int]) -> dict[int, str]:
        """Name rows without a name of their own after what they belong to."""
        words = Words(model.__tablename__)
        paths = [
            (column.name, target)
            for column in class_mapper(model).columns
            if (target := words.refers_to(column.name))
            and target not in ("estate_project", "ab_user")
        ][:2]
        if not paths:
            return {}
        columns = [getattr(model, name) for name, _target in paths]
        found = select(model.id, *columns).where(model.id.in_(ids))
        # Of entries that were read within scope; yields keys, whose names are asked for in turn.
        rows = db.session.execute(found, execution_options={"whole_group": True}).all()
        self.learn(
            (target, value)
            for row in rows
            for value, (_name, target) in zip(row[1:], paths, strict=True)
            if value is not None
        )
        return {
            row[0]: " · ".join(
                self.of(target, value)
                for value, (_name, target) in zip(row[1:], paths, strict=True)
                if value is not None
            )
            for row in rows
        }


def _has_name(model: Any) -> bool:
    return any("__str__" in cls.__dict__ for cls in model.__mro__ if issubclass(cls, Model))


def rows_of(model: Any, ids: Collection[int]) -> list[Any]:
    """Read rows with what their names walk over, also those that the reader's role does not list.

    What of a row is shown to whom is decided by whoever asks for its name.
    """
    more = {*choice_of(model).load, *(path for view in views_of(model) for path in view.load)}
    found = select(model).where(model.id.in_(ids)).options(*load_options(model, (), sorted(more)))
    # The auditor has no customers and no deals of his own; entries were read within his scope.
    rows = db.session.scalars(found, execution_options={"whole_group": True})
    return list(rows.unique())

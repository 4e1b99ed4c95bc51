"""What a generated record page shows: facts in sections, steps, related rows, history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from app.core import audit
from app.core.actor import Actor
from app.web.actions import Related, RowAction
from app.web.columns import NUMBERS, Column, label_of, plain_text
from app.web.formats import moment_text, yes_no, yuan
from app.web.listing import read_page
from app.web.people import names_of_actors

if TYPE_CHECKING:
    from app.web.crud import CrudView

RELATED_ROWS = 10
HISTORY_ROWS = 20
AUDIT_PERMISSION = "admin.audit:see"
#: columns whose changes say nothing to people
SILENT = frozenset(
    (
        "id",
        "version",
        "updated_at",
        "state_at",
        "state_by_id",
        "created_at",
        "last_login",
        "login_count",
        "access_version",
        "changed_on",
        "changed_by_fk",
        "created_by_fk",
    )
)


@dataclass(frozen=True)
class Fact:
    """One pair of the record."""

    label: Any
    html: Any
    css: str
    wide: bool


@dataclass(frozen=True)
class RelatedRows:
    """A tab: the first related rows, and where all of them are."""

    title: Any
    heads: list[Column]
    rows: list[tuple[str, list[Any]]]
    count: str
    all_url: str
    add_url: str | None


@dataclass(frozen=True)
class Step:
    """One entry of the history."""

    title: str
    detail: str
    kind: str
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class ShowPage:
    """Everything that ``web/show.html`` draws."""

    view: CrudView
    row: Any
    title: str
    state: Any
    sections: list[tuple[Any, list[Fact]]]
    actions: list[RowAction]
    edit_url: str | None
    delete_url: str | None
    related: list[RelatedRows]
    history: list[Step]


def build(view: CrudView, row: Any, actor: Actor) -> ShowPage:
    """Prepare the page of one record."""
    view.prepare([row])
    columns = [view.column(path) for _title, names in view.sections() for path in names]
    state = next((c for c in columns if c.kind == "state"), None)
    editable = view.may(actor, "edit") and (view.can_edit is None or view.can_edit(row))
    return ShowPage(
        view=view,
        row=row,
        title=view.title_of(row),
        state=state.html(row) if state is not None else None,
        sections=[
            (title, [_fact(view, path, row, actor) for path in names])
            for title, names in view.sections()
        ],
        actions=[
            action
            for action in view.row_actions
            if action.single and actor.may(action.right(view.permission)) and action.fits(row)
        ],
        edit_url=view.url("edit", pk=row.id) if editable else None,
        delete_url=view.url("delete", pk=row.id) if view.may(actor, "delete") else None,
        related=[found for one in view.related if (found := _related(one, row, actor))],
        history=_history(view, row, actor),
    )


def _fact(view: CrudView, path: str, row: Any, actor: Actor) -> Fact:
    column = view.column(path)
    shown = column.html(row)
    if column.kind == "relation":
        shown = _linked(column, row, shown, actor)
    unit = view.units.get(path)
    value = column.value(row)
    figure = column.kind in NUMBERS or (isinstance(value, Decimal) and column.formatter is None)
    if column.kind == "area" and unit is None:
        unit = "㎡"
    if unit is not None and value is not None:
        shown = Markup("{} {}").format(shown, unit)
    return Fact(
        column.label,
        shown,
        "num" if figure else "",
        wide=column.kind in ("long", "json") or path in view.wide,
    )


def _linked(column: Column, row: Any, shown: Any, actor: Actor) -> Any:
    target = column.value(row)
    other = view_of(type(target)) if target is not None else None
    if other is None or not other.may(actor, "see"):
        return shown
    return Markup('<a href="{}">{}</a>').format(other.url("show", pk=target.id), shown)


def view_of(model: type) -> CrudView | None:
    """Return the generated view of a model, if there is one."""
    for view in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if getattr(view, "model", None) is model and hasattr(view, "sections"):
            return view  # type: ignore[no-any-return]
    return None


def instance_of(view_class: type | str) -> Any:
    """Return the registered instance of a view class, or of the class of that name, or None."""
    name = view_class if isinstance(view_class, str) else view_class.__name__
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    return next((view for view in views if type(view).__name__ == name), None)


def _related(one: Related, row: Any, actor: Actor) -> RelatedRows | None:
    other = instance_of(one.view)
    if other is None or not other.may(actor, "see"):
        return None
    if one.by not in {column.path for column in other.filter_columns}:
        message = f"{one.view} cannot be filtered by {one.by}: it would show every row"
        raise LookupError(message)
    columns = [other.column(path) for path in one.columns] if one.columns else other.columns
    columns = [column for column in columns if column.path.partition(".")[0] != one.by]
    given: MultiDict[str, str] = MultiDict([(one.by, str(row.id)), ("everywhere", "1")])
    query, _filters = other.query(given, actor, columns=columns)
    page = read_page(query, number=1, size=RELATED_ROWS)
    other.prepare(page.rows)
    return RelatedRows(
        title=one.title,
        heads=columns,
        rows=[
            (other.url("show", pk=found.id), [column.html(found) for column in columns])
            for found in page.rows
        ],
        count=page.count_text,
        all_url=other.url("list", **{one.by: row.id, "everywhere": 1}),
        add_url=other.url("add", **{one.by: row.id}) if other.may(actor, "add") else None,
    )


def _history(view: CrudView, row: Any, actor: Actor) -> list[Step]:
    """Return the newest audit entries of the record, for those who may read the audit."""
    if not actor.may(AUDIT_PERMISSION):
        return []
    entries = audit.list_entries(view.model.__tablename__, row.id, limit=HISTORY_ROWS)
    names = names_of_actors({entry.actor for entry in entries})
    found = []
    for entry in entries:
        changes = _changes(view, entry)
        if entry.action == "update" and not changes:
            continue
        found.append(
            Step(
                title=action_title(entry.action),
                detail=f"{moment_text(entry.at)} · {names.get(entry.actor, entry.actor)}",
                kind={"insert": "done", "delete": "bad"}.get(entry.action, ""),
                changes=changes,
            )
        )
    return found


def action_title(action: str) -> str:
    """Return an audit action in words."""
    words = {
        "insert": _("Made"),
        "update": _("Changed"),
        "delete": _("Deleted"),
        "sign_in": _("Signed in"),
        "sign_in_failed": _("Failed to sign in"),
        "sign_out": _("Signed out"),
        "switch_operator": _("Handed the counter over"),
        "session_end": _("Ended a sign-in"),
        "sessions_ended": _("Signed the person out everywhere"),
        "unlock": _("Let in again"),
        "second_factor_on": _("Switched the second factor on"),
        "second_factor_off": _("Switched the second factor off"),
        "second_factor_reset": _("Reset the second factor"),
        "recovery_code_used": _("Used a recovery code"),
        "recovery_codes_new": _("Made new recovery codes"),
        "password_reset": _("Reset the password"),
        "password_outside": _("Left the password to the company's directory"),
        "export": _("Exported"),
        "print": _("Printed"),
        "password_change": _("Changed the password"),
        "reveal": _("Looked at personal data in full"),
        "release_for_sale": _("Put on sale"),
        "withdraw_from_sale": _("Take off sale"),
        "confirm_price": _("Confirm the price"),
        "device_job_retry": _("Print again"),
        "device_job_mark": _("It came out"),
        "device_job_cancel": _("Cancel the job"),
    }
    return words.get(action, action)


def _changes(view: CrudView, entry: Any) -> list[dict[str, Any]]:
    before, after = entry.before or {}, entry.after or {}
    if entry.action != "update":
        return []
    changed: Sequence[str] = [
        key for key in after if after.get(key) != before.get(key) and key not in SILENT
    ]
    return [
        {
            "title": str(label_of(key, view.label_columns)),
            "before": _word(view, key, before.get(key)),
            "after": _word(view, key, after.get(key)),
        }
        for key in changed
    ]


def _word(view: CrudView, key: str, value: Any) -> str:
    """Return a value as the audit keeps it (JSON) in words."""
    if value is None or value == "":
        return "–"
    if key in view.states:
        return plain_text(view.column(key), value)
    if isinstance(value, bool):
        return str(yes_no(value))
    if isinstance(value, str) and _MOMENT.match(value):
        return moment_text(datetime.fromisoformat(value))
    if isinstance(value, float) or (isinstance(value, str) and _AMOUNT.fullmatch(value)):
        return yuan(Decimal(str(value)))
    return str(value)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_AMOUNT = re.compile(r"-?\d+\.\d\d")

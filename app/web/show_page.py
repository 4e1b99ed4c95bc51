"""What a generated record page shows: facts in sections, steps, related rows, history."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from app.core.actor import Actor
from app.web.actions import PageLink, Related, RowAction
from app.web.closing import closed_row
from app.web.columns import NUMBERS, Column
from app.web.formats import NOTHING
from app.web.history import History, history_for
from app.web.listing import read_page
from app.web.projects import ProjectChoice

if TYPE_CHECKING:
    from app.web.crud import CrudView

RELATED_ROWS = 10


@dataclass(frozen=True)
class Fact:
    """One pair of the record."""

    label: Any
    html: Any
    css: str
    wide: bool
    #: nothing was entered
    empty: bool = False


@dataclass(frozen=True)
class Section:
    """Facts under a title; what has not been entered is only named."""

    title: Any
    facts: list[Fact]
    missing: list[Any]

    @property
    def folded(self) -> bool:
        """Tell whether the section is closed at first: nothing entered, or just more."""
        return not self.facts or str(self.title) == _("More")


@dataclass(frozen=True)
class RelatedRows:
    """A tab: the first related rows, and where all of them are."""

    #: tells the tab from the others of the page
    name: str
    title: Any
    heads: list[Column]
    rows: list[tuple[str, list[Any]]]
    count: str
    all_url: str
    add_url: str | None


@dataclass(frozen=True)
class ShowPage:
    """Everything that ``web/show.html`` draws."""

    view: CrudView
    row: Any
    title: str
    state: Any
    sections: list[Section]
    actions: list[RowAction]
    edit_url: str | None
    delete_url: str | None
    related: list[RelatedRows]
    history: History
    links: list[tuple[PageLink, str]]
    #: the project of the record, if it is closed
    closed: ProjectChoice | None = None


def build(view: CrudView, row: Any, actor: Actor) -> ShowPage:
    """Prepare the page of one record."""
    view.prepare([row])
    columns = [view.column(path) for _title, names in view.sections() for path in names]
    state = _state(view, columns)
    closed = closed_row(row, actor)
    is_open = closed is None
    editable = view.may(actor, "edit") and (view.can_edit is None or view.can_edit(row))
    return ShowPage(
        view=view,
        row=row,
        title=view.title_of(row),
        state=state.html(row) if state is not None else None,
        sections=_sections(view, row, actor, state),
        actions=[
            action
            for action in view.row_actions
            if is_open
            and action.single
            and actor.may(action.right(view.permission))
            and action.fits(row)
        ],
        edit_url=view.url("edit", pk=row.id) if is_open and editable else None,
        delete_url=view.url("delete", pk=row.id) if is_open and view.may(actor, "delete") else None,
        related=[found for one in view.related if (found := _related(one, row, actor, is_open))],
        history=history_for(view, row, actor),
        closed=closed,
        links=[
            (one, address)
            for one in view.page_links
            if actor.may(one.permission) and (address := one.address(row))
        ],
    )


def _state(view: CrudView, columns: list[Column]) -> Column | None:
    if view.heading_state:
        return view.column(view.heading_state)
    return next((column for column in columns if column.kind == "state"), None)


def _sections(view: CrudView, row: Any, actor: Actor, state: Column | None) -> list[Section]:
    """Return the facts in their sections, without what stands in the page's heading already."""
    said = {state.path} if state is not None else set()
    title = view.title_of(row)
    found = []
    for label, names in view.sections():
        facts = [_fact(view, path, row, actor) for path in names if path not in said]
        facts = [fact for fact in facts if fact.empty or str(fact.html) != title]
        shown = [fact for fact in facts if not fact.empty]
        missing = [fact.label for fact in facts if fact.empty]
        if shown or missing:
            found.append(Section(label, shown, missing))
    return found


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
    wide = column.kind in ("long", "json") or path in view.wide
    empty = value is None or value == "" or str(shown) == str(NOTHING)
    return Fact(column.label, shown, "num" if figure else "", wide, empty)


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


def _related(one: Related, row: Any, actor: Actor, is_open: bool) -> RelatedRows | None:
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
    if one.quiet and not page.rows:
        return None
    other.prepare(page.rows)
    return RelatedRows(
        name=f"{one.view}.{one.by}",
        title=one.title,
        heads=columns,
        rows=[
            (other.url("show", pk=found.id), [column.html(found) for column in columns])
            for found in page.rows
        ],
        count=page.count_text,
        all_url=other.url("list", **{one.by: row.id, "everywhere": 1}),
        add_url=other.url("add", **{one.by: row.id})
        if is_open and other.may(actor, "add")
        else None,
    )

"""What a generated list shows: chips, heads, cells, totals, pages and steps, ready for drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from app.core import money
from app.core.actor import Actor
from app.core.scope import ProjectScoped
from app.lists.queries import Kept
from app.web.actions import MOST_TOGETHER, RowAction
from app.web.chosen_columns import chosen_columns
from app.web.closing import closed_list
from app.web.columns import NUMBERS, Column
from app.web.filters import ActiveFilter, names_of
from app.web.formats import with_minus
from app.web.list_memory import SIZES, ViewTab, plain_query, sharing_offers, tabs
from app.web.listing import Page, read_page
from app.web.show_page import instance_of

if TYPE_CHECKING:
    from app.web.list_pages import ListPages

#: what an address may say besides the filters
KNOWN = ("q", "order", "page", "size", "after", "everywhere")
#: columns that say how a record stands
STANDING = ("state", "status", "standing")
#: how many numbered pages stand around the present one
AROUND = 2


@dataclass(frozen=True)
class Head:
    """A column's head with the address that orders by it."""

    label: Any
    css: str
    url: str
    sort: str


@dataclass(frozen=True)
class Cell:
    """One cell: what it shows, its classes, its label on a phone."""

    html: Any
    css: str
    label: str


@dataclass(frozen=True)
class Row:
    """One row of the list."""

    id: int
    href: str
    cells: list[Cell]


@dataclass(frozen=True)
class FilterForm:
    """The small form that sets one filter."""

    column: Column
    names: tuple[str, ...]
    values: dict[str, list[str]]
    chosen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Return which inputs the form has."""
        if self.column.kind in NUMBERS:
            return "range"
        return {"day": "days", "moment": "days", "many": "relation"}.get(
            self.column.kind, self.column.kind
        )

    def value(self, name: str) -> str:
        """Return the first value given under a name."""
        found = self.values.get(name) or [""]
        return found[0]


@dataclass(frozen=True)
class Chip:
    """A filter at work: its words, the address without it, its form."""

    label: Any
    words: str
    remove_url: str
    form: FilterForm


class Address:
    """Makes addresses of this list with something changed."""

    def __init__(self, path: str, given: MultiDict[str, str], names: Iterable[str]) -> None:
        self.path = path
        self.names = [*names, *KNOWN]
        self.given = [(k, v) for k in self.names for v in given.getlist(k) if v]

    def without(self, *names: str) -> list[tuple[str, str]]:
        """Return what the address says but for these names, and without the page."""
        dropped = {*names, "page", "after"}
        return [(key, value) for key, value in self.given if key not in dropped]

    def but(self, **changes: Any) -> str:
        """Return the address with some parameters replaced; None takes one away."""
        kept = self.without(*changes)
        added = [(key, str(value)) for key, value in changes.items() if value is not None]
        return self.of(kept + added)

    def of(self, parameters: list[tuple[str, str]]) -> str:
        """Return the address that says exactly this."""
        from urllib.parse import urlencode

        text = urlencode(parameters)
        return iri_to_uri(f"{self.path}?{text}" if text else self.path)


@dataclass(frozen=True)
class ListPage:
    """Everything that ``web/list.html`` draws."""

    view: ListPages
    page: Page
    heads: list[Head]
    rows: list[Row]
    totals: list[Cell]
    chips: list[Chip]
    offers: list[FilterForm]
    address: Address
    actions: list[RowAction]
    project_only: bool
    in_project: bool
    add_url: str | None
    #: where rows of this list come from, as ``empty`` of the macros takes it
    empty_place: dict[str, Any] | None
    export_url: str | None
    searched: str
    columns: list[Column]
    kept: Kept
    tabs: list[ViewTab]
    sharing: list[tuple[str, Any]]
    query: str

    @property
    def others(self) -> list[Column]:
        """Return the columns that are offered and not shown."""
        shown = {column.path for column in self.columns}
        return [column for column in self.view.offered if column.path not in shown]

    @property
    def all_found(self) -> int:
        """Return how many rows a step may be taken with at once; 0 if only those of the page."""
        page = self.page
        more = page.count > len(page.rows) and not page.count_is_bound
        return page.count if more and page.count <= MOST_TOGETHER else 0

    @property
    def is_filtered(self) -> bool:
        """Tell whether anything narrows the list."""
        return bool(self.chips or self.searched)

    @property
    def numbers(self) -> list[int | None]:
        """Return the numbered pages around the present one; None is a gap."""
        shown = {
            1,
            self.page.pages,
            *range(self.page.number - AROUND, self.page.number + AROUND + 1),
        }
        found: list[int | None] = []
        for number in sorted(one for one in shown if 1 <= one <= self.page.pages):
            if found and found[-1] is not None and number > found[-1] + 1:
                found.append(None)
            found.append(number)
        return found

    @property
    def counted(self) -> str:
        """Return how many records there are, and where."""
        count = self.page.count_text
        if self.in_project:
            return _("This project · %(count)s in my scope", count=count)
        return _("%(count)s in my scope", count=count)

    @property
    def shown(self) -> str:
        """Return which records the page shows."""
        if self.page.after:
            return _("%(count)s records further on", count=len(self.page.rows))
        return _(
            "%(first)s–%(last)s of %(count)s",
            first=self.page.first,
            last=self.page.last,
            count=self.page.count_text,
        )


def build(view: ListPages, actor: Actor, kept: Kept) -> ListPage:
    """Read and prepare the list that the address asks for, drawn as the person keeps it."""
    columns = chosen_columns(view, kept.columns)
    given = request.args
    names = [name for column in view.filter_columns for name in names_of(column)]
    address = Address(request.path, given, names)
    project_id = view.project_of_list(given)
    query, filters = view.query(given, actor, project_id=project_id, columns=columns)
    page = read_page(
        query,
        number=_whole(given.get("page"), 1),
        size=_size(given.get("size"), kept.page_size or view.page_size),
        after=given.get("after", ""),
    )
    view.prepare(page.rows)
    closed = closed_list(view.model)
    actions = [
        a
        for a in view.row_actions
        if a.many and closed is None and actor.may(a.right(view.permission))
    ]
    return ListPage(
        view=view,
        page=page,
        heads=[_head(view, column, address, given.get("order", "")) for column in columns],
        rows=_rows(view, columns, page.rows, actor),
        totals=_totals(view, columns, page.rows),
        chips=[_chip(one, address) for one in filters],
        offers=_offers(view, filters),
        address=address,
        actions=actions,
        project_only=issubclass(view.model, ProjectScoped),
        in_project=project_id is not None,
        empty_place=_empty_place(view, actor),
        add_url=view.url("add") if closed is None and view.may(actor, "add") else None,
        export_url=_export_url(view, address) if view.may(actor, "export") else None,
        searched=given.get("q", "").strip(),
        columns=columns,
        kept=kept,
        tabs=tabs(kept, request.path, given),
        sharing=sharing_offers(actor),
        query=plain_query(given),
    )


def _empty_place(view: ListPages, actor: Actor) -> dict[str, Any] | None:
    if view.empty_place is None:
        return None
    name, title = view.empty_place
    other = instance_of(name)
    if other is None or not other.may(actor, "see"):
        return None
    return {"url": other.url("list"), "title": title}


def _whole(text: str | None, fallback: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else fallback  # noqa: PLR2004


def _size(text: str | None, fallback: int) -> int:
    size = _whole(text, fallback)
    return size if size in SIZES else fallback


def _export_url(view: ListPages, address: Address) -> str:
    return Address(view.url("download"), MultiDict(address.given), address.names).but()


def _label(view: ListPages, column: Column) -> str:
    """Return the label with the unit of its figures, which is said once and not in every row."""
    unit = view.units.get(column.path) or ("㎡" if column.kind == "area" else "")
    return f"{column.label} {unit}" if unit and column.kind in NUMBERS else str(column.label)


def _head(view: ListPages, column: Column, address: Address, ordered: str) -> Head:
    own = view.order[0] if view.order and not ordered else ordered
    here = own.removeprefix("-") == column.path
    descending = here and own.startswith("-")
    wanted = column.path if not here or descending else f"-{column.path}"
    return Head(
        label=_label(view, column),
        css=column.head_css,
        url=address.but(order=wanted) if column.is_sql else "",
        sort=("descending" if descending else "ascending") if here else "",
    )


def _rows(view: ListPages, columns: list[Column], rows: list[Any], actor: Actor) -> list[Row]:
    states = [
        column.path
        for column in columns[1:]
        if column.kind == "state" or column.path == view.heading_state
    ]
    # What the record is now, before what it is by nature: the corner of a card holds one mark.
    marked = next((path for path in states if path in STANDING), states[0] if states else None)
    looks = []
    for place, column in enumerate(columns):
        extra = "lead" if place == 0 else "mark" if column.path == marked else ""
        looks.append((column, f"{column.css} {extra}".strip(), _label(view, column)))
    # Addresses and labels are made once for the page, not once for every row.
    address = view.url("show", pk=0).removesuffix("0") if view.may(actor, "see") else ""
    return [
        Row(
            row.id,
            f"{address}{row.id}" if address else "",
            [Cell(column.html(row), css, label) for column, css, label in looks],
        )
        for row in rows
    ]


def _totals(view: ListPages, columns: list[Column], rows: list[Any]) -> list[Cell]:
    if not rows or not any(column.path in view.totals for column in columns):
        return []
    cells = []
    for column in columns:
        shown: Any = ""
        if column.path in view.totals:
            amounts = [column.value(row) for row in rows]
            total = sum((one for one in amounts if one is not None), Decimal(0))
            shown = (
                with_minus(money.format_yuan(total)) if column.kind != "integer" else f"{total:,}"
            )
        cells.append(Cell(shown, column.css if shown else "blank", _label(view, column)))
    return cells


def _chip(one: ActiveFilter, address: Address) -> Chip:
    values: dict[str, list[str]] = {}
    for name, value in one.parameters:
        values.setdefault(name, []).append(value)
    names = names_of(one.column)
    chosen = list(zip(values.get(one.column.path, []), one.words.split("、"), strict=False))
    form = FilterForm(one.column, names, values, chosen)
    return Chip(one.column.label, one.words, address.of(address.without(*names)), form)


def _offers(view: ListPages, filters: list[ActiveFilter]) -> list[FilterForm]:
    taken = {one.column.path for one in filters}
    return [
        FilterForm(column, names_of(column), {})
        for column in view.filter_columns
        if column.path not in taken
    ]

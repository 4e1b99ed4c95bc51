"""The search box: rooms, customers and documents of the project by a few typed letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Blueprint, Flask, current_app, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from pypinyin import Style, lazy_pinyin

from app.core.actor import Actor
from app.web import menu
from app.web.access import needs
from app.web.columns import Column
from app.web.projects import current_project_id
from app.web.rest import current

MOST_FOUND = 8
LONGEST = 80
#: figures beside a hit: what the list shows after its first column
SHOWN_COLUMNS = 3

blueprint = Blueprint("search", __name__)


@dataclass(frozen=True)
class Found:
    """What one kind of record has for the typed letters."""

    title: Any
    heads: list[Column]
    rows: list[tuple[str, str, list[Any]]]
    all_url: str


class Searched(Protocol):
    """What the search box asks of a view: every generated one has it, others may."""

    endpoint: Any
    search_rank: Any
    list_title: Any

    @property
    def columns(self) -> list[Column]:
        """Return the columns of the list; the first is what a hit is called."""

    def may(self, actor: Actor, action: str) -> bool:
        """Tell whether the actor may see what is found."""

    def find(self, typed: str, *, actor: Actor, project_id: int | None) -> list[Any]:
        """Return the few rows within the actor's scope that fit."""

    def prepare(self, rows: Sequence[Any]) -> None:
        """Read at once what the columns of these rows need."""

    def title_of(self, row: Any) -> str:
        """Return what a hit is called."""

    def hint_of(self, row: Any) -> str:
        """Return what tells it apart while one types; may be empty."""

    def url(self, method: str, **values: Any) -> str:
        """Return the address of one hit (``show``) or of all (``list``)."""


def searched_views(actor: Actor) -> list[Searched]:
    """Return the views that take part in searching and that the actor may see, in their order."""
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    found = [view for view in views if getattr(view, "search_rank", None) is not None]
    return sorted((view for view in found if view.may(actor, "see")), key=lambda v: v.search_rank)


def find(view: Searched, typed: str, project_id: int | None, actor: Actor) -> Found | None:
    """Return what the view has, or None."""
    rows = view.find(typed, actor=actor, project_id=project_id)[:MOST_FOUND]
    if not rows:
        return None
    view.prepare(rows)
    columns = _shown(view)
    return Found(
        title=view.list_title,
        heads=columns,
        rows=[
            (view.url("show", pk=row.id), view.title_of(row), [c.html(row) for c in columns])
            for row in rows
        ],
        all_url=view.url("list", q=typed),
    )


def _shown(view: Searched) -> list[Column]:
    """Return what stands beside a hit: the first columns, and its state in any case."""
    first, rest = view.columns[1 : SHOWN_COLUMNS + 1], view.columns[SHOWN_COLUMNS + 1 :]
    return first + [column for column in rest if column.kind == "state"][:1]


@blueprint.get("/search/")
@needs()
def search() -> Any:
    """Show what was found in this project; a single hit is opened at once."""
    actor, typed = current(), request.args.get("q", "").strip()[:LONGEST]
    everywhere = request.args.get("everywhere") == "1"
    project_id = None if everywhere else current_project_id()
    groups = []
    if typed:
        found = (find(view, typed, project_id, actor) for view in searched_views(actor))
        groups = [group for group in found if group is not None]
    if len(groups) == 1 and len(groups[0].rows) == 1 and "stay" not in request.args:
        return redirect(groups[0].rows[0][0])
    return render_template(
        "web/search.html", typed=typed, groups=groups, everywhere=everywhere, project=project_id
    )


#: hits of one kind while one types
MOST_SUGGESTED = 5
_PINYIN: dict[str, tuple[str, str]] = {}


@blueprint.get("/search/suggest")
@needs()
def suggest() -> Any:
    """Answer what fits while one types: records of this project by kind, then pages by name."""
    actor, typed = current(), request.args.get("q", "").strip()[:LONGEST]
    if not typed:
        return jsonify(groups=[])
    groups = [_suggested(view, typed, actor) for view in searched_views(actor)]
    groups.append({"title": _("Pages"), "icon": "menu", "rows": find_pages(typed, actor)})
    return jsonify(groups=[group for group in groups if group["rows"]])


def _suggested(view: Searched, typed: str, actor: Actor) -> dict[str, Any]:
    found = view.find(typed, actor=actor, project_id=current_project_id())[:MOST_SUGGESTED]
    view.prepare(found)
    places = {item.view.__name__: item.icon for item in menu.items_for(actor) if item.view}
    return {
        "title": str(view.list_title),
        "icon": places.get(type(view).__name__, "search"),
        "rows": [
            {
                "title": str(view.title_of(row)),
                "url": view.url("show", pk=row.id),
                "detail": view.hint_of(row),
            }
            for row in found
        ],
    }


def find_pages(typed: str, actor: Actor) -> list[dict[str, str]]:
    """Return the places of the menu whose name contains what was typed, in pinyin too."""
    wanted = typed.lower().replace(" ", "")
    return [
        {"title": str(item.title), "url": item.address()}
        for item in menu.items_for(actor)
        if any(wanted in name for name in names_of(str(item.title)))
    ][:MOST_SUGGESTED]


def names_of(title: str) -> tuple[str, ...]:
    """Return how a name may be typed: itself, its pinyin, the initials of that."""
    if title not in _PINYIN:
        whole = "".join(lazy_pinyin(title)).lower()
        _PINYIN[title] = whole, "".join(lazy_pinyin(title, style=Style.FIRST_LETTER)).lower()
    return (title.lower(), *_PINYIN[title])


def init_app(app: Flask) -> None:
    """Answer under ``/search/``."""
    app.register_blueprint(blueprint)

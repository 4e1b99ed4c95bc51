"""Choices that search as one types: at most twenty rows within scope, never a whole table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, abort, current_app, jsonify, request
from flask_babel import gettext as _
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import class_mapper

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowed
from app.core.scope import ProjectScoped
from app.web.columns import Column, resolve
from app.web.filters import MOST_TYPED, like
from app.web.joins import Joins
from app.web.listing import load_options
from app.web.offered import rows_for
from app.web.projects import current_project_id
from app.web.rest import current

MOST_CHOICES = 20
#: rows of a model whose names are no columns
MOST_TITLED = 500
#: columns that are searched when nothing was said about the model
USUAL_COLUMNS = ("number", "code", "name", "title", "username", "first_name")

blueprint = Blueprint("choices", __name__)


@dataclass(frozen=True)
class ChoiceOf:
    """How rows of a model are found and shown as choices.

    ``search`` are columns that may hold a typed word (``building.name`` too); ``load`` relations
    that the row's title needs; ``detail`` a second, quieter text. ``private`` are searched columns
    that, as the detail, take the right ``private_right``. ``title`` names a row whose own text is
    a code; the few rows of such a model are searched by that name. Which rows an actor is offered
    beyond his projects' is said with ``narrow_rows``.
    """

    search: tuple[str, ...]
    order: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    detail: Callable[[Any], Any] | None = None
    title: Callable[[Any], Any] | None = None
    private: tuple[str, ...] = ()
    private_right: str = ""

    def shows_all(self, actor: Actor) -> bool:
        """Tell whether the actor may see the private columns and the detail."""
        return not self.private_right or actor.may(self.private_right)


_described: dict[type, ChoiceOf] = {}


def describe_choice(model: type, choice: ChoiceOf) -> None:
    """Say how rows of the model are found; an area calls it beside its views."""
    _described[model] = choice


def choice_of(model: Any) -> ChoiceOf:
    """Return how rows of the model are found: as described, else by its usual columns."""
    if model in _described:
        return _described[model]
    columns = class_mapper(model).columns
    usual = tuple(name for name in USUAL_COLUMNS if name in columns)
    return ChoiceOf(search=usual, order=usual[-1:])


def find_choices(
    model: Any,
    typed: str,
    *,
    actor: Actor,
    project_id: int | None = None,
    narrow: Iterable[Any] = (),
) -> list[Any]:
    """Return at most 20 rows that the actor is offered and in which every typed word occurs."""
    choice, joins = choice_of(model), Joins(model)
    hidden = () if choice.shows_all(actor) else choice.private
    columns = [resolve(model, path) for path in choice.search if path not in hidden]
    predicates = [
        *narrow,
        *rows_for(model, actor),
        *(_has(word, columns, joins) for word in _words(typed)),
    ]
    if project_id is not None and issubclass(model, ProjectScoped):
        predicates.append(model.project_id == project_id)
    if "active" in class_mapper(model).columns:
        predicates.append(model.active.is_(True))
    order = [joins.attribute(resolve(model, path)) for path in choice.order]
    if choice.title is not None:
        return _by_title(model, choice, typed, [*narrow, *rows_for(model, actor)])
    statement = joins.apply(select(model)).where(and_(True, *predicates))
    options = load_options(model, (), choice.load)
    found = db.session.scalars(
        statement.order_by(*order, model.id).options(*options).limit(MOST_CHOICES)
    )
    return list(found.unique())


def _by_title(model: Any, choice: ChoiceOf, typed: str, narrow: list[Any]) -> list[Any]:
    """Return the rows in whose name, as the reader sees it, every typed word occurs."""
    order = [getattr(model, name) for name in choice.order]
    found = select(model).where(and_(True, *narrow)).order_by(*order, model.id).limit(MOST_TITLED)
    words = [word.casefold() for word in _words(typed)]
    rows = db.session.scalars(found).unique()
    return [row for row in rows if all(word in title_of(row).casefold() for word in words)][
        :MOST_CHOICES
    ]


def title_of(row: Any) -> str:
    """Return what a row is called where it is chosen."""
    title = choice_of(type(row)).title
    return str(row if title is None else title(row))


def _words(typed: str) -> list[str]:
    return [word for word in re.split(r"[\s\-–—/]+", typed[:MOST_TYPED]) if word][:5]


def _has(word: str, columns: list[Column], joins: Joins) -> Any:
    return or_(*(joins.attribute(column).ilike(like(word)) for column in columns))


def as_option(model: type, row: Any, *, actor: Actor) -> dict[str, Any]:
    """Return a row as a choice shows it to the actor."""
    choice = choice_of(model)
    detail = choice.detail if choice.shows_all(actor) else None
    return {"id": row.id, "text": title_of(row), "detail": str(detail(row) or "") if detail else ""}


@blueprint.get("/choices/<endpoint>/<field>")
def choices(endpoint: str, field: str) -> Any:
    """Answer the rows that may be chosen for a field or filter of a generated page."""
    actor = current()
    view = _view_named(endpoint)
    model = view.choice_target(field)
    if model is None:
        abort(404)
    if not _may_choose(view, actor):
        raise NotAllowed(_("You may not do this. Ask your administrator for the right to it."))
    given = request.args.get("project", "")
    project_id = int(given) if given.isdecimal() else current_project_id()
    typed = request.args.get("q", "").strip()
    found = find_choices(model, typed, actor=actor, project_id=project_id)
    return jsonify(result=[as_option(model, row, actor=actor) for row in found])


def _view_named(endpoint: str) -> Any:
    for view in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if view.endpoint == endpoint and hasattr(view, "choice_target"):
            return view
    return abort(404)


def _may_choose(view: Any, actor: Actor) -> bool:
    return actor.may_any(*(view.right(action) for action in ("see", "add", "edit")))


def init_app(app: Flask) -> None:
    """Answer under ``/choices/``."""
    app.register_blueprint(blueprint)

"""What a person keeps of a list, posted from its page: views, columns, the view it opens with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Flask, abort, flash, redirect, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.core.actor import Actor
from app.core.errors import DomainError, Invalid, NotFound
from app.core.permissions import PRESET_ROLES
from app.core.uow import unit_of_work
from app.lists import operations
from app.lists.operations import Sharing
from app.lists.policies import SHARE
from app.lists.queries import Kept, KeptView
from app.web.access import needs
from app.web.addresses import safe_next
from app.web.chosen_columns import offered_columns
from app.web.exports import view_named
from app.web.projects import current_project_id
from app.web.rest import current

SIZES = (25, 50, 100)
#: what belongs to looking through a list, not to a view of it
PASSING = ("page", "after")

blueprint = Blueprint("lists", __name__, url_prefix="/lists")


@dataclass(frozen=True)
class ViewTab:
    """A saved view above the list."""

    view: KeptView
    url: str
    here: bool
    opens: bool


def plain_query(given: MultiDict[str, str]) -> str:
    """Return what the address asks for, without the place in the list."""
    kept = [(k, v) for k, v in given.items(multi=True) if k not in PASSING and v]
    return urlencode(kept)


def tabs(kept: Kept, path: str, given: MultiDict[str, str]) -> list[ViewTab]:
    """Return the views with the one marked that the address shows."""
    here = sorted(parse_qsl(plain_query(given)))
    return [
        ViewTab(
            view=view,
            url=f"{path}?{view.query or 'all=1'}",
            here=sorted(parse_qsl(view.query)) == here,
            opens=view.id == kept.default_id,
        )
        for view in kept.views
    ]


def sharing_offers(actor: Actor) -> list[tuple[str, Any]]:
    """Return with whom the actor may share a view: value and words; none without the right."""
    if not actor.may(SHARE):
        return []
    roles = [(f"role:{code}", title) for code, title in PRESET_ROLES.values()]
    project = [("project", _("Everybody in this project"))] if current_project_id() else []
    return [("", _("Only me")), *project, *roles]


def _view(list_key: str) -> Any:
    view = view_named(list_key)
    if view is None:
        abort(404)
    if not view.may(current(), "see"):
        raise NotFound(_("There is nothing here, or it is not within your scope."))
    return view


def _back(view: Any) -> Any:
    return redirect(safe_next(request.form.get("next"), fallback=view.url("list")))


@blueprint.post("/<list_key>/views")
@needs()
def save(list_key: str) -> Any:
    """Keep the conditions of the list under a name."""
    view, actor = _view(list_key), current()
    query = plain_query(MultiDict(parse_qsl(request.form.get("query", "")[:4000])))
    try:
        with unit_of_work(actor):
            saved = operations.save_view(
                list_key,
                request.form.get("name", ""),
                query,
                sharing=_sharing(request.form.get("share", "")),
                actor=actor,
            )
            if request.form.get("opens") == "1":
                operations.choose_default(list_key, saved.id, actor=actor)
            name = saved.name
    except DomainError as error:
        flash(str(error.message), "danger")
    else:
        flash(_("The view %(name)s has been saved.", name=name))
    return _back(view)


def _sharing(given: str) -> Sharing:
    if given == "project":
        return Sharing(project_id=current_project_id())
    kind, _colon, code = given.partition(":")
    if not given:
        return Sharing()
    if kind != "role":
        raise Invalid(_("There is no such role."))
    return Sharing(role_code=code)


@blueprint.post("/<list_key>/views/<int:view_id>/delete")
@needs()
def delete(list_key: str, view_id: int) -> Any:
    """Delete one of one's own views."""
    view, actor = _view(list_key), current()
    with unit_of_work(actor):
        name = operations.delete_view(view_id, actor=actor).name
    flash(_("The view %(name)s has been deleted.", name=name))
    return _back(view)


@blueprint.post("/<list_key>/opens")
@needs()
def opens(list_key: str) -> Any:
    """Let the list open with a view, or with none."""
    view, actor = _view(list_key), current()
    given = request.form.get("view", "")
    try:
        with unit_of_work(actor):
            wanted = int(given) if given.isdecimal() else None
            operations.choose_default(list_key, wanted, actor=actor)
    except DomainError as error:
        flash(str(error.message), "danger")
    return _back(view)


@blueprint.post("/<list_key>/layout")
@needs()
def layout(list_key: str) -> Any:
    """Keep the columns of the list, their order and the size of a page."""
    view, actor = _view(list_key), current()
    offered = {column.path for column in offered_columns(view)}
    chosen = [name for name in request.form.getlist("column") if name in offered]
    if "reset" in request.form or chosen == [column.path for column in view.columns]:
        chosen = []
    size = request.form.get("size", "")
    page_size = int(size) if size.isdecimal() and int(size) in SIZES else None
    with unit_of_work(actor):
        operations.keep_layout(list_key, chosen, page_size=page_size, actor=actor)
    return _back(view)


def init_app(app: Flask) -> None:
    """Answer under ``/lists/``."""
    app.register_blueprint(blueprint)

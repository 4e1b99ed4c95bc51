"""Small answers around every page: counts in the menu, the project switch, the language."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import refresh

from app.core.uow import unit_of_work
from app.web import keys, menu, projects
from app.web.addresses import safe_next
from app.web.rest import current

blueprint = Blueprint("work", __name__)


@blueprint.get("/work/counts")
def counts() -> Any:
    """Answer what waits for the caller at each place of the menu."""
    return jsonify(menu.counts_for(current()))


@blueprint.get("/work/projects")
def projects_found() -> Any:
    """Answer at most 20 projects within scope that fit what was typed."""
    here = projects.current_project_id()
    found = projects.find_projects(current(), request.args.get("q", "").strip()[:60])
    return jsonify(
        result=[
            {
                "name": project.name,
                "organization": project.organization,
                "url": url_for("work.switch", project_id=project.id),
                "here": project.id == here,
            }
            for project in found
        ]
    )


@blueprint.post("/project/<int:project_id>")
def switch(project_id: int) -> Any:
    """Work in another project; 404 outside the scope."""
    if not projects.choose_project(current(), project_id):
        abort(404)
    chosen = projects.current_project()
    if chosen is not None:
        flash(_("You now work in %(project)s.", project=chosen.name))
    return redirect(_without_record(safe_next(request.form.get("next"))))


def _without_record(address: str) -> str:
    # A record of the old project's would be a strange place to arrive at; its list is not.
    head, mark, _tail = address.partition("/show/")
    return f"{head}/list/" if mark else address


@blueprint.get("/lang/<any(zh, en):locale>")
def language(locale: str) -> Any:
    """Read the pages in Chinese or English from now on."""
    session["locale"] = locale
    refresh()
    return redirect(safe_next(request.args.get("next")))


@blueprint.get("/work/keys")
def keys_help() -> Any:
    """Answer the help for keys: everywhere, in lists, and the caller's places."""
    actor = current()
    titles = {item.view.__name__: item.title for item in menu.items_for(actor) if item.view}
    places = [
        keys.Key(f"g {letter}", titles[view])
        for letter, view in keys.PLACES.items()
        if view in titles
    ]
    return render_template(
        "web/keys.html",
        everywhere=keys.EVERYWHERE,
        lists=keys.LISTS,
        places=places,
        on=keys.are_on(actor),
        back=safe_next(request.args.get("next")),
    )


@blueprint.post("/work/keys")
def keys_switch() -> Any:
    """Switch the caller's keys on or off, and go back."""
    actor = current()
    with unit_of_work(actor):
        keys.switch(bool(request.form.get("on")), actor=actor)
    return redirect(safe_next(request.form.get("next")))


def init_app(app: Flask) -> None:
    """Register before Flask-AppBuilder, whose own language page has the same address."""
    app.register_blueprint(blueprint)

"""The page 我的工作台: everybody's first page."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from flask import abort, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.permissions import ROLE_TITLES
from app.core.uow import unit_of_work
from app.web.access import needs
from app.web.menu import MenuItem
from app.web.rest import current
from app.web.tiles import Bars, Drawn, Figures, Rows, Tile, tiles_for
from app.workbench import operations, queries
from app.workbench.policies import can_set_default

log = logging.getLogger("xiaokong.workbench")

TEMPLATES: dict[type, str] = {
    Figures: "workbench/figures.html",
    Rows: "workbench/rows.html",
    Bars: "workbench/bars.html",
}
NOON = 12
EVENING = 18


class WorkbenchView(BaseView):
    """工作台: what waits for the person, what he follows, and the figures of his scope."""

    route_base = "/work"
    default_view = "page"

    @expose("/")
    @needs()
    def page(self) -> Any:
        """Show the actor's tiles; those that take long come when the page is there."""
        actor = current()
        offered = tiles_for(actor)
        layout = queries.read_layout(offered, actor)
        shown = [offered[key] for key in layout.shown]
        drawn = [
            Drawn(tile, waiting=True) if tile.deferred else draw(tile, actor) for tile in shown
        ]
        return render_template(
            "workbench/page.html",
            drawn=drawn,
            body_of=body_of,
            hidden=[offered[key] for key in layout.hidden],
            layout=layout,
            greeting=greeting(),
            today=clock.today(),
            roles=_roles() if can_set_default(actor) else {},
        )

    @expose("/tiles/<key>")
    @needs()
    def tile(self, key: str) -> Any:
        """Answer one tile's inside; 404 for one that the actor may not see."""
        actor = current()
        found = tiles_for(actor).get(key)
        if found is None:
            abort(404)
        return body_of(draw(found, actor))

    @expose("/layout", methods=["POST"])
    @needs()
    def arrange(self) -> Any:
        """Keep how the actor has arranged his tiles, or forget it."""
        actor = current()
        given = _body()
        with unit_of_work(actor):
            if given.get("usual"):
                operations.arrange_as_usual(actor=actor)
            else:
                operations.arrange(_keys(given), offered=tiles_for(actor), actor=actor)
        return jsonify(kept=True)

    @expose("/defaults/<role>", methods=["POST"])
    @needs("admin.role:edit")
    def default(self, role: str) -> Any:
        """Let a role's workbench begin with these tiles."""
        actor = current()
        given = _body()
        with unit_of_work(actor):
            operations.set_default(role, _keys(given), offered=tiles_for(actor), actor=actor)
        return jsonify(kept=True)


def draw(tile: Tile, actor: Actor) -> Drawn:
    """Ask a tile for what it shows; one that fails is logged under a number, and shown so."""
    try:
        return Drawn(tile, tile.query(actor))
    except Exception:
        # One area's fault must not take everybody's first page away.
        db.session.rollback()
        error_id = uuid.uuid4().hex[:12]
        log.exception("tile %s failed: %s", tile.key, error_id)
        return Drawn(tile, error_id=error_id)


def body_of(drawn: Drawn) -> Any:
    """Return the inside of a tile."""
    if drawn.error_id:
        inside = render_template("workbench/failed.html", error_id=drawn.error_id)
    else:
        template = drawn.tile.template or TEMPLATES[type(drawn.data)]
        inside = render_template(template, tile=drawn.tile, data=drawn.data, now=clock.now())
    return Markup(inside)  # noqa: S704 - drawn by a template, which has escaped what it was given


def greeting() -> str:
    """Return how one greets at this hour."""
    hour = clock.local(clock.now()).hour
    if hour < NOON:
        return _("Good morning")
    return _("Good afternoon") if hour < EVENING else _("Good evening")


def _roles() -> dict[str, Any]:
    return ROLE_TITLES


def _body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise Invalid(_("The request cannot be read. Check what was sent."))
    return found


def _keys(given: dict[str, Any]) -> list[str]:
    shown = given.get("shown")
    if not isinstance(shown, list) or not all(isinstance(key, str) for key in shown):
        raise Invalid(_("The request cannot be read. Check what was sent."))
    return shown


VIEWS = [WorkbenchView]
MENU = [
    MenuItem(_l("My workbench"), "work", 10, (), view=WorkbenchView, icon="desk", home=True),
]

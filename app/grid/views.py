"""The page 销控表: the shell that the grid's scripts fill and keep true."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.customers import policies as customers
from app.customers.queries import list_customers
from app.estate.drawing_answers import drawing_answer
from app.estate.drawing_queries import list_drawings
from app.estate.drawings import DrawingKind, FirstView
from app.estate.models import ROOM_MARKS, RoomStatus
from app.estate.opening_gate import holds_up, items_in_words, list_missing_items
from app.estate.policies import DRAWING, ROOM
from app.estate.queries import list_buildings
from app.grid.words import marks, short_titles, words
from app.pricing import policies as pricing
from app.sales import policies as sales
from app.web.access import needs
from app.web.closing import closed_project
from app.web.menu import MenuItem
from app.web.projects import current_project
from app.web.rest import current

SEE_ROOMS = f"{ROOM}:see"


class GridView(BaseView):
    """销控表: every building of the project as it stands, live."""

    route_base = "/grid"
    default_view = "page"

    @expose("/")
    @needs(SEE_ROOMS)
    def page(self) -> Any:
        """Show the grid of the project that the person works in."""
        project = current_project()
        setup = None if project is None else _setup(project.id, current())
        return render_template("grid/grid.html", setup=setup)


def _buyer(project_id: int, actor: Actor) -> dict[str, Any] | None:
    """Return the customer for whom a room is being chosen: one of the project and the scope."""
    asked = request.args.get("customer", "")
    if not asked.isdecimal() or not actor.may(customers.CHOOSE):
        return None
    found = [one for one in list_customers([int(asked)]) if one.project_id == project_id]
    # The panel stands open to passers-by: only one's own customers have their names there.
    return next(
        (
            {"id": one.id, "name": one.name if one.owner_id == actor.id else one.masked_name}
            for one in found
        ),
        None,
    )


def _setup(project_id: int, actor: Actor) -> dict[str, Any]:
    """Return what the scripts need to know: addresses, rights that show buttons, words."""
    is_open = closed_project(project_id, actor) is None
    return {
        "project_id": project_id,
        "user_id": actor.id,
        "buyer": _buyer(project_id, actor),
        "grid_url": url_for("ProjectGridApi.grid", project_id=project_id),
        "stream_url": url_for("ProjectGridApi.stream", project_id=project_id),
        "customers_url": "/customers/choices",
        "deal_url": "/sales/subscriptions/show/",
        "desk_url": "/sales/",
        "unready": _unready(project_id, actor),
        **_drawn(project_id, actor),
        "may": {
            "customers": actor.may(customers.CHOOSE),
            "release": is_open and actor.may(f"{pricing.SALE}:release"),
            "withdraw": is_open and actor.may(f"{pricing.SALE}:withdraw"),
            "control": is_open and actor.may(sales.CONTROL),
            "export": actor.may(f"{ROOM}:export"),
        },
        # What a hold without a customer becomes: 销控 for a reason, or a hold in one's own name.
        "holds_alone": actor.may(sales.CONTROL),
        "statuses": _statuses(),
        "marks": marks(),
        "contents": _contents(actor),
        "words": words(),
    }


def _statuses() -> list[dict[str, str]]:
    short = short_titles()
    return [
        {
            "code": status.value,
            "title": str(status.title),
            "short": short.get(status.value, str(status.title)),
            "mark": ROOM_MARKS[status.value],
        }
        for status in RoomStatus
        if status is not RoomStatus.MERGED
    ]


def _contents(actor: Actor) -> list[dict[str, str]]:
    found = [
        ("area_total", _("Area · total or buyer")),
        ("area_unit", _("Area · unit price")),
        ("type_area", _("House type · area")),
        ("total", _("List total")),
        ("unit", _("List unit price")),
        ("party", _("Buyer · consultant")),
        ("nothing", _("Number only")),
    ]
    if pricing.can_see_floor(actor):
        found.insert(5, ("floor_total", _("Floor total")))
    return [{"code": code, "title": title} for code, title in found]


def _unready(project_id: int, actor: Actor) -> dict[int, str]:
    """Return what each building still waits for, in words, for who releases rooms."""
    missing = list_missing_items([project_id]) if actor.may(f"{pricing.SALE}:release") else []
    if not missing:
        return {}
    waiting = {
        building.id: items_in_words([item for item in missing if holds_up(item, building.id)])
        for building in list_buildings(project_id)
    }
    return {building_id: words for building_id, words in waiting.items() if words}


def _drawn(project_id: int, actor: Actor) -> dict[str, Any]:
    """Return the site plan and floor plans with what is on them, and who is first seen drawn."""
    if not actor.may(f"{DRAWING}:see"):
        return {"drawings": [], "drawn_first": []}
    kinds = (DrawingKind.SITE.value, DrawingKind.FLOOR.value)
    return {
        "drawings": [drawing_answer(one) for one in list_drawings(project_id, kinds)],
        "drawn_first": [
            one.id for one in list_buildings(project_id) if one.first_view == FirstView.PLAN.value
        ],
    }


VIEWS = [GridView]
MENU = [MenuItem(_l("Sales-control grid"), "rooms", 10, SEE_ROOMS, view=GridView, icon="grid")]

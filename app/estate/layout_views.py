"""The building-shaped page: rooms set, merged and split by choosing cells; and their lineage."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.money import plain
from app.estate import policies
from app.estate.models import (
    ROOM_MARKS,
    Building,
    RoomLineage,
    RoomStatus,
    RoomUsage,
)
from app.estate.queries import get_building, list_buildings, list_fit_outs, list_house_types
from app.estate.words import board_words, deck_words
from app.web.access import needs
from app.web.crud import CrudView
from app.web.projects import current_project
from app.web.rest import current


class BuildingPlanView(BaseView):
    """楼栋图: a building as it stands, whose rooms are set by choosing cells."""

    route_base = "/building-plans"
    default_view = "first"

    @expose("/")
    @needs(f"{policies.ROOM}:edit")
    def first(self) -> Any:
        """Lead to the first building of the project, or say that there is none."""
        project = current_project()
        buildings = [] if project is None else list_buildings(project.id)
        asked = request.args.get("building_id", type=int)
        if asked is None and buildings:
            asked = buildings[0].id
        if asked is not None:
            return redirect(url_for("BuildingPlanView.page", building_id=asked))
        return self.render_template("estate/board.html", setup=None, building=None, buildings=[])

    @expose("/<int:building_id>")
    @needs(f"{policies.ROOM}:edit")
    def page(self, building_id: int) -> Any:
        """Show one building."""
        building = get_building(building_id)
        return self.render_template(
            "estate/board.html",
            building=building,
            buildings=list_buildings(building.project_id),
            setup=_setup(building, current()),
            house_types=list_house_types(building.project_id),
            fit_outs=list_fit_outs(building.project_id),
            usages=list(RoomUsage),
        )


def _setup(building: Building, actor: Actor) -> dict[str, Any]:
    types = list_house_types(building.project_id)
    return {
        "layout_url": url_for("BuildingLayoutApi.layout", building_id=building.id),
        "set_url": url_for("RoomSettingsApi.set_rooms", project_id=building.project_id),
        "insert_url": url_for("BuildingLayoutApi.insert_column", building_id=building.id),
        "delete_url": url_for("BuildingLayoutApi.delete_column", building_id=building.id),
        "merge_url": url_for("RoomShapeApi.merge", room_id=0),
        "parts_url": url_for("RoomShapeApi.parts", room_id=0),
        "split_url": url_for("RoomShapeApi.split", room_id=0),
        "room_url": url_for("RoomView.show", pk=0),
        "may_reshape": actor.may(f"{policies.ROOM}:reshape"),
        "house_types": [
            {
                "id": one.id,
                "name": one.name,
                "structure": one.structure,
                "gross_area": None if one.gross_area is None else plain(one.gross_area),
                "inside_area": None if one.inside_area is None else plain(one.inside_area),
            }
            for one in types
        ],
        "fit_outs": {one.id: one.name for one in list_fit_outs(building.project_id)},
        "usages": {usage.value: str(usage.title) for usage in RoomUsage},
        "statuses": {
            status.value: {"title": str(status.title), "mark": ROOM_MARKS[status.value]}
            for status in RoomStatus
        },
        "words": {**deck_words(), **board_words()},
    }


def lineage_title(lineage: RoomLineage) -> str:
    """Return what a step made of what."""
    before = str(lineage.source["title"])
    if lineage.kind == "merge":
        return _("%(other)s was merged into %(room)s", other=before, room=lineage.room.title)
    return _("%(room)s came from splitting %(other)s", room=lineage.room.title, other=before)


def source_area(lineage: RoomLineage) -> str:
    """Return the gross area that the source had before the step, in m²."""
    return f"{lineage.source['gross_area']} ㎡"


class RoomLineageView(CrudView):
    """房间沿革."""

    datamodel = SQLAInterface(RoomLineage)
    route_base = "/room-lineage"
    permission = policies.ROOM_LINEAGE
    list_title = _l("Lineage of rooms")
    empty_sentence = _l("No room has been merged or split yet.")
    list_columns = ("what", "source_room", "area_before", "at", "undone_at")
    search_columns = ("room", "source_room", "at")
    computed = {"what": lineage_title, "area_before": source_area}
    label_columns = {
        "what": _l("Step"),
        "kind": _l("Step"),
        "room": _l("Room"),
        "source_room": _l("From"),
        "restores_id": _l("Restores"),
        "source": _l("Before"),
        "before": _l("The room before"),
        "area_before": _l("Area before"),
        "at": _l("When"),
        "undone_at": _l("Split back at"),
    }
    order = ("-id",)
    load = ("room", "source_room", "room.building", "room.entrance", "source_room.building",
            "source_room.entrance")  # fmt: skip
    show_fieldsets = (
        ("", ("what", "room", "source_room", "area_before", "at", "undone_at", "project")),
    )
    row_title = staticmethod(lineage_title)
    exportable = False

"""The wizard that generates rooms, and what every generation made."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.money import plain
from app.estate import operations, policies
from app.estate.generator import NumberRule
from app.estate.generator.floors import AVOIDED
from app.estate.models import RoomGeneration, RoomGenerationState
from app.estate.queries import get_generation, list_buildings, list_house_types
from app.estate.words import deck_words, generator_words
from app.web.access import needs
from app.web.actions import PageLink, Related, RowAction
from app.web.crud import CrudView
from app.web.projects import current_project
from app.web.rest import current


class RoomGeneratorView(BaseView):
    """房源生成: rooms drawn as the grid will show them, changed cell by cell, then made."""

    route_base = "/room-generator"
    default_view = "page"

    @expose("/")
    @needs(f"{policies.ROOM}:generate")
    def page(self) -> Any:
        """Show the wizard for the project of the top bar."""
        project = current_project()
        setup = None if project is None else {**_setup(project.id), "sample": _sample(project.id)}
        return self.render_template(
            "estate/generator.html",
            setup=setup,
            project=project,
            buildings=[] if project is None else list_buildings(project.id),
            rules=_rules(),
        )


def _setup(project_id: int) -> dict[str, Any]:
    return {
        "preview_url": url_for("RoomGeneratorApi.preview", project_id=project_id),
        "generate_url": url_for("RoomGeneratorApi.generate", project_id=project_id),
        "done_url": url_for("RoomGenerationView.show", pk=0),
        "avoided": sorted(AVOIDED),
        "house_types": [
            {
                "name": one.name,
                "gross_area": None if one.gross_area is None else plain(one.gross_area),
                "inside_area": None if one.inside_area is None else plain(one.inside_area),
            }
            for one in list_house_types(project_id)
        ],
        "words": {**deck_words(), **generator_words()},
    }


def _sample(project_id: int) -> dict[str, Any] | None:
    """Return what the generation that the address names was asked for with, to start from it.

    One whose rooms stand needs a new building's name; one that was taken back is mended. Raises
    NotFound for one outside scope.
    """
    wished = request.args.get("like", type=int)
    if wished is None or not current().may(f"{policies.ROOM_GENERATION}:see"):
        return None
    generation = get_generation(wished)
    found = dict(generation.specification)
    if generation.state == RoomGenerationState.DONE.value:
        found["building"] = ""
    if generation.project_id != project_id:
        found["building_id"] = None
    return found


def _rules() -> list[dict[str, Any]]:
    """Return the four rules with what the third room of 26 in the second entrance is called."""
    return [
        {
            "code": NumberRule.COLUMN.value,
            "title": _("Floor + column"),
            "help": _("2603 is the third column of floor 26; blank cells leave gaps."),
        },
        {
            "code": NumberRule.ACROSS_ENTRANCE.value,
            "title": _("Floor + count across the entrance"),
            "help": _("From left to right on each floor of an entrance, without gaps."),
        },
        {
            "code": NumberRule.DOWN_ENTRANCE.value,
            "title": _("Floor + count down the entrance"),
            "help": _("Down each column from the top, column by column, through the entrance."),
        },
        {
            "code": NumberRule.ACROSS_BUILDING.value,
            "title": _("Floor + count across the building"),
            "help": _("From left to right on each floor, on through all entrances."),
        },
    ]


class RoomGenerationView(CrudView):
    """房源生成记录."""

    datamodel = SQLAInterface(RoomGeneration)
    route_base = "/room-generations"
    permission = policies.ROOM_GENERATION
    list_title = _l("Generations of rooms")
    empty_sentence = _l("No rooms have been generated yet.")
    list_columns = ("number", "buildings", "rooms", "state", "created_at", "project")
    search_columns = ("number", "buildings", "state", "created_at")
    states = {"state": RoomGenerationState}
    label_columns = {
        "buildings": _l("Buildings"),
        "rooms": _l("Rooms"),
        "mode": _l("Made as"),
        "specification": _l("Specification"),
        "made": _l("Made besides"),
        "state_at": _l("Taken back at"),
    }
    order = ("-id",)
    show_fieldsets = (
        ("", ("number", "buildings", "rooms", "state", "created_at", "state_at", "project")),
    )
    row_actions = (
        RowAction(
            "undo",
            _l("Take back"),
            f"{policies.ROOM}:generate",
            operations.undo_generation,
            confirm=_l(
                "Remove all rooms of this generation? It is possible only as long as nothing has"
                " happened to them."
            ),
            when=lambda generation: generation.state == RoomGenerationState.DONE.value,
            done=_l("The rooms have been taken back."),
            kind="d",
            many=False,
        ),
    )
    page_links = (
        PageLink(
            _l("Generate like this"),
            f"{policies.ROOM}:generate",
            lambda generation: url_for("RoomGeneratorView.page", like=generation.id),
            icon="plus",
        ),
    )
    related = (Related(_l("Rooms"), "RoomView", "generation"),)
    exportable = False

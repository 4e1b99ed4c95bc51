"""Pages of buildings and rooms; the menu of all master data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor
from app.estate import entries, operations, policies
from app.estate.drawing_views import DrawingView, first_view_field
from app.estate.drawings import FirstView
from app.estate.generator_views import RoomGenerationView, RoomGeneratorView
from app.estate.kind_views import SQUARE_METRES, EntranceView, FitOutView, HouseTypeView
from app.estate.layout_views import BuildingPlanView, RoomLineageView
from app.estate.models import (
    Building,
    Entrance,
    HouseType,
    ProductType,
    Project,
    Room,
    RoomStatus,
    RoomUsage,
    Zone,
)
from app.estate.opening_views import OpeningItemView
from app.estate.progress_views import (
    LaunchBatchView,
    MilestoneView,
    ProductTypeView,
    ZoneView,
)
from app.estate.project_views import PermitView, ProjectMemberView, ProjectView
from app.estate.room_codes import room_code
from app.estate.room_steps import ROOM_LINKS, ROOM_STEPS
from app.web.actions import Related
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView
from app.web.crud_api import crud_api
from app.web.menu import MenuItem

#: what a room is besides its place and areas
FURTHER = ("structure", "view", "fit_out", "usage", "is_accessory", "main_room")


def usage_field(*, of_building: bool = False) -> Any:
    """Return the choice of a usage; a room may leave it to its building."""
    choices = [SelectChoice(usage.value, usage.title) for usage in RoomUsage]
    if not of_building:
        choices.insert(0, SelectChoice("", _l("as the building")))
    # Left out is left to the operation, which also refuses what is none of them.
    return SelectField(
        _l("Usage"), choices=choices, coerce=lambda value: value or None, validate_choice=False
    )


class BuildingView(CrudView):
    """楼栋."""

    datamodel = SQLAInterface(Building)
    route_base = "/buildings"
    permission = policies.BUILDING
    list_title = _l("Buildings")
    add_title = _l("New building")
    empty_sentence = _l("No building yet. Import a price list, or add one by hand.")
    list_columns = (
        "name", "code", "zone", "product_type", "position", "completed_on", "usage", "project",
    )  # fmt: skip
    search_columns = ("name", "code", "zone", "product_type", "completed_on", "usage", "project")
    states = {"usage": RoomUsage, "first_view": FirstView}
    label_columns = {
        "name": _l("Building"),
        "code": _l("Building code"),
        "zone": _l("Zone"),
        "product_type": _l("Product type"),
        "usage": _l("Usage"),
        "position": _l("Place on the grid"),
        "completed_on": _l("Completion record"),
        "first_view": _l("First seen as"),
    }
    help_columns = {
        "code": _l("Stands for the building in room codes; without one, its name does."),
        "completed_on": _l("With a completion record the building needs no pre-sale permit."),
        "usage": _l("Of all its rooms, unless a room says otherwise."),
        "first_view": _l("On the sales-control grid, once rooms are placed on a floor plan."),
    }
    order = ("position", "id")
    load = ("zone", "product_type", "project")
    edit_fieldsets = (
        (
            "",
            (
                "name", "code", "zone", "product_type", "position", "completed_on", "usage",
                "first_view",
            ),
        ),
    )  # fmt: skip
    show_fieldsets = (("", (*edit_fieldsets[0][1], "project")),)
    add_fieldsets = (("", ("project", *edit_fieldsets[0][1])),)
    form_extra = {"usage": usage_field(of_building=True), "first_view": first_view_field()}
    form_optional = frozenset({"position", "usage", "first_view"})
    add_operation = operations.add_building
    also_check = entries.check_building
    edit_operation = operations.edit_building
    delete_operation = operations.delete_building
    related = (
        Related(_l("Entrances"), "EntranceView", "building"),
        Related(_l("Milestones"), "MilestoneView", "building", quiet=True),
        Related(_l("Rooms"), "RoomView", "building"),
    )
    exportable = False


class RoomView(CrudView):
    """房间."""

    datamodel = SQLAInterface(Room)
    route_base = "/rooms"
    permission = policies.ROOM
    list_title = _l("Rooms")
    search_rank = 10
    add_title = _l("New room")
    empty_sentence = _l("No room yet. Import a price list, or add rooms by hand.")
    list_columns = (
        "title",
        "floor_name",
        "house_type",
        "gross_area",
        "inside_area",
        "orientation",
        "status",
    )
    search_columns = (
        "status", "building", "entrance", "house_type", "number", "gross_area", "fit_out", "usage",
        "is_accessory", "main_room", "generation",
    )  # fmt: skip
    quick_columns = ("number", "building.name")
    states = {"status": RoomStatus, "usage": RoomUsage}
    computed = {"code": room_code}
    label_columns = {
        "title": _l("Room"),
        "code": _l("Room code"),
        "view": _l("View"),
        "structure": _l("Structure"),
        "fit_out": _l("Fit-out standard"),
        "usage": _l("Usage"),
        "is_accessory": _l("Accessory room"),
        "main_room": _l("Main room"),
        "generation": _l("Generation"),
        "lower_floors": _l("Reaches down to"),
        "entrance": _l("Entrance"),
        "house_type": _l("House type"),
        "number": _l("Room number"),
        "floor": _l("Floor, by order"),
        "floor_name": _l("Floor"),
        "column": _l("Place on the floor"),
        "column_span": _l("Places wide"),
        "row_span": _l("Floors high"),
        "gross_area": _l("Gross area"),
        "inside_area": _l("Inside area"),
        "shared_area": _l("Shared area"),
        "orientation": _l("Orientation"),
    }
    help_columns = {
        "floor": _l("Lowest first; basements are below 0."),
        "floor_name": _l("As people say it: 31, B1. Empty is the number itself."),
        "column": _l("Counted from the left within the entrance."),
        "gross_area": _l("Changes only off the market, and then asks for the price again."),
        "usage": _l("Empty is that of the building."),
        "is_accessory": _l("A store or a parking space; not counted as a home."),
        "main_room": _l("With which an accessory room is sold or let."),
    }
    units = {
        "gross_area": SQUARE_METRES,
        "inside_area": SQUARE_METRES,
        "shared_area": SQUARE_METRES,
    }
    load = ("building", "entrance", "house_type")
    # In the order of the price list that they came with; it costs the same for any number of rooms.
    order = ("id",)
    totals = ("gross_area",)
    show_fieldsets = (
        ("", ("title", "code", "status", "project", "building", "entrance")),
        (_l("Place"), ("number", "floor_name", "floor", "column")),
        (_l("Area"), ("gross_area", "inside_area", "shared_area")),
        (
            _l("What it is"),
            (
                "house_type",
                "structure",
                "orientation",
                "view",
                "fit_out",
                "usage",
                "is_accessory",
                "main_room",
                "generation",
            ),
        ),
    )
    add_fieldsets = (
        (
            _l("Place"),
            ("building", "entrance", "number", "floor", "floor_name", "column"),
        ),
        (_l("Area"), ("gross_area", "inside_area", "house_type", "orientation")),
        (_l("What it is"), FURTHER),
    )
    edit_fieldsets = (
        (_l("Place"), ("entrance", "number", "floor", "floor_name", "column")),
        (_l("Area"), ("gross_area", "inside_area", "house_type", "orientation")),
        (_l("What it is"), FURTHER),
    )
    form_extra = {"usage": usage_field()}
    form_optional = frozenset({"floor_name", "usage"})
    add_operation = operations.add_room
    edit_operation = operations.edit_room
    delete_operation = operations.delete_room
    row_actions = ROOM_STEPS
    page_links = ROOM_LINKS
    related = (
        Related(_l("Prices"), "RoomPriceView", "room"),
        Related(_l("Came from"), RoomLineageView, "room", quiet=True),
        Related(_l("Became"), RoomLineageView, "source_room", quiet=True),
    )

    def find(self, typed: str, *, actor: Actor, project_id: int | None) -> list[Room]:
        """Find as people name a room: 3栋2602 is 3栋-2602."""
        apart = re.sub(r"(?<=[栋幢座楼元])(?=\w)", " ", typed)
        found = super().find(apart, actor=actor, project_id=project_id)
        return [room for room in found if room.status != RoomStatus.MERGED.value]

    def usual(self, asked: Collection[str]) -> Iterable[Any]:
        """Leave out rooms merged away, unless their status is asked for."""
        return () if "status" in asked else (Room.status != RoomStatus.MERGED.value,)


describe_choice(Project, ChoiceOf(("name", "code"), order=("code",), detail=lambda row: row.code))
describe_choice(
    Building,
    ChoiceOf(("name",), order=("position",), load=("project",), detail=lambda row: row.project),
)
describe_choice(
    Zone,
    ChoiceOf(("name",), order=("position",), load=("project",), detail=lambda row: row.project),
)
describe_choice(ProductType, ChoiceOf(("name",), order=("position",)))
describe_choice(
    Entrance,
    ChoiceOf(
        ("name", "building.name"),
        order=("building.position", "position"),
        load=("building",),
        detail=lambda row: row.building,
    ),
)
describe_choice(
    HouseType,
    ChoiceOf(("name",), order=("name",), load=("project",), detail=lambda row: row.project),
)
describe_choice(
    Room,
    ChoiceOf(
        ("number", "building.name", "entrance.name"),
        order=("number",),
        load=("building", "entrance"),
    ),
)

VIEWS = [
    RoomView,
    BuildingView,
    EntranceView,
    HouseTypeView,
    FitOutView,
    RoomGeneratorView,
    RoomGenerationView,
    BuildingPlanView,
    RoomLineageView,
    PermitView,
    ProjectView,
    ProjectMemberView,
    ZoneView,
    ProductTypeView,
    MilestoneView,
    LaunchBatchView,
    OpeningItemView,
    DrawingView,
]
MENU = [
    MenuItem(_l("Rooms"), "rooms", 20, f"{policies.ROOM}:see", view=RoomView, icon="room"),
    MenuItem(
        _l("Buildings"),
        "base",
        20,
        f"{policies.BUILDING}:add",
        view=BuildingView,
        icon="building",
        section="building",
    ),
    MenuItem(
        _l("Entrances"),
        "base",
        22,
        f"{policies.ENTRANCE}:add",
        view=EntranceView,
        icon="entrance",
        section="building",
    ),
    MenuItem(
        _l("House types"),
        "base",
        30,
        f"{policies.HOUSE_TYPE}:add",
        view=HouseTypeView,
        icon="house",
        section="room",
    ),
    MenuItem(
        _l("Fit-outs"),
        "base",
        32,
        f"{policies.FIT_OUT}:add",
        view=FitOutView,
        icon="roller",
        section="room",
    ),
    MenuItem(
        _l("Building plans"),
        "base",
        28,
        f"{policies.ROOM}:edit",
        view=BuildingPlanView,
        icon="facade",
        section="building",
    ),
    MenuItem(
        _l("Generate rooms"),
        "base",
        34,
        f"{policies.ROOM}:generate",
        view=RoomGeneratorView,
        icon="generate",
        section="room",
    ),
    MenuItem(
        _l("Generations of rooms"),
        "base",
        36,
        f"{policies.ROOM}:generate",
        view=RoomGenerationView,
        icon="record",
        section="room",
    ),
    MenuItem(
        _l("Pre-sale permits"),
        "base",
        16,
        f"{policies.PERMIT}:see",
        view=PermitView,
        icon="stamp",
        section="project",
    ),
    MenuItem(
        _l("Zones"),
        "base",
        12,
        f"{policies.ZONE}:add",
        view=ZoneView,
        icon="zone",
        section="project",
    ),
    MenuItem(
        _l("Product types"),
        "base",
        21,
        f"{policies.PRODUCT_TYPE}:add",
        view=ProductTypeView,
        icon="kinds",
        section="building",
    ),
    MenuItem(
        _l("Milestones"),
        "base",
        24,
        f"{policies.MILESTONE}:see",
        view=MilestoneView,
        icon="flag",
        section="building",
    ),
    MenuItem(
        _l("Launch batches"),
        "base",
        14,
        f"{policies.LAUNCH_BATCH}:see",
        view=LaunchBatchView,
        icon="batch",
        section="project",
    ),
    MenuItem(
        _l("Drawings"),
        "base",
        26,
        f"{policies.DRAWING}:see",
        view=DrawingView,
        icon="drawing",
        section="building",
    ),
    MenuItem(
        _l("Opening checklist"),
        "base",
        18,
        f"{policies.OPENING}:see",
        view=OpeningItemView,
        icon="tasks",
        section="project",
    ),
    MenuItem(
        _l("Projects"),
        "base",
        10,
        f"{policies.PROJECT}:see",
        view=ProjectView,
        icon="tree",
        section="project",
    ),
    MenuItem(
        _l("People of projects"),
        "system",
        16,
        f"{policies.PROJECT_MEMBER}:see",
        view=ProjectMemberView,
        icon="users",
    ),
]
RESOURCES = [
    # The grid answers GET projects and GET rooms/{id} with all that hangs on them.
    crud_api(ProjectView, without=("index",)),
    crud_api(RoomView, without=("get",)),
    crud_api(PermitView),
    crud_api(BuildingView),
    crud_api(EntranceView),
    crud_api(HouseTypeView),
    crud_api(FitOutView),
    crud_api(ProjectMemberView),
    crud_api(ZoneView),
    crud_api(ProductTypeView),
    crud_api(MilestoneView),
    crud_api(LaunchBatchView),
    crud_api(OpeningItemView),
]

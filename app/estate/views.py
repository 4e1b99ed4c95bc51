"""Pages of master data: projects, permits, buildings, entrances, house types, rooms, members."""

from __future__ import annotations

import re
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor
from app.core.money import ROUNDING_STEPS, format_yuan, parse_yuan
from app.estate import operations, policies
from app.estate.models import (
    Building,
    Entrance,
    HouseType,
    Permit,
    Project,
    ProjectMember,
    Room,
    RoomStatus,
)
from app.estate.room_steps import ROOM_LINKS, ROOM_STEPS
from app.web.actions import Related
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView
from app.web.crud_api import crud_api
from app.web.menu import MenuItem

SQUARE_METRES = "㎡"


def rounding_field() -> Any:
    """Return the choice of what totals are rounded to."""
    steps = [SelectChoice(f"{step:f}", format_yuan(step)) for step in ROUNDING_STEPS]
    return SelectField(_l("Totals are rounded to, yuan"), choices=steps, coerce=parse_yuan)


class ProjectView(CrudView):
    """项目."""

    datamodel = SQLAInterface(Project)
    route_base = "/projects"
    permission = policies.PROJECT
    list_title = _l("Projects")
    add_title = _l("New project")
    empty_sentence = _l("No project within your scope yet.")
    list_columns = ("code", "name", "organization", "parent", "city", "company")
    search_columns = ("code", "name", "organization", "city")
    label_columns = {
        "company": _l("Company"),
        "city": _l("City"),
        "parent": _l("Phase of"),
        "total_rounding": _l("Totals are rounded to, yuan"),
        "team_shares": _l("Teams share their customers"),
    }
    help_columns = {
        "team_shares": _l(
            "Consultants see the customers and deals of their whole team, not only their own."
        ),
        "parent": _l("Leave it empty unless this is a phase of another project."),
        "organization": _l("Whoever belongs to this organization reaches the project."),
    }
    order = ("code",)
    show_fieldsets = (
        ("", ("code", "name", "organization", "parent")),
        (_l("Place and company"), ("company", "city", "address")),
        (_l("Prices"), ("total_rounding",)),
        (_l("Customers"), ("team_shares",)),
    )
    form_fieldsets = show_fieldsets
    form_extra = {"total_rounding": rounding_field()}
    add_operation = operations.create_project
    edit_operation = operations.edit_project
    delete_operation = operations.delete_project
    related = (
        Related(_l("Buildings"), "BuildingView", "project"),
        Related(_l("Pre-sale permits"), "PermitView", "project"),
        Related(_l("Teams"), "TeamView", "project"),
        Related(_l("People"), "ProjectMemberView", "project"),
    )
    exportable = False


class PermitView(CrudView):
    """预售许可证."""

    datamodel = SQLAInterface(Permit)
    route_base = "/permits"
    permission = policies.PERMIT
    list_title = _l("Pre-sale permits")
    add_title = _l("Enter permit")
    empty_sentence = _l("No permit yet. Without one, rooms of a building cannot be released.")
    list_columns = ("number", "granted_on", "building_names", "project")
    search_columns = ("number", "granted_on", "buildings", "project")
    computed = {"building_names": lambda permit: "、".join(map(str, permit.buildings))}
    label_columns = {
        "number": _l("Permit number"),
        "granted_on": _l("Granted on"),
        "buildings": _l("Buildings"),
        "building_names": _l("Buildings"),
    }
    load = ("buildings",)
    order = ("-granted_on",)
    show_fieldsets = (("", ("number", "granted_on", "building_names", "project")),)
    add_fieldsets = (("", ("project", "number", "granted_on", "buildings")),)
    edit_fieldsets = (("", ("number", "granted_on", "buildings")),)
    add_operation = operations.add_permit
    edit_operation = operations.edit_permit
    delete_operation = operations.delete_permit
    exportable = False


class BuildingView(CrudView):
    """楼栋."""

    datamodel = SQLAInterface(Building)
    route_base = "/buildings"
    permission = policies.BUILDING
    list_title = _l("Buildings")
    add_title = _l("New building")
    empty_sentence = _l("No building yet. Import a price list, or add one by hand.")
    list_columns = ("name", "position", "completed_on", "project")
    search_columns = ("name", "completed_on", "project")
    label_columns = {
        "name": _l("Building"),
        "position": _l("Place on the grid"),
        "completed_on": _l("Completion record"),
    }
    help_columns = {
        "completed_on": _l("With a completion record the building needs no pre-sale permit."),
    }
    order = ("position", "id")
    show_fieldsets = (("", ("name", "position", "completed_on", "project")),)
    add_fieldsets = (("", ("project", "name", "position", "completed_on")),)
    edit_fieldsets = (("", ("name", "position", "completed_on")),)
    form_optional = frozenset({"position"})
    add_operation = operations.add_building
    edit_operation = operations.edit_building
    delete_operation = operations.delete_building
    related = (
        Related(_l("Entrances"), "EntranceView", "building"),
        Related(_l("Rooms"), "RoomView", "building"),
    )
    exportable = False


class EntranceView(CrudView):
    """单元."""

    datamodel = SQLAInterface(Entrance)
    route_base = "/entrances"
    permission = policies.ENTRANCE
    list_title = _l("Entrances")
    add_title = _l("New entrance")
    empty_sentence = _l("No entrance yet. A building may also have none.")
    list_columns = ("name", "building", "position", "project")
    search_columns = ("name", "building")
    label_columns = {"name": _l("Entrance"), "position": _l("Place from the left")}
    order = ("building.position", "position", "id")
    show_fieldsets = (("", ("name", "building", "position", "project")),)
    add_fieldsets = (("", ("building", "name", "position")),)
    edit_fieldsets = (("", ("name", "position")),)
    form_optional = frozenset({"position"})
    add_operation = operations.add_entrance
    edit_operation = operations.edit_entrance
    delete_operation = operations.delete_entrance
    related = (Related(_l("Rooms"), "RoomView", "entrance"),)
    exportable = False


class HouseTypeView(CrudView):
    """户型."""

    datamodel = SQLAInterface(HouseType)
    route_base = "/house-types"
    permission = policies.HOUSE_TYPE
    list_title = _l("House types")
    add_title = _l("New house type")
    empty_sentence = _l("No house type yet.")
    list_columns = ("name", "project")
    search_columns = ("name",)
    label_columns = {"name": _l("House type")}
    order = ("name",)
    show_fieldsets = (("", ("name", "project")),)
    add_fieldsets = (("", ("project", "name")),)
    edit_fieldsets = (("", ("name",)),)
    add_operation = operations.add_house_type
    edit_operation = operations.edit_house_type
    delete_operation = operations.delete_house_type
    related = (Related(_l("Rooms"), "RoomView", "house_type"),)
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
    search_columns = ("status", "building", "entrance", "house_type", "number", "gross_area")
    quick_columns = ("number", "building.name")
    states = {"status": RoomStatus}
    label_columns = {
        "title": _l("Room"),
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
        ("", ("title", "status", "project", "building", "entrance")),
        (_l("Place"), ("number", "floor_name", "floor", "column")),
        (_l("Area"), ("gross_area", "inside_area", "shared_area", "house_type", "orientation")),
    )
    add_fieldsets = (
        (
            _l("Place"),
            ("building", "entrance", "number", "floor", "floor_name", "column"),
        ),
        (_l("Area"), ("gross_area", "inside_area", "house_type", "orientation")),
    )
    edit_fieldsets = (
        (_l("Place"), ("entrance", "number", "floor", "floor_name", "column")),
        (_l("Area"), ("gross_area", "inside_area", "house_type", "orientation")),
    )
    form_optional = frozenset({"floor_name"})
    add_operation = operations.add_room
    edit_operation = operations.edit_room
    delete_operation = operations.delete_room
    row_actions = ROOM_STEPS
    page_links = ROOM_LINKS
    related = (Related(_l("Prices"), "RoomPriceView", "room"),)

    def find(self, typed: str, *, actor: Actor, project_id: int | None) -> list[Room]:
        """Find as people name a room: 3栋2602 is 3栋-2602."""
        apart = re.sub(r"(?<=[栋幢座楼元])(?=\w)", " ", typed)
        return super().find(apart, actor=actor, project_id=project_id)


def member_title(member: ProjectMember) -> str:
    """Return who belongs to what."""
    return f"{member.user} · {member.project}"


class ProjectMemberView(CrudView):
    """项目成员."""

    datamodel = SQLAInterface(ProjectMember)
    route_base = "/project-members"
    permission = policies.PROJECT_MEMBER
    list_title = _l("People of projects")
    add_title = _l("Attach somebody")
    empty_sentence = _l("Nobody is attached to this project directly.")
    list_columns = ("user", "user.username", "project", "from_on", "until_on")
    search_columns = ("user", "project", "from_on", "until_on")
    label_columns = {
        "user.username": _l("User name"),
        "from_on": _l("From day"),
        "until_on": _l("To day"),
    }
    help_columns = {
        "user": _l("He reaches the project and its phases, and signs in again."),
        "until_on": _l("Left empty until further notice; it ends by itself after this day."),
    }
    show_fieldsets = (("", ("user", "user.username", "project", "from_on", "until_on")),)
    add_fieldsets = (("", ("project", "user", "from_on", "until_on")),)
    edit_fieldsets = (("", ("from_on", "until_on")),)
    form_optional = frozenset({"from_on", "until_on"})
    method_rights = {"edit": "add"}
    add_operation = operations.add_member
    edit_operation = operations.edit_member
    delete_operation = operations.remove_member
    row_title = staticmethod(member_title)
    exportable = False


describe_choice(Project, ChoiceOf(("name", "code"), order=("code",), detail=lambda row: row.code))
describe_choice(
    Building,
    ChoiceOf(("name",), order=("position",), load=("project",), detail=lambda row: row.project),
)
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
    PermitView,
    ProjectView,
    ProjectMemberView,
]
MENU = [
    MenuItem(_l("Rooms"), "rooms", 20, f"{policies.ROOM}:see", view=RoomView, icon="room"),
    MenuItem(
        _l("Buildings"), "base", 20, f"{policies.BUILDING}:add", view=BuildingView, icon="building"
    ),
    MenuItem(
        _l("Entrances"), "base", 30, f"{policies.ENTRANCE}:add", view=EntranceView, icon="columns"
    ),
    MenuItem(
        _l("House types"),
        "base",
        40,
        f"{policies.HOUSE_TYPE}:add",
        view=HouseTypeView,
        icon="desk",
    ),
    MenuItem(
        _l("Pre-sale permits"), "base", 50, f"{policies.PERMIT}:see", view=PermitView, icon="stamp"
    ),
    MenuItem(_l("Projects"), "base", 10, f"{policies.PROJECT}:see", view=ProjectView, icon="tree"),
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
    crud_api(ProjectMemberView),
]

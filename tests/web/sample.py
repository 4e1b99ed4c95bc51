"""Generated views over the estate, declared for these tests only."""

# ruff: noqa: ARG001, ARG005 - operations take an actor whether they need him or not

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from wtforms import validators

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.estate.models import Building, Project, Room, RoomStatus
from app.web.actions import Related, RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView
from app.web.crud_api import crud_api
from app.web.crud_forms import LinesField
from app.web.menu import MenuItem

describe_choice(Room, ChoiceOf(("number", "building.name"), ("number",), ("building", "entrance")))


def add_building(
    *, project_id: int, name: str, position: int, completed_on: Any, actor: Actor
) -> Building:
    taken = db.session.query(Building).filter_by(project_id=project_id, name=name).count()
    if taken:
        sentence = _l("There is a building %(name)s already.", name=name)
        raise Conflict(sentence, fields={"name": sentence})
    building = Building(
        project_id=project_id, name=name, position=position, completed_on=completed_on
    )
    db.session.add(building)
    db.session.flush()
    return building


def edit_building(building: Building, *, actor: Actor, **values: Any) -> Building:
    if values["name"] == "boom":
        raise ZeroDivisionError
    for name, value in values.items():
        setattr(building, name, value)
    db.session.flush()
    return building


def delete_building(building: Building, *, actor: Actor) -> None:
    db.session.delete(building)
    db.session.flush()


def edit_room(room: Room, *, actor: Actor, **values: Any) -> Room:
    if values["inside_area"] is not None and values["inside_area"] > values["gross_area"]:
        sentence = _l("The inside area cannot be larger than the gross area.")
        raise Invalid(sentence, fields={"inside_area": sentence})
    for name, value in values.items():
        setattr(room, name, value)
    db.session.flush()
    return room


def hold(room: Room, *, reason: str, actor: Actor) -> None:
    if room.status != "available":
        raise Conflict(_l("%(room)s is not on the market.", room=room.title))
    room.status = "held"
    db.session.flush()


def release(room: Room, *, actor: Actor) -> None:
    room.status = "available"
    db.session.flush()


class SampleProjectView(CrudView):
    datamodel = SQLAInterface(Project)
    route_base = "/sample/projects"
    permission = "estate.project"
    list_title = _l("Projects")
    list_columns = ["name", "code", "organization", "city"]
    search_columns = ["name", "code", "organization"]


class SampleBuildingView(CrudView):
    datamodel = SQLAInterface(Building)
    route_base = "/sample/buildings"
    permission = "estate.building"
    list_title = _l("Buildings")
    add_title = _l("New building")
    list_columns = ["name", "project", "position", "completed_on"]
    search_columns = ["name", "completed_on", "position"]
    order = ("position", "name")
    totals = ("position",)
    form_fieldsets = [("", ["project", "name", "position", "completed_on"])]
    add_operation = add_building
    edit_operation = edit_building
    delete_operation = delete_building
    related = [
        Related(_l("Rooms"), "SampleRoomView", "building", ("number", "gross_area", "status"))
    ]


class SampleRoomView(CrudView):
    datamodel = SQLAInterface(Room)
    route_base = "/sample/rooms"
    permission = "estate.room"
    list_title = _l("Rooms")
    list_columns = [
        "title",
        "building.name",
        "house_type",
        "floor_name",
        "gross_area",
        "inside_area",
        "orientation",
        "status",
    ]
    search_columns = ["number", "status", "building", "house_type", "gross_area", "floor"]
    label_columns = {
        "title": _l("Room"),
        "number": _l("Room number"),
        "house_type": _l("House type"),
        "floor_name": _l("Floor"),
        "floor": _l("Floor"),
        "gross_area": _l("Gross area"),
        "inside_area": _l("Inside area"),
        "shared_area": _l("Shared area"),
        "orientation": _l("Orientation"),
    }
    states = {"status": RoomStatus}
    load = ("building", "entrance")
    order = ("building.position", "-floor", "column")
    totals = ("gross_area", "inside_area")
    units = {"gross_area": "㎡", "inside_area": "㎡", "shared_area": "㎡"}
    show_fieldsets = [
        (_l("Place"), ["project", "building", "entrance", "floor_name", "number", "status"]),
        (_l("Areas"), ["gross_area", "inside_area", "shared_area", "house_type", "orientation"]),
    ]
    edit_fieldsets = [
        (_l("Place"), ["building", "entrance", "number", "floor_name"]),
        (_l("Areas"), ["gross_area", "inside_area", "house_type", "orientation"]),
    ]
    edit_operation = edit_room
    row_actions = [
        RowAction(
            "hold",
            _l("Hold"),
            "edit",
            hold,
            fields={
                "reason": LinesField(
                    _l("Reason"), validators=[validators.InputRequired(_l("This is needed."))]
                )
            },
            when=lambda room: room.status == "available",
            kind="p",
        ),
        RowAction(
            "release",
            _l("Release"),
            "edit",
            release,
            confirm=_l("Put these rooms back on the market?"),
            when=lambda room: room.status == "held",
        ),
    ]


RESOURCES = [
    crud_api(SampleBuildingView, resource="buildings"),
    crud_api(SampleRoomView, resource="rooms-sample"),
]
VIEWS = [SampleProjectView, SampleBuildingView, SampleRoomView]
MENU = [
    MenuItem(
        _l("Projects"), "rooms", 10, "estate.project:see", view=SampleProjectView, icon="building"
    ),
    MenuItem(
        _l("Buildings"), "rooms", 20, "estate.building:see", view=SampleBuildingView, icon="tag"
    ),
    MenuItem(
        _l("Rooms"),
        "rooms",
        30,
        "estate.room:see",
        view=SampleRoomView,
        icon="room",
        badge=lambda actor: 3,
    ),
]

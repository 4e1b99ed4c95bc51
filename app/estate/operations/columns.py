"""A column of an entrance put in or taken out; what stands right of it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, WrongState
from app.estate import policies
from app.estate.generator import ColumnPlan
from app.estate.locks import lock_building, lock_rooms
from app.estate.models import Building, Entrance, HouseType, Room, RoomStatus
from app.estate.operations.records import FOREIGN, add_row
from app.estate.queries import find_house_type, get_building, get_entrance
from app.estate.room_checks import check_areas
from app.estate.shapes import floors_of, require_off_market, standing_rooms

BUILDING_TABLE = "estate_building"
#: columns of an entrance at most, as the generator makes them
MOST_COLUMNS = 2000


@dataclass(frozen=True, slots=True)
class ColumnPlace:
    """A column of a building's entrance, counted from 1; without one, of the building itself."""

    building_id: int
    entrance_id: int | None
    column: int


def insert_column(
    place: ColumnPlace, *, suffix: str = "", plan: ColumnPlan | None = None, actor: Actor
) -> int:
    """Put a column in; what stands there and to the right moves one to the right.

    With a ``suffix`` every floor of the entrance gets a room there, numbered floor + suffix, as
    ``plan`` says; without, the column is blank. Returns how many rooms are new. Raises WrongState
    or Conflict if a room that would move is on the market or lies across the place, Conflict for a
    number that is taken, Invalid, NotAllowed, NotFound outside scope.
    """
    building, entrance = _open(place, actor)
    rooms = _locked(place)
    _require_no_room_across(rooms, place.column)
    moving = [room for room in rooms if room.column >= place.column]
    require_off_market(moving)
    _move(moving, 1)
    made = 0
    if suffix.strip():
        made = _fill(building, entrance, place, rooms, suffix.strip(), plan or ColumnPlan())
    note = _note(entrance, place, made)
    audit.record(
        "insert_column",
        table_name=BUILDING_TABLE,
        row_id=building.id,
        note=note,
        project_id=building.project_id,
    )
    return made


def delete_column(place: ColumnPlace, *, actor: Actor) -> int:
    """Take a column out with its rooms; what stands right of it moves one to the left.

    Only unreleased rooms go that have neither prices nor deals. Returns how many went. Raises as
    ``insert_column``; Invalid if nothing stands at or right of the place.
    """
    building, entrance = _open(place, actor)
    rooms = _locked(place)
    covering = [room for room in rooms if room.column <= place.column < _end(room)]
    wide = [room for room in covering if room.column_span > 1]
    if wide:
        raise Conflict(
            _l("%(room)s lies across several columns; split it first.", room=wide[0].title)
        )
    moving = [room for room in rooms if room.column > place.column]
    if not covering and not moving:
        raise Invalid(
            _l(
                "%(building)s has no column %(column)d there.",
                building=_title(building, entrance),
                column=place.column,
            )
        )
    others = [room for room in covering if room.status != RoomStatus.UNRELEASED.value]
    if others:
        raise WrongState(
            _l(
                "%(room)s is %(state)s; only an unreleased room can be deleted.",
                room=others[0].title,
                state=RoomStatus(others[0].status).title,
            )
        )
    require_off_market(covering, keeps_rows=False)
    require_off_market(moving)
    _remove(covering)
    _move(moving, -1)
    note = _note(entrance, place, len(covering))
    audit.record(
        "delete_column",
        table_name=BUILDING_TABLE,
        row_id=building.id,
        note=note,
        project_id=building.project_id,
    )
    return len(covering)


def _open(place: ColumnPlace, actor: Actor) -> tuple[Building, Entrance | None]:
    building = get_building(place.building_id)
    policies.require_room_change(actor, building.project_id, "reshape")
    entrance = None if place.entrance_id is None else get_entrance(place.entrance_id)
    if entrance is not None and entrance.building_id != building.id:
        sentence = _l("Choose an entrance of %(building)s.", building=building.name)
        raise Invalid(sentence, fields={"entrance_id": sentence})
    if not 1 <= place.column <= MOST_COLUMNS:
        sentence = _l("Columns are counted from 1 to %(most)d.", most=MOST_COLUMNS)
        raise Invalid(sentence, fields={"column": sentence})
    lock_building(building.id)
    return building, entrance


def _locked(place: ColumnPlace) -> list[Room]:
    """Lock the rooms of the entrance that may move or go; return them all."""
    there = [
        one for one in standing_rooms(place.building_id) if one.entrance_id == place.entrance_id
    ]
    lock_rooms([one.id for one in there])
    return there


def _end(room: Room) -> int:
    return room.column + room.column_span


def _require_no_room_across(rooms: Sequence[Room], column: int) -> None:
    across = [room for room in rooms if room.column < column < _end(room)]
    if across:
        raise Conflict(
            _l("%(room)s lies across several columns; split it first.", room=across[0].title)
        )


def _move(rooms: Sequence[Room], by: int) -> None:
    if not rooms:
        return
    db.session.execute(
        update(Room)
        .where(Room.id.in_([room.id for room in rooms]))
        .values(column=Room.column + by)
        .execution_options(synchronize_session=False)
    )
    for room in rooms:
        db.session.expire(room)


def _fill(
    building: Building,
    entrance: Entrance | None,
    place: ColumnPlace,
    rooms: Sequence[Room],
    suffix: str,
    plan: ColumnPlan,
) -> int:
    house_type = find_house_type(building.project_id, plan.house_type)
    gross, inside = _areas(plan, house_type)
    floors = sorted({floor for room in rooms for floor in floors_of(room)}, reverse=True)
    if not floors:
        raise Invalid(
            _l(
                "%(building)s has no floors yet; generate its rooms.",
                building=_title(building, entrance),
            )
        )
    for order, name in floors:
        number = f"{name}{suffix}"
        room = Room(
            project_id=building.project_id,
            building_id=building.id,
            entrance_id=place.entrance_id,
            house_type_id=house_type.id if house_type else None,
            structure=house_type.structure if house_type else None,
            floor=order,
            floor_name=name,
            column=place.column,
            number=number,
            gross_area=gross,
            inside_area=inside,
            orientation=plan.orientation,
        )
        taken = _l(
            "%(entrance)s, floor %(floor)s: there is a room %(number)s already.",
            entrance=_title(building, entrance),
            floor=name,
            number=number,
        )
        add_row(room, taken=taken)
    return len(floors)


def _areas(plan: ColumnPlan, house_type: HouseType | None) -> tuple[Any, Any]:
    gross, inside = plan.gross_area, plan.inside_area
    if gross is None and house_type is not None:
        gross, inside = house_type.gross_area, house_type.inside_area
    if gross is None:
        sentence = _l("Give the gross area of the new rooms.")
        raise Invalid(sentence, fields={"gross_area": sentence})
    check_areas(gross, inside)
    return gross, inside


def _remove(rooms: Sequence[Room]) -> None:
    try:
        with db.session.begin_nested():
            db.session.execute(
                delete(Room)
                .where(Room.id.in_([room.id for room in rooms]))
                .execution_options(synchronize_session=False)
            )
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) != FOREIGN:
            raise
        raise Conflict(
            _l(
                "Rooms of this column have prices, deals or a history and cannot be deleted: the"
                " first is %(room)s.",
                room=rooms[0].title,
            ),
            code="in_use",
        ) from error
    for room in rooms:
        db.session.expunge(room)


def _title(building: Building, entrance: Entrance | None) -> str:
    return f"{building.name}-{entrance.name}" if entrance else building.name


def _note(entrance: Entrance | None, place: ColumnPlace, rooms: int) -> dict[str, Any]:
    return {
        "entrance": entrance.name if entrance else None,
        "column": place.column,
        "rows": rooms,
    }

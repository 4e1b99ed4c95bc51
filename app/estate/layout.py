"""Reads a building as it stands, with all that can be set of its rooms."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, select

from app.core.db import db
from app.core.money import plain
from app.estate.models import Entrance, Room, RoomLineage, RoomStatus
from app.estate.queries import get_building

#: what a room has that its cell can show and change
SHOWN = ("house_type_id", "structure", "gross_area", "inside_area", "orientation", "view",
         "fit_out_id", "usage", "is_accessory", "main_room_id")  # fmt: skip


def read_layout(building_id: int) -> dict[str, Any]:
    """Return floors (lowest first), entrances and rooms, as JSON. Raises NotFound outside scope.

    A room's ``floor`` and ``entrance`` are places in those lists; ``rows`` and ``columns`` say how
    far it reaches down and to the right. What a room does not have is left out.
    """
    building = get_building(building_id)
    rooms = _rooms(building_id)
    names = {order: name for room in rooms for order, name in room.lower_floors}
    names |= {room.floor: room.floor_name for room in rooms}
    floors = sorted(names)
    place = {order: at for at, order in enumerate(floors)}
    entrances = _entrances(building_id, rooms)
    at = {entrance["id"]: number for number, entrance in enumerate(entrances)}
    return {
        "building": {"id": building.id, "name": building.name, "usage": building.usage},
        "floors": [[order, names[order]] for order in floors],
        "entrances": entrances,
        "rooms": [_room(room, place, at) for room in rooms],
    }


def _rooms(building_id: int) -> Sequence[Any]:
    was_merged = exists().where(
        RoomLineage.room_id == Room.id,
        RoomLineage.kind == "merge",
        RoomLineage.undone_at.is_(None),
    )
    columns = [getattr(Room, name) for name in SHOWN]
    return db.session.execute(
        select(
            Room.id, Room.version, Room.status, Room.number, Room.entrance_id, Room.floor,
            Room.floor_name, Room.lower_floors, Room.column, Room.column_span,
            was_merged.label("was_merged"), *columns,
        )
        .where(Room.building_id == building_id, Room.status != RoomStatus.MERGED.value)
        .order_by(Room.floor.desc(), Room.column, Room.id)
    ).all()  # fmt: skip


def _entrances(building_id: int, rooms: Sequence[Any]) -> list[dict[str, Any]]:
    wide: dict[int | None, int] = {}
    for room in rooms:
        last = room.column + room.column_span - 1
        wide[room.entrance_id] = max(wide.get(room.entrance_id, 0), last)
    named = db.session.execute(
        select(Entrance.id, Entrance.name)
        .where(Entrance.building_id == building_id)
        .order_by(Entrance.position, Entrance.id)
    )
    found = [
        {"id": row.id, "name": row.name, "columns": wide[row.id]} for row in named if row.id in wide
    ]
    if None in wide:
        found.append({"id": None, "name": None, "columns": wide[None]})
    return found


def _room(room: Any, place: dict[int, int], at: dict[int | None, int]) -> dict[str, Any]:
    lowest = room.lower_floors[-1][0] if room.lower_floors else room.floor
    found = {
        "id": room.id,
        "version": room.version,
        "status": room.status,
        "number": room.number,
        "floor": place[room.floor],
        "entrance": at[room.entrance_id],
        "column": room.column,
        "rows": place[room.floor] - place[lowest] + 1,
        "columns": room.column_span,
        "was_merged": room.was_merged,
    }
    values = {name: getattr(room, name) for name in SHOWN}
    return found | {
        name: plain(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
        if value is not None
    }

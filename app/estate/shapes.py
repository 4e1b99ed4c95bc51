"""How a room lies on the building's floors, written down and compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Conflict, WrongState
from app.estate.models import Room, RoomStatus
from app.estate.signals import find_obstacles

#: off the market: nobody can buy the room, and being 销控 is for a reason of the house's own
OFF_MARKET = (RoomStatus.UNRELEASED, RoomStatus.HELD)
#: rooms that are named when something stands in the way
NAMED = 5


@dataclass(frozen=True, slots=True)
class RoomPart:
    """A room as it will lie after a step; areas in m²."""

    number: str
    floor: int
    floor_name: str
    lower_floors: tuple[tuple[int, str], ...]
    column: int
    column_span: int
    gross_area: Decimal
    inside_area: Decimal | None
    house_type_id: int | None = None
    structure: str | None = None
    orientation: str | None = None
    view: str | None = None
    #: the room merged away that had this place
    restores_id: int | None = None

    def values(self) -> dict[str, Any]:
        """Return the columns of the room."""
        return {
            "number": self.number,
            "floor": self.floor,
            "floor_name": self.floor_name,
            "lower_floors": [list(floor) for floor in self.lower_floors],
            "row_span": 1 + len(self.lower_floors),
            "column": self.column,
            "column_span": self.column_span,
            "gross_area": self.gross_area,
            "inside_area": self.inside_area,
            "house_type_id": self.house_type_id,
            "structure": self.structure,
            "orientation": self.orientation,
            "view": self.view,
        }


def part_of(room: Room) -> RoomPart:
    """Return how a room lies now."""
    return RoomPart(
        number=room.number,
        floor=room.floor,
        floor_name=room.floor_name,
        lower_floors=tuple((order, name) for order, name in room.lower_floors),
        column=room.column,
        column_span=room.column_span,
        gross_area=room.gross_area,
        inside_area=room.inside_area,
        house_type_id=room.house_type_id,
        structure=room.structure,
        orientation=room.orientation,
        view=room.view,
    )


def write_down(room: Room) -> dict[str, Any]:
    """Return how a room lies now, as JSON for the lineage."""
    return {
        "title": room.title,
        "number": room.number,
        "floor": room.floor,
        "floor_name": room.floor_name,
        "lower_floors": room.lower_floors,
        "column": room.column,
        "column_span": room.column_span,
        "gross_area": str(room.gross_area),
        "inside_area": None if room.inside_area is None else str(room.inside_area),
        "house_type_id": room.house_type_id,
        "structure": room.structure,
        "orientation": room.orientation,
        "view": room.view,
    }


def read_back(kept: Mapping[str, Any], *, restores_id: int | None = None) -> RoomPart:
    """Return the part that ``write_down`` wrote."""
    inside = kept["inside_area"]
    return RoomPart(
        number=kept["number"],
        floor=kept["floor"],
        floor_name=kept["floor_name"],
        lower_floors=tuple((order, name) for order, name in kept["lower_floors"]),
        column=kept["column"],
        column_span=kept["column_span"],
        gross_area=Decimal(kept["gross_area"]),
        inside_area=None if inside is None else Decimal(inside),
        house_type_id=kept["house_type_id"],
        structure=kept["structure"],
        orientation=kept["orientation"],
        view=kept["view"],
        restores_id=restores_id,
    )


def floors_of(room: Room) -> list[tuple[int, str]]:
    """Return the floors that a room takes, from the top: (order, name)."""
    return [(room.floor, room.floor_name), *((order, name) for order, name in room.lower_floors)]


def standing_rooms(building_id: int) -> list[Room]:
    """Return the rooms that stand in a building, those merged away left out."""
    found = select(Room).where(
        Room.building_id == building_id, Room.status != RoomStatus.MERGED.value
    )
    return list(db.session.scalars(found.order_by(Room.id)))


def standing_floors(building_id: int) -> set[int]:
    """Return the orders of the floors that a building has rooms on."""
    there = (Room.building_id == building_id, Room.status != RoomStatus.MERGED.value)
    begun = set(db.session.scalars(select(Room.floor).where(*there).distinct()))
    reached = db.session.scalars(select(Room.lower_floors).where(*there, Room.row_span > 1))
    return begun | {order for floors in reached for order, _name in floors}


def require_off_market(rooms: Sequence[Room], *, keeps_rows: bool = True) -> None:
    """Raise WrongState or Conflict unless all these locked rooms may be reshaped.

    They must be unreleased or 销控, and no area above may have something in the way: a hold for a
    customer, a deal, a price plan in approval.
    """
    fit = {status.value for status in OFF_MARKET}
    others = [room for room in rooms if room.status not in fit]
    if others:
        raise WrongState(
            _l(
                "%(rooms)s. Only rooms off the market can be reshaped; withdraw them from sale"
                " first.",
                rooms=_listed(
                    others, {one.id: RoomStatus(one.status).title for one in others}, "："
                ),
            ),
            details={"room_ids": [room.id for room in others]},
        )
    obstacles = find_obstacles([room.id for room in rooms], keeps_rows=keeps_rows)
    if obstacles:
        because = {one.room_id: one.because for one in obstacles}
        hindered = [room for room in rooms if room.id in because]
        raise Conflict(
            _l("%(rooms)s. This must end first.", rooms=_listed(hindered, because, " ")),
            code="in_use",
            details={"room_ids": [room.id for room in hindered]},
        )


def _listed(rooms: Collection[Room], because: Mapping[int, Any], between: str) -> str:
    named = "；".join(f"{room.title}{between}{because[room.id]}" for room in list(rooms)[:NAMED])
    rest = len(rooms) - NAMED
    return named if rest <= 0 else f"{named}；{_l('and %(count)d more', count=rest)}"

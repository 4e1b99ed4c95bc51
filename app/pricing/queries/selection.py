"""Which rooms a plan is for, and what is known of them when their prices are worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.core.db import db
from app.estate.models import Building, Entrance, HouseType, Room, RoomStatus
from app.estate.queries import buildings_in_zones
from app.pricing.models import RoomPrice
from app.pricing.price_rule import RuledRoom
from app.pricing.queries.prices import in_force_of
from app.pricing.rules import SOLD, Areas
from app.pricing.terms import PriceBasis


@dataclass(frozen=True, slots=True)
class RoomSelection:
    """Rooms of one project: all of them, or those that fit every given part.

    Rooms that somebody has bought are never among them, unless they have no price at all.
    """

    project_id: int
    building_ids: tuple[int, ...] = ()
    house_type_ids: tuple[int, ...] = ()
    floor_from: int | None = None
    floor_to: int | None = None
    room_ids: tuple[int, ...] = ()
    #: buildings in these zones, and in zones inside them
    zone_ids: tuple[int, ...] = ()

    def narrow(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement over rooms and their prices in force, narrowed to these rooms."""
        parts = [
            Room.project_id == self.project_id,
            Room.status != RoomStatus.MERGED.value,
            or_(Room.status.not_in(SOLD), RoomPrice.id.is_(None)),
        ]
        if self.building_ids:
            parts.append(Room.building_id.in_(self.building_ids))
        if self.zone_ids:
            parts.append(Room.building_id.in_(buildings_in_zones(self.zone_ids)))
        if self.house_type_ids:
            parts.append(Room.house_type_id.in_(self.house_type_ids))
        if self.floor_from is not None:
            parts.append(Room.floor >= self.floor_from)
        if self.floor_to is not None:
            parts.append(Room.floor <= self.floor_to)
        if self.room_ids:
            parts.append(Room.id.in_(self.room_ids))
        return statement.where(and_(*parts))

    def as_data(self) -> dict[str, Any]:
        """Return the selection as JSON, to be kept with the plan."""
        whole = {
            "building_ids": list(self.building_ids),
            "zone_ids": list(self.zone_ids),
            "house_type_ids": list(self.house_type_ids),
            "floor_from": self.floor_from,
            "floor_to": self.floor_to,
            "rooms": len(self.room_ids),
        }
        return {name: value for name, value in whole.items() if value}


@dataclass(frozen=True, slots=True)
class RoomToPrice:
    """A room with its areas in m² and its price in force in yuan, as far as it has one."""

    id: int
    title: str
    areas: Areas
    basis: PriceBasis
    unit_price: Decimal | None
    list_total: Decimal | None
    floor_total: Decimal | None


def rooms_to_price(selection: RoomSelection) -> list[RoomToPrice]:
    """Return the selected rooms with their prices in force, by building and id."""
    wanted = _placed(
        select(
            Room.id,
            Building.name.label("building"),
            Entrance.name.label("entrance"),
            Room.number,
            Room.gross_area,
            Room.inside_area,
            RoomPrice.price_basis,
            RoomPrice.list_unit_price,
            RoomPrice.list_total,
            RoomPrice.floor_total,
        ),
        selection,
    )
    return [
        RoomToPrice(
            row.id,
            _title(row),
            Areas(row.gross_area, row.inside_area),
            PriceBasis(row.price_basis or PriceBasis.GROSS),
            row.list_unit_price,
            row.list_total,
            row.floor_total,
        )
        for row in db.session.execute(wanted)
    ]


def rooms_for_rule(selection: RoomSelection) -> list[RuledRoom]:
    """Return the selected rooms as a rule looks at them, by building and id."""
    highest = _highest_floors(selection.project_id)
    # The view of a room is another area's column; a project without it has no views.
    view = getattr(Room, "view", None)
    columns = [
        Room.id,
        Room.building_id,
        Room.entrance_id,
        Building.name.label("building"),
        Entrance.name.label("entrance"),
        Room.number,
        Room.floor,
        Room.floor_name,
        Room.gross_area,
        Room.inside_area,
        Room.orientation,
        HouseType.name.label("house_type"),
    ]
    if view is not None:
        columns.append(view.label("view"))
    wanted = _placed(select(*columns), selection).outerjoin(
        HouseType, HouseType.id == Room.house_type_id
    )
    return [_ruled(row, highest) for row in db.session.execute(wanted)]


def _ruled(row: Any, highest: Mapping[tuple[int, int | None], int]) -> RuledRoom:
    known = {
        "building": row.building,
        "entrance": f"{row.building}-{row.entrance}" if row.entrance else None,
        "orientation": row.orientation,
        "view": getattr(row, "view", None),
        "house_type": row.house_type,
    }
    return RuledRoom(
        room_id=row.id,
        title=_title(row),
        floor=row.floor,
        floor_name=row.floor_name,
        is_top=row.floor == highest[row.building_id, row.entrance_id],
        areas=Areas(row.gross_area, row.inside_area),
        traits={name: value for name, value in known.items() if value},
    )


def _highest_floors(project_id: int) -> dict[tuple[int, int | None], int]:
    """Return the highest floor of every entrance: of all its rooms, not of the selected ones."""
    found = db.session.execute(
        select(Room.building_id, Room.entrance_id, func.max(Room.floor))
        .where(Room.project_id == project_id, Room.status != RoomStatus.MERGED.value)
        .group_by(Room.building_id, Room.entrance_id)
    )
    return {(building, entrance): floor for building, entrance, floor in found}


def traits_of_project(project_id: int) -> dict[str, list[str]]:
    """Return trait → the names that rooms of the project have, for the form of a rule."""
    view = getattr(Room, "view", None)
    kinds: tuple[tuple[str, Any], ...] = (
        ("building", Building.name),
        ("entrance", Building.name + "-" + Entrance.name),
        ("orientation", Room.orientation),
        ("view", view),
        ("house_type", HouseType.name),
    )
    shown = [(trait, column) for trait, column in kinds if column is not None]
    rows = db.session.execute(
        select(*(column for _trait, column in shown))
        .select_from(Room)
        .join(Building, Building.id == Room.building_id)
        .outerjoin(Entrance, Entrance.id == Room.entrance_id)
        .outerjoin(HouseType, HouseType.id == Room.house_type_id)
        .where(Room.project_id == project_id)
        .distinct()
    ).all()
    found = {
        trait: sorted({row[place] for row in rows if row[place]})
        for place, (trait, _column) in enumerate(shown)
    }
    return {trait: names for trait, names in found.items() if names}


def _placed(statement: Any, selection: RoomSelection) -> Select[Any]:
    joined = (
        statement.join(Building, Building.id == Room.building_id)
        .outerjoin(Entrance, Entrance.id == Room.entrance_id)
        .outerjoin(RoomPrice, in_force_of(Room.id))
    )
    return selection.narrow(joined).order_by(Building.position, Building.id, Room.id)


def _title(row: Any) -> str:
    return "-".join(part for part in (row.building, row.entrance or "", row.number) if part)

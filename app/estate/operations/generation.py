"""Makes rooms from a drawing, all or none, and takes a generation back while it is untouched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.numbering import next_number
from app.estate import policies
from app.estate.generator import (
    ColumnPlan,
    Drawing,
    Fault,
    Mode,
    Specification,
    draw,
)
from app.estate.locks import lock_project
from app.estate.models import Building, Entrance, HouseType, Room, RoomGeneration, RoomStatus
from app.estate.queries import get_building, get_project

#: buildings that one generation of villas makes at most
MOST_VILLAS = 200
LONGEST_BUILDING = 60
#: names of buildings as they stand in the list of generations
LONGEST_NAMES = 120


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What is to be generated and where: in a building that is there, or in new ones.

    In the mode ``villa`` each of the names becomes a building with the specification's room.
    """

    mode: Mode
    specification: Specification
    building_id: int | None = None
    building_names: tuple[str, ...] = ()
    #: the request as it came, kept with the generation
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """A drawing as it would be written; with faults nothing can be. ``rooms`` in all buildings.

    ``standing`` are the rooms that the building has: rows with floor, floor_name, lower_floors,
    entrance, column, column_span, number, house_type, gross_area and status.
    """

    drawing: Drawing
    faults: tuple[Fault, ...]
    rooms: int
    standing: tuple[Any, ...] = ()


def preview_rooms(request: GenerationRequest, *, project_id: int, actor: Actor) -> Preview:
    """Draw the rooms and find every fault, without writing anything.

    Raises NotAllowed, and NotFound for a project or building outside scope.
    """
    policies.require_room_change(actor, project_id, "generate")
    get_project(project_id)
    building = _building(request, project_id)
    types = _house_types(project_id)
    there = _Standing.of(building)
    drawing = draw(_with_types(request.specification, types), there.floors)
    faults = (*_target_faults(request, project_id), *drawing.faults, *there.faults(drawing))
    copies = len(request.building_names) if request.mode is Mode.VILLA else 1
    return Preview(drawing, faults, len(drawing.rooms) * copies, there.rooms)


def generate_rooms(request: GenerationRequest, *, project_id: int, actor: Actor) -> RoomGeneration:
    """Make the rooms with what they need: buildings, entrances and house types that are new.

    Rooms are unreleased and without a price. Raises Invalid with every fault among the details
    (nothing is written then), NotAllowed, NotFound for a project or building outside scope.
    """
    policies.require_room_change(actor, project_id, "generate")
    lock_project(project_id)
    preview = preview_rooms(request, project_id=project_id, actor=actor)
    if preview.faults:
        raise _refusal(preview.faults)
    writer = _Writer(project_id, preview.drawing)
    building = _building(request, project_id)
    buildings = [building] if building else writer.add_buildings(request.building_names)
    generation = RoomGeneration(
        project_id=project_id,
        number=next_number("FY"),
        mode=request.mode.value,
        buildings=_names(buildings),
        rooms=preview.rooms,
        specification=request.given,
        made={},
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    db.session.add(generation)
    db.session.flush()
    for one in buildings:
        writer.fill(one, generation.id)
    generation.made = writer.made
    db.session.flush()
    return generation


def _building(request: GenerationRequest, project_id: int) -> Building | None:
    if request.building_id is None:
        return None
    building = get_building(request.building_id)
    if building.project_id != project_id:
        sentence = _l("Choose a building of this project.")
        raise Invalid(sentence, fields={"building_id": sentence})
    return building


def _target_faults(request: GenerationRequest, project_id: int) -> Iterator[Fault]:
    names = request.building_names
    if request.building_id is not None:
        return
    if not names:
        yield Fault(_l("Say which building the rooms are in, or name a new one."), is_missing=True)
    if request.mode is not Mode.VILLA and len(names) > 1:
        yield Fault(_l("Name one building; only villas are made many at a time."))
    if len(names) > MOST_VILLAS:
        yield Fault(_l("At most %(most)d villas are made in one go, not %(count)d.",
                       most=MOST_VILLAS, count=len(names)))  # fmt: skip
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield Fault(_l("The building %(name)s is there twice.", name=name))
    for name in names:
        if len(name) > LONGEST_BUILDING:
            yield Fault(_l("The name of a building has at most %(most)d characters: %(name)s.",
                           most=LONGEST_BUILDING, name=name))  # fmt: skip
    taken = select(Building.name).where(Building.project_id == project_id, Building.name.in_(names))
    for name in db.session.scalars(taken.order_by(Building.position)):
        yield Fault(_l("There is a building %(name)s already.", name=name))


def _refusal(faults: Sequence[Fault]) -> Invalid:
    first = faults[0].sentence
    sentence = first if len(faults) == 1 else _l(
        "%(first)s There are %(more)d more faults; nothing was made.",
        first=first, more=len(faults) - 1,
    )  # fmt: skip
    return Invalid(
        sentence, code="faulty_rooms", details={"faults": [str(one.sentence) for one in faults]}
    )


def _names(buildings: Sequence[Building]) -> str:
    joined = "、".join(one.name for one in buildings)
    if len(joined) <= LONGEST_NAMES:
        return joined
    return f"{buildings[0].name} … {buildings[-1].name}"[:LONGEST_NAMES]


def _house_types(project_id: int) -> dict[str, HouseType]:
    found = db.session.scalars(select(HouseType).where(HouseType.project_id == project_id))
    return {one.name: one for one in found}


def _with_types(wish: Specification, types: Mapping[str, HouseType]) -> Specification:
    """Return the wish with the areas of house types where none were given."""

    def plan(column: ColumnPlan) -> ColumnPlan:
        kind = types.get(column.house_type or "")
        if kind is None or column.gross_area is not None:
            return column
        return replace(column, gross_area=kind.gross_area, inside_area=kind.inside_area)

    def changed(cell: Any) -> Any:
        kind = types.get(cell.house_type or "")
        if kind is None or kind.gross_area is None or cell.gross_area is not None:
            return cell
        return replace(cell, gross_area=kind.gross_area, inside_area=kind.inside_area)

    entrances = tuple(
        replace(one, columns=tuple(plan(column) for column in one.columns))
        for one in wish.entrances
    )
    return replace(wish, entrances=entrances, cells=tuple(changed(one) for one in wish.cells))


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stands in a building already."""

    floors: dict[str, int]
    #: (entrance, number)
    numbers: frozenset[tuple[str | None, str]]
    #: (entrance, floor, column) → number of the room there
    places: dict[tuple[str | None, int, int], str]
    #: as they are drawn: entrances in their order, floors from the top
    rooms: tuple[Any, ...]

    @classmethod
    def of(cls, building: Building | None) -> _Standing:
        """Read the rooms of a building; of a new one there are none."""
        if building is None:
            return cls({}, frozenset(), {}, ())
        rows = list(_rooms_of(building.id))
        floors = {name: order for row in rows for order, name in _floors_of(row)}
        places = {
            (row.entrance, order, row.column + right): row.number
            for row in rows
            for order, _name in _floors_of(row)
            for right in range(row.column_span)
        }
        numbers = frozenset((row.entrance, row.number) for row in rows)
        return cls(floors, numbers, places, tuple(rows))

    def faults(self, drawing: Drawing) -> Iterator[Fault]:
        """Yield what does not fit what stands there."""
        names = {order: name for name, order in self.floors.items()}
        for at, (order, name) in enumerate(drawing.floors):
            if names.get(order, name) != name or self.floors.get(name, order) != order:
                yield Fault(_l("The floor %(floor)s does not fit the floors of the building, which"
                               " has %(other)s there. Put the floors in the building's order.",
                               floor=name, other=names.get(order, "–")), at)  # fmt: skip
        for room in drawing.rooms:
            entrance = drawing.entrances[room.entrance][0]
            floor = drawing.floors[room.floor]
            where = (room.floor, room.entrance, room.column)
            if (entrance, room.number) in self.numbers:
                yield Fault(_l("%(entrance)s, floor %(floor)s: there is a room %(number)s already.",
                               entrance=entrance or _l("The building"), floor=floor[1],
                               number=room.number), *where)  # fmt: skip
                continue
            other = self._room_at(drawing, room, entrance)
            if other is not None:
                yield Fault(_l("%(entrance)s, floor %(floor)s, column %(column)d: the room"
                               " %(number)s stands there already.",
                               entrance=entrance or _l("The building"), floor=floor[1],
                               column=room.column, number=other), *where)  # fmt: skip

    def _room_at(self, drawing: Drawing, room: Any, entrance: str | None) -> str | None:
        for down in range(room.row_span):
            order = drawing.floors[room.floor - down][0]
            for right in range(room.column_span):
                found = self.places.get((entrance, order, room.column + right))
                if found is not None:
                    return found
        return None


def _rooms_of(building_id: int) -> Iterable[Any]:
    rows: Iterable[Any] = db.session.execute(
        select(
            Entrance.name.label("entrance"),
            Room.floor,
            Room.floor_name,
            Room.lower_floors,
            Room.column,
            Room.column_span,
            Room.number,
            Room.gross_area,
            Room.status,
            HouseType.name.label("house_type"),
        )
        .outerjoin(Entrance, Entrance.id == Room.entrance_id)
        .outerjoin(HouseType, HouseType.id == Room.house_type_id)
        .where(Room.building_id == building_id, Room.status != RoomStatus.MERGED.value)
        .order_by(Entrance.position.nulls_first(), Room.floor.desc(), Room.column, Room.id)
    )
    return rows


def _floors_of(row: Any) -> list[tuple[int, str]]:
    return [(row.floor, row.floor_name), *((order, name) for order, name in row.lower_floors)]


class _Writer:
    """Writes a drawing into buildings and notes what it made besides rooms."""

    def __init__(self, project_id: int, drawing: Drawing) -> None:
        self.project_id = project_id
        self.drawing = drawing
        self.made: dict[str, list[int]] = {"buildings": [], "entrances": [], "house_types": []}
        self.types = self._types()

    def add_buildings(self, names: Sequence[str]) -> list[Building]:
        """Add new buildings behind those that are there."""
        last = max(
            db.session.scalars(
                select(Building.position).where(Building.project_id == self.project_id)
            ),
            default=0,
        )
        buildings = [
            Building(project_id=self.project_id, name=name, position=last + place)
            for place, name in enumerate(names, 1)
        ]
        self._add("buildings", buildings)
        return buildings

    def fill(self, building: Building, generation_id: int) -> None:
        """Put the drawing's rooms into the building."""
        entrances = self._entrances(building)
        floors = self.drawing.floors
        rows = [
            {
                "project_id": self.project_id,
                "building_id": building.id,
                "entrance_id": entrances[room.entrance],
                "generation_id": generation_id,
                "floor": floors[room.floor][0],
                "floor_name": floors[room.floor][1],
                "lower_floors": [
                    list(floors[room.floor - down]) for down in range(1, room.row_span)
                ],
                "column": room.column,
                "column_span": room.column_span,
                "row_span": room.row_span,
                "number": room.number,
                "gross_area": room.gross_area,
                "inside_area": room.inside_area,
                "orientation": room.orientation,
                **self._of_type(room.house_type),
            }
            for room in self.drawing.rooms
        ]
        db.session.execute(insert(Room), rows)

    def _of_type(self, name: str | None) -> dict[str, Any]:
        kind = self.types.get(name or "")
        return {
            "house_type_id": kind.id if kind else None,
            "structure": kind.structure if kind else None,
        }

    def _types(self) -> dict[str, HouseType]:
        known = _house_types(self.project_id)
        wanted = dict.fromkeys(room.house_type for room in self.drawing.rooms if room.house_type)
        new = [
            HouseType(project_id=self.project_id, name=name) for name in wanted if name not in known
        ]
        self._add("house_types", new)
        return known | {one.name: one for one in new}

    def _entrances(self, building: Building) -> list[int | None]:
        """Return the ids of the drawing's entrances, those that are new added."""
        found = db.session.scalars(select(Entrance).where(Entrance.building_id == building.id))
        known = {one.name: one for one in found}
        last = max((one.position for one in known.values()), default=0)
        names = [name for name, _columns in self.drawing.entrances]
        new = [
            Entrance(
                project_id=self.project_id,
                building_id=building.id,
                name=name,
                position=last + place,
            )
            for place, name in enumerate((one for one in names if one and one not in known), 1)
        ]
        self._add("entrances", new)
        known |= {one.name: one for one in new}
        return [known[name].id if name else None for name in names]

    def _add(self, kind: str, rows: Sequence[Any]) -> None:
        db.session.add_all(rows)
        db.session.flush()
        self.made[kind] += [row.id for row in rows]

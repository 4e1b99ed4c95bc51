"""Draws a specification: every room with its place and number, and every fault with its cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.estate.generator.floors import MOST_FLOORS, order_floors
from app.estate.generator.specification import (
    CellChange,
    ColumnPlan,
    NumberRule,
    Specification,
)
from app.estate.sheets.limits import MAX_AREA
from app.estate.sheets.values import is_room_number

MOST_ENTRANCES: Final = 20
MOST_COLUMNS: Final = 2000
#: rooms that one generation makes at most
MOST_ROOMS: Final = 20_000
LONGEST_NUMBER: Final = 30
LONGEST_FLOOR: Final = 20
LEAST_DIGITS: Final = 2
#: faults that are told one by one
MOST_FAULTS: Final = 200

Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in a sentence that names the place; the place too, where it is a cell.

    ``is_missing``: nothing was said yet, rather than something wrong.
    """

    sentence: Any
    floor: int | None = None
    entrance: int | None = None
    column: int | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class DraftRoom:
    """A room as it would be made; ``floor`` and ``entrance`` count from 0, ``column`` from 1."""

    floor: int
    entrance: int
    column: int
    column_span: int
    row_span: int
    number: str
    house_type: str | None
    gross_area: Decimal | None
    inside_area: Decimal | None
    orientation: str | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawn building: floors with their order, lowest first, and rooms from the top left."""

    floors: tuple[tuple[int, str], ...]
    entrances: tuple[tuple[str | None, int], ...]
    rooms: tuple[DraftRoom, ...]
    faults: tuple[Fault, ...]

    @property
    def gross_area(self) -> Decimal:
        """Return the sum of the gross areas in m²."""
        return sum((room.gross_area or Decimal(0) for room in self.rooms), Decimal(0))


def draw(specification: Specification, known: Mapping[str, int] | None = None) -> Drawing:
    """Draw every room. ``known`` are floors that the building has: name → order.

    Nothing is raised: what is wrong is among the faults, and a drawing with faults is not to be
    written. A specification beyond the limits is not drawn at all.
    """
    faults = list(_beyond_limits(specification))
    if faults:
        return Drawing((), (), (), tuple(faults))
    return _Draughtsman(specification, known or {}).draw()


def _beyond_limits(specification: Specification) -> Iterator[Fault]:
    floors, entrances = len(specification.floors), len(specification.entrances)
    if not 1 <= floors <= MOST_FLOORS:
        yield Fault(_l("A building has 1 to %(most)d floors, not %(count)d.",
                       most=MOST_FLOORS, count=floors))  # fmt: skip
    if not 1 <= entrances <= MOST_ENTRANCES:
        yield Fault(_l("A building has 1 to %(most)d entrances, not %(count)d.",
                       most=MOST_ENTRANCES, count=entrances))  # fmt: skip
    for entrance in specification.entrances:
        if not 1 <= len(entrance.columns) <= MOST_COLUMNS:
            yield Fault(_l("%(entrance)s has %(count)d rooms on a floor; 1 to %(most)d are"
                           " possible.", entrance=entrance.name or _l("The building"),
                           count=len(entrance.columns), most=MOST_COLUMNS))  # fmt: skip
    cells = floors * sum(len(entrance.columns) for entrance in specification.entrances)
    if cells > MOST_ROOMS:
        yield Fault(_l("These are %(count)d cells; at most %(most)d are made in one go. Make the"
                       " building in parts.", count=cells, most=MOST_ROOMS))  # fmt: skip


class _Draughtsman:
    """Draws one specification that keeps to the limits."""

    def __init__(self, specification: Specification, known: Mapping[str, int]) -> None:
        self.wish = specification
        self.changes: dict[Place, CellChange] = {one.place: one for one in specification.cells}
        self.faults: list[Fault] = []
        self.orders = order_floors(specification.floors, known)
        #: covered place → the place of the room that covers it
        self.covered: dict[Place, Place] = {}

    def draw(self) -> Drawing:
        self._check_floors()
        self._check_entrances()
        self._check_places()
        self._spread()
        numbers = self._number()
        rooms = tuple(self._room(place, numbers[place]) for place in self._cells())
        self._check_gross_areas(rooms)
        self._check_numbers(rooms)
        if not rooms and not self.faults:
            self._fault(_l("Every cell is blank; there is no room to make."))
        return Drawing(
            floors=tuple(zip(self.orders, self.wish.floors, strict=True)),
            entrances=tuple((one.name, len(one.columns)) for one in self.wish.entrances),
            rooms=rooms,
            faults=tuple(self.faults[:MOST_FAULTS]),
        )

    # ---- what is there ----

    def _places(self) -> Iterator[Place]:
        """Yield every cell from the top left, line by line."""
        for floor in range(len(self.wish.floors) - 1, -1, -1):
            for entrance, plan in enumerate(self.wish.entrances):
                for column in range(1, len(plan.columns) + 1):
                    yield floor, entrance, column

    def _is_blank(self, place: Place) -> bool:
        change = self.changes.get(place)
        return change is not None and bool(change.is_blank)

    def _cells(self) -> Iterator[Place]:
        """Yield the cells in which a room begins."""
        for place in self._places():
            if place not in self.covered and not self._is_blank(place):
                yield place

    def _spread(self) -> None:
        """Let rooms reach over their neighbours: what they cover is no room of its own."""
        wide = [one for one in self.wish.cells if one.column_span > 1 or one.row_span > 1]
        for change in sorted(wide, key=lambda one: (-one.floor, one.entrance, one.column)):
            place = change.place
            if place in self.covered or self._is_blank(place) or not self._exists(place):
                continue
            last = change.column + change.column_span - 1
            if last > self._width(change.entrance) or change.row_span > change.floor + 1:
                self._fault(_l("%(cell)s would reach beyond its entrance.", cell=self._name(place)),
                            place)  # fmt: skip
                continue
            for down in range(change.row_span):
                for column in range(change.column, last + 1):
                    self._cover((change.floor - down, change.entrance, column), place)

    def _cover(self, place: Place, by: Place) -> None:
        if place == by:
            return
        if place in self.covered:
            self._fault(
                _l("%(cell)s and %(other)s would lie over each other.",
                   cell=self._name(by), other=self._name(self.covered[place])), by)  # fmt: skip
        self.covered[place] = by

    def _exists(self, place: Place) -> bool:
        floor, entrance, column = place
        return (
            0 <= floor < len(self.wish.floors)
            and 0 <= entrance < len(self.wish.entrances)
            and 1 <= column <= self._width(entrance)
        )

    def _width(self, entrance: int) -> int:
        return len(self.wish.entrances[entrance].columns)

    # ---- numbers ----

    def _number(self) -> dict[Place, str]:
        counted = dict(_COUNTERS[self.wish.rule](list(self._cells())))
        digits = self.wish.digits or max(LEAST_DIGITS, len(str(max(counted.values(), default=0))))
        found = {}
        for place, count in counted.items():
            change = self.changes.get(place)
            ruled = f"{self.wish.floors[place[0]]}{count:0{digits}d}"
            own = change.number if change is not None else None
            found[place] = ruled if own is None else own.strip()
        return found

    def _room(self, place: Place, number: str) -> DraftRoom:
        floor, entrance, column = place
        plan = self.wish.entrances[entrance].columns[column - 1]
        change = self.changes.get(place) or CellChange(*place)
        room = DraftRoom(
            floor=floor,
            entrance=entrance,
            column=column,
            column_span=change.column_span,
            row_span=change.row_span,
            number=number,
            house_type=_either(change.house_type, plan.house_type) or None,
            gross_area=_either(change.gross_area, plan.gross_area),
            inside_area=_either(change.inside_area, _inside(change, plan)),
            orientation=_either(change.orientation, plan.orientation) or None,
        )
        self._check_room(room, place)
        return room

    # ---- what is wrong ----

    def _fault(
        self, sentence: Any, place: Place | None = None, *, is_missing: bool = False
    ) -> None:
        floor, entrance, column = place or (None, None, None)
        self.faults.append(Fault(sentence, floor, entrance, column, is_missing))

    def _name(self, place: Place) -> Any:
        floor, entrance, column = place
        name = self.wish.entrances[entrance].name
        known = {"floor": self.wish.floors[floor], "column": column}
        if name:
            return _l("%(entrance)s, floor %(floor)s, column %(column)d", entrance=name, **known)
        return _l("floor %(floor)s, column %(column)d", **known)

    def _check_floors(self) -> None:
        seen: set[str] = set()
        for floor, name in enumerate(self.wish.floors):
            if not name or len(name) > LONGEST_FLOOR:
                self._fault(_l("The floor at place %(place)d from below needs a name of at most"
                               " %(most)d characters.", place=floor + 1,
                               most=LONGEST_FLOOR))  # fmt: skip
            elif name in seen:
                self._fault(_l("The floor %(floor)s is there twice.", floor=name))
            seen.add(name)

    def _check_entrances(self) -> None:
        names = [one.name for one in self.wish.entrances]
        if len(names) > 1 and not all(names):
            place = next(at for at, name in enumerate(names, 1) if not name)
            self._fault(_l("The entrance at place %(place)d needs a name.", place=place))
        for name in sorted({one for one in names if one and names.count(one) > 1}):
            self._fault(_l("The entrance %(entrance)s is there twice.", entrance=name))

    def _check_places(self) -> None:
        for change in self.wish.cells:
            if not self._exists(change.place):
                self._fault(_l("There is no cell at floor %(floor)d, entrance %(entrance)d, column"
                               " %(column)d.", floor=change.floor + 1, entrance=change.entrance + 1,
                               column=change.column))  # fmt: skip
        self.changes = {place: one for place, one in self.changes.items() if self._exists(place)}

    def _check_room(self, room: DraftRoom, place: Place) -> None:
        known = {"cell": self._name(place)}
        if not room.number or len(room.number) > LONGEST_NUMBER or not is_room_number(room.number):
            self._fault(_l("%(cell)s: “%(number)s” is no room number; use letters, digits, # and"
                           " -.", number=room.number, **known), place)  # fmt: skip
        gross, inside = room.gross_area, room.inside_area
        if gross is None:
            return
        if not 0 < gross <= MAX_AREA:
            self._fault(_l("%(cell)s: the gross area must be above 0 and at most %(most)s.",
                           most=MAX_AREA, **known), place)  # fmt: skip
        elif inside is not None and not 0 < inside <= gross:
            self._fault(_l("%(cell)s: the inside area %(inside)s is above 0 and at most the gross"
                           " area %(gross)s.", inside=inside, gross=gross,
                           **known), place)  # fmt: skip

    def _check_gross_areas(self, rooms: tuple[DraftRoom, ...]) -> None:
        """Name a column once that has no areas at all, else each cell that has none."""
        cells: dict[tuple[int, int], list[DraftRoom]] = {}
        for room in rooms:
            cells.setdefault((room.entrance, room.column), []).append(room)
        for (entrance, column), found in cells.items():
            lacking = [room for room in found if room.gross_area is None]
            if len(lacking) > 1 and len(lacking) == len(found):
                name = self.wish.entrances[entrance].name or _l("The building")
                self._fault(_l("%(entrance)s, column %(column)d has no gross area.",
                               entrance=name, column=column), is_missing=True)  # fmt: skip
                continue
            for room in lacking:
                place = (room.floor, room.entrance, room.column)
                self._fault(_l("%(cell)s has no gross area.", cell=self._name(place)), place,
                            is_missing=True)  # fmt: skip

    def _check_numbers(self, rooms: tuple[DraftRoom, ...]) -> None:
        seen: dict[tuple[int, str], DraftRoom] = {}
        for room in rooms:
            first = seen.setdefault((room.entrance, room.number), room)
            if first is not room:
                place = (room.floor, room.entrance, room.column)
                other = (first.floor, first.entrance, first.column)
                self._fault(_l("%(cell)s and %(other)s both have the number %(number)s.",
                               cell=self._name(place), other=self._name(other),
                               number=room.number), place)  # fmt: skip


def _either(own: Any, ruled: Any) -> Any:
    return ruled if own is None else own


def _inside(change: CellChange, plan: ColumnPlan) -> Decimal | None:
    # The column's inside area belongs to the column's gross area.
    return plan.inside_area if change.gross_area is None else None


# ---- the four rules ----


def _by_column(cells: list[Place]) -> Iterator[tuple[Place, int]]:
    return ((place, place[2]) for place in cells)


def _running(cells: list[Place], within: Any) -> Iterator[tuple[Place, int]]:
    counts: dict[Any, int] = {}
    for place in cells:
        key = within(place)
        counts[key] = counts.get(key, 0) + 1
        yield place, counts[key]


def _across_entrance(cells: list[Place]) -> Iterator[tuple[Place, int]]:
    return _running(cells, lambda place: (place[0], place[1]))


def _down_entrance(cells: list[Place]) -> Iterator[tuple[Place, int]]:
    down = sorted(cells, key=lambda place: (place[1], place[2], -place[0]))
    return _running(down, lambda place: place[1])


def _across_building(cells: list[Place]) -> Iterator[tuple[Place, int]]:
    return _running(cells, lambda place: place[0])


_COUNTERS: Final = {
    NumberRule.COLUMN: _by_column,
    NumberRule.ACROSS_ENTRANCE: _across_entrance,
    NumberRule.DOWN_ENTRANCE: _down_entrance,
    NumberRule.ACROSS_BUILDING: _across_building,
}

"""From what the sheets say to rooms: names, numbers, prices, places, and no room twice."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from app.core.money import per_area, times_area, yuan
from app.estate.sheets.faults import Fault
from app.estate.sheets.names import entrance_of, split_buildings
from app.estate.sheets.price_list import NO_TRAITS, SheetRow, Traits
from app.estate.sheets.spool import Spool
from app.estate.sheets.values import column_of

# A unit price of 2 decimals cannot hit a given total nearer than half a fen for each m².
_HALF_FEN: Final = Decimal("0.005")
_ONE_YUAN: Final = Decimal(1)

#: a building with its entrance
Named = tuple[str, str | None]
_Floor = tuple[str, str | None, int]


@dataclass(slots=True)
class Draft:
    """A room as its line says, before building and number are known among the others.

    ``entrance`` is None where the sheet has no such column. One that ``is_faulty`` takes part in
    the search for doubles, and goes no further. ``place`` and ``found`` are column and contents of
    the cell that a double is reported at.
    """

    sheet: str
    line: int
    building: str
    entrance: str | None
    floor: int
    floor_name: str
    number: str
    place: str
    found: str
    house_type: str | None = None
    gross_area: Decimal | None = None
    inside_area: Decimal | None = None
    unit_price: Decimal | None = None
    total: Decimal | None = None
    written: str | None = None
    traits: Traits = NO_TRAITS
    is_faulty: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """Unit price and total in yuan; ``disagreement`` is area × unit price where it is far off."""

    unit_price: Decimal | None
    total: Decimal | None
    disagreement: Decimal | None = None


def settle_price(
    gross_area: Decimal | None, unit_price: Decimal | None, total: Decimal | None
) -> Price:
    """Return area × unit price as the total; total ÷ area as the unit price if only that is given.

    Where all three are given, the total is still area × unit price, and the given one may differ by
    1 yuan or by what rounding the unit price explains, else ``disagreement`` is set.
    """
    if gross_area is None:
        return Price(unit_price, total)
    if unit_price is None:
        return Price(None if total is None else per_area(total, gross_area), total)
    calculated = times_area(unit_price, gross_area)
    allowed = max(_ONE_YUAN, yuan(gross_area * _HALF_FEN))
    if total is not None and abs(calculated - total) > allowed:
        return Price(unit_price, total, calculated)
    return Price(unit_price, calculated)


def finish(
    drafts: Sequence[Draft],
    faults: list[Fault],
    project_name: str | None,
    known_buildings: Collection[str] = (),
    placed: dict[Named, Named] | None = None,
) -> tuple[Sequence[SheetRow], str | None]:
    """Return the rooms with their names and places, and the project's name; note doubles.

    A building whose whole name is known keeps it. ``placed`` is filled with what building and
    entrance of the drafts became.
    Rooms are gone through one after the other, several times: none of it keeps all of them.
    """
    texts = {draft.building for draft in drafts}
    names, project = split_buildings(texts.difference(known_buildings), project_name)
    names |= {text: (text, None) for text in texts.intersection(known_buildings)}
    rooms: Spool[SheetRow] = Spool()
    hashes = array("q")
    dropped: set[int] = set()
    for at, draft in enumerate(drafts):
        building, split_off = names[draft.building]
        entrance = entrance_of(draft.entrance or "") or split_off
        if placed is not None:
            placed[draft.building, draft.entrance] = building, entrance
        rooms.extend([_row(draft, building, entrance)])
        hashes.append(hash((building, entrance, draft.number)))
        if draft.is_faulty:
            dropped.add(at)
    dropped |= _note_doubles(drafts, rooms, hashes, faults)
    if dropped:
        rooms = Spool(row for at, row in enumerate(rooms) if at not in dropped)
    return _placed(rooms), project


def _note_doubles(
    drafts: Sequence[Draft], rooms: Sequence[SheetRow], hashes: array[int], faults: list[Fault]
) -> set[int]:
    """Note every room that came before; return the places of the later ones."""
    ordered = sorted(hashes)
    again = {one for one, other in pairwise(ordered) if one == other}
    later: set[int] = set()
    first: dict[tuple[str, str | None, str], SheetRow] = {}
    # Few have a twin: those alone are looked at, and kept.
    for at, found in enumerate(hashes):
        if found in again:
            row = rooms[at]
            key = (row.building, row.entrance, row.number)
            if key in first:
                faults.append(_double(drafts[at], first[key]))
                later.add(at)
            else:
                first[key] = row
    return later


def _row(draft: Draft, building: str, entrance: str | None) -> SheetRow:
    return SheetRow(
        sheet=draft.sheet,
        line=draft.line,
        building=building,
        entrance=entrance,
        floor=draft.floor,
        floor_name=draft.floor_name,
        column=column_of(draft.number),
        number=draft.number,
        house_type=draft.house_type,
        gross_area=draft.gross_area,
        inside_area=draft.inside_area,
        unit_price=draft.unit_price,
        total=draft.total,
        written=draft.written,
        traits=draft.traits,
    )


def _double(draft: Draft, first: SheetRow) -> Fault:
    params = {"room": first.title, "line": first.line, "sheet": first.sheet}
    code = "duplicate_room" if draft.sheet == first.sheet else "duplicate_room_in_sheet"
    return Fault(draft.sheet, draft.line, draft.place, draft.found, code, params)


def _placed(rooms: Sequence[SheetRow]) -> Sequence[SheetRow]:
    """Give every room of a floor a place of its own.

    The last two digits of the number are the place. Where two rooms share one, as parking spaces
    101 and 201 do, or there is none, the whole floor is counted through in order of its numbers.
    """
    taken: dict[_Floor, int] = defaultdict(int)
    crowded: set[_Floor] = set()
    for row in rooms:
        floor, place = _floor(row), 1 << row.column
        if row.column == 0 or taken[floor] & place:
            crowded.add(floor)
        taken[floor] |= place
    if not crowded:
        return rooms
    floors: dict[_Floor, list[tuple[int, str, int]]] = defaultdict(list)
    for at, row in enumerate(rooms):
        if _floor(row) in crowded:
            floors[_floor(row)].append((len(row.number), row.number, at))
    columns = {
        at: column
        for numbers in floors.values()
        for column, (_length, _number, at) in enumerate(sorted(numbers), start=1)
    }
    return Spool(
        replace(row, column=columns[at]) if at in columns else row for at, row in enumerate(rooms)
    )


def _floor(row: SheetRow) -> _Floor:
    return row.building, row.entrance, row.floor

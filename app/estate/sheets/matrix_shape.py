"""Reads the sheets of a price list with floors down and columns across."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from app.core.money import ZERO, per_area
from app.estate.sheets.drafts import Draft, settle_price
from app.estate.sheets.faults import Fault, SheetLog, column_name
from app.estate.sheets.headings import (
    TITLES,
    Column,
    Headings,
    has_other_unit,
    kind_texts,
    read_headings,
    sheet_kind,
)
from app.estate.sheets.limits import MAX_AREA, MAX_PRICE, MIN_UNIT_PRICE
from app.estate.sheets.matching import Recall, nothing_known
from app.estate.sheets.matrix_matching import apply_matrix_matching, block_key, said_of_block
from app.estate.sheets.opening import Cell, Sheet
from app.estate.sheets.price_list import Shape
from app.estate.sheets.rows_shape import NAME_LENGTH, is_footer
from app.estate.sheets.values import (
    NOTHING,
    CellFault,
    amount_of,
    floor_of,
    room_number,
    shown,
    text_of,
)

_PRICES: Final = (Column.TOTAL, Column.UNIT_PRICE)
_LARGEST: Final = {
    Column.TOTAL: MAX_PRICE,
    Column.UNIT_PRICE: MAX_PRICE,
    Column.GROSS_AREA: MAX_AREA,
    Column.INSIDE_AREA: MAX_AREA,
}
_SUMS: Final = ("合计", "小计", "总计", "平均", "均价")

# Building and entrance as written, order of the floor, label of the column.
_Key = tuple[str, str | None, int, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one sheet says of a room; None as value is a cell that could not be read."""

    value: Decimal | str | None
    log: SheetLog
    row: int
    place: int
    found: str

    def fault(self, code: str, **params: object) -> None:
        self.log.add(self.row, self.place, self.found, code, **params)


@dataclass(slots=True)
class _Room:
    floor_name: str
    entries: dict[Column, _Entry] = field(default_factory=dict)

    def amount(self, kind: Column) -> Decimal | None:
        entry = self.entries.get(kind)
        return entry.value if entry and isinstance(entry.value, Decimal) else None


@dataclass(slots=True)
class Block:
    """The rows of one building or entrance: what stands there, and what it is."""

    key: str
    text: str
    sheet: str
    line: int
    building: str
    entrance: str | None
    is_said: bool
    floors: set[int] = field(default_factory=set)
    #: rooms by sheet
    rooms: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Matrix:
    """All matrix sheets of a file: each says one thing of every room."""

    def __init__(self, faults: list[Fault], recall: Recall = nothing_known) -> None:
        self.faults = faults
        self.recall = recall
        self.blocks: dict[str, Block] = {}
        self.is_matched = False
        self.rooms: dict[_Key, _Room] = {}
        self.sheets: dict[Column, list[str]] = defaultdict(list)

    def read(self, sheet: Sheet, headings: Headings) -> None:
        """Take in one sheet."""
        log = SheetLog(sheet.name, self.faults, headings.titles)
        kind = headings.kind or sheet_kind(sheet, headings)
        if kind is Column.IGNORED:
            return
        if kind is None:
            log.add(None, None, sheet.name, "sheet_kind_unknown")
            return
        for text in kind_texts(sheet, headings):
            if has_other_unit(text) and ("价" in text or "积" in text):
                log.add(None, None, text, "heading_unit", heading=text)
        self.sheets[kind].append(sheet.name)
        _MatrixSheet(self, sheet, headings, kind, log).read()

    def block(self, building: str, entrance: str | None, sheet: str, line: int) -> Block:
        """Return the block that begins with these texts, as somebody said what it is."""
        key = block_key(building, entrance)
        if key not in self.blocks:
            said = said_of_block(key, self.recall)
            self.is_matched |= said is not None
            name, at = said or (building, entrance)
            text = " ".join(filter(None, (building, entrance)))
            self.blocks[key] = Block(key, text, sheet, line, name, at, is_said=said is not None)
        return self.blocks[key]

    def drafts(self) -> Iterator[Draft]:
        """Yield the rooms of all sheets taken together."""
        for (building, entrance, floor, label), room in self.rooms.items():
            is_faulty = any(entry.value is None for entry in room.entries.values())
            is_faulty |= self._note_gaps(building, label, room)
            first = next(iter(room.entries.values()))
            draft = Draft(
                sheet=first.log.sheet,
                line=first.row + 1,
                building=building,
                entrance=entrance,
                floor=floor,
                floor_name=room.floor_name,
                number=room_number(label, room.floor_name),
                place=column_name(first.place, label),
                found=first.found,
                inside_area=room.amount(Column.INSIDE_AREA),
                is_faulty=is_faulty,
            )
            house_type = room.entries.get(Column.HOUSE_TYPE)
            draft.house_type = str(house_type.value) if house_type else None
            if not is_faulty:
                self._settle(draft, room)
            yield draft

    def _note_gaps(self, building: str, label: str, room: _Room) -> bool:
        """Note a room that has a total and no unit price, or the other way round."""
        missing = [kind for kind in _PRICES if kind in self.sheets and kind not in room.entries]
        there = next(iter(room.entries.values()))
        for kind in missing:
            number = f"{building}-{room_number(label, room.floor_name)}"
            there.fault("only_in_one_sheet", room=number, sheet="、".join(self.sheets[kind]))
        return bool(missing)

    def _settle(self, draft: Draft, room: _Room) -> None:
        """Fill in areas and prices; without areas the gross area is total ÷ unit price."""
        total, unit_price = room.amount(Column.TOTAL), room.amount(Column.UNIT_PRICE)
        gross = room.amount(Column.GROSS_AREA)
        if gross is None and total is not None and unit_price is not None:
            gross = per_area(total, unit_price)
            draft.gross_area, draft.unit_price, draft.total = gross, unit_price, total
        else:
            price = settle_price(gross, unit_price, total)
            draft.gross_area, draft.unit_price, draft.total = gross, price.unit_price, price.total
            if price.disagreement is not None:
                draft.is_faulty = True
                calculated = f"{price.disagreement:,}"
                room.entries[Column.TOTAL].fault("total_disagrees", calculated=calculated)
        if draft.unit_price is not None and draft.unit_price < MIN_UNIT_PRICE:
            draft.is_faulty = True
            kind = Column.UNIT_PRICE if Column.UNIT_PRICE in room.entries else Column.TOTAL
            room.entries[kind].fault("price_too_small", least=MIN_UNIT_PRICE)
        self._check_area(draft, room)

    def _check_area(self, draft: Draft, room: _Room) -> None:
        first = next(iter(room.entries.values()))
        gross, inside = draft.gross_area, draft.inside_area
        code, params = "", {}
        if gross is not None and gross > MAX_AREA:
            code, params = "too_large", {"largest": f"{MAX_AREA:,}"}
        elif gross is not None and gross == ZERO:
            code = "not_positive"
        elif gross is not None and inside is not None and inside > gross:
            first = room.entries[Column.INSIDE_AREA]
            code, params = "inside_above_gross", {"gross": str(gross)}
        if code:
            draft.is_faulty = True
            first.fault(code, **params)


class _MatrixSheet:
    """One sheet while it is being read."""

    def __init__(
        self, matrix: Matrix, sheet: Sheet, headings: Headings, kind: Column, log: SheetLog
    ) -> None:
        self.matrix = matrix
        self.sheet = sheet
        self.headings = headings
        self.kind = kind
        self.log = log
        self.building = ""
        self.entrance: str | None = None

    def read(self) -> None:
        if not self._check_headings():
            return
        for row in range(self.headings.row + 1, len(self.sheet.rows)):
            cells = self.sheet.rows[row]
            if any(shown(cell).strip() for cell in cells) and not self._is_heading(row, cells):
                self._read_floor(row, cells)

    def _check_headings(self) -> bool:
        row, headings = self.headings.row, self.headings
        seen: dict[str, str] = {}
        for place, title in headings.titles.items():
            label = headings.labels.get(place) or headings.columns[place]
            if label is None and not any(word in title for word in _SUMS):
                self.log.add(row, place, title, "unknown_heading", heading=title)
            elif label is not None and label in seen:
                self.log.add(row, place, title, "heading_twice", heading=seen[label], other=title)
            elif label is not None and label != Column.IGNORED:
                seen[label] = title
        is_complete = True
        for column in (Column.BUILDING, Column.FLOOR):
            if headings.place_of(column) is None:
                self.log.add(row, None, "", "missing_heading", heading=TITLES[column])
                is_complete = False
        return is_complete

    def _is_heading(self, row: int, cells: list[Cell]) -> bool:
        """Take a line of headings again, as lists repeat it above each building."""
        place = self.headings.place_of(Column.FLOOR) or 0
        if place >= len(cells) or shown(cells[place]).strip() != self.headings.titles[place]:
            return False
        again = read_headings(row, cells)
        if again is not None and again.shape is Shape.MATRIX:
            apply_matrix_matching(self.sheet, again, self.matrix.recall)
            self.headings = again
        return True

    def _read_floor(self, row: int, cells: list[Cell]) -> None:
        first = next(text for cell in cells if (text := shown(cell).strip()))
        if is_footer(first):
            return
        building = self._text(row, cells, Column.BUILDING)
        entrance = self._text(row, cells, Column.ENTRANCE)
        if building is None or entrance is None:
            return
        if building:
            self.building, self.entrance = building, None
        if self.headings.place_of(Column.ENTRANCE) is not None:
            self.entrance = entrance or self.entrance or ""
        if not self.building:
            heading = self.headings.title_of(Column.BUILDING)
            self._fault(row, cells, Column.BUILDING, "missing_value", heading=heading)
            return
        if floor := self._floor(row, cells):
            block = self.matrix.block(self.building, self.entrance, self.log.sheet, row + 1)
            block.floors.add(floor[0])
            self._read_rooms(row, cells, floor, block)

    def _floor(self, row: int, cells: list[Cell]) -> tuple[int, str] | None:
        text = self._text(row, cells, Column.FLOOR)
        if text is None:
            return None
        floor = floor_of(text)
        if not text:
            heading = self.headings.title_of(Column.FLOOR)
            self._fault(row, cells, Column.FLOOR, "missing_value", heading=heading)
        elif floor is None:
            self._fault(row, cells, Column.FLOOR, "not_a_floor")
        return floor

    def _read_rooms(
        self, row: int, cells: list[Cell], floor: tuple[int, str], block: Block
    ) -> None:
        for place, label in self.headings.labels.items():
            cell = cells[place] if place < len(cells) else ""
            if isinstance(cell, str) and cell.strip() in NOTHING:
                continue
            try:
                value = self._value(cell)
            except CellFault as fault:
                value = None
                self.log.add(row, place, shown(cell), fault.code, **fault.params)
            entry = _Entry(value, self.log, row, place, shown(cell))
            block.rooms[self.log.sheet] += 1
            self._enter((block.building, block.entrance, floor[0], label), floor[1], entry)

    def _value(self, cell: Cell) -> Decimal | str | None:
        if self.kind is Column.HOUSE_TYPE:
            text = text_of(cell)
            if len(text) > NAME_LENGTH:
                raise CellFault("too_long", most=NAME_LENGTH)
            return text
        return amount_of(cell, largest=_LARGEST[self.kind])

    def _enter(self, key: _Key, floor_name: str, entry: _Entry) -> None:
        room = self.matrix.rooms.setdefault(key, _Room(floor_name))
        if (first := room.entries.get(self.kind)) is None:
            room.entries[self.kind] = entry
            return
        number = f"{key[0]}-{room_number(key[3], floor_name)}"
        params = {"room": number, "line": first.row + 1, "sheet": first.log.sheet}
        is_here = first.log.sheet == self.log.sheet
        entry.fault("duplicate_room" if is_here else "duplicate_room_in_sheet", **params)

    def _text(self, row: int, cells: list[Cell], column: Column) -> str | None:
        """Return the text of a column, or None after noting that it cannot be read."""
        try:
            text = text_of(self._cell(cells, column))
        except CellFault as fault:
            self._fault(row, cells, column, fault.code, **fault.params)
            return None
        if len(text) > NAME_LENGTH:
            self._fault(row, cells, column, "too_long", most=NAME_LENGTH)
            return None
        return text

    def _cell(self, cells: list[Cell], column: Column) -> Cell:
        place = self.headings.place_of(column)
        return "" if place is None or place >= len(cells) else cells[place]

    def _fault(
        self, row: int, cells: list[Cell], column: Column, code: str, **params: object
    ) -> None:
        found = shown(self._cell(cells, column))
        self.log.add(row, self.headings.place_of(column), found, code, **params)

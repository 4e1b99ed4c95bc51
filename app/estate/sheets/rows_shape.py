"""Reads the sheets of a price list that has a row for each room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, TypeVar

from app.estate.sheets.drafts import Draft, settle_price
from app.estate.sheets.faults import Fault, SheetLog, column_letter, column_name
from app.estate.sheets.headings import TITLES, Column, Headings, has_other_unit
from app.estate.sheets.limits import MAX_AREA, MAX_COLUMNS, MAX_PRICE, MIN_UNIT_PRICE
from app.estate.sheets.opening import Cell, Sheet
from app.estate.sheets.price_list import NO_TRAITS, Traits
from app.estate.sheets.values import (
    NOTHING,
    CellFault,
    amount_of,
    floor_of,
    is_room_number,
    room_number,
    shown,
    text_of,
)

NAME_LENGTH: Final = 60
NUMBER_LENGTH: Final = 30

_REQUIRED: Final = (Column.BUILDING, Column.FLOOR, Column.NUMBER, Column.GROSS_AREA)
_FOOTER: Final = re.compile(
    r"(?:合\s*计|总\s*计|小\s*计|备\s*注|注[::]|说\s*明|制\s*表|审\s*核|填\s*表)"
)
_FEN: Final = Decimal("0.01")
#: what a list says of a room besides, in the order of ``Traits``, with its longest text
_TRAITS: Final = {
    Column.ORIENTATION: 20,
    Column.VIEW: 40,
    Column.STRUCTURE: 40,
    Column.FIT_OUT: NAME_LENGTH,
    Column.USAGE: 10,
    Column.PRODUCT_TYPE: 40,
    Column.ZONE: NAME_LENGTH,
}
#: how a usage is written
USAGE_WORDS: Final = {"sale": "出售", "lease": "出租", "both": "租售"}
_USAGES: Final = {
    "出售": "sale", "售": "sale", "可售": "sale", "销售": "sale", "sale": "sale",
    "出租": "lease", "租": "lease", "可租": "lease", "租赁": "lease", "lease": "lease",
    "租售": "both", "租售皆可": "both", "可租可售": "both", "可售可租": "both",
    "出售或出租": "both", "both": "both",
}  # fmt: skip
#: texts that are kept as they were read, until room is made for others
_KEPT: Final = 10_000


Value = TypeVar("Value", str, Decimal)


def _keep(known: dict[tuple[Column, str], Value], key: tuple[Column, str], value: Value) -> None:
    if len(known) >= _KEPT:
        known.clear()
    known[key] = value


def is_footer(text: str) -> bool:
    """Tell whether a line that begins with this is a sum or a note below the list."""
    return _FOOTER.match(text) is not None


class RowsSheet:
    """One sheet with a row for each room."""

    def __init__(self, sheet: Sheet, headings: Headings, faults: list[Fault]) -> None:
        self.sheet = sheet
        self.headings = headings
        self.log = SheetLog(sheet.name, faults, headings.titles)
        self.places = {
            column: place
            for place, column in sorted(headings.columns.items(), reverse=True)
            if column is not None
        }
        # What was read from texts that come again and again, by column.
        self.texts: dict[tuple[Column, str], str] = {}
        self.amounts: dict[tuple[Column, str], Decimal] = {}
        # The same for rooms alike, so that it is written away once.
        self.traits: dict[Traits, Traits] = {}
        self.trait_columns = [column for column in _TRAITS if column in self.places]
        self.has_price = Column.UNIT_PRICE in self.places or Column.TOTAL in self.places

    def drafts(self) -> Iterator[Draft]:
        """Yield the rooms that can be told from others; every fault goes to the log."""
        if not self._check_headings():
            return
        self._unmerge()
        stray: set[int] = set()
        for row in range(self.headings.row + 1, len(self.sheet.rows)):
            cells = self.sheet.rows[row]
            if self._is_room(cells):
                self._check_stray(row, cells, stray)
                if draft := _RoomLine(self, row, cells).draft():
                    yield draft

    @property
    def ignored(self) -> list[str]:
        """Return the headings that are known and not used."""
        unused = {Column.IGNORED}
        if self.has_price:
            unused.add(Column.INSIDE_UNIT_PRICE)
        columns = self.headings.columns
        return [title for place, title in self.headings.titles.items() if columns[place] in unused]

    def _check_headings(self) -> bool:
        row, titles = self.headings.row, self.headings.titles
        if len(titles) > MAX_COLUMNS:
            self.log.add(row, None, "", "too_many_columns", count=len(titles), most=MAX_COLUMNS)
            return False
        first: dict[Column, str] = {}
        for place, column in self.headings.columns.items():
            title = titles[place]
            if column is Column.IGNORED:
                continue
            if has_other_unit(title):
                self.log.add(row, place, title, "heading_unit", heading=title)
            elif column is None:
                self.log.add(row, place, title, "unknown_heading", heading=title)
            elif column in first:
                self.log.add(row, place, title, "heading_twice", heading=first[column], other=title)
            else:
                first[column] = title
        for column in _REQUIRED:
            if column not in self.places:
                self.log.add(row, None, "", "missing_heading", heading=TITLES[column])
        if Column.INSIDE_UNIT_PRICE in self.places and not self.has_price:
            place = self.places[Column.INSIDE_UNIT_PRICE]
            self.log.add(row, place, titles[place], "inside_price_only")
        return all(column in self.places for column in _REQUIRED)

    def _unmerge(self) -> None:
        """Note merged cells among the rooms, and fill them, so that each is one fault only."""
        for (top, left), (bottom, right) in self.sheet.merged:
            if bottom <= self.headings.row or top >= len(self.sheet.rows):
                continue
            area = f"{column_letter(left)}{top + 1}:{column_letter(right)}{bottom + 1}"
            cells = self.sheet.rows[top]
            value = cells[left] if left < len(cells) else ""
            self.log.add(top, left, shown(value), "merged_cells", area=area)
            for line in self.sheet.rows[top : bottom + 1]:
                line[left : right + 1] = [value] * len(line[left : right + 1])

    def _is_room(self, cells: list[Cell]) -> bool:
        """Tell whether a line is neither blank, nor a sum or note, nor the headings again."""
        number = self.cell(cells, Column.NUMBER)
        if isinstance(number, str) and not number.strip():
            first = next((text for cell in cells if (text := shown(cell).strip())), "")
            return bool(first) and not is_footer(first)
        return number != self.headings.titles[self.places[Column.NUMBER]]

    def _check_stray(self, row: int, cells: list[Cell], stray: set[int]) -> None:
        for place, cell in enumerate(cells):
            if place not in self.headings.columns and place not in stray and shown(cell).strip():
                stray.add(place)
                self.log.add(row, place, shown(cell), "column_without_heading")

    def cell(self, cells: list[Cell], column: Column) -> Cell:
        """Return the cell of a column, empty where the line is too short or there is none."""
        place = self.places.get(column, -1)
        return cells[place] if 0 <= place < len(cells) else ""


class _RoomLine:
    """One line of such a sheet."""

    def __init__(self, sheet: RowsSheet, row: int, cells: list[Cell]) -> None:
        self.sheet = sheet
        self.row = row
        self.cells = cells
        self.is_faulty = False
        self.written = ""

    def draft(self) -> Draft | None:
        """Return the room, or None when its line does not say which room it is."""
        building = self._text(Column.BUILDING, NAME_LENGTH, is_required=True)
        entrance = self._text(Column.ENTRANCE, NAME_LENGTH)
        floor = self._floor()
        number = self._number(floor[1]) if floor else self._text(Column.NUMBER, NUMBER_LENGTH)
        house_type = self._text(Column.HOUSE_TYPE, NAME_LENGTH)
        gross, inside = self._areas()
        price = self._price(gross)
        traits = self._traits() if self.sheet.trait_columns else NO_TRAITS
        if not (building and floor and number):
            return None
        sheet = self.sheet
        place = sheet.places[Column.NUMBER]
        return Draft(
            sheet=sheet.sheet.name,
            line=self.row + 1,
            building=building,
            entrance=entrance if Column.ENTRANCE in sheet.places else None,
            floor=floor[0],
            floor_name=floor[1],
            number=number,
            place=column_name(place, sheet.headings.titles[place]),
            found=shown(sheet.cell(self.cells, Column.NUMBER)),
            house_type=None if house_type in NOTHING else house_type,
            gross_area=gross,
            inside_area=inside,
            unit_price=price[0],
            total=price[1],
            written=None if self.written == number else self.written,
            traits=traits,
            is_faulty=self.is_faulty,
        )

    def _traits(self) -> Traits:
        known: dict[str, str | None] = {}
        for column in self.sheet.trait_columns:
            text = self._text(column, _TRAITS[column])
            known[column.value] = None if text in NOTHING else text
        if usage := known.get(Column.USAGE.value):
            known[Column.USAGE.value] = _USAGES.get(usage)
            if usage not in _USAGES:
                self._fault(Column.USAGE, "not_a_usage")
        traits = Traits(**known)
        if len(self.sheet.traits) >= _KEPT:
            self.sheet.traits.clear()
        return self.sheet.traits.setdefault(traits, traits)

    def _fault(self, column: Column, code: str, **params: object) -> None:
        self.is_faulty = True
        sheet = self.sheet
        value = shown(sheet.cell(self.cells, column))
        sheet.log.add(self.row, sheet.places.get(column), value, code, **params)

    def _missing(self, column: Column) -> None:
        self._fault(column, "missing_value", heading=self.sheet.headings.title_of(column))

    def _text(self, column: Column, most: int, *, is_required: bool = False) -> str:
        cell = self.sheet.cell(self.cells, column)
        if isinstance(cell, str) and (known := self.sheet.texts.get((column, cell))):
            return known
        try:
            text = text_of(cell)
        except CellFault as fault:
            self._fault(column, fault.code, **fault.params)
            return ""
        if is_required and text in NOTHING:
            self._missing(column)
            return ""
        if len(text) > most:
            self._fault(column, "too_long", most=most)
        elif isinstance(cell, str):
            _keep(self.sheet.texts, (column, cell), text)
        return text

    def _floor(self) -> tuple[int, str] | None:
        text = self._text(Column.FLOOR, NUMBER_LENGTH, is_required=True)
        floor = floor_of(text) if text else None
        if text and floor is None:
            self._fault(Column.FLOOR, "not_a_floor")
        return floor

    def _number(self, floor_name: str) -> str:
        text = self.written = self._text(Column.NUMBER, NUMBER_LENGTH, is_required=True)
        number = room_number(text, floor_name) if text else ""
        if number and not is_room_number(number):
            self._fault(Column.NUMBER, "not_a_room_number")
        return number

    def _amount(
        self, column: Column, largest: Decimal, *, is_required: bool = False
    ) -> Decimal | None:
        cell = self.sheet.cell(self.cells, column)
        if isinstance(cell, str) and (known := self.sheet.amounts.get((column, cell))):
            return known
        try:
            amount = amount_of(cell, largest=largest)
        except CellFault as fault:
            self._fault(column, fault.code, **fault.params)
            return None
        if amount is None and is_required:
            self._missing(column)
        elif amount is not None and isinstance(cell, str):
            _keep(self.sheet.amounts, (column, cell), amount)
        return amount

    def _areas(self) -> tuple[Decimal | None, Decimal | None]:
        gross = self._amount(Column.GROSS_AREA, MAX_AREA, is_required=True)
        inside = self._amount(Column.INSIDE_AREA, MAX_AREA)
        shared = self._amount(Column.SHARED_AREA, MAX_AREA)
        if gross is not None and inside is not None:
            if inside > gross:
                self._fault(Column.INSIDE_AREA, "inside_above_gross", gross=str(gross))
            elif shared is not None and abs(gross - inside - shared) > _FEN:
                self._fault(Column.SHARED_AREA, "areas_disagree", gross=str(gross))
        return gross, inside

    def _price(self, gross: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
        faulty_before, self.is_faulty = self.is_faulty, False
        unit_price = self._amount(Column.UNIT_PRICE, MAX_PRICE)
        total = self._amount(Column.TOTAL, MAX_PRICE)
        has_none = unit_price is None and total is None and not self.is_faulty
        self.is_faulty |= faulty_before
        given = Column.UNIT_PRICE if Column.UNIT_PRICE in self.sheet.places else Column.TOTAL
        if has_none and self.sheet.has_price:
            self._missing(given)
        price = settle_price(gross, unit_price, total)
        if price.disagreement is not None:
            self._fault(Column.TOTAL, "total_disagrees", calculated=f"{price.disagreement:,}")
        elif price.total is not None and price.total > MAX_PRICE:
            self._fault(given, "too_large", largest=f"{MAX_PRICE:,}")
        elif price.unit_price is not None and price.unit_price < MIN_UNIT_PRICE:
            self._fault(given if unit_price is None else Column.UNIT_PRICE, "price_too_small",
                        least=MIN_UNIT_PRICE)  # fmt: skip
        return price.unit_price, price.total

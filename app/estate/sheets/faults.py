"""What can be wrong with a price list, in a sentence each, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask_babel import lazy_gettext

from app.core.bad_value import N_

# Code: (what is wrong, how to mend it). The Chinese of both is in the catalogue.
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # The file
    "empty_file": (
        N_("The file is empty."),
        N_("Choose the file that holds the price list."),
    ),
    "file_too_large": (
        N_("The file is larger than %(megabytes)s MB."),
        N_("Split it by building, and take pictures out of it."),
    ),
    "not_a_workbook": (
        N_("This is no spreadsheet, whatever its name says."),
        N_("Open it in a spreadsheet program and save it as .xlsx."),
    ),
    "locked_file": (
        N_("The file is locked with a password."),
        N_("Save a copy without a password."),
    ),
    "corrupt_file": (
        N_("The file is damaged and cannot be read."),
        N_("Open it in a spreadsheet program and save it again as .xlsx."),
    ),
    "unpacked_too_large": (
        N_("The file unpacks to more than a price list can hold."),
        N_("Copy the price list alone into a new file."),
    ),
    "sheet_too_large": (
        N_("The sheet “%(sheet)s” spans %(rows)s rows and %(columns)s columns."),
        N_("Delete what stands far outside the list, or copy the list into a new file."),
    ),
    "wrong_encoding": (
        N_("The text file is neither in UTF-8 nor in GB 18030."),
        N_("Save it as CSV UTF-8, or as .xlsx."),
    ),
    "too_many_rows": (
        N_("The list has more than %(most)s rooms."),
        N_("Split it by building."),
    ),
    # The sheet
    "heading_not_found": (
        N_("No headings were found in the first %(lines)s lines of the sheet."),
        N_("Give each column a heading as in the template, or delete the sheet."),
    ),
    "missing_heading": (
        N_("There is no column “%(heading)s”."),
        N_("Add the column, or name it as in the template."),
    ),
    "unknown_heading": (
        N_("The heading “%(heading)s” is not known."),
        N_("Name it as in the template, or delete the column."),
    ),
    "too_many_columns": (
        N_("The sheet has %(count)s columns with headings."),
        N_("Copy the columns of the list alone, at most %(most)s, into a new file."),
    ),
    "heading_twice": (
        N_("The columns “%(heading)s” and “%(other)s” mean the same."),
        N_("Delete one of them."),
    ),
    "heading_unit": (
        N_("The heading “%(heading)s” names a unit that is not used."),
        N_("Give prices in yuan and areas in m²."),
    ),
    "column_without_heading": (
        N_("The column has contents but no heading."),
        N_("Give it a heading, or empty the column."),
    ),
    "inside_price_only": (
        N_("The list has only prices by inside area."),
        N_("Add the column of the unit price by gross area, or of the total."),
    ),
    "sheet_kind_unknown": (
        N_("The sheet does not say whether it holds totals or unit prices."),
        N_("Write 总价 or 单价 into the sheet's name or its first line."),
    ),
    "mixed_shapes": (
        N_("This sheet has another shape than the sheet “%(sheet)s”."),
        N_("Put the two into separate files."),
    ),
    "no_rooms": (
        N_("There is no room below the headings."),
        N_("Enter the rooms, or delete the sheet."),
    ),
    "merged_cells": (
        N_("The cells %(area)s are merged."),
        N_("Unmerge them and fill every row."),
    ),
    # The cell
    "missing_value": (
        N_("“%(heading)s” is empty."),
        N_("Fill the cell."),
    ),
    "formula_error": (
        N_("The formula in this cell has failed."),
        N_("Correct the formula, or enter the value itself."),
    ),
    "formula_unsaved": (
        N_("The formula in this cell has no value: the file was never calculated."),
        N_("Open the file in a spreadsheet program, save it, and choose it again."),
    ),
    "hidden_characters": (
        N_("The text holds characters that cannot be seen."),
        N_("Type the text anew."),
    ),
    "wrong_kind": (
        N_("This is a date or a yes/no value, not a text."),
        N_("Format the cell as text and enter it again."),
    ),
    "not_a_number": (
        N_("This is no number."),
        N_("Enter digits only, with at most 2 decimals."),
    ),
    "too_many_decimals": (
        N_("The number has more than 2 decimals."),
        N_("Round it to 2 decimals."),
    ),
    "not_positive": (
        N_("The number is not above 0."),
        N_("Correct it; leave the cell empty where there is no room."),
    ),
    "too_large": (
        N_("The number is above %(largest)s."),
        N_("Correct it, and look at its unit."),
    ),
    "price_too_small": (
        N_("This makes less than %(least)s yuan per m²."),
        N_("Give prices in yuan, not in 10,000 yuan and not as a percentage."),
    ),
    "too_long": (
        N_("The text is longer than %(most)s characters."),
        N_("Shorten it."),
    ),
    "not_a_floor": (
        N_("This is no floor."),
        N_("Write floors as 31, -1 or B1."),
    ),
    "not_a_room_number": (
        N_("This is no room number."),
        N_("Write it as 01 or 3101."),
    ),
    "not_a_usage": (
        N_("This is no usage of a room."),
        N_("Write 出售, 出租 or 租售, or leave the cell empty."),
    ),
    # The room
    "inside_above_gross": (
        N_("The inside area is above the gross area of %(gross)s."),
        N_("Correct one of the two."),
    ),
    "areas_disagree": (
        N_("Inside area and shared area do not add up to the gross area of %(gross)s."),
        N_("Correct the areas, or delete the column of the shared area."),
    ),
    "total_disagrees": (
        N_("Area × unit price is %(calculated)s."),
        N_("Correct total, area or unit price, or delete the column of the total."),
    ),
    "duplicate_room": (
        N_("The room %(room)s stands in line %(line)s already."),
        N_("Delete one of the two."),
    ),
    "duplicate_room_in_sheet": (
        N_("The room %(room)s stands in line %(line)s of the sheet “%(sheet)s” already."),
        N_("Delete one of the two."),
    ),
    "only_in_one_sheet": (
        N_("The room %(room)s has no entry in the sheet “%(sheet)s”."),
        N_("Fill it in there, or empty this cell."),
    ),
    # Against what is there already
    "room_without_area": (
        N_("The room %(room)s is new and has no gross area."),
        N_("Add the column of the gross area."),
    ),
    "unknown_fit_out": (
        N_("The project has no fit-out standard “%(name)s” (%(count)s rooms)."),
        N_(
            "Add it under fit-out standards first, correct the cells, or say that the column is not"
            " used."
        ),
    ),
    "unknown_product_type": (
        N_("There is no product type “%(name)s” (%(count)s rooms)."),
        N_(
            "Add it under product types first, correct the cells, or say that the column is not"
            " used."
        ),
    ),
    "unknown_zone": (
        N_("The project has no zone “%(name)s” (%(count)s rooms)."),
        N_("Add it under zones first, correct the cells, or say that the column is not used."),
    ),
    "house_type_off": (
        N_("The house type “%(name)s” is switched off (%(count)s rooms)."),
        N_("Switch it on again, or write another."),
    ),
    "fit_out_off": (
        N_("The fit-out standard “%(name)s” is switched off (%(count)s rooms)."),
        N_("Switch it on again, or write another."),
    ),
    "product_type_off": (
        N_("The product type “%(name)s” is switched off (%(count)s rooms)."),
        N_("Switch it on again, or write another."),
    ),
    "zone_off": (
        N_("The zone “%(name)s” is switched off (%(count)s rooms)."),
        N_("Switch it on again, or write another."),
    ),
    "building_disagrees": (
        N_("The building %(building)s has “%(name)s” in line %(line)s."),
        N_("Write the same for all rooms of a building, or in its first row only."),
    ),
    "room_on_market": (
        N_("The room %(room)s would change, but it is %(state)s."),
        N_("Withdraw it from sale first, or import without changing rooms."),
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: where (``line`` None is the whole sheet or file), what, and how to mend it.

    ``column`` is the column's letter and heading, ``value`` what was found there.
    """

    sheet: str
    line: int | None
    column: str
    value: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> Any:
        """What is wrong, as lazy text."""
        return lazy_gettext(TEXTS[self.code][0], **self.params)

    @property
    def remedy(self) -> Any:
        """How to mend it, as lazy text."""
        return lazy_gettext(TEXTS[self.code][1], **self.params)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Return the faults as one reads a sheet: sheet by sheet, line by line, from the left."""
    found = list(faults)
    sheets = {name: place for place, name in enumerate(dict.fromkeys(one.sheet for one in found))}

    def place_of(fault: Fault) -> tuple[int, int, int, str]:
        letter = fault.column.partition(" ")[0]
        return sheets[fault.sheet], fault.line or 0, len(letter), letter

    return sorted(found, key=place_of)


class SheetLog:
    """Collects the faults of one sheet; rows and columns are given counted from 0."""

    def __init__(self, sheet: str, faults: list[Fault], titles: Mapping[int, str]) -> None:
        self.sheet = sheet
        self.faults = faults
        self.titles = titles

    def add(
        self, row: int | None, place: int | None, value: str, code: str, **params: object
    ) -> None:
        """Note a fault of a cell, of a whole line or column, or of the sheet."""
        line = None if row is None else row + 1
        column = "" if place is None else column_name(place, self.titles.get(place, ""))
        self.faults.append(Fault(self.sheet, line, column, value, code, params))


def column_letter(place: int) -> str:
    """Return the letter of a column counted from 0: 0 → A, 26 → AA."""
    letters = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_name(place: int, heading: str = "") -> str:
    """Return letter and heading of a column: ``E 预售单价``."""
    return f"{column_letter(place)} {heading}".strip()

"""Writes the sheet of faults and the template as .xlsx."""

from __future__ import annotations

import os
from typing import Any, BinaryIO, Final

import xlsxwriter
from flask_babel import lazy_gettext as _l

from app.estate.sheets.headings import TITLES, Column
from app.estate.sheets.limits import MAX_ROWS
from app.estate.sheets.price_list import PriceList

# Nothing that was found in somebody's file may come to life in ours.
_OPTIONS: Final = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MOST_FAULTS: Final = 1_000_000
_LONGEST_VALUE: Final = 500
_LINE: Final = 1
_TEXT_FORMAT: Final = "@"
_NUMBER_FORMAT: Final = "#,##0.00"

_FAULT_COLUMNS: Final = (
    (_l("Sheet"), 16),
    (_l("Line"), 8),
    (_l("Column"), 18),
    (_l("Value found"), 22),
    (_l("What is wrong"), 48),
    (_l("How to mend it"), 48),
)

# What the template says of each column: width, whether it is text, an example, and help.
_TEMPLATE: Final = {
    Column.BUILDING: (12, True, "3栋", _l("Required. The project's name may stand before it.")),
    Column.ENTRANCE: (10, True, "1单元", _l("Leave it empty where a building has no entrances.")),
    Column.FLOOR: (8, True, "31", _l("Required. 31, -1 or B1.")),
    Column.NUMBER: (10, True, "01", _l("Required. 01 on floor 31 becomes 3101; 3101 stays.")),
    Column.HOUSE_TYPE: (12, True, "A1", _l("May be left empty.")),
    Column.GROSS_AREA: (12, False, "125.53", _l("Required. In m², with at most 2 decimals.")),
    Column.INSIDE_AREA: (12, False, "100.05", _l("In m²; not above the gross area.")),
    Column.SHARED_AREA: (12, False, "25.48", _l("In m²; gross area less inside area.")),
    Column.UNIT_PRICE: (
        14,
        False,
        "52229.87",
        _l("Yuan per m² of gross area. Leave out the prices' columns to enter rooms only."),
    ),
    Column.TOTAL: (
        16,
        False,
        "6556415.58",
        _l("Yuan; area × unit price is taken, and this is compared with it."),
    ),
    Column.ORIENTATION: (10, True, "南北", _l("May be left empty.")),
    Column.VIEW: (12, True, "江景", _l("May be left empty.")),
    Column.STRUCTURE: (12, True, "三室两厅", _l("May be left empty.")),
    Column.FIT_OUT: (14, True, "精装A", _l("The name of one of the project's fit-out standards.")),
    Column.USAGE: (10, True, "出售", _l("出售, 出租 or 租售. Empty is that of the building.")),
    Column.PRODUCT_TYPE: (
        10,
        True,
        "高层",
        _l("The name of a product type; the same for all rooms of a building."),
    ),
    Column.ZONE: (
        10,
        True,
        "一期",
        _l("The name of one of the project's zones; the same for all rooms of a building."),
    ),
}

Target = str | os.PathLike[str] | BinaryIO


def write_fault_sheet(price_list: PriceList, target: Target) -> None:
    """Write all faults in the reader's language, one a line, to a path or an open binary file."""
    book = xlsxwriter.Workbook(target, _OPTIONS | {"constant_memory": True})
    sheet = book.add_worksheet(str(_l("Faults")))
    heading, wrapped = _formats(book)
    sheet.freeze_panes(1, 0)
    for column, (title, width) in enumerate(_FAULT_COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, str(title), heading)
    for row, fault in enumerate(price_list.faults[:_MOST_FAULTS], start=1):
        found = fault.value[:_LONGEST_VALUE]
        texts = (fault.sheet, "", fault.column, found, fault.message, fault.remedy)
        for column, text in enumerate(texts):
            sheet.write_string(row, column, str(text), wrapped)
        if fault.line is not None:
            sheet.write_number(row, _LINE, fault.line, wrapped)
    sheet.autofilter(0, 0, min(len(price_list.faults), _MOST_FAULTS), len(_FAULT_COLUMNS) - 1)
    book.close()


def write_template(target: Target) -> None:
    """Write the template of the rows shape, with a second sheet that explains each column."""
    book = xlsxwriter.Workbook(target, _OPTIONS)
    heading, wrapped = _formats(book)
    _write_template_list(book, heading)
    notes = book.add_worksheet("填写说明")
    notes.set_column(0, 1, 16)
    notes.set_column(2, 2, 70)
    for column, title in enumerate((_l("Column"), _l("Example"), _l("How to fill it"))):
        notes.write_string(0, column, str(title), heading)
    for row, (meant, (_, _, example, text)) in enumerate(_TEMPLATE.items(), start=1):
        for place, words in enumerate((TITLES[meant], example, str(text))):
            notes.write_string(row, place, words, wrapped)
    book.close()


def _write_template_list(book: Any, heading: Any) -> None:
    sheet = book.add_worksheet("房源")
    sheet.freeze_panes(1, 0)
    formats = {
        True: book.add_format({"num_format": _TEXT_FORMAT}),
        False: book.add_format({"num_format": _NUMBER_FORMAT}),
    }
    for place, (column, (width, is_text, _, _)) in enumerate(_TEMPLATE.items()):
        sheet.set_column(place, place, width, formats[is_text])
        sheet.write_string(0, place, TITLES[column], heading)
        if not is_text:
            rule = {"validate": "decimal", "criteria": ">", "value": 0}
            sheet.data_validation(1, place, MAX_ROWS, place, rule)


def _formats(book: Any) -> tuple[Any, Any]:
    heading = book.add_format(
        {"bold": True, "bg_color": "#EEF2F7", "bottom": 1, "valign": "vcenter"}
    )
    return heading, book.add_format({"text_wrap": True, "valign": "top"})

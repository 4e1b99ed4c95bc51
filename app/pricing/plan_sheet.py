"""A price plan as an Excel sheet: every room before and after."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter
from flask_babel import lazy_gettext as _l

from app.pricing.queries import PlanLine

MONEY = "#,##0.00"
WIDTH = 16

_COLUMNS: tuple[tuple[Any, str], ...] = (
    (_l("Building"), "building"),
    (_l("Entrance"), "entrance"),
    (_l("Room number"), "number"),
    (_l("Gross area"), "gross_area"),
    (_l("List price per m² before"), "unit_price_before"),
    (_l("List price per m²"), "list_unit_price"),
    (_l("List total before"), "total_before"),
    (_l("List total"), "list_total"),
    (_l("Change"), "change"),
)
_FLOOR: tuple[tuple[Any, str], ...] = (
    (_l("Floor total before"), "floor_before"),
    (_l("Floor total"), "floor_total"),
)


def write_plan(lines: Iterable[PlanLine], target: BinaryIO, *, sees_floor: bool) -> int:
    """Write the rooms of a plan as .xlsx and return how many; floor prices only on demand."""
    columns = (*_COLUMNS, *_FLOOR) if sees_floor else _COLUMNS
    options = {"constant_memory": True, "strings_to_formulas": False}
    book = xlsxwriter.Workbook(target, options)
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True, "bottom": 1})
    money = book.add_format({"num_format": MONEY})
    sheet.set_column(0, len(columns) - 1, WIDTH)
    sheet.freeze_panes(1, 0)
    for place, (title, _name) in enumerate(columns):
        sheet.write_string(0, place, str(title), head)
    count = 0
    for count, line in enumerate(lines, 1):
        for place, (_title, name) in enumerate(columns):
            value = getattr(line, name)
            if isinstance(value, Decimal):
                sheet.write_number(count, place, value, money)
            elif value is not None:
                sheet.write_string(count, place, value)
    sheet.autofilter(0, 0, count, len(columns) - 1)
    book.close()
    return count

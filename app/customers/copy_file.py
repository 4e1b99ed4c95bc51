"""The copy of a customer's data as an Excel file, one sheet for each kind of thing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from app.core import clock
from app.core.money import format_yuan
from app.customers.privacy import Sheet


def write(sheets: Sequence[Sheet]) -> bytes:
    """Return the file."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    bold = book.add_format({"bold": True, "bottom": 1})
    for sheet in sheets:
        page = book.add_worksheet(str(sheet.title)[:31])
        page.set_column(0, len(sheet.heads), 24)
        for place, head in enumerate(sheet.heads):
            page.write_string(0, place, str(head), bold)
        for line, row in enumerate(sheet.rows, start=1):
            for place, value in enumerate(row):
                page.write_string(line, place, _word(value))
        page.freeze_panes(1, 0)
    book.close()
    return file.getvalue()


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return clock.local(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return format_yuan(value) if isinstance(value, Decimal) else str(value)

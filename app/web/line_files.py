"""Lines of any origin as an Excel file: written as they are read, in little memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from urllib.parse import quote

import xlsxwriter
from flask import Response

from app.web.sheet_lines import ListSheet, letters_of, style_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 256 * 1024
NUMBER_FORMAT = "#,##0.00"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of the file; ``width`` in characters."""

    title: Any
    width: int = 14


def write_lines(
    file: IO[bytes],
    columns: Sequence[FileColumn],
    rows: Iterable[Sequence[Any]],
    *,
    sheet_name: str,
) -> int:
    """Write rows of texts, figures and None below the columns' heads; return how many they were.

    A Decimal has 2 decimals, another figure stands as it is.
    """
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    # Closed whatever happens: the book keeps its rows in a file of its own until then.
    with closing(book):
        sheet = book.add_worksheet(sheet_name, worksheet_class=ListSheet)
        head = book.add_format({"bold": True, "bottom": 1})
        amount = style_of(book.add_format({"num_format": NUMBER_FORMAT}))
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, str(column.title), head)
        sheet.freeze_panes(1, 0)
        letters = [letters_of(place) for place in range(len(columns))]
        count = 0
        for count, row in enumerate(rows, 1):
            sheet.write_line(
                count,
                [
                    (letter, _cell(sheet, value, amount))
                    for letter, value in zip(letters, row, strict=True)
                    if value is not None and value != ""
                ],
            )
        sheet.reach(count, len(columns))
        sheet.autofilter(0, 0, count, len(columns) - 1)
    return count


def send_lines(
    name: str, columns: Sequence[FileColumn], rows: Iterable[Sequence[Any]], *, sheet_name: str
) -> tuple[Response, int]:
    """Return the answer that sends the lines as ``name``, which nobody keeps, and their number."""
    # Closed by _chunks when the file has been sent, or by the collector when nobody reads it.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    count = write_lines(file, columns, rows, sheet_name=sheet_name)
    size = file.tell()
    file.seek(0)
    response = Response(_chunks(file), mimetype=XLSX)
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "no-store"
    return response, count


def _cell(sheet: ListSheet, value: Any, amount: str) -> str:
    if isinstance(value, Decimal):
        return sheet.number(value, amount)
    if isinstance(value, int):
        return sheet.number(value, "")
    return sheet.text(str(value))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk

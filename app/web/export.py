"""Lists as Excel files: rows read as they are written, little memory, noted in the audit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

import xlsxwriter
from flask import Response

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.web.columns import Column, plain_text
from app.web.light_rows import READ_AT_ONCE, light_rows
from app.web.sheet_lines import CellWriter, ListSheet, letters_of, style_of

if TYPE_CHECKING:
    from app.web.filters import ActiveFilter
    from app.web.list_pages import ListPages
    from app.web.listing import Query

#: a sheet holds 1,048,576 rows with its head
MOST_ROWS = 1_048_575
CHUNK = 256 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    "money": "#,##0.00",
    "area": "#,##0.00",
    "percent": '0.00"%"',
    "number": "#,##0.00",
    "integer": "0",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
LARGEST_WIDTH = 40


def send(
    view: ListPages,
    query: Query,
    filters: list[ActiveFilter],
    *,
    columns: list[Column],
    actor: Actor,
) -> Response:
    """Answer the rows as an .xlsx file; the export is written into the audit."""
    # Closed by _chunks when the file has been sent, or by the collector when nobody reads it.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    with unit_of_work(actor):
        count = write(view, query, file, columns)
        note(view, count, filters)
    size = file.tell()
    file.seek(0)
    name = f"{view.list_title}-{clock.today():%Y%m%d}.xlsx"
    response = Response(_chunks(file), mimetype=XLSX)
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def note(view: ListPages, count: int, filters: list[ActiveFilter]) -> None:
    """Write into the audit who took which rows."""
    audit.record(
        "export",
        table_name=view.model.__tablename__,
        row_id=None,
        note={"rows": count, "filters": dict(p for one in filters for p in one.parameters)},
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def write(
    view: ListPages,
    query: Query,
    file: IO[bytes],
    columns: list[Column],
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the rows into the file and return how many they are.

    ``progress`` is told the count with every part that is read, and may raise to stop.
    """
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    # Closed whatever happens: the book keeps its rows in a file of its own until then.
    with closing(book):
        return _fill(book, view, query, columns, progress)


def _fill(
    book: Any,
    view: ListPages,
    query: Query,
    columns: list[Column],
    progress: Callable[[int], None] | None,
) -> int:
    sheet = book.add_worksheet(worksheet_class=ListSheet)
    head = book.add_format({"bold": True, "bottom": 1})
    styles = {kind: book.add_format({"num_format": text}) for kind, text in FORMATS.items()}
    for place, column in enumerate(columns):
        label = str(column.label)
        sheet.set_column(place, place, min(LARGEST_WIDTH, max(12, 2 * len(label) + 2)))
        sheet.write_string(0, place, label, head)
    sheet.freeze_panes(1, 0)
    count = 0
    writers = [
        (letters_of(place), *_writer(sheet, column, style_of(styles.get(column.kind))))
        for place, column in enumerate(columns)
    ]
    for part in _parts(view, query, columns):
        if progress is not None:
            progress(count)
        for row in part:
            count += 1
            sheet.write_line(
                count,
                [
                    (letters, cell(value))
                    for letters, read, cell in writers
                    if (value := read(row)) is not None and value != ""
                ],
            )
    sheet.reach(count, len(columns))
    sheet.autofilter(0, 0, count, max(0, len(columns) - 1))
    return count


def _parts(view: ListPages, query: Query, columns: list[Column]) -> Iterator[Sequence[Any]]:
    """Return the rows part by part: light ones where the list needs no more."""
    return light_rows(view, query, columns, MOST_ROWS) or _whole_rows(view, query)


def _whole_rows(view: ListPages, query: Query) -> Iterator[Sequence[Any]]:
    statement = query.ordered().limit(MOST_ROWS)
    found = db.session.scalars(statement.execution_options(yield_per=READ_AT_ONCE))
    for part in found.partitions():
        view.prepare(part)
        # The session holds rows weakly: what has been written is let go.
        yield part


Read = Callable[[Any], Any]


def _writer(sheet: ListSheet, column: Column, style: str) -> tuple[Read, CellWriter]:
    """Return what reads the column's value and what makes a cell of it, decided once for all."""
    read: Read = column.value
    if "." not in column.path and column.getter is None and _is_plain(column):
        read = attrgetter(column.path)
    if column.states is not None:
        titles = {one.value: sheet.text(str(one.title)) for one in column.states}
        return read, lambda value: titles.get(value) or sheet.text(str(value))
    return read, _cell_writer(sheet, column, style)


def _is_plain(column: Column) -> bool:
    """Tell whether reading the attribute gives the value, and no method that would."""
    return bool(column.leaf) or isinstance(getattr(column.model, column.path, None), property)


def _cell_writer(sheet: ListSheet, column: Column, style: str) -> CellWriter:
    def cell(value: Any) -> str:
        if isinstance(value, str):
            return sheet.text(value)
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return sheet.number(value, style)
        if isinstance(value, date):
            return sheet.moment(_without_zone(value), style)
        return sheet.text(plain_text(column, value))

    return cell


def _without_zone(value: date) -> date:
    """Return a day as it is, a moment as a Chinese clock shows it: Excel knows no zones."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return clock.local(value).replace(tzinfo=None)
    return value

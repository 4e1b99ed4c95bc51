"""Lists as Excel files: rows read as they are written, little memory, noted in the audit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

import xlsxwriter
from flask import Response

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.web.columns import Column

if TYPE_CHECKING:
    from app.web.crud import CrudView
    from app.web.filters import ActiveFilter
    from app.web.listing import Query

#: a sheet holds 1,048,576 rows with its head
MOST_ROWS = 1_048_575
READ_AT_ONCE = 2000
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


def send(view: CrudView, query: Query, filters: list[ActiveFilter], actor: Actor) -> Response:
    """Answer the rows as an .xlsx file; the export is written into the audit."""
    # Closed by _chunks when the file has been sent, or by the collector when nobody reads it.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    with unit_of_work(actor):
        count = write(view, query, file)
        audit.record(
            "export",
            table_name=view.model.__tablename__,
            row_id=None,
            note={"rows": count, "filters": dict(p for one in filters for p in one.parameters)},
        )
    size = file.tell()
    file.seek(0)
    name = f"{view.list_title}-{clock.today():%Y%m%d}.xlsx"
    response = Response(_chunks(file), mimetype=XLSX)
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def write(view: CrudView, query: Query, file: IO[bytes]) -> int:
    """Write the rows into the file and return how many they are."""
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True, "bottom": 1})
    styles = {kind: book.add_format({"num_format": text}) for kind, text in FORMATS.items()}
    for place, column in enumerate(view.columns):
        label = str(column.label)
        sheet.set_column(place, place, min(LARGEST_WIDTH, max(12, 2 * len(label) + 2)))
        sheet.write_string(0, place, label, head)
    sheet.freeze_panes(1, 0)
    count = 0
    for row in _rows(view, query):
        count += 1
        for place, column in enumerate(view.columns):
            _cell(sheet, count, place, column, row, styles)
    sheet.autofilter(0, 0, count, max(0, len(view.columns) - 1))
    book.close()
    return count


def _rows(view: CrudView, query: Query) -> Iterator[Any]:
    statement = query.ordered().limit(MOST_ROWS)
    found = db.session.scalars(statement.execution_options(yield_per=READ_AT_ONCE))
    for part in found.partitions():
        view.prepare(part)
        yield from part
        # Rows that have been written are let go, or the session would hold all of them.
        db.session.expunge_all()


def _cell(sheet: Any, line: int, place: int, column: Column, row: Any, styles: Any) -> None:
    value = column.value(row)
    if value is None or value == "":
        return
    style = styles.get(column.kind)
    if column.states is None and isinstance(value, Decimal | int) and not isinstance(value, bool):
        sheet.write_number(line, place, value, style)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, place, clock.local(value).replace(tzinfo=None), style)
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, style)
    else:
        sheet.write_string(line, place, column.text(row))

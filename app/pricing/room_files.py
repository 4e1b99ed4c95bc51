"""Rooms as files that go out and come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import audit, clock
from app.core.actor import Actor
from app.estate.import_queries import iterate_import_lines
from app.estate.models import Project, RoomImport, RoomImportLineKind
from app.estate.room_sheet import HEADINGS, SHEET_NAME, list_sheet_rows
from app.web.line_files import FileColumn, send_lines

#: heads and widths of the sheet that says what an import does to each room
LINE_COLUMNS = (
    (_l("Result"), 14),
    (_l("Room"), 24),
    (_l("Sheet"), 14),
    (_l("Line"), 8),
    (_l("What changes"), 70),
)


def line_columns() -> list[FileColumn]:
    """Return the columns of the sheet of differences."""
    return [FileColumn(title, width) for title, width in LINE_COLUMNS]


def line_rows(record: RoomImport) -> Iterator[tuple[Any, ...]]:
    """Yield what the check found of each room, in words."""
    titles = {one.value: str(one.title) for one in RoomImportLineKind}
    for line in iterate_import_lines(record):
        yield titles[line.kind], line.title, line.sheet, line.line, line.words


def send_line_sheet(record: RoomImport) -> Response:
    """Answer what a check found of each room as an .xlsx."""
    name = f"{record.number}-{_('Differences')}.xlsx"
    response, count = send_lines(
        name, line_columns(), line_rows(record), sheet_name=str(_("Differences"))
    )
    audit.record(
        "export",
        table_name=RoomImport.__tablename__,
        row_id=record.id,
        note={"rows": count},
        project_id=record.project_id,
    )
    return response


def send_room_sheet(project: Project, actor: Actor) -> Response:
    """Answer a project's rooms as an .xlsx to edit and to import again. Raises NotAllowed."""
    name = f"{project.name}-{_('Rooms')}-{clock.today():%Y%m%d}.xlsx"
    columns = [FileColumn(heading) for heading in HEADINGS]
    rows = list_sheet_rows(project, actor=actor)
    response, _count = send_lines(name, columns, rows, sheet_name=SHEET_NAME)
    return response

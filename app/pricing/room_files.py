"""Rooms as files that go out and come back."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext as _

from app.core import clock
from app.core.actor import Actor
from app.estate.models import Project
from app.estate.room_sheet import HEADINGS, SHEET_NAME, list_sheet_rows
from app.web.line_files import FileColumn, send_lines


def send_room_sheet(project: Project, actor: Actor) -> Response:
    """Answer a project's rooms as an .xlsx to edit and to import again. Raises NotAllowed."""
    name = f"{project.name}-{_('Rooms')}-{clock.today():%Y%m%d}.xlsx"
    columns = [FileColumn(heading) for heading in HEADINGS]
    rows = list_sheet_rows(project, actor=actor)
    response, _count = send_lines(name, columns, rows, sheet_name=SHEET_NAME)
    return response

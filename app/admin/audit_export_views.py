"""The audit as an Excel file: one line for each thing that a step did."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

import xlsxwriter
from flask import Response
from flask_babel import gettext as _

from app.admin.audit_forms import Asked
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import AuditScope, StepKey, list_steps, read_steps
from app.core.uow import unit_of_work
from app.web.export import XLSX
from app.web.story import Change, Step, tell

#: steps in one file, the newest; who needs more narrows the time
MOST_STEPS = 10_000
READ_AT_ONCE = 200
LINES_OF_A_STEP = 50
CHUNK = 256 * 1024


def send(asked: Asked, scope: AuditScope | None, actor: Actor) -> Response:
    """Answer the steps as an .xlsx file, and write down that they were taken out."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _chunks
    with unit_of_work(actor):
        count = _write(asked, scope, actor, file)
        audit.record(
            "export",
            table_name="core_audit_entry",
            row_id=None,
            note={"rows": count, "filters": _conditions(asked)},
            project_id=asked.project,
        )
    size = file.tell()
    file.seek(0)
    response = Response(_chunks(file), mimetype=XLSX)
    name = _("Audit") + f"-{clock.today():%Y%m%d}.xlsx"
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def _conditions(asked: Asked) -> dict[str, str]:
    given = {
        "step": asked.kind,
        "object": asked.object_title or asked.text,
        "person": asked.person_name,
        "project": asked.project_name,
        "since": asked.since,
        "until": asked.until,
    }
    return {name: value for name, value in given.items() if value}


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _write(asked: Asked, scope: AuditScope | None, actor: Actor, file: IO[bytes]) -> int:
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bottom": 1})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    heads = (
        (_("When"), 20),
        (_("Who"), 14),
        (_("Roles"), 18),
        (_("Way"), 10),
        (_("From"), 18),
        (_("What"), 16),
        (_("Kind"), 16),
        (_("Record"), 30),
        (_("Content"), 80),
    )
    for place, (title, width) in enumerate(heads):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 0)
    row = 0
    for step in _steps(asked, scope, actor):
        for line in step.lines:
            row += 1
            sheet.write_datetime(row, 0, clock.local(step.key.at).replace(tzinfo=None), moment)
            for place, word in enumerate(
                (
                    step.who.name,
                    str(step.who.detail),
                    step.channel,
                    step.address,
                    line.verb,
                    line.kind,
                    line.name,
                    "；".join(_words(change) for change in line.changes),
                ),
                start=1,
            ):
                sheet.write_string(row, place, word)
    book.close()
    return row


def _words(change: Change) -> str:
    if change.before is None:
        return f"{change.title} {change.after}"
    return f"{change.title} {change.before} → {change.after}"


def _steps(asked: Asked, scope: AuditScope | None, actor: Actor) -> Iterator[Step]:
    before: StepKey | None = None
    for _page in range(MOST_STEPS // READ_AT_ONCE):
        keys = list_steps(asked.search, scope=scope, before=before, limit=READ_AT_ONCE)
        found: dict[Any, Any] = read_steps(keys, scope=scope, most=LINES_OF_A_STEP)
        yield from tell([(key, found[key]) for key in keys if key in found], actor=actor, facts=50)
        if len(keys) < READ_AT_ONCE:
            return
        before = keys[-1]

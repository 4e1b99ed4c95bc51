"""rooms_import and rooms_export: a list of rooms in from CSV and out to Excel, with its memory.

Each side runs in a process of its own, so that the peak of memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import psycopg2
import xlsxwriter

from bench.measure import Measure, Yardstick, measure
from bench.stage import KEYS, Stage
from config import ROOT

FEW, MANY = 10_000, 100_000
IMPORT_GOAL, EXPORT_GOAL = 0.33, 0.85
TURNS = 3
HEAD = "楼栋,单元,楼层,房号,户型,建筑面积,套内面积,单价\n"
COLUMNS = (
    "id, project_id, building_id, entrance_id, house_type_id, floor, floor_name, column_no, number,"
    " gross_area, inside_area"
)
PRICES = "project_id, plan_id, room_id, list_unit_price, list_total, floor_total"


def run(stage: Stage, scale: float) -> list[Measure]:
    """Import and export 10,000 and 100,000 rooms; say what memory each took."""
    for rooms in (FEW, MANY):
        (stage.folder / f"{rooms}.csv").write_text("".join(_lines(rooms)))
    imported = [_child(stage, "take_in", rooms) for rooms in (FEW, MANY)]
    _tell("import", imported)
    copied = min(_copy_again(stage) for _turn in range(TURNS))
    exported = [_child(stage, "write_out", FEW)]
    bare = []
    for _turn in range(TURNS):
        exported.append(_child(stage, "write_out", MANY))
        bare.append(_child(stage, "write_bare", MANY))
    _tell("export", exported)
    return [
        measure(
            "rooms_import", MANY / imported[1]["seconds"], "rows/s", scale=scale, better="higher",
            goal=IMPORT_GOAL, yardstick=Yardstick("COPY of the same rows/s", MANY / copied),
        ),
        measure(
            "rooms_export", MANY / min(one["seconds"] for one in exported[1:]), "rows/s",
            scale=scale, better="higher", goal=EXPORT_GOAL,
            yardstick=Yardstick("bare XlsxWriter rows/s", MANY / min(o["seconds"] for o in bare)),
        ),
    ]  # fmt: skip


def _tell(name: str, taken: list[dict[str, float]]) -> None:
    few, many = (one["megabytes"] for one in taken[:2])
    print(
        f"{name}: {FEW:,} rooms took {few:.0f} MB beyond the program, {MANY:,} took {many:.0f} MB"
    )


def _child(stage: Stage, step: str, rooms: int) -> dict[str, float]:
    environment = {**os.environ, **KEYS, "DATABASE_URL": stage.url, "DATA_DIR": str(stage.folder)}
    command = [sys.executable, "-m", "bench.room_files", step, str(rooms)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return cast("dict[str, float]", json.loads(done.stdout.splitlines()[-1]))


def _copy_again(stage: Stage) -> float:
    """Return the seconds of copying the imported rows once more, with all that hangs on them."""
    with closing(psycopg2.connect(stage.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM estate_project WHERE code = %s", (f"IN{MANY}",))
        project = cursor.fetchall()[0][0]
        tables = (("estate_room", COLUMNS), ("pricing_price_plan_row", PRICES))
        with tempfile.TemporaryFile() as rooms, tempfile.TemporaryFile() as prices:
            for (table, columns), file in zip(tables, (rooms, prices), strict=True):
                select = f"SELECT {columns} FROM {table} WHERE project_id = {project} ORDER BY id"
                cursor.copy_expert(f"COPY ({select}) TO STDOUT", file)
                file.seek(0)
            for table, _columns in reversed(tables):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute(f"DELETE FROM {table} WHERE project_id = {project}")
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            begun = time.perf_counter()
            for (table, columns), file in zip(tables, (rooms, prices), strict=True):
                cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", file)
            seconds = time.perf_counter() - begun
        connection.rollback()
    return seconds


# ---- what the children do ----


def _lines(rooms: int) -> Iterator[str]:
    yield HEAD
    for at in range(rooms):
        building, rest = divmod(at, 1000)
        floor, column = divmod(rest, 10)
        yield (
            f"{building + 1}栋,1单元,{floor + 1},{column + 1:02d},A{column},{90 + column}.53,"
            f"{70 + column}.05,{50000 + at % 5000}.87\n"
        )


def take_in(rooms: int) -> float:
    """Import so many rooms with their prices from CSV; return the seconds."""
    from app.admin.models import Organization
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.estate.models import Project
    from app.pricing.operations import import_price_list

    actor = system_actor("bench")
    content = (Path(os.environ["DATA_DIR"]) / f"{rooms}.csv").read_bytes()
    with unit_of_work(actor) as session:
        organization = session.query(Organization).filter_by(code="BENCH").one()
        code = f"IN{rooms}"
        session.add(Project(organization_id=organization.id, code=code, name=code))
    begun = time.perf_counter()
    with unit_of_work(actor) as session:
        result = import_price_list(
            content, "bench.csv", project=session.query(Project).filter_by(code=code).one(),
            update=False, dry_run=False, actor=actor,
        )  # fmt: skip
        assert not result.faults, result.faults[:3]
    seconds = time.perf_counter() - begun
    assert result.outcome.new == rooms
    db.session.remove()
    return seconds


def write_out(rooms: int) -> float:
    """Write the list of so many rooms as the worker does; return the seconds."""
    from flask import current_app
    from werkzeug.datastructures import MultiDict

    from app.core.actor import acting, system_actor
    from app.web import export
    from app.web.chosen_columns import chosen_columns
    from app.web.exports import view_named

    actor = system_actor("bench")
    with current_app.test_request_context(), acting(actor), tempfile.TemporaryFile() as file:
        view = view_named("RoomView")
        columns = chosen_columns(view, [])
        project = _project(rooms)
        begun = time.perf_counter()
        query, _filters = view.query(MultiDict(), actor, project_id=project, columns=columns)
        assert export.write(view, query, file, columns) == rooms
        return time.perf_counter() - begun


def write_bare(rooms: int) -> float:
    """Write the same cells with nothing but XlsxWriter; return the seconds."""
    from sqlalchemy import text

    from app.core.db import db

    cells = db.session.execute(text(_CELLS), {"project": _project(rooms)}).all()
    with tempfile.TemporaryFile() as file:
        begun = time.perf_counter()
        book = xlsxwriter.Workbook(file, {"constant_memory": True})
        sheet = book.add_worksheet()
        area = book.add_format({"num_format": "#,##0.00"})
        for line, row in enumerate(cells, start=1):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(line, place, value)
                else:
                    sheet.write_number(line, place, value, area)
        book.close()
        return time.perf_counter() - begun


_CELLS = """
SELECT concat_ws('-', b.name, e.name, r.number), r.floor_name, h.name, r.gross_area, r.inside_area,
       '未推出'
  FROM estate_room r JOIN estate_building b ON b.id = r.building_id
  LEFT JOIN estate_entrance e ON e.id = r.entrance_id
  LEFT JOIN estate_house_type h ON h.id = r.house_type_id
 WHERE r.project_id = :project ORDER BY r.id
"""


def _project(rooms: int) -> int:
    from app.core.db import db
    from app.estate.models import Project

    return int(db.session.query(Project.id).filter_by(code=f"IN{rooms}").scalar())


def main() -> None:
    """Do one step of the measurement; print its seconds and its memory."""
    from app import create_app

    step = {"take_in": take_in, "write_out": write_out, "write_bare": write_bare}[sys.argv[1]]
    with create_app({"DATABASE_URL": os.environ["DATABASE_URL"], **KEYS}).app_context():
        before = _peak()
        seconds = step(int(sys.argv[2]))
    print(json.dumps({"seconds": seconds, "megabytes": _peak() - before}))


def _peak() -> float:
    """Return the largest resident memory so far in MB, without what the parent once had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()

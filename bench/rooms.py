"""Rooms at scale: the list of a million, its growth, price lists coming in, Excel going out."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import xlsxwriter

from bench import pages
from bench.measure import Measure, Yardstick, measure
from bench.stage import KEYS, Stage
from config import ROOT

#: rows of the small list that growth is held against
SMALL = 10_000
GOALS = {"rooms_list_1m": 5.0, "rooms_list_growth": 1.2, "rooms_import": 0.33, "rooms_export": 0.85}
LIST = "/rooms/list/?everywhere=1"
HEADINGS = ("楼栋", "单元", "楼层", "房号", "户型", "建筑面积", "套内面积", "单价")
FLOORS, ENTRANCES, COLUMNS = 50, 4, 5


def run(stage: Stage, scale: float) -> list[Measure]:
    """Measure the list of 10,000 rooms, then of a million beside the stock one, then the files."""
    director = _director(stage)
    each = max(10, int(200 * scale))
    small = _median_ms(stage.port, director, each)
    _fill(stage, max(2 * SMALL, round(1_000_000 * scale)) - SMALL)
    with pages.stock(stage) as stock:
        theirs = pages.stock_signed_in(stock)
        rates = [
            (pages.rate(stage.port, director, LIST, each), pages.rate(stock, theirs, "/rooms/list/",
                                                                     max(2, each // 10)))
            for _turn in range(2)
        ]  # fmt: skip
    big = _median_ms(stage.port, director, each)
    ours, bare = (max(side) for side in zip(*rates, strict=True))
    found = [
        _measure("rooms_list_1m", ours, "pages/s", scale, Yardstick("stock list pages/s", bare)),
        _measure("rooms_list_growth", big, "ms", scale, Yardstick("10,000 rows ms", small),
                 better="lower"),
    ]  # fmt: skip
    found.append(_files(stage, scale, "import", "COPY rows/s", max(SMALL, round(100_000 * scale))))
    found.append(
        _files(stage, scale, "export", "XlsxWriter rows/s", max(SMALL, round(200_000 * scale)))
    )
    return found


def _measure(
    name: str, value: float, unit: str, scale: float, yardstick: Yardstick, better: Any = "higher"
) -> Measure:
    goal = GOALS[name]
    return measure(
        name, value, unit, scale=scale, better=better, goal=goal, yardstick=yardstick
    )  # fmt: skip


def _director(stage: Stage) -> str:
    """Make a director over the whole group and return his cookie."""
    from werkzeug.security import generate_password_hash

    from app import create_app
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from tests.factories.people import make_user

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        with unit_of_work(system_actor("bench")):
            user = make_user(["director", "steward"], whole_group=True, username="bench_director")
            user.password = generate_password_hash(pages.PASSWORD)
        db.session.remove()
        db.engine.dispose()
    return pages.signed_in(stage.port, "bench_director")


def _median_ms(port: int, cookie: str, each: int) -> float:
    """Return the median of a page's time by one client, in milliseconds."""
    import statistics

    import requests

    times = []
    with requests.Session() as browser:
        browser.headers.update({"Cookie": cookie, "Accept-Encoding": "identity"})
        for turn in range(each + 5):
            begun = time.perf_counter()
            answer = browser.get(f"http://127.0.0.1:{port}{LIST}", timeout=60)
            assert answer.status_code == 200, answer.text[:200]
            if turn >= 5:
                times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _fill(stage: Stage, rooms: int) -> None:
    from app import create_app
    from app.core.actor import acting, system_actor
    from app.core.db import db
    from app.demo.scale import make_scale

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    begun = time.perf_counter()
    with app.app_context(), acting(system_actor("bench")):
        made = make_scale(stage.url, rooms=rooms, tell=print, beside=True)
        db.session.remove()
        db.engine.dispose()
    print(f"{made.rooms:,} rooms in {made.projects} projects: {time.perf_counter() - begun:.1f} s")


def _files(stage: Stage, scale: float, work: str, stick: str, rows: int) -> Measure:
    """Run the work and its yardstick twice each in processes of their own; print the memory."""
    ours, bare = [], []
    for _turn in range(2):
        ours.append(_apart(stage, work, rows))
        bare.append(_apart(stage, f"{work}_bare", rows))
    few = _apart(stage, work, SMALL)
    most = max(one["megabytes"] for one in ours)
    print(f"rooms_{work}: {SMALL:,} rows {few['megabytes']:.0f} MB, {rows:,} rows {most:.0f} MB")
    value = max(one["rate"] for one in ours)
    yardstick = Yardstick(stick, max(one["rate"] for one in bare))
    return _measure(f"rooms_{work}", value, "rows/s", scale, yardstick)


def _apart(stage: Stage, work: str, rows: int) -> dict[str, float]:
    environment = {**os.environ, "BENCH_URL": stage.url, "DATA_DIR": str(stage.folder)}
    command = [sys.executable, "-m", "bench.rooms", work, str(rows)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---- in a process of its own ----


def rows_of(count: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a price list: buildings of 1,000 rooms."""
    each = FLOORS * ENTRANCES * COLUMNS
    for n in range(count):
        building, place = divmod(n, each)
        floor, place = divmod(place, ENTRANCES * COLUMNS)
        entrance, column = divmod(place, COLUMNS)
        area = 80 + 7 * column
        yield (
            f"{building + 1}栋", f"{entrance + 1}单元", floor + 1, f"{floor + 1}{column + 1:02}",
            f"户型{column}", f"{area}.00", f"{area * 0.78:.2f}", 30000 + 100 * floor + 10 * column,
        )  # fmt: skip


def _csv(count: int) -> Path:
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False, encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(rows_of(count))
        return Path(file.name)


@contextlib.contextmanager
def _application() -> Iterator[Any]:
    from app import create_app
    from app.core.db import db

    app = create_app({"DATABASE_URL": os.environ["BENCH_URL"], **KEYS})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def _project(code: str) -> int:
    from app.core.actor import acting, system_actor
    from app.core.db import db
    from app.estate.models import Project

    with acting(system_actor("bench")):
        organization = db.session.query(Project).filter_by(code="BENCH").one().organization_id
        project = Project(code=code, name=code, organization_id=organization)
        db.session.add(project)
        db.session.commit()
        return project.id


def _code() -> str:
    return f"B{time.time_ns() % 10**10}"


def _import(count: int) -> float:
    """Import the list as the command line does: rooms, prices and the record, committed."""
    from app.core.actor import system_actor
    from app.core.uow import unit_of_work
    from app.estate.queries import get_project
    from app.pricing.operations import import_price_list

    path = _csv(count)
    with _application():
        project_id, actor = _project(_code()), system_actor("bench")
        begun = time.perf_counter()
        with unit_of_work(actor):
            result = import_price_list(
                path.read_bytes(), "list.csv", project=get_project(project_id), update=False,
                dry_run=False, actor=actor,
            )  # fmt: skip
            assert result.outcome.new == count, result.faults[:3]
        seconds = time.perf_counter() - begun
    path.unlink()
    return count / seconds


_ROOM_COLUMNS = (
    "id, project_id, building_id, entrance_id, house_type_id, floor, floor_name, column_no, number,"
    " gross_area, inside_area"
)
_PRICE_COLUMNS = "project_id, plan_id, room_id, list_unit_price, list_total, floor_total"


def _import_bare(count: int) -> float:
    """COPY the same rows into the same tables, with their indexes, constraints and audit."""
    with _application():
        project_id = _project(_code())
    with contextlib.closing(psycopg2.connect(os.environ["BENCH_URL"])) as connection:
        cursor = connection.cursor()
        buildings = sorted({row[0] for row in rows_of(count)}, key=lambda name: int(name[:-1]))
        ids: dict[Any, int] = {}
        for name in buildings:
            cursor.execute("INSERT INTO estate_building (project_id, name) VALUES (%s, %s)"
                           " RETURNING id", (project_id, name))  # fmt: skip
            ids[name] = cursor.fetchone()[0]
            for n in range(ENTRANCES):
                cursor.execute("INSERT INTO estate_entrance (project_id, building_id, name)"
                               " VALUES (%s, %s, %s) RETURNING id",
                               (project_id, ids[name], f"{n + 1}单元"))  # fmt: skip
                ids[name, f"{n + 1}单元"] = cursor.fetchone()[0]
        for n in range(COLUMNS):
            cursor.execute("INSERT INTO estate_house_type (project_id, name) VALUES (%s, %s)"
                           " RETURNING id", (project_id, f"户型{n}"))  # fmt: skip
            ids[f"户型{n}"] = cursor.fetchone()[0]
        cursor.execute("INSERT INTO pricing_price_plan (project_id, number, name, origin)"
                       " VALUES (%s, %s, '测量', 'import') RETURNING id",
                       (project_id, f"B-{project_id}"))  # fmt: skip
        plan = cursor.fetchone()[0]
        cursor.execute("SELECT nextval(pg_get_serial_sequence('estate_room', 'id'))")
        first = cursor.fetchone()[0] + 1
        cursor.execute("SELECT setval(pg_get_serial_sequence('estate_room', 'id'), %s)",
                       (first + count,))  # fmt: skip
        rooms, prices = io.StringIO(), io.StringIO()
        room, price = csv.writer(rooms), csv.writer(prices)
        for n, (building, entrance, floor, number, kind, gross, inside, unit) in enumerate(
            rows_of(count)
        ):
            room.writerow((first + n, project_id, ids[building], ids[building, entrance], ids[kind],
                           floor, floor, int(number[-2:]), number, gross, inside))  # fmt: skip
            total = unit * float(gross)
            price.writerow((project_id, plan, first + n, unit, f"{total:.2f}",
                            f"{total * 0.95:.2f}"))  # fmt: skip
        begun = time.perf_counter()
        for table, columns, file in (
            ("estate_room", _ROOM_COLUMNS, rooms),
            ("pricing_price_plan_row", _PRICE_COLUMNS, prices),
        ):
            file.seek(0)
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv)", file)
        connection.commit()
        return count / (time.perf_counter() - begun)


def _export(count: int) -> float:
    """Write the list of rooms as the export does."""
    from flask import g
    from werkzeug.datastructures import MultiDict

    from app.admin.principal import read_actor
    from app.admin.queries import find_user
    from app.core.uow import unit_of_work
    from app.web import export
    from app.web.chosen_columns import chosen_columns
    from app.web.exports import view_named

    export.MOST_ROWS = count
    with _application() as app:
        user = find_user("bench_director")
        actor = read_actor(user.id)
        with app.test_request_context(), unit_of_work(actor), tempfile.TemporaryFile() as file:
            g.actor, g.by_token = actor, True
            view = view_named("RoomView")
            columns = chosen_columns(view, [])
            query, _filters = view.query(MultiDict(), actor, project_id=None, columns=columns)
            begun = time.perf_counter()
            written = export.write(view, query, file, columns)
            seconds = time.perf_counter() - begun
        assert written == count, written
    return count / seconds


_PLAIN = """
SELECT concat_ws('-', b.name, e.name, r.number), r.floor_name, h.name, r.gross_area, r.inside_area,
       r.orientation, r.status
  FROM estate_room r JOIN estate_building b ON b.id = r.building_id
  LEFT JOIN estate_entrance e ON e.id = r.entrance_id
  LEFT JOIN estate_house_type h ON h.id = r.house_type_id
 WHERE r.status <> 'merged' ORDER BY b.position, r.floor DESC, r.column_no, r.id LIMIT %s
"""


def _export_bare(count: int) -> float:
    """Write the same cells with XlsxWriter alone, read by a cursor on the server."""
    with contextlib.closing(psycopg2.connect(os.environ["BENCH_URL"])) as connection:
        begun = time.perf_counter()
        with connection.cursor("rooms") as cursor, tempfile.TemporaryFile() as file:
            cursor.itersize = 2000
            cursor.execute(_PLAIN, (count,))
            book = xlsxwriter.Workbook(file, {"constant_memory": True})
            sheet = book.add_worksheet()
            number = book.add_format({"num_format": "#,##0.00"})
            for line, row in enumerate(cursor, 1):
                for place, value in enumerate(row):
                    if value is None:
                        continue
                    if isinstance(value, str):
                        sheet.write_string(line, place, value)
                    else:
                        sheet.write_number(line, place, value, number)
            book.close()
        return count / (time.perf_counter() - begun)


WORKS: dict[str, Callable[[int], float]] = {
    "import": _import,
    "import_bare": _import_bare,
    "export": _export,
    "export_bare": _export_bare,
}


def main() -> None:
    rate = WORKS[sys.argv[1]](int(sys.argv[2]))
    # What getrusage says is the parent's where it was larger when it forked.
    status = Path("/proc/self/status").read_text()
    megabytes = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"rate": rate, "megabytes": megabytes}))


if __name__ == "__main__":
    main()

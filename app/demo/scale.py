"""A big made-up group for measuring: hundreds of projects by COPY, consistent, quickly.

Nothing of it is anybody's: names are counted through. What people do leaves a trail in the audit;
these rows are nobody's deed, so triggers that write it down rest while they come in.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg2
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.demo.load import OTHER, PROJECT
from app.estate.models import Project

MOST_PROJECTS = 300
#: rooms of a project below which there are fewer projects
FEWEST_ROOMS = 1000
FLOORS, ENTRANCES, COLUMNS = 30, 2, 4
TYPES = (("两房两厅", 89), ("三房两厅", 108), ("三房两厅两卫", 125), ("四房两厅", 143))
SIDES = ("南", "东南", "西南", "北")
CHUNK = 5000
#: of eight rooms in a row, how many are for sale; the others are not released yet
FOR_SALE = 5
#: tables that rows go into, in this order
TABLES = (
    "admin_organization", "estate_project", "estate_building", "estate_entrance",
    "estate_house_type", "estate_permit", "estate_permit_building", "estate_room",
    "pricing_price_plan", "pricing_price_plan_row", "pricing_room_price",
)  # fmt: skip

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """What was made."""

    projects: int
    buildings: int
    rooms: int
    priced: int


def make_scale(url: str, *, rooms: int, tell: Tell, beside: bool = False) -> Scale:
    """Fill the database with made-up projects of together ``rooms`` rooms, all or nothing.

    ``url`` is of the tables' owner. Prices are in force by one plan a project; released rooms stand
    on a permit. Raises Invalid for less than one room, Conflict if the database holds projects
    beside the demo's, unless ``beside`` says that these come to them, or this was done before.
    """
    if rooms < 1:
        raise Invalid("--rooms: at least 1")
    _require_empty(beside=beside)
    writer = _Writer(url, rooms, tell)
    return writer.write()


def _require_empty(*, beside: bool) -> None:
    others = select(func.count(Project.id)).where(Project.code.not_in((PROJECT, OTHER)))
    if db.session.scalar(select(Project.id).where(Project.code.startswith("GM")).limit(1)):
        raise Conflict("这个数据库里已经有测量项目（GM…），不能再造一次。")
    if db.session.scalar(others) and not beside:
        raise Conflict("这个数据库里有演示以外的项目。确实要在旁边造测量数据，请加 --beside。")
    db.session.rollback()


class _Writer:
    """Writes the rows through one connection of the owner, in one transaction."""

    def __init__(self, url: str, rooms: int, tell: Tell) -> None:
        self.url, self.rooms, self.tell = url, rooms, tell
        self.projects = min(MOST_PROJECTS, max(1, rooms // FEWEST_ROOMS))
        self.first: dict[str, int] = {}
        self.begun = time.perf_counter()

    def write(self) -> Scale:
        with closing(psycopg2.connect(self.url)) as connection:
            with connection, connection.cursor() as cursor:
                self.cursor = cursor
                self._rest_triggers(on=False)
                scale = self._fill()
                self._rest_triggers(on=True)
            self._say("提交 commit")
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        self._say("统计信息 analyze")
        return scale

    def _fill(self) -> Scale:
        parts = list(self._parts())
        counts = {
            "admin_organization": 1,
            "estate_project": self.projects,
            "estate_building": len(parts),
            "estate_entrance": len(parts) * ENTRANCES,
            "estate_house_type": self.projects * len(TYPES),
            "estate_permit": self.projects,
            "estate_room": self.rooms,
            "pricing_price_plan": self.projects,
        }
        for table, count in counts.items():
            self.first[table] = self._reserve(table, count)
        self._projects()
        self._buildings(parts)
        self._say("项目、楼栋、户型 projects, buildings, house types")
        self._copy(
            "estate_room",
            "id, project_id, building_id, entrance_id, house_type_id, floor, floor_name, column_no,"
            " number, gross_area, inside_area, orientation, structure, status",
            self._rooms(parts),
        )
        self._say(f"房间 {self.rooms:,} rooms")
        priced = self._prices()
        self._say(f"价格 {priced:,} prices")
        return Scale(self.projects, len(parts), self.rooms, priced)

    def _parts(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield project, building within it, rooms before it, rooms of it."""
        each, more = divmod(self.rooms, self.projects)
        full, before = FLOORS * ENTRANCES * COLUMNS, 0
        for project in range(self.projects):
            left, building = each + (project < more), 0
            while left:
                count = min(full, left)
                yield project, building, before, count
                before, left, building = before + count, left - count, building + 1

    def _reserve(self, table: str, count: int) -> int:
        """Take ``count`` ids of a table; return the first."""
        self.cursor.execute(
            "SELECT setval(s, nextval(s) + %s) - %s FROM pg_get_serial_sequence(%s, 'id') s",
            (count - 1, count - 1, table),
        )
        return int(self.cursor.fetchone()[0])

    def _projects(self) -> None:
        group = self.first["admin_organization"]
        self._copy("admin_organization", "id, code, name", [(group, "GM", "测量集团")])
        cities = ("深圳", "广州", "上海", "杭州", "成都")
        self._copy(
            "estate_project",
            "id, organization_id, code, name, city, company",
            (
                (self.first["estate_project"] + n, group, f"GM{n + 1:03}", f"测量花园 {n + 1} 期",
                 cities[n % len(cities)], "测量置业")
                for n in range(self.projects)
            ),
        )  # fmt: skip
        self._copy(
            "estate_house_type",
            "id, project_id, name, structure, gross_area, inside_area",
            (
                (self._type(n, at), self.first["estate_project"] + n, chr(ord("A") + at), name,
                 area, _inside(area))
                for n in range(self.projects)
                for at, (name, area) in enumerate(TYPES)
            ),
        )  # fmt: skip
        today = clock.today().isoformat()
        self._copy(
            "estate_permit",
            "id, project_id, number, granted_on",
            (
                (self.first["estate_permit"] + n, self.first["estate_project"] + n,
                 f"测量许字第 {n + 1:03} 号", today)
                for n in range(self.projects)
            ),
        )  # fmt: skip

    def _buildings(self, parts: list[tuple[int, int, int, int]]) -> None:
        first, projects = self.first["estate_building"], self.first["estate_project"]
        self._copy(
            "estate_building",
            "id, project_id, name, position",
            (
                (first + at, projects + project, f"{building + 1}栋", building + 1)
                for at, (project, building, _before, _count) in enumerate(parts)
            ),
        )
        self._copy(
            "estate_entrance",
            "id, project_id, building_id, name, position",
            (
                (self._entrance(at, one), projects + part[0], first + at, f"{one + 1}单元", one + 1)
                for at, part in enumerate(parts)
                for one in range(ENTRANCES)
            ),
        )
        self._copy(
            "estate_permit_building",
            "project_id, permit_id, building_id",
            (
                (projects + part[0], self.first["estate_permit"] + part[0], first + at)
                for at, part in enumerate(parts)
            ),
        )

    def _rooms(self, parts: list[tuple[int, int, int, int]]) -> Iterator[tuple[Any, ...]]:
        first, row = self.first["estate_room"], ENTRANCES * COLUMNS
        for at, (project, _building, before, count) in enumerate(parts):
            for n in range(count):
                floor, place = n // row + 1, n % row
                entrance, column = divmod(place, COLUMNS)
                name, area = TYPES[column]
                status = "available" if place < FOR_SALE else "unreleased"
                yield (
                    first + before + n, self.first["estate_project"] + project,
                    self.first["estate_building"] + at, self._entrance(at, entrance),
                    self._type(project, column), floor, floor, column + 1,
                    f"{floor}{column + 1:02}", area, _inside(area), SIDES[column], name, status,
                )  # fmt: skip

    def _prices(self) -> int:
        """Price every room by one plan a project: the higher, the dearer."""
        self._copy(
            "pricing_price_plan",
            "id, project_id, number, name, state, origin, approved_at, effective_at",
            (
                (self.first["pricing_price_plan"] + n, self.first["estate_project"] + n,
                 f"GM-DJ-{n + 1:03}", "测量定价", "effective", "rule", "now", "now")
                for n in range(self.projects)
            ),
        )  # fmt: skip
        priced = (
            "SELECT r.project_id, p.id AS plan_id, r.id AS room_id, u.price,"
            " round(u.price * r.gross_area, 2) AS total"
            " FROM estate_room r JOIN pricing_price_plan p ON p.project_id = r.project_id"
            " CROSS JOIN LATERAL (SELECT (20000 + r.project_id %% 40 * 1000 + r.floor * 150"
            " + r.column_no * 80)::numeric(14,2) AS price) u WHERE r.id >= %(first)s"
        )
        columns = "project_id, plan_id, room_id, list_unit_price, list_total, floor_total"
        floor = "ceil(total * 0.95 / 100) * 100"
        for table, more, values in (
            ("pricing_price_plan_row", "", ""),
            ("pricing_room_price", ", valid_from", ", now()"),
        ):
            self.cursor.execute(
                f"INSERT INTO {table} ({columns}{more}) SELECT project_id, plan_id, room_id, price,"
                f" total, least(total, {floor}){values} FROM ({priced}) q",
                {"first": self.first["estate_room"]},
            )
        return int(self.cursor.rowcount)

    def _type(self, project: int, column: int) -> int:
        return self.first["estate_house_type"] + project * len(TYPES) + column

    def _entrance(self, building: int, entrance: int) -> int:
        return self.first["estate_entrance"] + building * ENTRANCES + entrance

    def _copy(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.cursor.copy_expert(
            f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv)", _Lines(iter(rows))
        )

    def _rest_triggers(self, *, on: bool) -> None:
        for table in TABLES:
            self.cursor.execute(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER USER")

    def _say(self, what: str) -> None:
        now = time.perf_counter()
        self.tell(f"{what}: {now - self.begun:.1f} s")
        self.begun = now


class _Lines(io.RawIOBase):
    """Rows as a file of CSV that is written while the database reads it."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        super().__init__()
        self.rows, self.rest = rows, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; nothing when the rows have ended."""
        most = size if size >= 0 else CHUNK
        while len(self.rest) < most:
            part = list(islice(self.rows, CHUNK))
            if not part:
                break
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(part)
            self.rest += buffer.getvalue().encode()
        given, self.rest = self.rest[:most], self.rest[most:]
        return given


def _inside(area: int) -> str:
    return f"{area * 0.78:.2f}"

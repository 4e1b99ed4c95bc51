"""Makes a database of a given size to measure with: from projects to prices, by COPY.

What is made has no history: audit, room events and guards do not see it come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select, text

from app.admin.models import AppUser, Organization
from app.core import audit, clock
from app.core.actor import system_actor
from app.core.copying import copy_rows
from app.core.db import db
from app.core.errors import Invalid
from app.core.money import times_area
from app.core.uow import unit_of_work
from app.demo.load import OTHER, PROJECT
from app.demo.town import CITIES, TYPES, Home, Town
from app.estate.models import Project

MAKER: Final = system_actor("scale")
MOST_ROOMS: Final = 10_000_000
#: code of the organization above all that is made; that of the demo, where there is one
GROUP: Final = "SCALE"
DEMO_GROUP: Final = "GROUP"

#: tables, parents first
TABLES: Final = (
    "admin_organization", "estate_project", "estate_house_type", "estate_building",
    "estate_entrance", "estate_permit", "estate_permit_building", "estate_room", "sales_hold",
    "pricing_price_plan", "pricing_room_price",
)  # fmt: skip

Told = Callable[[str], None]


def make_scale(rooms: int, *, anyway: bool = False, told: Told) -> int:
    """Make so many rooms with their projects and prices; return how many projects.

    All of it or nothing; ``told`` hears each step with its seconds. At the end the tables are
    analysed. Raises Invalid for a number out of bounds, for a database that was filled so before,
    and for one with projects of somebody's own unless ``anyway``.
    """
    if not 1 <= rooms <= MOST_ROOMS:
        raise Invalid(f"Ask for 1 to {MOST_ROOMS:,} rooms.")
    town = Town(rooms)
    projects = len(town.sites())
    with unit_of_work(MAKER) as session:
        _refuse_real(anyway=anyway)
        with _unwatched(session):
            _Making(town, told).run()
        note = {"rooms": rooms, "projects": projects}
        audit.record("scale", table_name="estate_project", row_id=None, note=note)
        with _timed("ANALYZE", told):
            session.execute(text(f"ANALYZE {', '.join(TABLES)}"))
    return projects


def _refuse_real(*, anyway: bool) -> None:
    """Raises Invalid where made-up rooms would stand among real ones."""
    if db.session.scalar(select(Organization.id).where(Organization.code == GROUP)) is not None:
        raise Invalid("This database has been filled to scale before. Take an empty one.")
    own = db.session.scalar(
        select(func.count()).select_from(Project).where(Project.code.not_in([PROJECT, OTHER]))
    )
    if own and not anyway:
        raise Invalid(
            f"This database has {own} projects of its own, and made-up ones would stand among"
            " them. Take an empty database, or say --anyway."
        )


@contextmanager
def _timed(name: str, told: Told) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    told(f"{name}: {time.perf_counter() - begun:.1f} s")


@contextmanager
def _unwatched(session: Any) -> Iterator[None]:
    """Keep the tables' own triggers off; foreign keys and checks stay on."""
    for name in TABLES:
        session.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
    yield
    for name in TABLES:
        session.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))


class _Making:
    """One run: rows are tied to each other by ids that are taken beforehand."""

    def __init__(self, town: Town, told: Told) -> None:
        self.town = town
        self.told = told
        self.session = db.session()
        self.sites = town.sites()
        self.buildings = town.buildings()
        self.now = clock.now()
        self.permitted_on = clock.today() - timedelta(days=200)
        self.holder = self.session.scalar(
            select(AppUser.id).where(AppUser.active).order_by(AppUser.id).limit(1)
        )

    def run(self) -> None:
        """Write table after table."""
        sites = len(self.sites)
        self.organization = self._take("admin_organization", len(CITIES) + 1)
        self.project = self._take("estate_project", sites)
        self.type = self._take("estate_house_type", sites * len(TYPES))
        self.building = self._take("estate_building", len(self.buildings))
        self.entrance = self._take("estate_entrance", sum(one.entrances for one in self.buildings))
        self.permit = self._take("estate_permit", sites)
        self.room = self._take("estate_room", self.town.rooms)
        self.plan = self._take("pricing_price_plan", sites)
        self._write_projects()
        self._write_buildings()
        self._write_rooms()

    def _take(self, table: str, count: int) -> int:
        """Take so many ids of a table in one go; return the first."""
        taken = text(
            "SELECT setval(s, nextval(s) + :more) - :more"
            " FROM (SELECT pg_get_serial_sequence(:name, 'id')::regclass AS s) found"
        )
        return int(self.session.scalar(taken, {"name": table, "more": count - 1}))

    def _copy(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        begun = time.perf_counter()
        count = copy_rows(self.session, table, columns.split(), rows)
        self.told(f"{table}: {count:,} rows, {time.perf_counter() - begun:.1f} s")

    def _write_projects(self) -> None:
        above = self.session.scalar(select(Organization.id).where(Organization.code == DEMO_GROUP))
        top = self.organization + len(CITIES)
        cities = [
            (self.organization + at, top, f"{GROUP}-{at + 1:02d}", f"{city}公司")
            for at, city in enumerate(CITIES)
        ]
        self._copy(
            "admin_organization", "id parent_id code name",
            [(top, above, GROUP, "规模测试集团"), *cities],
        )  # fmt: skip
        self._copy(
            "estate_project", "id organization_id code name company city",
            (
                (self.project + at, self.organization + site.city, f"{GROUP}{at + 1:03d}",
                 site.name, f"{CITIES[site.city]}{site.name}置业有限公司", CITIES[site.city])
                for at, site in enumerate(self.sites)
            ),
        )  # fmt: skip
        self._copy(
            "estate_house_type", "id project_id name gross_area inside_area",
            (
                (self.type + at * len(TYPES) + n, self.project + at, kind.name, kind.gross_area,
                 kind.inside_area)
                for at in range(len(self.sites)) for n, kind in enumerate(TYPES)
            ),
        )  # fmt: skip

    def _write_buildings(self) -> None:
        self._copy(
            "estate_building", "id project_id name position",
            (
                (self.building + at, self.project + one.site, f"{one.position}栋", one.position)
                for at, one in enumerate(self.buildings)
            ),
        )  # fmt: skip
        self._copy(
            "estate_entrance", "id project_id building_id name position",
            (
                (self.entrance + one.first_entrance + n, self.project + one.site,
                 self.building + at, f"{n + 1}单元", n + 1)
                for at, one in enumerate(self.buildings) for n in range(one.entrances)
            ),
        )  # fmt: skip
        self._copy(
            "estate_permit", "id project_id number granted_on",
            (
                (self.permit + at, self.project + at, f"测许字第{at + 1:03d}号", self.permitted_on)
                for at in range(len(self.sites))
            ),
        )  # fmt: skip
        self._copy(
            "estate_permit_building", "project_id permit_id building_id",
            (
                (self.project + one.site, self.permit + one.site, self.building + at)
                for at, one in enumerate(self.buildings)
            ),
        )  # fmt: skip

    def _write_rooms(self) -> None:
        self._copy(
            "estate_room",
            "id project_id building_id entrance_id house_type_id floor floor_name column_no number"
            " gross_area inside_area orientation status",
            map(self._room, self.town.homes()),
        )
        held = (home for home in self.town.homes() if self._status(home) == "held")
        self._copy(
            "sales_hold", "project_id room_id holder_id kind reason",
            (
                (self.project + home.site, self.room + home.at, self.holder, "held", "自留")
                for home in held
            ),
        )  # fmt: skip
        self._copy(
            "pricing_price_plan",
            "id project_id number name state origin approved_at effective_at",
            (
                (self.plan + at, self.project + at, f"{GROUP}-{at + 1:03d}", "首批定价",
                 "effective", "hand", self.now, self.now)
                for at in range(len(self.sites))
            ),
        )  # fmt: skip
        self._copy(
            "pricing_room_price",
            "project_id room_id plan_id list_unit_price list_total floor_total valid_from",
            (self._price(home) for home in self.town.homes() if home.is_priced),
        )

    def _status(self, home: Home) -> str:
        """Return the room's status; without anybody to hold it, it is for sale."""
        status = home.status
        return "available" if status == "held" and self.holder is None else status

    def _room(self, home: Home) -> tuple[Any, ...]:
        kind = TYPES[home.type]
        return (
            self.room + home.at, self.project + home.site, self.building + home.building,
            self.entrance + home.entrance, self.type + home.site * len(TYPES) + home.type,
            home.floor, home.floor, home.column, f"{home.floor}{home.column:02d}",
            kind.gross_area, kind.inside_area, kind.orientation, self._status(home),
        )  # fmt: skip

    def _price(self, home: Home) -> tuple[Any, ...]:
        unit_price = home.unit_price
        total = times_area(unit_price, TYPES[home.type].gross_area)
        return (
            self.project + home.site, self.room + home.at, self.plan + home.site, unit_price,
            total, total * 9 // 10, self.now,
        )  # fmt: skip

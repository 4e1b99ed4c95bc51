"""Brings a price list's rooms into a project: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed
from app.estate import policies
from app.estate.base_data import require_unlocked
from app.estate.locks import lock_project
from app.estate.models import Project, RoomStatus
from app.estate.operations.places import Places
from app.estate.operations.staging import (
    FloorOf,
    Progress,
    Unwatched,
    match_rooms,
    stage,
)
from app.estate.queries import get_project
from app.estate.sheets import Fault, PriceList

#: states in which an import may change a room: nobody holds or can buy it
OFF_MARKET = (RoomStatus.UNRELEASED.value, RoomStatus.REPRICING.value)
#: changed rooms that are shown one by one
SHOWN_CHANGES = 200


@dataclass(frozen=True, slots=True)
class BuildingCount:
    """What a list brings to one building; ``area`` in m², ``list_total`` in yuan."""

    name: str
    rooms: int
    new: int
    changed: int
    unchanged: int
    area: Decimal
    list_total: Decimal


@dataclass(frozen=True, slots=True)
class RoomChange:
    """A room of which the list says something else than is known."""

    room_id: int
    title: str
    gross_area: tuple[Decimal, Decimal | None]
    inside_area: tuple[Decimal | None, Decimal | None]
    floor_name: tuple[str, str]
    house_type: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did or would do. With faults nothing was written.

    ``absent`` counts rooms of the list's buildings that the list does not name.
    """

    rooms: int
    new: int
    changed: int
    unchanged: int
    absent: int
    is_written: bool
    buildings: tuple[BuildingCount, ...]
    changes: tuple[RoomChange, ...]
    faults: tuple[Fault, ...]


def import_rooms(
    price_list: PriceList,
    *,
    project: Project,
    update: bool,
    dry_run: bool,
    actor: Actor,
    floor_of: FloorOf | None = None,
    progress: Progress | None = None,
) -> ImportOutcome:
    """Write the rooms of a good list, with buildings, entrances and house types that are new.

    Rooms that are there are compared, and changed only with ``update``. A list with faults, or
    one that would change a room that is on the market or sold, is refused as a whole: the outcome
    then carries the faults. The list stays in the transaction's table ``price_list_row`` with the
    ids of its rooms, for the prices. Raises NotAllowed, NotFound for a project outside scope.
    """
    if not policies.can_import(actor, project.id):
        policies.require_reach(actor, project.id)
        raise NotAllowed(
            _l("You may not import rooms. Ask your administrator for the right to it.")
        )
    policies.require_reach(actor, project.id)
    if price_list.faults:
        return _refused(price_list.faults)
    if not price_list.rows:
        raise Invalid(_l("The file has no rooms."))
    get_project(project.id)
    lock_project(project.id)
    places = Places(project, price_list.rows)
    stage(price_list.rows, places.ids, floor_of=floor_of, progress=progress or Unwatched())
    match_rooms(project.id)
    if update and not dry_run:
        db.session.execute(_LOCK_CHANGED)
        match_rooms(project.id)
    faults = _find_faults(update=update)
    if faults:
        return _refused(faults)
    outcome = _count(places, is_written=not dry_run)
    if not dry_run and (outcome.new or (update and outcome.changed)):
        # Prices alone may come in: they are a price plan's own way.
        require_unlocked(project.id)
    if not dry_run:
        _write(project, places, update=update)
    return outcome


_LOCK_CHANGED = text("""
SELECT r.id FROM estate_room r
 WHERE r.id IN (SELECT p.room_id FROM price_list_row p WHERE p.differs)
 ORDER BY r.id FOR NO KEY UPDATE
""")
# A room named twice in two wordings of its building (3栋, 3号楼) shows only here.
_FAULTS = text("""
SELECT * FROM (
  SELECT p.place, p.sheet, p.line, p.title, p.number, p.gross_area, p.room_id, p.room_status,
         p.differs, row_number() OVER same AS nth, first_value(p.title) OVER same AS first_title,
         first_value(p.sheet) OVER same AS first_sheet, first_value(p.line) OVER same AS first_line
    FROM price_list_row p
  WINDOW same AS (PARTITION BY p.building_id, p.entrance_id, p.number ORDER BY p.place)) p
 WHERE p.nth > 1 OR (p.room_id IS NULL AND p.gross_area IS NULL)
    OR (:update AND p.differs AND NOT p.room_status = ANY(:off_market))
 ORDER BY p.place
""")
_COUNTS = text("""
SELECT p.building_id, count(*) AS rooms, count(*) FILTER (WHERE p.room_id IS NULL) AS new,
       count(*) FILTER (WHERE p.differs) AS changed, coalesce(sum(p.gross_area), 0) AS area,
       coalesce(sum(p.list_total), 0) AS list_total
  FROM price_list_row p GROUP BY p.building_id
""")
_CHANGES = text("""
SELECT r.id, p.title, r.gross_area, p.gross_area, r.inside_area, p.inside_area, r.floor_name,
       p.floor_name, h.name, p.house_type
  FROM price_list_row p JOIN estate_room r ON r.id = p.room_id
  LEFT JOIN estate_house_type h ON h.id = r.house_type_id
 WHERE p.differs ORDER BY p.place LIMIT :most
""")
_ABSENT = text("""
SELECT count(*) FROM estate_room r
 WHERE r.building_id IN (SELECT p.building_id FROM price_list_row p)
   AND r.status <> 'merged'
   AND NOT EXISTS (SELECT 1 FROM price_list_row p WHERE p.room_id = r.id)
""")
_NEW_HOUSE_TYPES = text("""
INSERT INTO estate_house_type (project_id, name)
SELECT :project_id, p.house_type FROM price_list_row p
 WHERE p.house_type IS NOT NULL AND (:update OR p.room_id IS NULL)
 GROUP BY p.house_type ORDER BY min(p.place)
ON CONFLICT (project_id, name) DO NOTHING
""")
_NEW_ROOMS = text("""
INSERT INTO estate_room (project_id, building_id, entrance_id, house_type_id, floor, floor_name,
                         column_no, number, gross_area, inside_area)
SELECT :project_id, p.building_id, p.entrance_id, h.id, p.floor, p.floor_name, p.column_no,
       p.number, p.gross_area, p.inside_area
  FROM price_list_row p
  LEFT JOIN estate_house_type h ON h.project_id = :project_id AND h.name = p.house_type
 WHERE p.room_id IS NULL ORDER BY p.place
""")
_CHANGED_ROOMS = text("""
UPDATE estate_room r
   SET gross_area = coalesce(p.gross_area, r.gross_area),
       inside_area = coalesce(p.inside_area, r.inside_area), floor = p.floor,
       floor_name = p.floor_name, column_no = p.column_no,
       house_type_id = coalesce(h.id, r.house_type_id)
  FROM price_list_row p
  LEFT JOIN estate_house_type h ON h.project_id = :project_id AND h.name = p.house_type
 WHERE p.differs AND r.id = p.room_id
""")
_FIND_NEW = text("""
UPDATE price_list_row p SET room_id = r.id FROM estate_room r
 WHERE p.room_id IS NULL AND r.project_id = :project_id AND r.building_id = p.building_id
   AND r.number = p.number AND r.entrance_id IS NOT DISTINCT FROM p.entrance_id
   AND r.status <> 'merged'
""")


def _find_faults(*, update: bool) -> list[Fault]:
    rows = db.session.execute(_FAULTS, {"update": update, "off_market": list(OFF_MARKET)})
    return [_fault(row) for row in rows]


def _fault(row: Any) -> Fault:
    if row.nth > 1:
        first = {"room": row.first_title, "line": row.first_line, "sheet": row.first_sheet}
        return Fault(row.sheet, row.line, "", row.number, "duplicate_room_in_sheet", first)
    if row.room_id is None:
        return Fault(row.sheet, row.line, "", row.number, "room_without_area", {"room": row.title})
    # In words now: a fault is kept as JSON and read again later.
    state = str(RoomStatus(row.room_status).title)
    params = {"room": row.title, "state": state}
    return Fault(row.sheet, row.line, "", row.number, "room_on_market", params)


def _refused(faults: Sequence[Fault]) -> ImportOutcome:
    return ImportOutcome(0, 0, 0, 0, 0, is_written=False, buildings=(), changes=(),
                         faults=tuple(faults))  # fmt: skip


def _count(places: Places, *, is_written: bool) -> ImportOutcome:
    found = {row.building_id: row for row in db.session.execute(_COUNTS)}
    buildings = tuple(
        BuildingCount(
            name=name,
            rooms=found[building_id].rooms,
            new=found[building_id].new,
            changed=found[building_id].changed,
            unchanged=found[building_id].rooms
            - found[building_id].new
            - found[building_id].changed,
            area=found[building_id].area,
            list_total=found[building_id].list_total,
        )
        for building_id, name in places.names.items()
    )
    return ImportOutcome(
        rooms=sum(building.rooms for building in buildings),
        new=sum(building.new for building in buildings),
        changed=sum(building.changed for building in buildings),
        unchanged=sum(building.unchanged for building in buildings),
        absent=db.session.execute(_ABSENT).scalar_one(),
        is_written=is_written,
        buildings=buildings,
        changes=_list_changes(),
        faults=(),
    )


def _list_changes() -> tuple[RoomChange, ...]:
    return tuple(
        RoomChange(
            room_id=row[0],
            title=row[1],
            gross_area=(row[2], row[3]),
            inside_area=(row[4], row[5]),
            floor_name=(row[6], row[7]),
            house_type=(row[8], row[9]),
        )
        for row in db.session.execute(_CHANGES, {"most": SHOWN_CHANGES})
    )


def _write(project: Project, places: Places, *, update: bool) -> None:
    known = {"project_id": project.id}
    places.create_missing()
    db.session.execute(_NEW_HOUSE_TYPES, {**known, "update": update})
    db.session.execute(_NEW_ROOMS, known)
    db.session.execute(_FIND_NEW, known)
    if update:
        db.session.execute(_CHANGED_ROOMS, known)
    # These statements went past the session: what it has of rooms may be old.
    db.session.expire_all()

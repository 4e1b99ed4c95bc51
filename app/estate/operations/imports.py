"""Brings a price list's rooms into a project: all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from app.estate.models import Project, RoomImport
from app.estate.operations.import_checks import find_faults
from app.estate.operations.import_fields import FIELDS, ROOMS
from app.estate.operations.import_lines import count_fields, require_seen
from app.estate.operations.places import Places
from app.estate.operations.staging import (
    FloorOf,
    Progress,
    Unwatched,
    match_rooms,
    stage,
)
from app.estate.queries import get_project
from app.estate.sheets import Fault, PriceList, in_order

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
    orientation: tuple[str | None, str | None]
    view: tuple[str | None, str | None]
    structure: tuple[str | None, str | None]
    fit_out: tuple[str | None, str | None]
    #: values of ``RoomUsage``
    usage: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class BuildingChange:
    """A building of which the list says another product type or zone than is known."""

    building_id: int
    name: str
    product_type: tuple[str | None, str | None]
    zone: tuple[str | None, str | None]


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
    building_changes: tuple[BuildingChange, ...]
    faults: tuple[Fault, ...]
    #: field → rooms that differ in it
    fields: Mapping[str, int]
    #: whether it came as far as comparing the list with the rooms
    is_staged: bool


def import_rooms(
    price_list: PriceList,
    *,
    project: Project,
    update: bool,
    dry_run: bool,
    actor: Actor,
    floor_of: FloorOf | None = None,
    progress: Progress | None = None,
    seen: RoomImport | None = None,
) -> ImportOutcome:
    """Write the rooms of a good list, with buildings, entrances and house types that are new.

    Rooms that are there are compared, and changed only with ``update``. A list with faults, or
    one that would change place, area or type of a room that is on the market or sold, is refused
    as a whole: the outcome then carries the faults. Fit-outs, product types and zones are found by
    name, and none is made. The list stays in the transaction's table ``price_list_row`` with the
    ids of its rooms, for the prices and for ``keep_lines``. With ``seen``, the check that somebody
    looked at, rooms that moved since refuse all: Conflict. Raises NotAllowed, NotFound for a
    project outside scope.
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
    faults = find_faults(project.id, price_list.columns, update=update)
    if faults:
        return _refused(faults, is_staged=True)
    if seen is not None:
        require_seen(seen, update=update)
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
_COUNTS = text("""
SELECT p.building_id, count(*) AS rooms, count(*) FILTER (WHERE p.room_id IS NULL) AS new,
       count(*) FILTER (WHERE p.differs) AS changed, coalesce(sum(p.gross_area), 0) AS area,
       coalesce(sum(p.list_total), 0) AS list_total
  FROM price_list_row p GROUP BY p.building_id
""")
_CHANGES = text(f"""
SELECT p.room_id, p.title, {", ".join(f"{field.known}, {field.said}" for field in FIELDS)}
  FROM price_list_row p, {ROOMS}
 WHERE p.differs AND r.id = p.room_id ORDER BY p.place LIMIT :most
""")
# What a list says of a building stands in its rooms' rows, the same in each that says anything.
_SAID = """
SELECT p.building_id, max(p.product_type) AS product_type, max(p.zone) AS zone
  FROM price_list_row p WHERE p.product_type IS NOT NULL OR p.zone IS NOT NULL
 GROUP BY p.building_id
"""
_BUILDING_CHANGES = text(f"""
SELECT b.id, b.name, t.name AS product_type, s.product_type AS new_type, z.name AS zone,
       s.zone AS new_zone
  FROM ({_SAID}) s JOIN estate_building b ON b.id = s.building_id
  LEFT JOIN estate_product_type t ON t.id = b.product_type_id
  LEFT JOIN estate_zone z ON z.id = b.zone_id
 WHERE (s.product_type IS NOT NULL AND s.product_type IS DISTINCT FROM t.name)
    OR (s.zone IS NOT NULL AND s.zone IS DISTINCT FROM z.name)
 ORDER BY b.position, b.id
""")
_CHANGED_BUILDINGS = text(f"""
UPDATE estate_building b
   SET product_type_id = coalesce(t.id, b.product_type_id), zone_id = coalesce(z.id, b.zone_id)
  FROM ({_SAID}) s LEFT JOIN estate_product_type t ON t.name = s.product_type
  LEFT JOIN estate_zone z ON z.project_id = :project_id AND z.name = s.zone
 WHERE b.id = s.building_id AND (:update OR b.id = ANY(:new))
   AND (coalesce(t.id, b.product_type_id) IS DISTINCT FROM b.product_type_id
        OR coalesce(z.id, b.zone_id) IS DISTINCT FROM b.zone_id)
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
                         column_no, number, gross_area, inside_area, orientation, view,
                         structure, fit_out_id, usage)
SELECT :project_id, p.building_id, p.entrance_id, h.id, p.floor, p.floor_name, p.column_no,
       p.number, p.gross_area, p.inside_area, p.orientation, p.view, p.structure, f.id,
       nullif(p.usage, b.usage)
  FROM price_list_row p JOIN estate_building b ON b.id = p.building_id
  LEFT JOIN estate_fit_out f ON f.project_id = :project_id AND f.name = p.fit_out
  LEFT JOIN estate_house_type h ON h.project_id = :project_id AND h.name = p.house_type
 WHERE p.room_id IS NULL ORDER BY p.place
""")
_CHANGED_ROOMS = text("""
UPDATE estate_room r
   SET gross_area = coalesce(p.gross_area, r.gross_area),
       inside_area = coalesce(p.inside_area, r.inside_area),
       floor = CASE WHEN p.floor_name = r.floor_name THEN r.floor ELSE p.floor END,
       floor_name = p.floor_name, house_type_id = coalesce(h.id, r.house_type_id),
       orientation = coalesce(p.orientation, r.orientation), view = coalesce(p.view, r.view),
       structure = coalesce(p.structure, r.structure),
       fit_out_id = coalesce(f.id, r.fit_out_id),
       usage = CASE WHEN p.usage = coalesce(r.usage, b.usage) THEN r.usage
                    ELSE coalesce(p.usage, r.usage) END
  FROM price_list_row p JOIN estate_building b ON b.id = p.building_id
  LEFT JOIN estate_fit_out f ON f.project_id = :project_id AND f.name = p.fit_out
  LEFT JOIN estate_house_type h ON h.project_id = :project_id AND h.name = p.house_type
 WHERE p.differs AND r.id = p.room_id
""")
_FIND_NEW = text("""
UPDATE price_list_row p SET room_id = r.id FROM estate_room r
 WHERE p.room_id IS NULL AND r.project_id = :project_id AND r.building_id = p.building_id
   AND r.number = p.number AND r.entrance_id IS NOT DISTINCT FROM p.entrance_id
   AND r.status <> 'merged'
""")


def _refused(faults: Sequence[Fault], *, is_staged: bool = False) -> ImportOutcome:
    return ImportOutcome(0, 0, 0, 0, 0, is_written=False, buildings=(), changes=(),
                         building_changes=(), faults=tuple(in_order(faults)), fields={},
                         is_staged=is_staged)  # fmt: skip


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
        building_changes=tuple(
            BuildingChange(
                row.id, row.name, (row.product_type, row.new_type), (row.zone, row.new_zone)
            )
            for row in db.session.execute(_BUILDING_CHANGES)
        ),
        faults=(),
        fields=count_fields(),
        is_staged=True,
    )


def _list_changes() -> tuple[RoomChange, ...]:
    found = db.session.execute(_CHANGES, {"most": SHOWN_CHANGES})
    return tuple(_change(*row) for row in found)


def _change(room_id: int, title: str, *values: Any) -> RoomChange:
    pairs = zip(FIELDS, values[::2], values[1::2], strict=True)
    return RoomChange(room_id, title, **{f.name: (known, said) for f, known, said in pairs})


def _write(project: Project, places: Places, *, update: bool) -> None:
    known = {"project_id": project.id}
    new = places.create_missing()
    db.session.execute(_NEW_HOUSE_TYPES, {**known, "update": update})
    db.session.execute(_NEW_ROOMS, known)
    db.session.execute(_FIND_NEW, known)
    if update:
        db.session.execute(_CHANGED_ROOMS, known)
    db.session.execute(_CHANGED_BUILDINGS, {**known, "update": update, "new": new})
    # These statements went past the session: what it has of rooms may be old.
    db.session.expire_all()

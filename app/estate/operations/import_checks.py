"""What a list may say of rooms that are there, and of master data: found by name, or a fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from app.core.db import db
from app.estate.models import RoomStatus
from app.estate.sheets import Fault, MatchedColumn

#: states in which an import may change what is firm of a room: nobody holds or can buy it
OFF_MARKET: Final = (RoomStatus.UNRELEASED.value, RoomStatus.REPRICING.value)


@dataclass(frozen=True, slots=True)
class _Names:
    """Names in one column of the list that must be those of master data."""

    column: str
    table: str
    #: which of the table's rows are meant
    scope: str
    #: whether the room has it already, with joins of ``_KEPT``
    kept: str
    unknown: str = ""
    off: str = ""


_NAMES: Final = (
    _Names(
        "house_type", "estate_house_type", "m.project_id = :project_id", "r.house_type_id = m.id",
        off="house_type_off",
    ),
    _Names("fit_out", "estate_fit_out", "m.project_id = :project_id", "r.fit_out_id = m.id",
           unknown="unknown_fit_out", off="fit_out_off"),
    _Names("product_type", "estate_product_type", "true", "b.product_type_id = m.id",
           unknown="unknown_product_type", off="product_type_off"),
    _Names("zone", "estate_zone", "m.project_id = :project_id", "b.zone_id = m.id",
           unknown="unknown_zone", off="zone_off"),
)  # fmt: skip
# One fault for each name, at the first of its rows; every one of them is marked as refused.
_MARK: Final = """
WITH marked AS (
  UPDATE price_list_row p SET refused = coalesce(p.refused, :code)
   WHERE p.{column} IS NOT NULL AND {condition}
  RETURNING p.place, p.{column} AS name)
SELECT m.name, m.rooms, p.place, p.sheet, p.line
  FROM (SELECT name, count(*) AS rooms, min(place) AS place FROM marked GROUP BY name) m
  JOIN price_list_row p ON p.place = m.place
"""
_UNKNOWN: Final = "NOT EXISTS (SELECT 1 FROM {table} m WHERE {scope} AND m.name = p.{column})"
# What is switched off stays with whoever has it, and is given to nobody.
_OFF: Final = """
(p.room_id IS NULL OR :update) AND EXISTS (
  SELECT 1 FROM {table} m WHERE {scope} AND m.name = p.{column} AND NOT m.is_active
     AND NOT EXISTS (SELECT 1 FROM estate_building b LEFT JOIN estate_room r ON r.id = p.room_id
                      WHERE b.id = p.building_id AND {kept}))
"""
# A room named twice in two wordings of its building (3栋, 3号楼) shows only here.
_ROOM_FAULTS: Final = text("""
SELECT * FROM (
  SELECT p.place, p.sheet, p.line, p.title, p.number, p.gross_area, p.room_id, p.room_status,
         p.differs_firmly, row_number() OVER same AS nth,
         first_value(p.title) OVER same AS first_title,
         first_value(p.sheet) OVER same AS first_sheet, first_value(p.line) OVER same AS first_line
    FROM price_list_row p
  WINDOW same AS (PARTITION BY p.building_id, p.entrance_id, p.number ORDER BY p.place)) p
 WHERE p.nth > 1 OR (p.room_id IS NULL AND p.gross_area IS NULL)
    OR (:update AND p.differs_firmly AND NOT p.room_status = ANY(:off_market))
 ORDER BY p.place
""")
_BUILDING_FAULTS: Final = """
SELECT p.place, p.sheet, p.line, p.title, p.building, p.name, p.first_name, p.first_line
  FROM (SELECT p.place, p.sheet, p.line, p.title, p.building, p.{column} AS name,
               first_value(p.{column}) OVER same AS first_name,
               first_value(p.line) OVER same AS first_line
          FROM price_list_row p WHERE p.{column} IS NOT NULL
        WINDOW same AS (PARTITION BY p.building_id ORDER BY p.place)) p
 WHERE p.name <> p.first_name ORDER BY p.place
"""
_MARK_PLACES: Final = text("""
UPDATE price_list_row p SET refused = coalesce(p.refused, f.code)
  FROM unnest(CAST(:places AS integer[]), CAST(:codes AS text[])) AS f(place, code)
 WHERE p.place = f.place
""")

_Placed = tuple[int, Fault]


def find_faults(project_id: int, columns: list[MatchedColumn], *, update: bool) -> list[Fault]:
    """Return what speaks against writing the list, in its order; mark the rows that are refused."""
    found = [*_name_faults(project_id, columns, update=update)]
    by_row = [*_room_faults(update=update), *_building_faults(columns)]
    if by_row:
        marks = {
            "places": [place for place, _ in by_row],
            "codes": [fault.code for _, fault in by_row],
        }
        db.session.execute(_MARK_PLACES, marks)
    return [fault for _, fault in sorted([*found, *by_row], key=lambda one: one[0])]


def _name_faults(
    project_id: int, columns: list[MatchedColumn], *, update: bool
) -> Iterator[_Placed]:
    for names in _NAMES:
        for code, condition in ((names.unknown, _UNKNOWN), (names.off, _OFF)):
            if not code:
                continue
            terms = {"table": names.table, "scope": names.scope, "column": names.column,
                     "kept": names.kept}  # fmt: skip
            statement = _MARK.format(column=names.column, condition=condition.format(**terms))
            values: dict[str, Any] = {"code": code, "project_id": project_id, "update": update}
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            for row in db.session.execute(text(statement), wanted):
                place = _column_name(columns, row.sheet, names.column)
                params = {"name": row.name, "count": row.rooms}
                yield row.place, Fault(row.sheet, row.line, place, row.name, code, params)


def _room_faults(*, update: bool) -> Iterator[_Placed]:
    rows = db.session.execute(_ROOM_FAULTS, {"update": update, "off_market": list(OFF_MARKET)})
    return ((row.place, _room_fault(row)) for row in rows)


def _room_fault(row: Any) -> Fault:
    if row.nth > 1:
        first = {"room": row.first_title, "line": row.first_line, "sheet": row.first_sheet}
        return Fault(row.sheet, row.line, "", row.number, "duplicate_room_in_sheet", first)
    if row.room_id is None:
        return Fault(row.sheet, row.line, "", row.number, "room_without_area", {"room": row.title})
    # In words now: a fault is kept as JSON and read again later.
    state = str(RoomStatus(row.room_status).title)
    params = {"room": row.title, "state": state}
    return Fault(row.sheet, row.line, "", row.number, "room_on_market", params)


def _building_faults(columns: list[MatchedColumn]) -> Iterator[_Placed]:
    for column in ("product_type", "zone"):
        for row in db.session.execute(text(_BUILDING_FAULTS.format(column=column))):
            params = {"building": row.building, "name": row.first_name, "line": row.first_line}
            place = _column_name(columns, row.sheet, column)
            fault = Fault(row.sheet, row.line, place, row.name, "building_disagrees", params)
            yield row.place, fault


def _column_name(columns: list[MatchedColumn], sheet: str, column: str) -> str:
    """Return letter and heading of the column in its sheet: ``L 装修标准``."""
    return next(
        (
            f"{found.letter} {found.heading}"
            for found in columns
            if found.column == column and found.sheet == sheet
        ),
        "",
    )

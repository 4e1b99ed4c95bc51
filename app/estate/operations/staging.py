"""The price list as a table of the database: what an import compares and writes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import text

from app.core.copying import copy_rows
from app.core.db import db
from app.estate.operations.import_fields import DIFFERS, DIFFERS_FIRMLY, ROOMS
from app.estate.sheets import SheetRow
from app.estate.sheets.price_list import Traits
from app.estate.sheets.values import floor_of

FloorOf = Callable[[Decimal], Decimal]
Place = tuple[str, str | None]


class Progress(Protocol):
    """Somebody who watches an import."""

    def start(self, total: int) -> None:
        """Say how many rooms there are."""

    def advance(self, rooms: int) -> None:
        """Say that so many more have been handed to the database."""


class Unwatched:
    """Nobody watches."""

    def start(self, total: int) -> None:
        """Take no notice."""

    def advance(self, rooms: int) -> None:
        """Take no notice."""


# Gone with the transaction. Names in pg_temp belong to this connection alone.
_CREATE = """
DROP TABLE IF EXISTS pg_temp.price_list_row;
CREATE TEMP TABLE price_list_row (
  place integer, line integer, sheet text, title text, building_id bigint, entrance_id bigint,
  floor integer, floor_name text, column_no integer, number text, house_type text,
  gross_area numeric(10,2), inside_area numeric(10,2), list_unit_price numeric(14,2),
  list_total numeric(14,2), floor_total numeric(14,2), written text, building text,
  orientation text, view text, structure text, fit_out text, usage text, product_type text,
  zone text, room_id bigint, room_status text, refused text,
  differs boolean NOT NULL DEFAULT false, differs_firmly boolean NOT NULL DEFAULT false
) ON COMMIT DROP
"""
_COLUMNS = (
    "place", "line", "sheet", "title", "building_id", "entrance_id", "floor", "floor_name",
    "column_no", "number", "house_type", "gross_area", "inside_area", "list_unit_price",
    "list_total", "floor_total", "written", "building", *Traits._fields,
)  # fmt: skip

# The floors of the buildings as they are called there and as a list would read that.
_FLOORS = text("""
SELECT DISTINCT r.building_id, r.floor, r.floor_name FROM estate_room r
 WHERE r.status <> 'merged' AND r.building_id IN (SELECT p.building_id FROM price_list_row p)
""")
_SAME_FLOOR = text("""
UPDATE price_list_row SET floor = :floor, floor_name = :name
 WHERE building_id = :building_id AND floor_name = :read
""")
# A short number stands for itself where a room is called by it, such as a parking space 01.
_SHORT_NUMBERS = text("""
UPDATE price_list_row p SET number = p.written FROM estate_room r
 WHERE p.written IS NOT NULL AND r.building_id = p.building_id AND r.number = p.written
   AND r.entrance_id IS NOT DISTINCT FROM p.entrance_id AND r.status <> 'merged'
   AND r.floor_name = p.floor_name
   AND NOT EXISTS (SELECT 1 FROM estate_room o
                    WHERE o.building_id = p.building_id AND o.number = p.number
                      AND o.entrance_id IS NOT DISTINCT FROM p.entrance_id
                      AND o.status <> 'merged')
""")
_MATCH = text(f"""
UPDATE price_list_row p
   SET room_id = r.id, room_status = r.status, differs = ({DIFFERS}),
       differs_firmly = ({DIFFERS_FIRMLY})
  FROM {ROOMS}
 WHERE r.project_id = :project_id AND r.building_id = p.building_id AND r.number = p.number
   AND r.entrance_id IS NOT DISTINCT FROM p.entrance_id AND r.status <> 'merged'
""")


def stage(
    rows: Sequence[SheetRow],
    places: Mapping[Place, tuple[int, int | None]],
    *,
    floor_of: FloorOf | None,
    progress: Progress,
) -> None:
    """Copy the list into a table of this transaction; ``places`` gives building and entrance.

    ``floor_of`` works out the floor total of a list total in yuan.
    """
    for statement in _CREATE.split(";"):
        db.session.execute(text(statement))
    progress.start(len(rows))
    copy_rows(
        db.session(), "price_list_row", _COLUMNS, _values(rows, places, floor_of), progress.advance
    )
    db.session.execute(text("ANALYZE price_list_row"))


def match_rooms(project_id: int) -> None:
    """Find each row's room, if it is there, and whether the list says something else of it.

    A floor that has a name of its own (首层, or 5 where 4 is left out) keeps name and place, and a
    room its place on the floor: lists say nothing of either.
    """
    for row in db.session.execute(_FLOORS).all():
        read = floor_of(row.floor_name)
        if read is not None and read != (row.floor, row.floor_name):
            same = {"floor": row.floor, "name": row.floor_name, "building_id": row.building_id}
            db.session.execute(_SAME_FLOOR, {**same, "read": read[1]})
    db.session.execute(_SHORT_NUMBERS)
    db.session.execute(_MATCH, {"project_id": project_id})


def _values(
    rows: Iterable[SheetRow],
    places: Mapping[Place, tuple[int, int | None]],
    floor_of: FloorOf | None,
) -> Iterator[tuple[Any, ...]]:
    for place, row in enumerate(rows, 1):
        building_id, entrance_id = places[row.building, row.entrance]
        floor_total = floor_of(row.total) if floor_of and row.total is not None else None
        yield (
            place, row.line, row.sheet, row.title, building_id, entrance_id, row.floor,
            row.floor_name, row.column, row.number, row.house_type, row.gross_area,
            row.inside_area, row.unit_price, row.total, floor_total, row.written, row.building,
            *row.traits,
        )  # fmt: skip

"""A project's rooms as the sheet that an import takes back: what was edited is what changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.estate.models import (
    Building,
    Entrance,
    FitOut,
    HouseType,
    ProductType,
    Project,
    Room,
    RoomStatus,
    Zone,
)
from app.estate.policies import ROOM
from app.estate.sheets.headings import TITLES, Column
from app.estate.sheets.rows_shape import USAGE_WORDS

#: what the sheet holds of each room, in its order
COLUMNS: Final = (
    Column.BUILDING,
    Column.ENTRANCE,
    Column.FLOOR,
    Column.NUMBER,
    Column.HOUSE_TYPE,
    Column.GROSS_AREA,
    Column.INSIDE_AREA,
    Column.ORIENTATION,
    Column.VIEW,
    Column.STRUCTURE,
    Column.FIT_OUT,
    Column.USAGE,
    Column.PRODUCT_TYPE,
    Column.ZONE,
)
SHEET_NAME: Final = "房源"
HEADINGS: Final = tuple(TITLES[column] for column in COLUMNS)
READ_AT_ONCE: Final = 2000
_USAGE: Final = COLUMNS.index(Column.USAGE)


def list_sheet_rows(project: Project, *, actor: Actor) -> Iterator[tuple[Any, ...]]:
    """Yield what the sheet says of each room of the project, as it lies in its building.

    Written into the audit. Raises NotAllowed.
    """
    actor.require(f"{ROOM}:import")
    audit.record(
        "export",
        table_name=Room.__tablename__,
        row_id=None,
        note={"sheet": "rooms"},
        project_id=project.id,
    )
    return _rows(project.id)


def _rows(project_id: int) -> Iterator[tuple[Any, ...]]:
    statement = (
        select(
            Building.name,
            Entrance.name,
            Room.floor_name,
            Room.number,
            HouseType.name,
            Room.gross_area,
            Room.inside_area,
            Room.orientation,
            Room.view,
            Room.structure,
            FitOut.name,
            func.coalesce(Room.usage, Building.usage),
            ProductType.name,
            Zone.name,
        )
        .select_from(Room)
        .join(Building, Building.id == Room.building_id)
        .outerjoin(Entrance, Entrance.id == Room.entrance_id)
        .outerjoin(HouseType, HouseType.id == Room.house_type_id)
        .outerjoin(FitOut, FitOut.id == Room.fit_out_id)
        .outerjoin(ProductType, ProductType.id == Building.product_type_id)
        .outerjoin(Zone, Zone.id == Building.zone_id)
        .where(Room.project_id == project_id, Room.status != RoomStatus.MERGED.value)
        .order_by(
            Building.position, Building.id, Entrance.position, Entrance.id,
            Room.floor, Room.column, Room.id,
        )
    )  # fmt: skip
    for row in db.session.execute(statement, execution_options={"yield_per": READ_AT_ONCE}):
        yield *row[:_USAGE], USAGE_WORDS[row[_USAGE]], *row[_USAGE + 1 :]

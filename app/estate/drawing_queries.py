"""Reads drawings with what is placed on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.core.db import db
from app.core.errors import NotFound
from app.estate.drawings import DrawingKind
from app.estate.models import Building, Drawing, DrawingFile, DrawingSpot, Room, RoomStatus

_ORDER = {kind.value: place for place, kind in enumerate(DrawingKind)}


def get_drawing(drawing_id: int) -> Drawing:
    """Return the drawing. Raises NotFound if there is none within scope."""
    found: Drawing | None = db.session.scalar(select(Drawing).where(Drawing.id == drawing_id))
    if found is None:
        raise NotFound(_l("There is no such drawing within your scope."))
    return found


def get_drawing_with_spots(drawing_id: int) -> Drawing:
    """Return the drawing with the buildings or rooms on it, in as many statements as for one.

    Raises NotFound if there is none within scope.
    """
    rooms = selectinload(Drawing.spots).joinedload(DrawingSpot.room)
    found: Drawing | None = db.session.scalar(
        select(Drawing)
        .where(Drawing.id == drawing_id)
        .options(
            joinedload(Drawing.building),
            joinedload(Drawing.house_type),
            rooms.joinedload(Room.entrance),
            rooms.joinedload(Room.building),
            selectinload(Drawing.spots).joinedload(DrawingSpot.building),
        )
    )
    if found is None:
        raise NotFound(_l("There is no such drawing within your scope."))
    return found


def list_drawings(project_id: int, kinds: Collection[str] = ()) -> list[Drawing]:
    """Return the project's drawings with what is placed on them: the site, floors, pictures."""
    wanted = (
        select(Drawing)
        .where(Drawing.project_id == project_id)
        .options(
            selectinload(Drawing.spots),
            joinedload(Drawing.building),
            joinedload(Drawing.house_type),
        )
    )
    if kinds:
        wanted = wanted.where(Drawing.kind.in_(kinds))
    found = list(db.session.scalars(wanted))
    return sorted(found, key=_place)


def _place(drawing: Drawing) -> tuple[Any, ...]:
    building = drawing.building
    return (_ORDER[drawing.kind], building.position if building else 0, drawing.name, drawing.id)


def read_file(drawing: Drawing) -> bytes:
    """Return the picture of a drawing that was read within scope."""
    return db.session.scalars(
        select(DrawingFile.content).where(DrawingFile.drawing_id == drawing.id)
    ).one()


def list_unplaced(drawing: Drawing) -> list[Any]:
    """Return what could still be placed: buildings for a site plan, rooms for a floor plan."""
    placed = select(DrawingSpot.room_id).where(
        DrawingSpot.drawing_id == drawing.id, DrawingSpot.room_id.is_not(None)
    )
    if drawing.kind == DrawingKind.FLOOR.value:
        rooms = (
            select(Room)
            .where(
                Room.building_id == drawing.building_id,
                Room.status != RoomStatus.MERGED.value,
                Room.id.not_in(placed),
            )
            .options(joinedload(Room.building), joinedload(Room.entrance))
            .order_by(Room.floor, Room.column, Room.number)
        )
        return list(db.session.scalars(rooms))
    if drawing.kind == DrawingKind.SITE.value:
        done = select(DrawingSpot.building_id).where(
            DrawingSpot.drawing_id == drawing.id, DrawingSpot.building_id.is_not(None)
        )
        buildings = select(Building).where(
            Building.project_id == drawing.project_id, Building.id.not_in(done)
        )
        return list(db.session.scalars(buildings.order_by(Building.position, Building.id)))
    return []


def pictures_of(house_type_id: int | None) -> list[Drawing]:
    """Return the pictures of a house type, by name."""
    if house_type_id is None:
        return []
    wanted = select(Drawing).where(Drawing.house_type_id == house_type_id)
    return list(db.session.scalars(wanted.order_by(Drawing.name, Drawing.id)))

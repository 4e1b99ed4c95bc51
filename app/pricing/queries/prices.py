"""Prices of rooms: in force, on any day, missing, made for another area."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.db import db
from app.estate.models import Project, Room
from app.pricing.models import RoomPrice
from app.pricing.rules import HALF_FEN, ONE_YUAN, Areas, fits_area
from app.pricing.terms import PriceBasis


def get_current_price(room_id: int) -> RoomPrice | None:
    """Return the price in force, or None for a room that no plan has priced yet."""
    found: RoomPrice | None = db.session.scalar(_current().where(RoomPrice.room_id == room_id))
    return found


def current_prices(room_ids: Collection[int]) -> dict[int, RoomPrice]:
    """Return the prices in force by room id; rooms without one are left out."""
    found = db.session.scalars(_current().where(RoomPrice.room_id.in_(room_ids)))
    return {price.room_id: price for price in found}


def price_on(room_id: int, moment: datetime) -> RoomPrice | None:
    """Return the price that was in force at ``moment``, or None if there was none."""
    found: RoomPrice | None = db.session.scalar(
        select(RoomPrice)
        .where(
            RoomPrice.room_id == room_id,
            RoomPrice.valid_from <= moment,
            or_(RoomPrice.valid_to.is_(None), RoomPrice.valid_to > moment),
        )
        .order_by(RoomPrice.valid_from.desc(), RoomPrice.id.desc())
        .limit(1)
    )
    return found


def price_at_end_of(room_id: int, day: date) -> RoomPrice | None:
    """Return the price that was in force when the business day ended; of today, the present one."""
    return price_on(room_id, clock.start_of(day + timedelta(days=1)) - timedelta(microseconds=1))


def list_prices(room_id: int) -> list[RoomPrice]:
    """Return the room's prices, the newest first, with their plans."""
    found = (
        select(RoomPrice).where(RoomPrice.room_id == room_id).options(joinedload(RoomPrice.plan))
    )
    return list(db.session.scalars(found.order_by(RoomPrice.id.desc())))


def rooms_without_price(room_ids: Collection[int]) -> list[Room]:
    """Return those rooms that have no price in force, by id."""
    priced = select(RoomPrice.id).where(RoomPrice.room_id == Room.id, RoomPrice.valid_to.is_(None))
    found = (
        select(Room)
        .where(Room.id.in_(room_ids), ~priced.exists())
        .options(joinedload(Room.building), joinedload(Room.entrance))
    )
    return list(db.session.scalars(found.order_by(Room.id)))


def rooms_whose_price_misfits(room_ids: Collection[int]) -> list[Room]:
    """Return those rooms whose price was made for another area than they have now, by id."""
    by_inside = RoomPrice.price_basis == PriceBasis.INSIDE.value
    # Without the inside area that it was priced by, a room has no area that fits.
    inside = func.coalesce(Room.inside_area, 0)
    priced_area = case((by_inside, inside), else_=Room.gross_area)
    found = (
        select(
            Room,
            RoomPrice.price_basis,
            RoomPrice.list_total,
            RoomPrice.list_unit_price,
            Project.total_rounding,
        )
        .join(RoomPrice, in_force_of(Room.id))
        .join(Project, Project.id == Room.project_id)
        .where(
            Room.id.in_(room_ids),
            func.abs(RoomPrice.list_unit_price * priced_area - RoomPrice.list_total)
            > func.greatest(ONE_YUAN, Project.total_rounding) + priced_area * HALF_FEN,
        )
        .options(joinedload(Room.building), joinedload(Room.entrance))
    )
    return [row.Room for row in db.session.execute(found.order_by(Room.id)) if not _fits(row)]


def _fits(row: Any) -> bool:
    area = Areas(row.Room.gross_area, row.Room.inside_area).by(PriceBasis(row.price_basis))
    if area is None:
        return False
    return fits_area(row.list_total, row.list_unit_price, area, row.total_rounding)


def _current() -> Select[Any]:
    return select(RoomPrice).where(RoomPrice.valid_to.is_(None))


def in_force_of(room_id: Any) -> ColumnElement[bool]:
    """Return the predicate "this price is in force for that room"."""
    return and_(RoomPrice.room_id == room_id, RoomPrice.valid_to.is_(None))

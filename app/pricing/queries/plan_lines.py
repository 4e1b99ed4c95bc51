"""The rooms of a price plan before and after, and what they come to together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.core.money import HUNDRED, ZERO, per_area, percent
from app.estate.models import Building, Entrance, HouseType, Room
from app.pricing.models import PricePlanRow, RoomPrice

#: how many plan rows are read at a time where all of them are wanted
BATCH = 5000


class LineFilter(StrEnum):
    """方案明细筛选: which rooms of a plan are looked at."""

    ALL = "all"
    BELOW_FLOOR = "below"
    MOVED = "moved"
    NEW = "new"
    BLANK = "blank"
    LEFT = "left"


#: the room's price that this plan began, and the one that it ended: of a plan that is not in
#: force yet, the price in force
_OWN = aliased(RoomPrice)
_BEFORE = aliased(RoomPrice)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One room of a plan: what it cost before and what the plan makes of it, in yuan.

    A blank row has no price yet. ``left_because`` says why the plan left the room alone.
    """

    row_id: int
    room_id: int
    building_id: int
    building: str
    entrance: str | None
    number: str
    floor_name: str
    house_type: str | None
    gross_area: Decimal
    inside_area: Decimal | None
    price_basis: str
    list_unit_price: Decimal | None
    list_total: Decimal | None
    floor_total: Decimal | None
    left_because: str | None
    unit_price_before: Decimal | None
    total_before: Decimal | None
    floor_before: Decimal | None

    @property
    def title(self) -> str:
        """Return how people name the room."""
        return "-".join(part for part in (self.building, self.entrance or "", self.number) if part)

    @property
    def change(self) -> Decimal | None:
        """Return the difference of the list total in yuan, or None where there was no price."""
        if self.total_before is None or self.list_total is None:
            return None
        return self.list_total - self.total_before

    @property
    def change_percent(self) -> Decimal | None:
        """Return by how many percent the list total changes, or None where there was no price."""
        if self.change is None or not self.total_before:
            return None
        return percent(self.change * HUNDRED / self.total_before)

    @property
    def is_below_floor(self) -> bool:
        """Tell whether the new list total is below the floor total in force."""
        if self.floor_before is None or self.list_total is None:
            return False
        return self.list_total < self.floor_before


def list_plan_lines(
    plan_id: int,
    *,
    after: int = 0,
    limit: int | None = None,
    only: LineFilter = LineFilter.ALL,
    beyond: Decimal = ZERO,
) -> list[PlanLine]:
    """Return the rooms of a plan in the order of their rows, from after row id ``after``.

    ``beyond`` is by how many percent a room must have moved to count as moved.
    """
    wanted = _plan_lines(plan_id).where(PricePlanRow.id > after)
    predicate = _filtered(only, beyond)
    if predicate is not None:
        wanted = wanted.where(predicate)
    rows = db.session.execute(wanted.order_by(PricePlanRow.id).limit(limit))
    return [PlanLine(*row) for row in rows]


def iterate_plan_lines(plan_id: int) -> Iterator[PlanLine]:
    """Yield every room of a plan, read in batches so that memory stays flat."""
    after = 0
    while batch := list_plan_lines(plan_id, after=after, limit=BATCH):
        yield from batch
        after = batch[-1].row_id


def _filtered(only: LineFilter, beyond: Decimal) -> ColumnElement[bool] | None:
    if only is LineFilter.BELOW_FLOOR:
        return PricePlanRow.list_total < _BEFORE.floor_total
    if only is LineFilter.MOVED:
        return _moved(beyond)
    if only is LineFilter.NEW:
        return and_(_BEFORE.id.is_(None), PricePlanRow.list_total.is_not(None))
    if only is LineFilter.BLANK:
        return PricePlanRow.list_total.is_(None)
    return PricePlanRow.left_because.is_not(None) if only is LineFilter.LEFT else None


def _moved(beyond: Decimal) -> ColumnElement[bool]:
    moved = func.abs(PricePlanRow.list_total - _BEFORE.list_total) * HUNDRED
    return moved > _BEFORE.list_total * beyond


def _with_before(statement: Any, plan_id: int) -> Any:
    return (
        statement.join(Room, Room.id == PricePlanRow.room_id)
        .outerjoin(
            _OWN,
            and_(_OWN.plan_id == PricePlanRow.plan_id, _OWN.room_id == PricePlanRow.room_id),
        )
        .outerjoin(
            _BEFORE,
            and_(
                _BEFORE.room_id == PricePlanRow.room_id,
                _BEFORE.valid_to.is_not_distinct_from(_OWN.valid_from),
            ),
        )
        .where(PricePlanRow.plan_id == plan_id)
    )


def _plan_lines(plan_id: int) -> Any:
    return (
        _with_before(
            select(
                PricePlanRow.id,
                PricePlanRow.room_id,
                Room.building_id,
                Building.name,
                Entrance.name,
                Room.number,
                Room.floor_name,
                HouseType.name,
                Room.gross_area,
                Room.inside_area,
                PricePlanRow.price_basis,
                PricePlanRow.list_unit_price,
                PricePlanRow.list_total,
                PricePlanRow.floor_total,
                PricePlanRow.left_because,
                _BEFORE.list_unit_price,
                _BEFORE.list_total,
                _BEFORE.floor_total,
            ),
            plan_id,
        )
        .join(Building, Building.id == Room.building_id)
        .outerjoin(Entrance, Entrance.id == Room.entrance_id)
        .outerjoin(HouseType, HouseType.id == Room.house_type_id)
    )


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a plan, or a part of it, comes to; money in yuan, areas in m² of the priced rooms.

    ``known_before`` and ``known_after`` are the list totals of those rooms only that have a price
    before and after: what the change is measured on. ``blank`` rooms have no price yet.
    """

    name: str
    rooms: int
    blank: int
    area: Decimal
    list_total: Decimal
    floor_total: Decimal
    known_rooms: int
    known_area: Decimal
    known_before: Decimal
    known_after: Decimal
    below_floor: int

    @property
    def average(self) -> Decimal:
        """Return the average list price in yuan per m²."""
        return per_area(self.list_total, self.area) if self.area else ZERO

    @property
    def average_before(self) -> Decimal | None:
        """Return the average of the rooms that have a price today, in yuan per m²."""
        return per_area(self.known_before, self.known_area) if self.known_area else None

    @property
    def average_after(self) -> Decimal | None:
        """Return the average that the same rooms would have, in yuan per m²."""
        return per_area(self.known_after, self.known_area) if self.known_area else None

    @property
    def change(self) -> Decimal:
        """Return by how many yuan the list totals of the rooms priced before change together."""
        return self.known_after - self.known_before

    @property
    def change_percent(self) -> Decimal:
        """Return by how many percent their list totals change together; 0 where none has one."""
        if not self.known_before:
            return ZERO
        return percent((self.known_after - self.known_before) / self.known_before * HUNDRED)

    @property
    def falls(self) -> bool:
        """Tell whether the average falls, be it by a fen."""
        return self.known_after < self.known_before


def plan_figures(plan_id: int) -> PlanFigures:
    """Return what the whole plan comes to."""
    row = db.session.execute(_figures(plan_id)).one()
    return PlanFigures("", *row)


def plan_figures_by_building(plan_id: int) -> list[PlanFigures]:
    """Return what the plan comes to in each building, in the order of the grid."""
    wanted = (
        _figures(plan_id, Building.name)
        .join(Building, Building.id == Room.building_id)
        .group_by(Building.id, Building.name, Building.position)
        .order_by(Building.position, Building.id)
    )
    return [PlanFigures(*row) for row in db.session.execute(wanted)]


def plan_figures_by_house_type(plan_id: int) -> list[PlanFigures]:
    """Return what the plan comes to for each house type, by name; rooms without one come last."""
    wanted = (
        _figures(plan_id, func.coalesce(HouseType.name, ""))
        .outerjoin(HouseType, HouseType.id == Room.house_type_id)
        .group_by(HouseType.id, HouseType.name)
        .order_by(HouseType.name.nulls_last(), HouseType.id)
    )
    return [PlanFigures(*row) for row in db.session.execute(wanted)]


def _figures(plan_id: int, *first: Any) -> Any:
    priced = PricePlanRow.list_total.is_not(None)
    known = and_(_BEFORE.id.is_not(None), priced)
    return _with_before(
        select(
            *first,
            func.count(),
            func.count().filter(~priced),
            func.coalesce(func.sum(Room.gross_area).filter(priced), 0),
            func.coalesce(func.sum(PricePlanRow.list_total), 0),
            func.coalesce(func.sum(PricePlanRow.floor_total), 0),
            func.count().filter(known),
            func.coalesce(func.sum(Room.gross_area).filter(known), 0),
            func.coalesce(func.sum(_BEFORE.list_total).filter(known), 0),
            func.coalesce(func.sum(PricePlanRow.list_total).filter(known), 0),
            func.count().filter(PricePlanRow.list_total < _BEFORE.floor_total),
        ).select_from(PricePlanRow),
        plan_id,
    )


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """How many rooms of a plan are out of the ordinary, one way or another."""

    rose: int
    fell: int
    new: int
    left_sold: int
    left_overtaken: int


def plan_counts(plan_id: int, *, beyond: Decimal) -> PlanCounts:
    """Count the rooms that move by more than ``beyond`` percent, are new, or were left alone."""
    total, before = PricePlanRow.list_total, _BEFORE.list_total
    row = db.session.execute(
        _with_before(
            select(
                func.count().filter(and_(_moved(beyond), total > before)),
                func.count().filter(and_(_moved(beyond), total < before)),
                func.count().filter(and_(_BEFORE.id.is_(None), total.is_not(None))),
                func.count().filter(PricePlanRow.left_because == "sold"),
                func.count().filter(PricePlanRow.left_because == "overtaken"),
            ).select_from(PricePlanRow),
            plan_id,
        )
    ).one()
    return PlanCounts(*row)

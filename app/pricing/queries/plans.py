"""Price plans: their rooms before and after, what they come to, what binds their approval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select, text

from app.core.db import db
from app.core.money import HUNDRED, ZERO, per_area, percent
from app.estate.models import Building, Entrance, Room
from app.pricing.models import PricePlan, PricePlanRow, RoomPrice
from app.pricing.queries.found import there
from app.pricing.queries.prices import in_force_of
from app.workflows.models import ApprovalRequest

#: how many plan rows are read at a time where all of them are wanted
BATCH = 5000
#: a count is exact up to here
COUNT_BOUND = 1000


def get_price_plan(plan_id: int, *, lock: bool = False) -> PricePlan:
    """Return the plan, locked to the end of the transaction on demand. Raises NotFound."""
    wanted = select(PricePlan).where(PricePlan.id == plan_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: PricePlan | None = db.session.scalar(wanted)
    return there(found, _l("There is no such price plan within your scope."))


def list_plans(
    *, project_id: int | None, state: str | None, before: int | None, limit: int
) -> list[PricePlan]:
    """Return plans within scope, the newest first, from before plan id ``before``."""
    wanted = _narrowed(select(PricePlan), project_id, state)
    if before is not None:
        wanted = wanted.where(PricePlan.id < before)
    return list(db.session.scalars(wanted.order_by(PricePlan.id.desc()).limit(limit)))


def count_plans(*, project_id: int | None, state: str | None) -> tuple[int, bool]:
    """Return how many plans there are within scope, up to 1,000, and whether there are more."""
    some = _narrowed(select(PricePlan.id), project_id, state).limit(COUNT_BOUND + 1)
    found = int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)
    return min(found, COUNT_BOUND), found > COUNT_BOUND


def _narrowed(statement: Select[Any], project_id: int | None, state: str | None) -> Select[Any]:
    if project_id is not None:
        statement = statement.where(PricePlan.project_id == project_id)
    if state:
        statement = statement.where(PricePlan.state == state)
    return statement


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One room of a plan: what it costs now and what the plan would make of it, in yuan."""

    row_id: int
    room_id: int
    building_id: int
    building: str
    entrance: str | None
    number: str
    gross_area: Decimal
    list_unit_price: Decimal
    list_total: Decimal
    floor_total: Decimal
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
        return None if self.total_before is None else self.list_total - self.total_before

    @property
    def is_below_floor(self) -> bool:
        """Tell whether the new list total is below the floor total in force."""
        return self.floor_before is not None and self.list_total < self.floor_before


def list_plan_lines(
    plan_id: int, *, after: int = 0, limit: int | None = None, below_floor: bool = False
) -> list[PlanLine]:
    """Return the rooms of a plan in the order of their rows, from after row id ``after``."""
    wanted = _plan_lines(plan_id).where(PricePlanRow.id > after)
    if below_floor:
        wanted = wanted.where(PricePlanRow.list_total < RoomPrice.floor_total)
    rows = db.session.execute(wanted.order_by(PricePlanRow.id).limit(limit))
    return [PlanLine(*row) for row in rows]


def iterate_plan_lines(plan_id: int) -> Iterator[PlanLine]:
    """Yield every room of a plan, read in batches so that memory stays flat."""
    after = 0
    while batch := list_plan_lines(plan_id, after=after, limit=BATCH):
        yield from batch
        after = batch[-1].row_id


def _plan_lines(plan_id: int) -> Any:
    return (
        select(
            PricePlanRow.id,
            PricePlanRow.room_id,
            Room.building_id,
            Building.name,
            Entrance.name,
            Room.number,
            Room.gross_area,
            PricePlanRow.list_unit_price,
            PricePlanRow.list_total,
            PricePlanRow.floor_total,
            RoomPrice.list_unit_price,
            RoomPrice.list_total,
            RoomPrice.floor_total,
        )
        .join(Room, Room.id == PricePlanRow.room_id)
        .join(Building, Building.id == Room.building_id)
        .outerjoin(Entrance, Entrance.id == Room.entrance_id)
        .outerjoin(RoomPrice, in_force_of(PricePlanRow.room_id))
        .where(PricePlanRow.plan_id == plan_id)
    )


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a plan, or its part in one building, comes to; money in yuan, areas in m².

    ``known_before`` and ``known_after`` are the list totals of those rooms only that have a price
    today: what the change is measured on.
    """

    name: str
    rooms: int
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


def _figures(plan_id: int, *first: Any) -> Select[Any]:
    known = RoomPrice.id.is_not(None)
    return (
        select(
            *first,
            func.count(),
            func.coalesce(func.sum(Room.gross_area), 0),
            func.coalesce(func.sum(PricePlanRow.list_total), 0),
            func.coalesce(func.sum(PricePlanRow.floor_total), 0),
            func.count().filter(known),
            func.coalesce(func.sum(Room.gross_area).filter(known), 0),
            func.coalesce(func.sum(RoomPrice.list_total), 0),
            func.coalesce(func.sum(PricePlanRow.list_total).filter(known), 0),
            func.count().filter(PricePlanRow.list_total < RoomPrice.floor_total),
        )
        .select_from(PricePlanRow)
        .join(Room, Room.id == PricePlanRow.room_id)
        .outerjoin(RoomPrice, in_force_of(PricePlanRow.room_id))
        .where(PricePlanRow.plan_id == plan_id)
    )


_DIGEST = text("""
SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', p.room_id, p.list_unit_price,
         p.list_total, p.floor_total, coalesce(v.list_total, 0), coalesce(v.floor_total, 0)),
         ';' ORDER BY p.room_id), ''), 'UTF8')), 'hex')
  FROM pricing_price_plan_row p
  LEFT JOIN pricing_room_price v ON v.room_id = p.room_id AND v.valid_to IS NULL
 WHERE p.plan_id = :plan_id
""")


def digest_of_plan(plan_id: int) -> str:
    """Return the SHA-256 over every row of the plan and the prices in force beside it.

    A plan is seen and reached by its caller before this is asked.
    """
    return str(db.session.execute(_DIGEST, {"plan_id": plan_id}).scalar_one())


def list_requests_of_plan(plan_id: int) -> list[ApprovalRequest]:
    """Return the approval requests about a plan, the newest first."""
    found = select(ApprovalRequest).where(
        ApprovalRequest.subject_type == "price_plan", ApprovalRequest.subject_id == plan_id
    )
    return list(db.session.scalars(found.order_by(ApprovalRequest.id.desc())))

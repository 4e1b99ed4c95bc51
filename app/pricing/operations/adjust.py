"""Drafts a plan as an adjustment of today's prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.money import HUNDRED, percent_of, round_to, times_area
from app.estate.models import Project, Room
from app.estate.policies import require_reach
from app.estate.queries import get_building, get_project
from app.pricing import policies
from app.pricing.models import PricePlan, RoomPrice
from app.pricing.operations.plans import PlanRowDraft, create_price_plan
from app.pricing.queries import in_force_of


@dataclass(frozen=True, slots=True)
class Adjustment:
    """By how much list prices go up, or down below 0: one of percent, yuan per m², yuan a room."""

    percent: Decimal | None = None
    per_area: Decimal | None = None
    per_room: Decimal | None = None

    def check(self) -> None:
        """Raise Invalid unless exactly one of the three is given, and is not 0."""
        given = [one for one in (self.percent, self.per_area, self.per_room) if one]
        if len(given) != 1:
            sentence = _l("Say by how much, in one of the three ways.")
            raise Invalid(sentence, fields={"percent": sentence})

    def apply(self, total: Decimal, gross_area: Decimal) -> Decimal:
        """Return the new list total in yuan, before the project's rounding."""
        if self.percent:
            return percent_of(total, HUNDRED + self.percent)
        if self.per_area:
            return total + times_area(self.per_area, gross_area)
        return total + (self.per_room or Decimal(0))


def draft_adjusted_plan(
    *,
    project_id: int,
    name: str,
    building_id: int | None = None,
    percent: Decimal | None = None,
    per_area: Decimal | None = None,
    per_room: Decimal | None = None,
    actor: Actor,
) -> PricePlan:
    """Draft a plan that changes the prices in force of a project or one of its buildings.

    Totals are rounded as the project says; floor totals are worked out anew. Raises Invalid
    unless exactly one way is given, where no room has a price, or where one would fall to 0.
    """
    actor.require(f"{policies.PLAN}:add")
    require_reach(actor, project_id)
    adjustment = Adjustment(percent, per_area, per_room)
    adjustment.check()
    project = get_project(project_id)
    if building_id is not None and get_building(building_id).project_id != project_id:
        sentence = _l("Choose a building of this project.")
        raise Invalid(sentence, fields={"building_id": sentence})
    rows = [_row(found, adjustment, project) for found in _priced_rooms(project_id, building_id)]
    if not rows:
        raise Invalid(_l("No room here has a price yet. Import a price list first."))
    return create_price_plan(
        project_id=project_id, name=name, rows=rows, origin="adjust", actor=actor
    )


def _priced_rooms(project_id: int, building_id: int | None) -> Iterable[Any]:
    wanted = (
        select(Room.id, Room.gross_area, RoomPrice.list_total)
        .join(RoomPrice, in_force_of(Room.id))
        .where(Room.project_id == project_id)
    )
    if building_id is not None:
        wanted = wanted.where(Room.building_id == building_id)
    rows: Iterable[Any] = db.session.execute(wanted.order_by(Room.id))
    return rows


def _row(found: Any, adjustment: Adjustment, project: Project) -> PlanRowDraft:
    total = adjustment.apply(found.list_total, found.gross_area)
    return PlanRowDraft(room_id=found.id, list_total=round_to(total, project.total_rounding))

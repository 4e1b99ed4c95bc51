"""Price plans: found, counted, what binds their approval, and who else waits for the rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import aliased

from app.core.db import db
from app.pricing.models import PricePlan, PricePlanRow, PricePlanState
from app.pricing.queries.found import there
from app.workflows.models import ApprovalRequest

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
class OtherPlan:
    """Another plan that waits for its day and prices some of the same rooms."""

    id: int
    number: str
    takes_effect_on: date
    rooms: int


def list_waiting_plans(plan_id: int) -> list[OtherPlan]:
    """Return the approved plans that wait for their day and share rooms with this one."""
    theirs = aliased(PricePlanRow)
    rows = db.session.execute(
        select(PricePlan.id, PricePlan.number, PricePlan.takes_effect_on, func.count())
        .join(theirs, theirs.plan_id == PricePlan.id)
        .join(PricePlanRow, PricePlanRow.room_id == theirs.room_id)
        .where(
            PricePlanRow.plan_id == plan_id,
            PricePlan.id != plan_id,
            PricePlan.state == PricePlanState.SCHEDULED.value,
        )
        .group_by(PricePlan.id, PricePlan.number, PricePlan.takes_effect_on)
        .order_by(PricePlan.takes_effect_on, PricePlan.id)
    )
    return [OtherPlan(*row) for row in rows]


_DIGEST = text("""
SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', p.room_id,
         nullif(p.price_basis, 'gross'), p.list_unit_price, p.list_total, p.floor_total,
         coalesce(v.list_total, 0), coalesce(v.floor_total, 0)),
         ';' ORDER BY p.room_id), ''), 'UTF8')), 'hex')
  FROM pricing_price_plan_row p
  LEFT JOIN pricing_room_price v ON v.room_id = p.room_id AND v.valid_to IS NULL
 WHERE p.plan_id = :plan_id
""")


def digest_of_plan(plan_id: int) -> str:
    """Return the SHA-256 over every row of the plan and the prices in force beside it.

    Rows by gross area digest as before there was another basis: what was sent then still holds.
    A plan is seen and reached by its caller before this is asked.
    """
    return str(db.session.execute(_DIGEST, {"plan_id": plan_id}).scalar_one())


def list_requests_of_plan(plan_id: int) -> list[ApprovalRequest]:
    """Return the approval requests about a plan, the newest first."""
    found = select(ApprovalRequest).where(
        ApprovalRequest.subject_type == "price_plan", ApprovalRequest.subject_id == plan_id
    )
    return list(db.session.scalars(found.order_by(ApprovalRequest.id.desc())))

"""Drafts price plans and takes them through their states; nothing else writes a room's price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, WrongState
from app.core.money import FEN, MAX_AMOUNT, format_yuan, per_area, times_area, yuan
from app.core.numbering import next_number
from app.core.states import transition
from app.estate import policies as estate_policies
from app.estate.models import Project, Room
from app.estate.queries import get_project
from app.pricing import policies
from app.pricing.models import PricePlan, PricePlanRow, PricePlanState
from app.pricing.queries import get_price_plan
from app.pricing.rules import default_floor, fits_area
from app.pricing.settings import floor_terms
from app.workflows import engine
from app.workflows.models import ApprovalRequest

#: rooms read at a time when rows are checked against them
BATCH = 5000


@dataclass(frozen=True, slots=True)
class PlanRowDraft:
    """What a plan is to make of one room, in yuan; what is None is worked out.

    Either the total or the unit price (yuan per m² gross) must be there.
    """

    room_id: int
    list_total: Decimal | None = None
    list_unit_price: Decimal | None = None
    floor_total: Decimal | None = None


def create_price_plan(
    *, project_id: int, name: str, rows: Sequence[PlanRowDraft], origin: str = "hand", actor: Actor
) -> PricePlan:
    """Draft a plan with its rows; no room's price changes before it is approved.

    Raises NotAllowed, NotFound for a project outside scope, Invalid naming the first wrong row.
    """
    actor.require(f"{policies.PLAN}:add")
    estate_policies.require_reach(actor, project_id)
    project = get_project(project_id)
    if not name.strip():
        raise Invalid(_l("Give the price plan a name."), fields={"name": _l("Give it a name.")})
    prices = _check_rows(project, rows)
    plan = new_plan(project_id=project_id, name=name, origin=origin, actor=actor)
    _insert_rows(plan, prices)
    return plan


def new_plan(*, project_id: int, name: str, origin: str, actor: Actor) -> PricePlan:
    """Add a plan without rows; its number is given here."""
    plan = PricePlan(
        project_id=project_id,
        number=next_number("DJ"),
        name=name.strip()[:120],
        state=PricePlanState.DRAFT.value,
        origin=origin,
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    db.session.add(plan)
    db.session.flush()
    return plan


def rename_price_plan(plan: PricePlan, *, name: str, actor: Actor) -> PricePlan:
    """Give an open plan another name. Raises WrongState for one in approval or in force."""
    _open_for(plan, actor, "edit")
    if not name.strip():
        raise Invalid(_l("Give the price plan a name."), fields={"name": _l("Give it a name.")})
    plan.name = name.strip()
    db.session.flush()
    return plan


def replace_plan_rows(plan: PricePlan, *, rows: Sequence[PlanRowDraft], actor: Actor) -> PricePlan:
    """Put other rows in place of those of an open plan.

    Raises WrongState for a plan in approval or in force, Invalid naming the first wrong row.
    """
    locked = _open_for(plan, actor, "edit")
    prices = _check_rows(get_project(plan.project_id), rows)
    db.session.execute(delete(PricePlanRow).where(PricePlanRow.plan_id == locked.id))
    _insert_rows(locked, prices)
    return locked


def delete_price_plan(plan: PricePlan, *, actor: Actor) -> None:
    """Delete a draft with its rows. Raises WrongState for one that was sent or is in force."""
    locked = _open_for(plan, actor, "delete")
    if locked.state != PricePlanState.DRAFT.value or _requests_of(locked):
        raise WrongState(
            _l(
                "%(plan)s has been sent for approval once and stays as a record. Draft a new plan.",
                plan=str(locked),
            )
        )
    db.session.execute(delete(PricePlanRow).where(PricePlanRow.plan_id == locked.id))
    db.session.delete(locked)
    db.session.flush()


def submit_price_plan(plan: PricePlan, *, reason: str, actor: Actor) -> ApprovalRequest:
    """Send an open plan for approval; its rows stay as they are until that ends.

    Raises NotAllowed, WrongState for a plan that is not open, Conflict if it was sent already,
    Invalid without a reason or naming the role that is missing.
    """
    actor.require(f"{policies.PLAN}:submit")
    return engine.submit("price_change", plan.id, values={}, reason=reason, actor=actor)


def freeze_plan(plan_id: int, *, actor: Actor) -> PricePlan:
    """Close a plan's rows while it is in approval. Raises WrongState if it is not open."""
    plan = get_price_plan(plan_id, lock=True)
    transition(plan, PricePlanState.IN_APPROVAL, actor=actor)
    db.session.flush()
    return plan


def reopen_plan(plan_id: int, *, rejected: bool, actor: Actor) -> PricePlan:
    """Give a plan in approval back to who drafted it, as a draft or as rejected."""
    plan = get_price_plan(plan_id, lock=True)
    to = PricePlanState.REJECTED if rejected else PricePlanState.DRAFT
    transition(plan, to, actor=actor)
    db.session.flush()
    return plan


def _requests_of(plan: PricePlan) -> int:
    found = select(func.count()).where(
        ApprovalRequest.subject_type == "price_plan", ApprovalRequest.subject_id == plan.id
    )
    count: int = db.session.scalar(found)
    return count


def _open_for(plan: PricePlan, actor: Actor, action: str) -> PricePlan:
    actor.require(f"{policies.PLAN}:{action}")
    locked = get_price_plan(plan.id, lock=True)
    if not policies.is_open(locked):
        raise WrongState(
            _l(
                "%(plan)s is %(state)s; its prices cannot change any more. Draft a new plan.",
                plan=str(locked),
                state=PricePlanState(locked.state).title,
            )
        )
    return locked


def _insert_rows(plan: PricePlan, prices: Sequence[Mapping[str, Any]]) -> None:
    db.session.execute(
        insert(PricePlanRow),
        [{"plan_id": plan.id, "project_id": plan.project_id, **price} for price in prices],
    )


def _check_rows(project: Project, rows: Sequence[PlanRowDraft]) -> list[dict[str, Any]]:
    if not rows:
        raise _wrong(_l("A price plan needs at least one room."))
    seen: set[int] = set()
    prices: list[dict[str, Any]] = []
    percent, step = floor_terms(project.id)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        areas = _areas(project.id, [row.room_id for row in batch])
        for place, row in enumerate(batch, start + 1):
            if row.room_id not in areas:
                raise _wrong(_l("Row %(row)d: there is no such room in this project.", row=place))
            if row.room_id in seen:
                raise _wrong(_l("Row %(row)d: this room is in the plan already.", row=place))
            seen.add(row.room_id)
            price = _price(row, areas[row.room_id], project.total_rounding, place)
            floor = row.floor_total or default_floor(price["list_total"], percent, step)
            prices.append({"room_id": row.room_id, **price, "floor_total": floor})
    return prices


def _areas(project_id: int, room_ids: Sequence[int]) -> dict[int, Decimal]:
    found = db.session.execute(
        select(Room.id, Room.gross_area).where(Room.project_id == project_id, Room.id.in_(room_ids))
    )
    return {row.id: row.gross_area for row in found}


def _price(row: PlanRowDraft, area: Decimal, rounding: Decimal, place: int) -> dict[str, Decimal]:
    """Return the total and unit price of a row; the total rules where both are given."""
    total, unit = row.list_total, row.list_unit_price
    if total is None and unit is None:
        raise _wrong(_l("Row %(row)d has neither a total nor a unit price.", row=place))
    if total is None and unit is not None:
        total = times_area(unit, area)
    if total is None or total < FEN or total > MAX_AMOUNT or (unit is not None and unit < FEN):
        raise _wrong(_l("Row %(row)d: a price must be above 0.", row=place))
    if unit is not None and not fits_area(total, unit, area, rounding):
        raise _wrong(
            _l(
                "Row %(row)d: %(unit)s per m² on %(area)s m² does not come to %(total)s.",
                row=place,
                unit=format_yuan(unit),
                area=area,
                total=format_yuan(total),
            )
        )
    if row.floor_total is not None and not FEN <= row.floor_total <= total:
        raise _wrong(_l("Row %(row)d: a floor price is above 0, up to the list price.", row=place))
    return {"list_total": yuan(total), "list_unit_price": unit or per_area(total, area)}


def _wrong(sentence: Any) -> Invalid:
    return Invalid(sentence, fields={"rows": sentence})

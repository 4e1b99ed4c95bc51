"""Saves what was typed into the table of a plan: all or nothing, and never over others' work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, BigInteger, Numeric, String, bindparam, delete, select, text

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.estate.queries import get_project
from app.pricing.models import PricePlan, PricePlanRow
from app.pricing.operations.plans import insert_rows, open_for
from app.pricing.operations.rows import (
    BadPrice,
    PlanRowDraft,
    check_rows,
    facts_of_rooms,
    pricing_of,
    work_out,
)
from app.pricing.policies import can_see_floor
from app.pricing.queries import RoomSelection, rooms_to_price


@dataclass(frozen=True, slots=True)
class SeenRow:
    """What a screen showed of a row when its reader began to type; ``list_total`` None is blank.

    ``floor_total`` is None as well for those who do not see floor prices, who cannot overwrite one.
    """

    list_total: Decimal | None
    list_unit_price: Decimal | None
    floor_total: Decimal | None


@dataclass(frozen=True, slots=True)
class CellDraft:
    """The new price of one room of the plan, and what its row was before."""

    row: PlanRowDraft
    seen: SeenRow


def save_plan_cells(
    plan: PricePlan, *, cells: Sequence[CellDraft], actor: Actor
) -> list[dict[str, Any]]:
    """Write the changed rows of an open plan and return them as they were worked out.

    Raises WrongState for a plan that is not open; Conflict with ``details["rows"]`` (room id →
    what its row is now) where somebody changed a row meanwhile, or the room is no longer in the
    plan; Invalid with ``details["cells"]`` (room, column, sentence) naming every wrong cell.
    Nothing is written then.
    """
    locked = open_for(plan, "edit", actor=actor)
    present = _present(locked.id, [cell.row.room_id for cell in cells])
    _refuse_overwriting(cells, present)
    project = get_project(locked.project_id)
    facts, terms = facts_of_rooms(project.id, list(present)), pricing_of(project)
    written, wrong = [], []
    hides_floor = not can_see_floor(actor)
    for cell in cells:
        row = _with_floor(cell.row, present[cell.row.room_id]) if hides_floor else cell.row
        try:
            written.append(work_out(row, facts[row.room_id], terms, blanks=True))
        except BadPrice as error:
            wrong.append((cell.row.room_id, error.column, error.sentence))
    if wrong:
        raise _wrong_cells(wrong)
    if written:
        _write(locked, written)
    return written


def add_plan_rooms(plan: PricePlan, *, selection: RoomSelection, actor: Actor) -> int:
    """Put further rooms into an open plan with their prices of today; return how many.

    Rooms that are in it stay as they are. Raises WrongState for a plan that is not open, Invalid
    where no room is left to add.
    """
    locked = open_for(plan, "edit", actor=actor)
    inside = set(
        db.session.scalars(select(PricePlanRow.room_id).where(PricePlanRow.plan_id == locked.id))
    )
    project = get_project(locked.project_id)
    found = [room for room in rooms_to_price(selection) if room.id not in inside]
    if not found:
        raise Invalid(_l("All unsold rooms of this choice are in the plan already."))
    rows = [PlanRowDraft(room.id, room.list_total, price_basis=room.basis) for room in found]
    insert_rows(locked, check_rows(project, rows, blanks=True))
    locked.version += 1
    db.session.flush()
    return len(rows)


def remove_plan_rooms(plan: PricePlan, *, room_ids: Collection[int], actor: Actor) -> int:
    """Take rooms out of an open plan; return how many.

    Raises WrongState for a plan that is not open, Invalid where it would be left without rooms.
    """
    locked = open_for(plan, "edit", actor=actor)
    gone = db.session.execute(
        delete(PricePlanRow)
        .where(PricePlanRow.plan_id == locked.id, PricePlanRow.room_id.in_(room_ids))
        .execution_options(synchronize_session=False)
    )
    left = select(PricePlanRow.id).where(PricePlanRow.plan_id == locked.id).limit(1)
    if db.session.scalar(left) is None:
        raise Invalid(_l("A price plan needs at least one room. Delete the plan instead."))
    locked.version += 1
    db.session.flush()
    count: int = gone.rowcount
    return count


def _with_floor(row: PlanRowDraft, present: Any) -> PlanRowDraft:
    """Keep a floor price that the writer does not see, as long as it is one for the new total."""
    kept = present.floor_total
    fits = kept is not None and row.list_total is not None and kept <= row.list_total
    return replace(row, floor_total=kept if fits else None)


def _present(plan_id: int, room_ids: Sequence[int]) -> dict[int, Any]:
    found = db.session.execute(
        select(
            PricePlanRow.room_id,
            PricePlanRow.list_total,
            PricePlanRow.list_unit_price,
            PricePlanRow.floor_total,
            PricePlanRow.price_basis,
        ).where(PricePlanRow.plan_id == plan_id, PricePlanRow.room_id.in_(room_ids))
    )
    return {row.room_id: row for row in found}


def _refuse_overwriting(cells: Sequence[CellDraft], present: dict[int, Any]) -> None:
    moved: dict[int, Any] = {}
    for cell in cells:
        row, seen = present.get(cell.row.room_id), cell.seen
        if row is None:
            moved[cell.row.room_id] = None
        elif (row.list_total, row.list_unit_price) != (seen.list_total, seen.list_unit_price) or (
            seen.floor_total is not None and row.floor_total != seen.floor_total
        ):
            moved[cell.row.room_id] = row
    if moved:
        raise Conflict(
            _l(
                "%(count)d of the rooms that you changed were changed or taken out by somebody"
                " else meanwhile. Nothing has been saved; look at the marked rooms and save again.",
                count=len(moved),
            ),
            code="rows_changed",
            details={"rows": moved},
        )


def _wrong_cells(wrong: Sequence[tuple[int, str, Any]]) -> Invalid:
    return Invalid(
        _l(
            "%(count)d prices cannot be saved. What is wrong stands beside each of them; nothing"
            " has been saved yet.",
            count=len(wrong),
        ),
        code="wrong_cells",
        details={
            "cells": [
                {"room_id": room_id, "column": column, "sentence": str(sentence)}
                for room_id, column, sentence in wrong
            ]
        },
    )


_WRITE = text("""
UPDATE pricing_price_plan_row p
   SET price_basis = c.price_basis, list_unit_price = c.list_unit_price,
       list_total = c.list_total, floor_total = c.floor_total
  FROM unnest(:room_ids, :bases, :unit_prices, :list_totals, :floor_totals)
    AS c(room_id, price_basis, list_unit_price, list_total, floor_total)
 WHERE p.plan_id = :plan_id AND p.room_id = c.room_id
""").bindparams(
    bindparam("room_ids", type_=ARRAY(BigInteger)),
    bindparam("bases", type_=ARRAY(String)),
    bindparam("unit_prices", type_=ARRAY(Numeric(14, 2))),
    bindparam("list_totals", type_=ARRAY(Numeric(14, 2))),
    bindparam("floor_totals", type_=ARRAY(Numeric(14, 2))),
)


def _write(plan: PricePlan, rows: Sequence[dict[str, Any]]) -> None:
    db.session.execute(
        _WRITE,
        {
            "plan_id": plan.id,
            "room_ids": [row["room_id"] for row in rows],
            "bases": [row["price_basis"] for row in rows],
            "unit_prices": [row["list_unit_price"] for row in rows],
            "list_totals": [row["list_total"] for row in rows],
            "floor_totals": [row["floor_total"] for row in rows],
        },
    )
    plan.version += 1
    db.session.flush()

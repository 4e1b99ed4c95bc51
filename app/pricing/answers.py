"""What REST says of plans, prices, imports and terms of payment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.core.actor import Actor
from app.core.money import plain
from app.estate.models import RoomImport, RoomImportLine
from app.estate.operations import TakenRoom
from app.estate.sheets import Fault
from app.pricing.models import Discount, PaymentMethod, PaymentMethodLine, PricePlan, RoomPrice
from app.pricing.policies import can_see_floor
from app.pricing.queries import PlanFigures, PlanLine


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def plan_answer(plan: PricePlan) -> dict[str, Any]:
    """Return a plan without its rows."""
    return {
        "id": plan.id,
        "number": plan.number,
        "name": plan.name,
        "state": plan.state,
        "origin": plan.origin,
        "project_id": plan.project_id,
        "created_at": plan.created_at.isoformat(),
        "version": plan.version,
        "terms": plan.terms,
        "takes_effect_on": plan.takes_effect_on.isoformat() if plan.takes_effect_on else None,
        "approved_at": plan.approved_at.isoformat() if plan.approved_at else None,
        "effective_at": plan.effective_at.isoformat() if plan.effective_at else None,
    }


def figures_answer(figures: PlanFigures, actor: Actor) -> dict[str, Any]:
    """Return what a plan comes to; floor prices only to who may see them."""
    before, after = figures.average_before, figures.average_after
    answer: dict[str, Any] = {
        "rooms": figures.rooms,
        "rooms_without_price": figures.blank,
        "area": plain(figures.area),
        "list_total": plain(figures.list_total),
        "average": plain(figures.average),
        "average_before": None if before is None else plain(before),
        "average_after": None if after is None else plain(after),
        "average_change_percent": plain(figures.change_percent),
    }
    if can_see_floor(actor):
        answer["floor_total"] = plain(figures.floor_total)
        answer["rooms_below_floor"] = figures.below_floor
    return answer


def plan_line_answer(line: PlanLine, actor: Actor) -> dict[str, Any]:
    """Return one room of a plan: what it costs now and what the plan would make of it."""
    answer: dict[str, Any] = {
        "id": line.row_id,
        "room_id": line.room_id,
        "room": line.title,
        "gross_area": plain(line.gross_area),
        "price_basis": line.price_basis,
        "list_unit_price": _plain(line.list_unit_price),
        "list_total": _plain(line.list_total),
        "list_total_before": _plain(line.total_before),
        "change": _plain(line.change),
        "left_because": line.left_because,
    }
    if can_see_floor(actor):
        answer["floor_total"] = _plain(line.floor_total)
        answer["below_floor"] = line.is_below_floor
    return answer


def price_answer(price: RoomPrice, actor: Actor) -> dict[str, Any]:
    """Return what a room cost from when to when."""
    answer: dict[str, Any] = {
        "price_basis": price.price_basis,
        "list_unit_price": plain(price.list_unit_price),
        "list_total": plain(price.list_total),
        "valid_from": price.valid_from.isoformat(),
        "valid_to": price.valid_to.isoformat() if price.valid_to else None,
        "price_plan": {"id": price.plan_id, "number": price.plan.number},
    }
    if can_see_floor(actor):
        answer["floor_total"] = plain(price.floor_total)
    return answer


def import_answer(record: RoomImport) -> dict[str, Any]:
    """Return what an import did or would do."""
    return {
        "id": record.id,
        "number": record.number,
        "file_name": record.file_name,
        "shape": record.shape,
        "state": record.state,
        "dry_run": record.dry_run,
        "project_id": record.project_id,
        "counts": record.counts,
        "price_plan": record.counts.get("price_plan"),
    }


def fault_answer(fault: Fault) -> dict[str, Any]:
    """Return what is wrong with a cell, a line, a sheet or the file, and how to mend it."""
    return {
        "sheet": fault.sheet,
        "line": fault.line,
        "column": fault.column,
        "value": fault.value,
        "code": fault.code,
        "message": str(fault.message),
        "remedy": str(fault.remedy),
    }


def import_line_answer(line: RoomImportLine) -> dict[str, Any]:
    """Return what an import does to one room, field by field."""
    return {
        "id": line.id,
        "kind": line.kind,
        "room": line.title,
        "room_id": line.room_id,
        "sheet": line.sheet,
        "line": line.line,
        "changes": [
            {"field": field, "before": before, "after": after}
            for field, before, after in line.changes
        ],
        "words": line.words,
    }


def room_answer(room: TakenRoom) -> dict[str, Any]:
    """Return a room whose status was just changed."""
    return {"id": room.id, "room": room.title, "status": room.status, "version": room.version}


def method_answer(method: PaymentMethod) -> dict[str, Any]:
    """Return a payment method with its lines."""
    return {
        "id": method.id,
        "project_id": method.project_id,
        "name": method.name,
        "discount_percent": plain(method.discount_percent),
        "building_ids": [building.id for building in method.buildings],
        "lines": [_line_answer(line) for line in method.lines],
    }


def _line_answer(line: PaymentMethodLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "name": line.name,
        "basis": line.basis,
        "value": None if line.value is None else plain(line.value),
        "due_rule": line.due_rule,
        "due_days": line.due_days,
        "due_on": line.due_on.isoformat() if line.due_on else None,
        "due_stage": line.due_stage,
        "round_down_to": None if line.round_down_to is None else plain(line.round_down_to),
    }


def discount_answer(discount: Discount) -> dict[str, Any]:
    """Return a discount."""
    return {
        "id": discount.id,
        "project_id": discount.project_id,
        "name": discount.name,
        "kind": discount.kind,
        "value": plain(discount.value),
        "is_stackable": discount.is_stackable,
        "position": discount.position,
        "building_ids": [building.id for building in discount.buildings],
        "grantor_role": discount.grantor_role,
    }

"""Payment methods with their lines, and discounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from app.core.actor import Actor
from app.core.db import db
from app.estate.base_data import require_unlocked
from app.estate.operations.records import add_row, change_row, remove_row
from app.estate.policies import require_reach
from app.pricing import policies
from app.pricing.entries import check_discount, check_payment_method, taken_sentence
from app.pricing.method_lines import LineDraft, with_stages
from app.pricing.models import (
    Discount,
    DiscountBuilding,
    PaymentMethod,
    PaymentMethodBuilding,
    PaymentMethodLine,
)


def add_payment_method(
    *,
    project_id: int,
    name: str,
    lines: Sequence[LineDraft],
    building_ids: Collection[int] = (),
    actor: Actor,
    **details: Any,
) -> PaymentMethod:
    """Add a payment method with its lines, which must be able to come to a deal total.

    Raises Conflict for a taken name, Invalid naming the line that is wrong.
    """
    actor.require(f"{policies.PAYMENT_METHOD}:add")
    require_reach(actor, project_id)
    require_unlocked(project_id)
    lines = with_stages(lines)
    given = {"project_id": project_id, "name": name, "lines": lines, "building_ids": building_ids}
    check_payment_method({**details, **given})
    method = PaymentMethod(project_id=project_id, name=name, **_known(details))
    add_row(method, taken=taken_sentence(name))
    _put_lines(method, lines)
    _put_buildings(method, building_ids)
    return method


def edit_payment_method(
    method: PaymentMethod,
    *,
    lines: Sequence[LineDraft] | None = None,
    building_ids: Collection[int] | None = None,
    actor: Actor,
    **details: Any,
) -> PaymentMethod:
    """Change a payment method; deals made with it keep their own lines. Errors as when added."""
    actor.require(f"{policies.PAYMENT_METHOD}:edit")
    require_reach(actor, method.project_id)
    if lines is not None:
        lines = with_stages(lines)
    if (lines is not None and not _same_lines(method, lines)) or not _only_switches_off(
        method, details, building_ids
    ):
        require_unlocked(method.project_id)
    check_payment_method({**details, "lines": lines, "building_ids": building_ids}, row=method)
    change_row(method, _known(details), taken=taken_sentence(details.get("name", method.name)))
    if lines is not None:
        db.session.execute(
            delete(PaymentMethodLine).where(PaymentMethodLine.method_id == method.id)
        )
        _put_lines(method, lines)
    if building_ids is not None:
        _put_buildings(method, building_ids)
    return method


def delete_payment_method(method: PaymentMethod, *, actor: Actor) -> None:
    """Delete a payment method that no deal uses. Raises Conflict otherwise: switch it off."""
    actor.require(f"{policies.PAYMENT_METHOD}:delete")
    require_reach(actor, method.project_id)
    require_unlocked(method.project_id)
    with db.session.begin_nested():
        for line in method.lines:
            db.session.delete(line)
    sentence = _l("Deals use %(name)s; switch it off instead of deleting it.", name=method.name)
    remove_row(method, used=sentence)


def add_discount(
    *,
    project_id: int,
    name: str,
    kind: str,
    value: Decimal,
    building_ids: Collection[int] = (),
    actor: Actor,
    **details: Any,
) -> Discount:
    """Add a discount. Raises Conflict for a taken name, Invalid for a value out of range."""
    actor.require(f"{policies.DISCOUNT}:add")
    require_reach(actor, project_id)
    require_unlocked(project_id)
    given = {"project_id": project_id, "name": name, "kind": kind, "value": value}
    check_discount({**details, **given, "building_ids": building_ids})
    discount = Discount(project_id=project_id, name=name, kind=kind, value=value, **_known(details))
    add_row(discount, taken=taken_sentence(name))
    _put_buildings(discount, building_ids)
    return discount


def edit_discount(
    discount: Discount, *, building_ids: Collection[int] | None = None, actor: Actor, **values: Any
) -> Discount:
    """Change a discount; deals made with it keep their own steps. Errors as when added."""
    actor.require(f"{policies.DISCOUNT}:edit")
    require_reach(actor, discount.project_id)
    if not _only_switches_off(discount, values, building_ids):
        require_unlocked(discount.project_id)
    check_discount({**values, "building_ids": building_ids}, row=discount)
    change_row(discount, _known(values), taken=taken_sentence(values.get("name", discount.name)))
    if building_ids is not None:
        _put_buildings(discount, building_ids)
    return discount


def delete_discount(discount: Discount, *, actor: Actor) -> None:
    """Delete a discount. Raises Conflict while something refers to it: switch it off."""
    actor.require(f"{policies.DISCOUNT}:delete")
    require_reach(actor, discount.project_id)
    require_unlocked(discount.project_id)
    sentence = _l("Deals use %(name)s; switch it off instead of deleting it.", name=discount.name)
    remove_row(discount, used=sentence)


def _put_lines(method: PaymentMethod, lines: Sequence[LineDraft]) -> None:
    db.session.add_all(
        PaymentMethodLine(
            project_id=method.project_id, method_id=method.id, position=position, **asdict(line)
        )
        for position, line in enumerate(lines, 1)
    )
    db.session.flush()
    db.session.expire(method, ["lines"])


def _same_lines(method: PaymentMethod, lines: Sequence[LineDraft]) -> bool:
    names = [one.name for one in fields(LineDraft)]
    held = [{name: getattr(line, name) for name in names} for line in method.lines]
    return held == [asdict(line) for line in lines]


def _put_buildings(row: PaymentMethod | Discount, building_ids: Collection[int]) -> None:
    """Say where a method or discount holds; the buildings have been checked."""
    wanted = set(building_ids)
    if isinstance(row, PaymentMethod):
        db.session.execute(
            delete(PaymentMethodBuilding).where(PaymentMethodBuilding.method_id == row.id)
        )
        db.session.add_all(
            PaymentMethodBuilding(project_id=row.project_id, method_id=row.id, building_id=one)
            for one in sorted(wanted)
        )
    else:
        db.session.execute(delete(DiscountBuilding).where(DiscountBuilding.discount_id == row.id))
        db.session.add_all(
            DiscountBuilding(project_id=row.project_id, discount_id=row.id, building_id=one)
            for one in sorted(wanted)
        )
    db.session.flush()
    db.session.expire(row, ["buildings"])


def _only_switches_off(
    row: PaymentMethod | Discount,
    details: dict[str, Any],
    building_ids: Collection[int] | None = None,
) -> bool:
    """Tell whether nothing else changes: what must not be granted any more can be stopped now."""
    if building_ids is not None and set(building_ids) != {one.id for one in row.buildings}:
        return False
    changed = {name for name, value in _known(details).items() if getattr(row, name) != value}
    return changed <= {"is_active"} and not details.get("is_active", True)


def _known(details: dict[str, Any]) -> dict[str, Any]:
    """Leave a number that was not typed to the column's default."""
    if details.get("grantor_role") == "":
        details = {**details, "grantor_role": None}
    return {
        name: value
        for name, value in details.items()
        if not (value is None and name in {"position", "discount_percent"})
    }

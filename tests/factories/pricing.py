"""Factories: prices in force, rooms for sale, payment methods and discounts."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.core.actor import system_actor
from app.core.db import db
from app.estate.models import Building, Project, Room
from app.pricing.models import Discount, PaymentMethod, PaymentMethodLine, PricePlan
from app.pricing.operations import PlanRowDraft, create_price_plan, freeze_plan, make_effective
from tests.factories.estate import make_room

_numbers = itertools.count(1)
FACTORY = system_actor("factory")


def make_plan(rooms: list[Room], total: str = "5000000.00", **values: Any) -> PricePlan:
    """A draft that gives every room the same list total; floor by the setting unless given."""
    floor = values.pop("floor_total", None)
    rows = [
        PlanRowDraft(
            room_id=room.id,
            list_total=Decimal(total),
            floor_total=None if floor is None else Decimal(floor),
        )
        for room in rooms
    ]
    values = {"name": f"定价方案{next(_numbers)}", "origin": "hand", **values}
    return create_price_plan(project_id=rooms[0].project_id, rows=rows, actor=FACTORY, **values)


def price_rooms(rooms: list[Room], total: str = "5000000.00", **values: Any) -> PricePlan:
    """Prices in force for the rooms, by a plan that went through."""
    return go_through(make_plan(rooms, total, **values))


def go_through(plan: PricePlan) -> PricePlan:
    """The plan, approved and in force."""
    freeze_plan(plan.id, actor=FACTORY)
    make_effective(plan, actor=FACTORY)
    return plan


def make_room_for_sale(
    building: Building | None = None,
    *,
    project: Project | None = None,
    total: str = "5000000.00",
    floor_total: str | None = None,
    **values: Any,
) -> Room:
    """A priced room that can be sold at once."""
    room = make_room(building, project=project, **{"status": "available", **values})
    price_rooms([room], total, floor_total=floor_total)
    return db.session.scalars(select(Room).where(Room.id == room.id)).one()


def make_payment_method(
    project: Project, *, lines: list[dict[str, Any]] | None = None, **values: Any
) -> PaymentMethod:
    """一次性: 2 % off, a deposit of 100,000.00, the rest 30 days after signing."""
    values = {"name": f"一次性{next(_numbers)}", "discount_percent": Decimal("2.00"), **values}
    method = PaymentMethod(project_id=project.id, **values)
    db.session.add(method)
    db.session.flush()
    for position, line in enumerate(lines or _PAID_AT_ONCE, 1):
        db.session.add(
            PaymentMethodLine(
                project_id=project.id, method_id=method.id, **{"position": position, **line}
            )
        )
    db.session.flush()
    db.session.refresh(method)
    return method


def make_mortgage_method(project: Project, **values: Any) -> PaymentMethod:
    """按揭: 30 % down within 7 days of signing, the rest a loan rounded down to 10,000."""
    values = {"name": f"按揭{next(_numbers)}", "discount_percent": Decimal(0), **values}
    return make_payment_method(project, lines=_MORTGAGE, **values)


def make_discount(project: Project, **values: Any) -> Discount:
    """开盘优惠: 1 % of the running price."""
    number = next(_numbers)
    values = {
        "name": f"开盘优惠{number}",
        "kind": "percent",
        "value": Decimal("1.00"),
        "position": number,
        **values,
    }
    discount = Discount(project_id=project.id, **values)
    db.session.add(discount)
    db.session.flush()
    return discount


_DEPOSIT: dict[str, Any] = {
    "kind": "deposit",
    "name": "定金",
    "basis": "fixed",
    "value": Decimal("100000.00"),
    "due_rule": "subscription",
    "due_days": 0,
}
_PAID_AT_ONCE: list[dict[str, Any]] = [
    _DEPOSIT,
    {
        "kind": "instalment",
        "name": "楼款",
        "basis": "rest",
        "due_rule": "contract",
        "due_days": 30,
    },
]
_MORTGAGE: list[dict[str, Any]] = [
    _DEPOSIT,
    {
        "kind": "down_payment",
        "name": "首期",
        "basis": "percent",
        "value": Decimal("30.00"),
        "due_rule": "contract",
        "due_days": 7,
    },
    {
        "kind": "loan",
        "name": "按揭",
        "basis": "rest",
        "due_rule": "contract",
        "due_days": 60,
        "round_down_to": Decimal("10000.00"),
    },
]

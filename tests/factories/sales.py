"""Factories: holds as they come about, and what a subscription needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor, acting
from app.core.db import db
from app.customers.models import Customer
from app.estate.models import Project, Room
from app.sales.models import SpecialDiscount, Subscription
from app.sales.operations import PlacedHold, SubscriptionOrder, hold_room, subscribe
from tests.factories.customers import make_customer
from tests.factories.pricing import make_payment_method


def make_hold(room: Room, actor: Actor, **values: Any) -> PlacedHold:
    """The room held by the actor, for a customer if one is given."""
    customer = values.pop("customer", None)
    values = {"reason": "客户考虑中", "customer_id": customer.id if customer else None, **values}
    with acting(actor), db.session.begin_nested():
        return hold_room(room.id, actor=actor, **values)


def make_special(room: Room, customer: Customer, owner: Any, **values: Any) -> SpecialDiscount:
    """A special discount of 2.5 % granted on a list total of 5,000,000.00."""
    values = {
        "percent": Decimal("2.50"),
        "list_total": Decimal("5000000.00"),
        "valid_until": date(2099, 12, 31),
        "request_id": 0,
        "created_at": clock.now(),
        **values,
    }
    special = SpecialDiscount(
        project_id=room.project_id,
        room_id=room.id,
        customer_id=customer.id,
        owner_id=owner.id,
        **values,
    )
    db.session.add(special)
    db.session.flush()
    return special


def make_subscription(room: Room, actor: Actor, **values: Any) -> Subscription:
    """The room subscribed by one buyer of the actor's, or by ``buyers`` with their shares."""
    project = db.session.scalars(select(Project).where(Project.id == room.project_id)).one()
    buyers = values.pop("buyers", None) or [(make_customer(project, actor), "100.00")]
    method = values.pop("method", None) or make_payment_method(project)
    order = SubscriptionOrder(
        room_id=room.id,
        payment_method_id=method.id,
        buyers=[(customer.id, Decimal(share)) for customer, share in buyers],
        **values,
    )
    # A refusal undoes the transaction, as the unit of work does; here down to the savepoint.
    with acting(actor), db.session.begin_nested():
        return subscribe(order, actor=actor)

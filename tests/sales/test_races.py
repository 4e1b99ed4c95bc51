"""Many people and one room, with real commits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.actor import Actor, system_actor
from app.core.db import db
from app.core.errors import Conflict, DomainError
from app.core.uow import unit_of_work
from app.estate.models import Room
from app.finance.models import Account, Receipt
from app.finance.operations import confirm_receipt, create_slip
from app.sales.models import Hold, Subscription
from app.sales.operations import (
    SubscriptionOrder,
    expire_holds,
    hold_room,
    lapse_subscriptions,
    release_hold,
    subscribe,
)
from tests.factories.customers import make_customer
from tests.factories.estate import make_room
from tests.factories.finance import make_book
from tests.factories.people import make_project
from tests.factories.pricing import make_payment_method, make_room_for_sale

pytestmark = pytest.mark.commit
SYSTEM = system_actor("worker")


def at_once(committed: Any, works: list[tuple[Actor, Callable[[Actor], Any]]]) -> list[Any]:
    """Run each work in a thread and a unit of work of its own, all from the same moment."""
    barrier = Barrier(len(works))

    def run(case: tuple[Actor, Callable[[Actor], Any]]) -> Any:
        actor, work = case
        with committed.app.app_context():
            try:
                barrier.wait()
                with unit_of_work(actor):
                    return work(actor)
            except DomainError as refused:
                str(refused)
                return refused
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture
def project(committed):  # noqa: ARG001 - the clone comes first
    project = make_project()
    db.session.commit()
    return project


@pytest.fixture
def room_id(project):
    room = make_room(project=project, status="available")
    db.session.commit()
    return room.id


@pytest.mark.parametrize("people", [2, 40])
def test_one_of_many_holds_the_room_and_the_others_are_told_who(
    committed, project, room_id, people
):
    actors = [committed.actor("consultant", project) for _ in range(people)]
    outcomes = at_once(
        committed,
        [(actor, lambda actor: hold_room(room_id, reason="x", actor=actor)) for actor in actors],
    )
    refused = [found for found in outcomes if isinstance(found, Conflict)]
    (winner,) = [found for found in outcomes if not isinstance(found, Conflict)]
    assert len(refused) == people - 1
    name = next(actor.name for actor in actors if actor.id == winner.holder_id)
    assert {error.code for error in refused} == {"room_taken"}
    assert {error.details["who"] for error in refused} == {name}
    assert db.session.scalar(select(func.count()).select_from(Hold)) == 1
    assert db.session.scalar(select(Room.status).where(Room.id == room_id)) == "reserved"


def test_release_and_expiry_at_once_end_the_hold_once(committed, project, room_id, clock_at):
    clock_at(2026, 11, 21, 2)
    actor = committed.actor("consultant", project)
    with unit_of_work(actor):
        hold_room(room_id, reason="x", actor=actor)
    clock_at(2026, 11, 23, 2)
    works: list[tuple[Actor, Callable[[Actor], Any]]] = [
        (actor, lambda actor: release_hold(room_id, actor=actor)),
        *[(SYSTEM, lambda actor: expire_holds(actor=actor)) for _ in range(3)],
    ]
    at_once(committed, works)
    with unit_of_work(SYSTEM):
        expire_holds(actor=SYSTEM)
    row = db.session.scalars(select(Hold)).one()
    assert row.state in {"released", "lapsed"}
    assert db.session.scalar(select(Room.status).where(Room.id == room_id)) == "available"


def order_of(room_id: int, method_id: int, customer_id: int) -> SubscriptionOrder:
    return SubscriptionOrder(room_id, method_id, [(customer_id, Decimal("100.00"))])


@pytest.mark.parametrize("people", [2, 40])
def test_one_of_many_subscribes_and_the_others_are_told_who(committed, project, people):
    room = make_room_for_sale(project=project)
    method = make_payment_method(project)
    actors = [committed.actor("consultant", project) for _ in range(people)]
    orders = {
        actor.id: order_of(room.id, method.id, make_customer(project, actor).id) for actor in actors
    }
    room_id = room.id
    db.session.commit()
    outcomes = at_once(
        committed,
        [
            (actor, lambda actor: subscribe(orders[actor.id], actor=actor).consultant_id)
            for actor in actors
        ],
    )
    (winner,) = [found for found in outcomes if isinstance(found, int)]
    refused = [found for found in outcomes if isinstance(found, Conflict)]
    assert len(refused) == people - 1, outcomes
    name = next(actor.name for actor in actors if actor.id == winner)
    assert {error.code for error in refused} == {"room_taken"}
    assert {error.details["who"] for error in refused} == {name}
    assert db.session.scalar(select(func.count()).select_from(Subscription)) == 1
    assert db.session.scalar(select(func.count()).select_from(Account)) == 1
    assert db.session.scalar(select(Room.status).where(Room.id == room_id)) == "subscribed"


def test_holding_and_subscribing_at_once_leave_one_of_them(committed, project):
    room = make_room_for_sale(project=project)
    method = make_payment_method(project)
    actors = [committed.actor("consultant", project) for _ in range(12)]
    orders = {
        actor.id: order_of(room.id, method.id, make_customer(project, actor).id) for actor in actors
    }
    room_id = room.id
    db.session.commit()

    def hold(actor: Actor) -> Any:
        return hold_room(room_id, reason="x", actor=actor).id

    def buy(actor: Actor) -> Any:
        return subscribe(orders[actor.id], actor=actor).id

    works = [(actor, hold if place % 2 else buy) for place, actor in enumerate(actors)]
    outcomes = at_once(committed, works)
    assert len([found for found in outcomes if isinstance(found, int)]) == 1, outcomes
    assert {found.code for found in outcomes if isinstance(found, DomainError)} == {"room_taken"}
    holds = db.session.scalar(select(func.count()).select_from(Hold))
    deals = db.session.scalar(select(func.count()).select_from(Subscription))
    assert holds + deals == 1


@pytest.mark.parametrize("turn", range(5))
def test_money_and_lapse_at_once_never_both(committed, project, clock_at, turn):  # noqa: ARG001
    clock_at(2026, 11, 21, 2)
    room = make_room_for_sale(project=project)
    method = make_payment_method(project)
    consultant, cashier = (committed.actor(role, project) for role in ("consultant", "cashier"))
    customer = make_customer(project, consultant)
    make_book(project, cashier)
    order = order_of(room.id, method.id, customer.id)
    room_id = room.id
    db.session.commit()
    with unit_of_work(consultant):
        account_id = subscribe(order, actor=consultant).account_id
    with unit_of_work(cashier):
        slip_id = create_slip(
            account_id=account_id, amount=Decimal(100000), method="cash", payer="王", actor=cashier
        ).id
    clock_at(2026, 11, 21, 14)
    works: list[tuple[Actor, Callable[[Actor], Any]]] = [
        (cashier, lambda actor: confirm_receipt(slip_id, actor=actor).receipt.id),
        *[(SYSTEM, lambda actor: lapse_subscriptions(actor=actor)) for _ in range(3)],
    ]
    outcomes = at_once(committed, works)
    with unit_of_work(SYSTEM):
        lapse_subscriptions(actor=SYSTEM)
    state = db.session.scalar(select(Subscription.state))
    money = db.session.scalar(select(Receipt.state))
    status = db.session.scalar(select(Room.status).where(Room.id == room_id))
    assert (state, money, status) in {
        ("active", "confirmed", "subscribed"),
        ("lapsed", "slip", "available"),
    }, outcomes
    assert isinstance(outcomes[0], DomainError) == (state == "lapsed")

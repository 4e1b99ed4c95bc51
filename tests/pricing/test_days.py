"""Plans that take effect on a day: once, late, cancelled, overtaken; rooms sold by then."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed, WrongState
from app.estate.models import Room
from app.jobs.prices import carry_out
from app.notices.models import Notice
from app.pricing.models import PricePlan, RoomPrice
from app.pricing.operations import (
    cancel_scheduled_plan,
    carry_out_due_plan,
    find_due_plans,
    freeze_plan,
    price_returned_rooms,
    put_in_force,
)
from app.pricing.queries import (
    LineFilter,
    get_current_price,
    get_price_plan,
    list_plan_lines,
    list_waiting_plans,
    price_at_end_of,
)
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import go_through, make_plan, price_rooms

SYSTEM = system_actor("test")
D = Decimal


@pytest.fixture
def rooms(project):
    building = make_building(project)
    found = [make_room(building, status="available") for _ in range(3)]
    price_rooms(found, "5000000.00")
    return found


def later(days):
    return clock.today() + timedelta(days=days)


def approved(rooms, total, days, **more):
    """A plan that was approved and waits for its day."""
    plan = make_plan(rooms, total, takes_effect_on=later(days), **more)
    freeze_plan(plan.id, actor=SYSTEM)
    put_in_force(plan, actor=SYSTEM)
    return plan


def cost(room):
    return get_current_price(room.id).list_total


def on_day(days):
    return clock.frozen(clock.now() + timedelta(days=days))


def run():
    return sum(carry_out_due_plan(plan_id, actor=SYSTEM) for plan_id in find_due_plans())


def test_a_plan_waits_for_its_day_and_takes_effect_once(rooms):
    plan = approved(rooms, "5500000.00", 3)
    assert (plan.state, plan.effective_at) == ("scheduled", None)
    with on_day(2):
        assert run() == 0
        assert cost(rooms[0]) == D(5000000)
    with on_day(3):
        assert run() == 3
        assert run() == 0
        assert cost(rooms[0]) == D(5500000)
        assert plan.state == "effective"
        assert price_at_end_of(rooms[0].id, later(-1)).list_total == D(5000000)
        assert price_at_end_of(rooms[0].id, later(0)).list_total == D(5500000)


def test_today_and_no_day_are_at_once(rooms):
    for plan in (make_plan(rooms, "5100000.00", takes_effect_on=later(0)), make_plan(rooms)):
        freeze_plan(plan.id, actor=SYSTEM)
        assert put_in_force(plan, actor=SYSTEM) == 3
        assert plan.state == "effective"


def test_after_the_worker_was_down_all_that_is_due_follows_in_order(rooms):
    second = approved(rooms, "5700000.00", 4)
    first = approved(rooms[:2], "5600000.00", 2)
    with on_day(9):
        assert find_due_plans() == [first.id, second.id]
        assert run() == 3
        # The plan that was approved later has the last word for its rooms.
        assert [cost(room) for room in rooms] == [D(5600000), D(5600000), D(5700000)]
        # What was sold while it was down was sold at the price of then: history is not rewritten.
        assert price_at_end_of(rooms[0].id, later(-1)).list_total == D(5000000)
    left = list_plan_lines(second.id, only=LineFilter.LEFT)
    assert [line.left_because for line in left] == ["overtaken", "overtaken"]


def test_steps_approved_one_after_the_other_follow_each_other(rooms):
    approved(rooms, "5100000.00", 1)
    approved(rooms, "5200000.00", 5)
    with on_day(1):
        assert run() == 3
    with on_day(5):
        assert run() == 3
        assert cost(rooms[0]) == D(5200000)


def test_a_newer_price_is_not_undone(rooms, steward, session):
    plan = approved(rooms, "5500000.00", 3)
    assert [other.id for other in list_waiting_plans(make_plan(rooms[:1]).id)] == [plan.id]
    price_rooms(rooms[:1], "4900000.00")
    with on_day(3):
        assert run() == 2
    assert [cost(room) for room in rooms] == [D(4900000), D(5500000), D(5500000)]
    all_newer = approved(rooms, "5800000.00", 3)
    all_newer.created_by_id = steward.id
    price_rooms(rooms, "6000000.00")
    with on_day(3):
        assert run() == 0
        assert all_newer.state == "overtaken"
        assert find_due_plans() == []
    assert cost(rooms[2]) == D(6000000)
    told = session.scalars(select(Notice).where(Notice.user_id == steward.id)).one()
    assert told.kind == "prices_overtaken"


def test_a_cancelled_plan_never_takes_effect(rooms, steward, actor_for):
    plan = approved(rooms, "5500000.00", 3)
    with pytest.raises(NotAllowed):
        cancel_scheduled_plan(plan, reason="x", actor=actor_for("gm"))
    with pytest.raises(Invalid):
        cancel_scheduled_plan(plan, reason=" ", actor=steward)
    cancel_scheduled_plan(plan, reason="市场有变", actor=steward)
    assert (plan.state, plan.closing_note) == ("cancelled", "市场有变")
    with on_day(3):
        assert run() == 0
        assert carry_out_due_plan(plan.id, actor=SYSTEM) == 0
    assert cost(rooms[0]) == D(5000000)
    with pytest.raises(WrongState):
        cancel_scheduled_plan(plan, reason="再次", actor=steward)


def sell(room, session, status="subscribed"):
    session.get_one(Room, room.id).status = status
    session.flush()


def test_sold_rooms_keep_their_price_and_are_named(rooms, session):
    plan = approved(rooms, "5500000.00", 3)
    sell(rooms[0], session)
    sell(rooms[1], session, "contracted")
    with on_day(3):
        assert run() == 1
    assert [cost(room) for room in rooms] == [D(5000000), D(5000000), D(5500000)]
    left = list_plan_lines(plan.id, only=LineFilter.LEFT)
    assert [(line.room_id, line.left_because) for line in left] == [
        (rooms[0].id, "sold"),
        (rooms[1].id, "sold"),
    ]


def test_a_room_that_comes_back_gets_what_was_approved_for_it(rooms, session):
    approved(rooms, "5500000.00", 3)
    sell(rooms[0], session)
    with on_day(3):
        run()
        assert price_returned_rooms(actor=SYSTEM) == 0
        sell(rooms[0], session, "available")
        assert price_returned_rooms(actor=SYSTEM) == 1
        assert price_returned_rooms(actor=SYSTEM) == 0
        assert cost(rooms[0]) == D(5500000)


def test_a_room_that_comes_back_keeps_a_price_that_was_approved_later(rooms, session):
    first = approved(rooms, "5500000.00", 1)
    second = approved(rooms, "5900000.00", 2)
    sell(rooms[0], session)
    for day in (1, 2):
        with on_day(day):
            run()
    sell(rooms[0], session, "repricing")
    with on_day(3):
        assert price_returned_rooms(actor=SYSTEM) == 2
        assert cost(rooms[0]) == D(5900000)
    history = session.scalars(
        select(RoomPrice.plan_id).where(RoomPrice.room_id == rooms[0].id).order_by(RoomPrice.id)
    ).all()
    assert history[1:] == [first.id, second.id]


def test_a_sold_room_without_a_price_gets_its_first(project, session):
    room = make_room(project=project, status="contracted")
    price_rooms([room], "3000000.00")
    assert cost(room) == D(3000000)
    del session


def test_when_all_is_sold_there_is_nothing_to_approve(rooms, session):
    plan = make_plan(rooms, "5500000.00")
    freeze_plan(plan.id, actor=SYSTEM)
    for room in rooms:
        sell(room, session)
    with pytest.raises(WrongState, match=plan.number):
        put_in_force(plan, actor=SYSTEM)


def test_a_plan_in_force_still_shows_what_was_before(rooms):
    plan = make_plan(rooms[:1], "5500000.00")
    go_through(plan)
    go_through(make_plan(rooms[:1], "6000000.00"))
    [line] = list_plan_lines(plan.id)
    assert (line.total_before, line.list_total, line.change_percent) == (
        D(5000000),
        D(5500000),
        D(10),
    )


@pytest.mark.commit
def test_two_workers_carry_a_plan_out_once_and_a_broken_one_stops_no_other(committed, monkeypatch):
    with acting(SYSTEM):
        building = make_building(make_project())
        rooms = [make_room(building) for _ in range(4)]
        ids = [room.id for room in rooms]
        price_rooms(rooms, "5000000.00")
        broken = approved(rooms[:1], "5100000.00", 1).id
        plan_id = approved(rooms[1:], "5500000.00", 1).id
        db.session.commit()

    from app.pricing import operations

    whole = operations.carry_out_due_plan

    def break_one(wanted, *, actor):
        if wanted == broken:
            raise RuntimeError("broken on purpose")
        return whole(wanted, actor=actor)

    monkeypatch.setattr(operations, "carry_out_due_plan", break_one)
    gate, counts = threading.Barrier(2), []

    def work():
        gate.wait()
        counts.append(carry_out(committed.app, SYSTEM))

    with on_day(1):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counts) == [0, 3]
        with acting(SYSTEM):
            assert get_price_plan(plan_id).state == "effective"
            assert db.session.get_one(PricePlan, broken).state == "scheduled"
            prices = select(func.count()).where(RoomPrice.room_id.in_(ids))
            assert db.session.scalar(prices) == 7
            db.session.rollback()
        monkeypatch.undo()
        assert carry_out(committed.app, SYSTEM) == 1

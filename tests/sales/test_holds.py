"""Holding rooms, releasing them, and holds that end by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.core.settings import set_setting
from app.estate.models import Room
from app.sales.models import Hold
from app.sales.operations import (
    expire_holds,
    hold_room,
    name_hold_customer,
    release_hold,
)
from tests.factories.customers import make_customer, rename_user
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.sales import make_hold

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.fixture
def room(project):
    return make_room(project=project, status="available")


@pytest.fixture(autouse=True)
def _clock(clock_at):
    clock_at(2026, 11, 21, 2)


def hold(room, actor, **values):
    values = {"reason": "客户考虑中", **values}
    with acting(actor):
        return hold_room(room.id, actor=actor, **values)


def status_of(room):
    return db.session.scalar(select(Room.status).where(Room.id == room.id))


@pytest.mark.parametrize(
    ("role", "days"),
    [("consultant", 1), ("controller", 1), ("supervisor", 3), ("manager", 7), ("director", 15)],
)
def test_for_a_customer_a_room_is_reserved_for_the_days_of_the_role(
    actor_for, project, room, role, days
):
    actor = actor_for(role)
    customer = make_customer(project, actor)
    placed = hold(room, actor, customer_id=customer.id)
    assert (placed.kind, placed.until) == ("reserved", NOW + timedelta(days=days))
    assert placed.room.title == room.title
    row = db.session.get_one(Hold, placed.id)
    assert (row.state, row.holder_id, row.customer_id) == ("live", actor.id, customer.id)
    assert status_of(room) == "reserved"


def test_the_longest_of_several_roles_counts(actor_for, room):
    actor = actor_for(["consultant", "supervisor"])
    assert hold(room, actor).until == NOW + timedelta(days=3)


def test_the_days_are_a_setting_of_the_project(actor_for, project, room):
    set_setting("sales.hold_days", {"consultant": 2}, project_id=project.id)
    assert hold(room, actor_for("consultant")).until == NOW + timedelta(days=2)


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("consultant", "reserved"),
        ("supervisor", "reserved"),
        ("controller", "held"),
        ("manager", "held"),
        ("director", "held"),
    ],
)
def test_without_a_customer_the_role_decides_the_kind(actor_for, room, role, kind):
    placed = hold(room, actor_for(role))
    assert placed.kind == kind == status_of(room)
    assert (placed.until is None) == (kind == "held")


def test_taking_off_the_market_needs_a_reason_and_may_have_an_end(actor_for, project, room):
    actor = actor_for("manager")
    with pytest.raises(Invalid) as refused:
        hold(room, actor, reason=" ")
    assert "reason" in refused.value.fields
    end = NOW + timedelta(days=200)
    assert hold(make_room(project=project, status="available"), actor, until=end).until == end


@pytest.mark.parametrize("minutes", [0, -1])
def test_a_hold_does_not_end_in_the_past(actor_for, room, minutes):
    with pytest.raises(Invalid) as refused:
        hold(room, actor_for("manager"), until=NOW + timedelta(minutes=minutes))
    assert "until" in refused.value.fields


def test_no_hold_ends_beyond_the_calendar(actor_for, room):
    with pytest.raises(Invalid) as refused:
        hold(room, actor_for("manager"), until=datetime(9999, 12, 31, 23, tzinfo=UTC))
    assert "until" in refused.value.fields


def test_an_end_beyond_the_role_is_refused_with_the_latest(actor_for, room):
    actor = actor_for("consultant")
    with pytest.raises(Invalid) as refused:
        hold(room, actor, until=NOW + timedelta(days=1, seconds=1))
    assert refused.value.details == {
        "latest": (NOW + timedelta(days=1)).isoformat(),
        "remedy": "special_hold",
    }
    assert "2026-11-22 10:00" in str(refused.value)


def test_a_taken_room_names_who_has_it_and_since_when(actor_for, room):
    first, second = actor_for("consultant"), actor_for("consultant")
    rename_user(first.id, "陈顾问")
    hold(room, first)
    with pytest.raises(Conflict) as refused:
        hold(room, second)
    assert refused.value.code == "room_taken"
    assert refused.value.details["who"] == "陈顾问"
    assert refused.value.details["kind"] == "reserved"
    assert refused.value.details["since"] == NOW.isoformat()
    assert "陈顾问" in str(refused.value)
    assert "2026-11-21 10:00" in str(refused.value)
    with pytest.raises(Conflict) as refused:
        hold(room, first)
    assert refused.value.code == "room_taken"


@pytest.mark.parametrize("status", ["unreleased", "repricing", "queued", "handed_over"])
def test_a_room_that_is_not_for_sale_says_why(actor_for, project, status):
    room = make_room(project=project, status=status)
    with pytest.raises(WrongState) as refused:
        hold(room, actor_for("consultant"))
    assert refused.value.code == "room_not_for_sale"
    assert room.title in str(refused.value)
    assert status_of(room) == status


def test_room_and_customer_outside_scope_are_not_found(actor_for, project, room):
    actor, colleague = actor_for("consultant"), actor_for("consultant")
    other = make_project()
    with pytest.raises(NotFound):
        hold(make_room(project=other, status="available"), actor)
    with pytest.raises(NotFound):
        hold(room, actor, customer_id=make_customer(project, colleague).id)
    assert status_of(room) == "available"


def test_a_customer_of_another_project_is_refused(actor_for, project, room):
    other = make_project()
    actor = actor_for("manager", project=None, organization=project.organization)
    manager = actor.__class__(**{**actor.__dict__, "projects": frozenset({project.id, other.id})})
    far = make_customer(other, manager)
    with pytest.raises(Invalid) as refused:
        hold(room, manager, customer_id=far.id)
    assert "customer_id" in refused.value.fields


@pytest.mark.parametrize("role", ["cashier", "gm", "admin", "steward", "service"])
def test_who_may_not_hold(actor_for, room, role):
    with pytest.raises(NotAllowed):
        hold(room, actor_for(role))


def test_a_hold_takes_three_statements(actor_for, project, room):
    actor = actor_for("consultant")
    customer_id, room_id = make_customer(project, actor).id, room.id
    hold(make_room(project=project, status="available"), actor)  # reads the setting
    db.session.commit()
    statements = []
    db.session.connection()

    def count(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        with acting(actor):
            hold_room(room_id, reason="考虑中", customer_id=customer_id, actor=actor)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert len([found for found in statements if "SAVEPOINT" not in found]) == 3


# Release


def release(room, actor, **values):
    with acting(actor):
        return release_hold(room.id, actor=actor, **values)


@pytest.mark.parametrize("role", ["controller", "manager", "director"])
def test_the_holder_and_his_seniors_release(actor_for, room, role):
    holder = actor_for("consultant")
    hold(room, holder)
    ended = release(room, actor_for(role), reason="客户放弃")
    row = db.session.get_one(Hold, ended.id)
    assert (row.state, row.end_reason, status_of(room)) == ("released", "客户放弃", "available")
    hold(room, holder)
    assert release(room, holder).state == "released"


@pytest.mark.parametrize("role", ["consultant", "supervisor"])
def test_somebody_elses_hold_is_not_released(actor_for, room, role):
    holder = actor_for("manager")
    rename_user(holder.id, "周经理")
    hold(room, holder)
    with pytest.raises(NotAllowed, match="周经理"):
        release(room, actor_for(role))


def test_a_released_room_can_be_held_again(actor_for, room):
    one, two = actor_for("consultant"), actor_for("consultant")
    hold(room, one)
    release(room, one)
    assert hold(room, two).holder_id == two.id


@pytest.mark.parametrize("status", ["unreleased", "available", "subscribed", "repricing"])
def test_release_never_puts_a_room_on_sale(actor_for, project, status):
    room = make_room(project=project, status=status)
    with pytest.raises(WrongState):
        release(room, actor_for("manager"))
    assert status_of(room) == status


def test_a_room_of_another_project_is_not_found(actor_for):
    other = make_project()
    room = make_room(project=other, status="available")
    hold(room, actor_for("consultant", project=other))
    with pytest.raises(NotFound):
        release(room, actor_for("manager"))
    assert status_of(room) == "reserved"


# A customer for a hold in one's own name


def test_a_hold_in_ones_own_name_gets_its_customer(actor_for, project, room):
    actor = actor_for("consultant")
    customer = make_customer(project, actor)
    placed = hold(room, actor)
    with acting(actor):
        name_hold_customer(room.id, customer_id=customer.id, actor=actor)
        assert db.session.get_one(Hold, placed.id).customer_id == customer.id
        with pytest.raises(WrongState):
            name_hold_customer(room.id, customer_id=customer.id, actor=actor)


def test_nobody_names_the_customer_of_anothers_hold(actor_for, project, room):
    actor = actor_for("consultant")
    hold(room, actor_for("consultant"))
    with acting(actor), pytest.raises(WrongState):
        name_hold_customer(room.id, customer_id=make_customer(project, actor).id, actor=actor)


# Expiry

SYSTEM = system_actor("worker")


def test_holds_end_by_time_and_only_those(actor_for, project, clock_at):
    actor, manager = actor_for("consultant"), actor_for("manager")
    building = make_building(project)
    short, longer, endless = (make_room(building, status="available") for _ in range(3))
    make_hold(short, actor)
    make_hold(longer, actor_for("supervisor"))
    make_hold(endless, manager)
    assert expire_holds(actor=SYSTEM) == 0
    clock_at(2026, 11, 22, 2)
    assert expire_holds(actor=SYSTEM) == 1
    db.session.expire_all()
    assert [room.status for room in (short, longer, endless)] == ["available", "reserved", "held"]
    assert expire_holds(actor=SYSTEM) == 0
    row = db.session.scalars(select(Hold).where(Hold.room_id == short.id)).one()
    assert (row.state, row.state_at) == ("lapsed", NOW + timedelta(days=1))


def test_only_the_system_ends_holds_by_time(actor_for):
    with pytest.raises(NotAllowed):
        expire_holds(actor=actor_for("director"))

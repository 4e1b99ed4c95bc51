"""Rooms move between states by one conditional statement."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.estate.models import Room, RoomStatus
from app.estate.operations import put_room, set_status, take_room
from tests.factories.estate import make_building, make_entrance, make_room
from tests.factories.people import make_project

SYSTEM = system_actor("test")
FREE = (RoomStatus.AVAILABLE,)


def test_a_room_is_taken_with_its_title_and_version(project):
    building = make_building(project, name="3栋")
    entrance = make_entrance(building, name="1单元")
    room = make_room(building, entrance_id=entrance.id, number="2602", status="available")

    taken = take_room(room.id, to=RoomStatus.RESERVED, frm=FREE, actor=SYSTEM)

    assert taken is not None
    assert taken.title == "3栋-1单元-2602" == room.title
    assert (taken.status, taken.version, taken.project_id) == ("reserved", 2, project.id)
    # The row that the session had loaded is read again.
    assert (room.status, room.version) == ("reserved", 2)


def test_a_taken_room_is_not_taken_again(project):
    room = make_room(project=project, status="available")
    assert take_room(room.id, to=RoomStatus.RESERVED, frm=FREE, actor=SYSTEM)
    assert take_room(room.id, to=RoomStatus.SUBSCRIBED, frm=FREE, actor=SYSTEM) is None
    assert room.status == "reserved"


def test_a_room_is_put_back(project):
    room = make_room(project=project, status="reserved")
    back = put_room(
        room.id, to=RoomStatus.AVAILABLE, frm=(RoomStatus.RESERVED, RoomStatus.HELD), actor=SYSTEM
    )
    assert back is not None
    assert room.status == "available"


def test_a_room_outside_scope_is_not_taken(project, actor_for):
    room = make_room(project=project, status="available")
    stranger = actor_for("controller", project=make_project())
    assert take_room(room.id, to=RoomStatus.HELD, frm=FREE, actor=stranger) is None
    assert set_status([room.id], to=RoomStatus.HELD, frm=FREE, actor=stranger) == []
    nobody = replace(stranger, projects=frozenset())
    assert take_room(room.id, to=RoomStatus.HELD, frm=FREE, actor=nobody) is None
    assert room.status == "available"


def test_steps_that_the_state_machine_does_not_know_are_a_mistake(project):
    room = make_room(project=project, status="unreleased")
    with pytest.raises(ValueError, match="from unreleased to contracted"):
        take_room(room.id, to=RoomStatus.CONTRACTED, frm=(RoomStatus.UNRELEASED,), actor=SYSTEM)


def test_many_rooms_move_and_the_others_are_left_out(project):
    building = make_building(project)
    rooms = [make_room(building, status="available") for _ in range(3)]
    sold = make_room(building, status="contracted")
    moved = set_status(
        [sold.id, *(room.id for room in reversed(rooms))],
        to=RoomStatus.HELD,
        frm=FREE,
        actor=SYSTEM,
    )
    assert [room.id for room in moved] == sorted(room.id for room in rooms)
    assert {room.status for room in rooms} == {"held"}
    assert sold.status == "contracted"


def test_no_rooms_are_no_statement(session):  # noqa: ARG001
    assert set_status([], to=RoomStatus.HELD, frm=FREE, actor=SYSTEM) == []


def test_every_step_is_told_to_open_screens(project, session):
    room = make_room(project=project, status="available")
    take_room(room.id, to=RoomStatus.HELD, frm=FREE, actor=SYSTEM)
    versions = session.execute(
        db.text("SELECT version FROM estate_room_event WHERE room_id = :id ORDER BY id"),
        {"id": room.id},
    ).scalars()
    assert list(versions) == [1, 2]


@pytest.mark.commit
def test_of_many_at_the_same_moment_exactly_one_gets_the_room(committed):
    with acting(SYSTEM):
        room_id = make_room(project=make_project(), status="available").id
        db.session.commit()
    won: list[int] = []
    gate = threading.Barrier(12)

    def press(number: int) -> None:
        with committed.app.app_context():
            actor = system_actor(f"presser-{number}")
            gate.wait()
            with unit_of_work(actor):
                taken = take_room(room_id, to=RoomStatus.RESERVED, frm=FREE, actor=actor)
                if taken is not None:
                    won.append(number)
            db.session.remove()

    threads = [threading.Thread(target=press, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    with acting(SYSTEM):
        room = db.session.get(Room, room_id)
        assert (room.status, room.version) == ("reserved", 2)


@pytest.mark.commit
def test_bulk_steps_over_the_same_rooms_do_not_block_each_other(committed):
    with acting(SYSTEM):
        building = make_building(make_project())
        rooms = [make_room(building, status="available").id for _ in range(40)]
        db.session.commit()
    moved: list[int] = []
    gate = threading.Barrier(2)

    def sweep(order: list[int]) -> None:
        with committed.app.app_context():
            gate.wait()
            with unit_of_work(SYSTEM):
                taken = set_status(order, to=RoomStatus.HELD, frm=FREE, actor=SYSTEM)
                moved.extend(room.id for room in taken)
            db.session.remove()

    threads = [
        threading.Thread(target=sweep, args=(order,)) for order in (rooms, list(reversed(rooms)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == rooms

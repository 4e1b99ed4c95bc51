"""Rooms put on sale and taken off: permit, price, state, all or none."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.core.audit import AuditEntry
from app.core.errors import Invalid, NotAllowed, NotFound, WrongState
from app.core.settings import set_setting
from app.estate.models import Room
from app.pricing.operations import confirm_price, release_for_sale, withdraw_from_sale
from tests.factories.estate import make_building, make_permit, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_room_for_sale, price_rooms


@pytest.fixture
def building(project):
    return make_building(project, name="3栋")


@pytest.fixture
def priced(building):
    rooms = [make_room(building) for _ in range(3)]
    price_rooms(rooms)
    return rooms


def statuses(session, rooms):
    session.expire_all()
    return [session.get(Room, room.id).status for room in rooms]


def test_a_building_is_released(building, priced, director, session):
    taken = release_for_sale(building_id=building.id, reason="首开", actor=director)
    assert [room.id for room in taken] == [room.id for room in priced]
    assert statuses(session, priced) == ["available"] * 3


def test_named_rooms_are_released(priced, director, session):
    release_for_sale(room_ids=[priced[1].id], reason="加推", actor=director)
    assert statuses(session, priced) == ["unreleased", "available", "unreleased"]


def test_the_reason_is_kept(priced, director, session):
    release_for_sale(room_ids=[room.id for room in priced], reason=" 首开 ", actor=director)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "release_for_sale")).one()
    assert entry.after == {"reason": "首开", "room_ids": [room.id for room in priced]}


def test_without_a_permit_release_is_refused_by_the_buildings_name(project, director, session):
    building = make_building(project, name="7栋", permit=False)
    room = make_room(building)
    price_rooms([room])
    with pytest.raises(Invalid, match="7栋") as caught:
        release_for_sale(building_id=building.id, reason="首开", actor=director)
    assert caught.value.code == "permit_missing"
    assert statuses(session, [room]) == ["unreleased"]

    make_permit(project, [building])
    assert release_for_sale(building_id=building.id, reason="首开", actor=director)


def test_a_completion_record_does_instead_of_a_permit(project, director):
    building = make_building(project, permit=False, completed_on=date(2026, 5, 1))
    price_rooms([make_room(building)])
    assert release_for_sale(building_id=building.id, reason="现房", actor=director)


def test_the_setting_lets_a_project_off(project, director):
    building = make_building(project, permit=False)
    price_rooms([make_room(building)])
    set_setting("estate.sell_without_permit", True, project_id=project.id)
    assert release_for_sale(building_id=building.id, reason="首开", actor=director)


def test_rooms_without_a_price_are_counted_and_the_first_named(building, priced, director, session):
    bare = [make_room(building, number="901"), make_room(building, number="902")]
    with pytest.raises(Invalid, match=r"2.*3栋-901") as caught:
        release_for_sale(building_id=building.id, reason="首开", actor=director)
    assert caught.value.code == "price_missing"
    assert caught.value.details["room_ids"] == [room.id for room in bare]
    assert statuses(session, priced) == ["unreleased"] * 3


def test_a_price_made_for_another_area_asks_for_the_price_again(priced, director, session):
    priced[0].gross_area += 1
    session.flush()
    with pytest.raises(Invalid) as caught:
        release_for_sale(room_ids=[room.id for room in priced], reason="首开", actor=director)
    assert caught.value.code == "price_outdated"
    assert caught.value.details["room_ids"] == [priced[0].id]


def test_all_or_none(priced, director, session):
    priced[1].status = "reserved"
    session.flush()
    with pytest.raises(WrongState, match="1"):
        release_for_sale(room_ids=[room.id for room in priced], reason="首开", actor=director)
    assert statuses(session, priced) == ["unreleased", "reserved", "unreleased"]


@pytest.mark.usefixtures("priced")
def test_a_building_with_nothing_to_release_says_so(building, director):
    release_for_sale(building_id=building.id, reason="首开", actor=director)
    with pytest.raises(WrongState, match="3栋"):
        release_for_sale(building_id=building.id, reason="首开", actor=director)


@pytest.mark.parametrize("operation", [release_for_sale, withdraw_from_sale])
def test_a_reason_and_one_choice_are_needed(operation, building, priced, director):
    with pytest.raises(Invalid) as caught:
        operation(building_id=building.id, reason="  ", actor=director)
    assert "reason" in caught.value.fields
    for wrong in ({}, {"building_id": building.id, "room_ids": [priced[0].id]}):
        with pytest.raises(Invalid):
            operation(reason="首开", actor=director, **wrong)


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("operation", [release_for_sale, withdraw_from_sale])
def test_only_the_director_releases_and_only_his_rooms(operation, building, actor_for):
    for role in ("consultant", "controller", "supervisor", "manager", "steward", "gm", "agency"):
        with pytest.raises(NotAllowed):
            operation(building_id=building.id, reason="首开", actor=actor_for(role))


def test_rooms_outside_scope_are_not_there(director):
    room = make_room_for_sale(project=make_project(), status="unreleased")
    from app.core.actor import acting

    with acting(director):
        with pytest.raises(NotFound):
            release_for_sale(room_ids=[room.id], reason="首开", actor=director)
        with pytest.raises(NotFound):
            release_for_sale(building_id=room.building_id, reason="首开", actor=director)
        with pytest.raises(NotFound):
            confirm_price(room.id, actor=director_with_confirm(director))


def director_with_confirm(director):
    from dataclasses import replace

    return replace(director, permissions=director.permissions | {"pricing.sale:confirm_price"})


def test_withdrawing_leaves_rooms_that_somebody_has(building, priced, director, session):
    release_for_sale(building_id=building.id, reason="首开", actor=director)
    session.get(Room, priced[0].id).status = "subscribed"
    session.flush()
    taken = withdraw_from_sale(building_id=building.id, reason="停售", actor=director)
    assert [room.id for room in taken] == [room.id for room in priced[1:]]
    assert statuses(session, priced) == ["subscribed", "unreleased", "unreleased"]
    with pytest.raises(WrongState):
        withdraw_from_sale(room_ids=[priced[0].id], reason="停售", actor=director)


def test_a_room_awaiting_a_price_goes_back_on_sale_at_its_price(project, actor_for, session):
    room = make_room_for_sale(project=project, status="repricing")
    for role in ("manager", "steward"):
        session.get(Room, room.id).status = "repricing"
        session.flush()
        assert confirm_price(room.id, actor=actor_for(role)).status == "available"
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "confirm_price")).all()
    assert {entry.row_id for entry in entries} == {room.id}
    assert entries[0].after == {"list_total": "5000000.00"}


def test_confirming_is_refused_in_any_other_state_or_role(project, actor_for):
    room = make_room_for_sale(project=project)
    with pytest.raises(WrongState, match=room.number):
        confirm_price(room.id, actor=actor_for("manager"))
    with pytest.raises(NotAllowed):
        confirm_price(room.id, actor=actor_for("director"))

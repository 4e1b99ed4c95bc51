"""What is typed into a plan's table: worked out, all or nothing, never over others' work."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core.errors import Conflict, Invalid, NotAllowed, WrongState
from app.pricing.models import PricePlanRow
from app.pricing.operations import (
    CellDraft,
    PlanRowDraft,
    SeenRow,
    add_plan_rooms,
    freeze_plan,
    remove_plan_rooms,
    save_plan_cells,
)
from app.pricing.queries import RoomSelection
from app.pricing.terms import PriceBasis
from tests.factories.estate import make_building, make_room
from tests.factories.pricing import make_plan

D = Decimal
SEEN = SeenRow(D("5000000.00"), D("39831.12"), D("4750000.00"))


@pytest.fixture
def rooms(project):
    building = make_building(project)
    return [make_room(building) for _ in range(3)]


@pytest.fixture
def plan(rooms):
    return make_plan(rooms, "5000000.00")


def cell(room, seen=SEEN, **values):
    return CellDraft(PlanRowDraft(room.id, **values), seen)


def kept(session, plan, room):
    session.expire_all()
    wanted = select(PricePlanRow).where(
        PricePlanRow.plan_id == plan.id, PricePlanRow.room_id == room.id
    )
    row = session.scalars(wanted).one()
    return row.list_unit_price, row.list_total, row.floor_total


def test_a_unit_price_gives_the_total_and_a_total_the_unit_price(plan, rooms, steward, session):
    version = plan.version
    written = save_plan_cells(
        plan,
        cells=[
            cell(rooms[0], list_unit_price=D("52229.87")),
            cell(rooms[1], list_total=D(6000000), floor_total=D(5555555)),
            cell(rooms[2]),
        ],
        actor=steward,
    )
    assert kept(session, plan, rooms[0]) == (D("52229.87"), D("6556415.58"), D("6228600.00"))
    assert kept(session, plan, rooms[1]) == (D("47797.34"), D(6000000), D(5555555))
    assert kept(session, plan, rooms[2]) == (None, None, None)
    assert [row["list_total"] for row in written] == [D("6556415.58"), D(6000000), None]
    assert plan.version == version + 1


def test_a_unit_price_is_rounded_as_the_project_says(plan, rooms, project, steward, session):
    project.total_rounding = D(100)
    save_plan_cells(plan, cells=[cell(rooms[0], list_unit_price=D("52229.87"))], actor=steward)
    assert kept(session, plan, rooms[0])[:2] == (D("52229.87"), D(6556400))


def test_a_basis_says_which_area_counts(plan, rooms, steward, session):
    by_inside = cell(rooms[0], list_unit_price=D(60000), price_basis=PriceBasis.INSIDE)
    by_unit = cell(rooms[1], list_total=D(300000), price_basis=PriceBasis.UNIT)
    save_plan_cells(plan, cells=[by_inside, by_unit], actor=steward)
    assert kept(session, plan, rooms[0])[:2] == (D(60000), D(6003000))
    assert kept(session, plan, rooms[1])[:2] == (D("2389.87"), D(300000))


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"list_total": D(0)}, "list_total"),
        ({"list_unit_price": D(-1)}, "list_unit_price"),
        ({"list_total": D(10) ** 13}, "list_total"),
        ({"list_total": D(100), "floor_total": D(101)}, "floor_total"),
        ({"list_total": D(100), "list_unit_price": D(100)}, "list_total"),
    ],
)
def test_wrong_cells_are_named_one_by_one_and_nothing_is_written(
    plan, rooms, steward, session, values, column
):
    good = cell(rooms[0], list_total=D(6000000))
    with pytest.raises(Invalid) as caught:
        save_plan_cells(plan, cells=[good, cell(rooms[1], **values)], actor=steward)
    [fault] = caught.value.details["cells"]
    assert (fault["room_id"], fault["column"]) == (rooms[1].id, column)
    assert fault["sentence"]
    assert kept(session, plan, rooms[0])[1] == D(5000000)


def test_without_an_inside_area_nothing_goes_by_it(plan, rooms, steward, session):
    rooms[0].inside_area = None
    session.flush()
    with pytest.raises(Invalid) as caught:
        save_plan_cells(
            plan,
            cells=[cell(rooms[0], list_total=D(6000000), price_basis=PriceBasis.INSIDE)],
            actor=steward,
        )
    assert caught.value.details["cells"][0]["column"] == "price_basis"


def test_two_people_change_different_rooms_of_one_plan(plan, rooms, steward, actor_for, session):
    save_plan_cells(plan, cells=[cell(rooms[0], list_total=D(6000000))], actor=steward)
    save_plan_cells(plan, cells=[cell(rooms[1], list_total=D(7000000))], actor=actor_for("manager"))
    assert [kept(session, plan, room)[1] for room in rooms] == [D(6000000), D(7000000), D(5000000)]


def test_the_second_of_two_who_change_one_room_is_told(plan, rooms, steward, actor_for, session):
    manager = actor_for("manager")
    save_plan_cells(plan, cells=[cell(rooms[0], list_total=D(6000000))], actor=steward)
    mine = [cell(rooms[0], list_total=D(7000000)), cell(rooms[1], list_total=D(7000000))]
    with pytest.raises(Conflict) as caught:
        save_plan_cells(plan, cells=mine, actor=manager)
    [(room_id, row)] = caught.value.details["rows"].items()
    assert (room_id, row.list_total) == (rooms[0].id, D(6000000))
    assert kept(session, plan, rooms[1])[1] == D(5000000)
    # Having seen it, he may put his own in its place.
    seen = SeenRow(row.list_total, row.list_unit_price, row.floor_total)
    save_plan_cells(plan, cells=[cell(rooms[0], seen, list_total=D(7000000))], actor=manager)
    assert kept(session, plan, rooms[0])[1] == D(7000000)


def test_a_room_taken_out_meanwhile_is_told(plan, rooms, steward):
    assert remove_plan_rooms(plan, room_ids=[rooms[0].id], actor=steward) == 1
    with pytest.raises(Conflict) as caught:
        save_plan_cells(plan, cells=[cell(rooms[0], list_total=D(1))], actor=steward)
    assert caught.value.details["rows"] == {rooms[0].id: None}


def test_rooms_are_taken_out_and_put_in(plan, rooms, project, steward):
    selection = RoomSelection(project.id)
    with pytest.raises(Invalid):
        add_plan_rooms(plan, selection=selection, actor=steward)
    remove_plan_rooms(plan, room_ids=[room.id for room in rooms[:2]], actor=steward)
    assert add_plan_rooms(plan, selection=selection, actor=steward) == 2
    with pytest.raises(Invalid):
        remove_plan_rooms(plan, room_ids=[room.id for room in rooms], actor=steward)


def test_only_an_open_plan_and_only_by_who_may(plan, rooms, steward, actor_for):
    for role in ("director", "finance_manager", "gm", "consultant"):
        with pytest.raises(NotAllowed):
            save_plan_cells(plan, cells=[cell(rooms[0])], actor=actor_for(role))
    freeze_plan(plan.id, actor=steward)
    for step in (
        lambda: save_plan_cells(plan, cells=[cell(rooms[0])], actor=steward),
        lambda: remove_plan_rooms(plan, room_ids=[rooms[0].id], actor=steward),
        lambda: add_plan_rooms(plan, selection=RoomSelection(plan.project_id), actor=steward),
    ):
        with pytest.raises(WrongState):
            step()


def test_who_does_not_see_floor_prices_keeps_them(plan, rooms, actor_for, session):
    manager = actor_for("manager")
    blind = replace(manager, permissions=manager.permissions - {"pricing.floor:see"})
    save_plan_cells(
        plan, cells=[cell(rooms[0], list_total=D(5000000), floor_total=D(4600000))], actor=manager
    )
    unseen = SeenRow(D(5000000), D("39831.12"), None)
    save_plan_cells(plan, cells=[cell(rooms[0], unseen, list_total=D(5100000))], actor=blind)
    assert kept(session, plan, rooms[0])[1:] == (D(5100000), D(4600000))

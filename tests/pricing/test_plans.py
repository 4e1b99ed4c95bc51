"""Price plans: drafted, changed while open, made effective; history stays."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed, NotFound, WrongState
from app.core.uow import unit_of_work
from app.estate.models import Room, RoomEvent
from app.pricing.models import PricePlan, PricePlanRow, RoomPrice
from app.pricing.operations import (
    PlanRowDraft,
    create_price_plan,
    delete_price_plan,
    edit_price_plan,
    freeze_plan,
    make_effective,
    reopen_plan,
    replace_plan_rows,
)
from app.pricing.queries import (
    current_prices,
    digest_of_plan,
    get_current_price,
    get_price_plan,
    list_plan_lines,
    plan_figures,
    plan_figures_by_building,
    price_on,
)
from app.pricing.rules import default_floor
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import make_plan, price_rooms

SYSTEM = system_actor("test")


@pytest.fixture
def rooms(project):
    building = make_building(project)
    return [make_room(building) for _ in range(3)]


def draft(project, actor, rows, **more):
    values = {"name": "首批定价", **more}
    return create_price_plan(project_id=project.id, rows=rows, actor=actor, **values)


def test_a_draft_prices_nothing(project, rooms, actor_for):
    plan = draft(project, actor_for("manager"), [PlanRowDraft(rooms[0].id, Decimal(6000000))])
    assert plan.state == "draft"
    assert plan.number.startswith("DJ")
    assert get_current_price(rooms[0].id) is None


def test_what_a_row_leaves_out_is_worked_out(project, rooms, steward, session):
    rows = [
        PlanRowDraft(rooms[0].id, list_total=Decimal("6556415.58")),
        PlanRowDraft(rooms[1].id, list_unit_price=Decimal("52229.87")),
        PlanRowDraft(rooms[2].id, Decimal(5000000), floor_total=Decimal(4000000)),
    ]
    plan = draft(project, steward, rows)
    found = session.scalars(
        select(PricePlanRow).where(PricePlanRow.plan_id == plan.id).order_by(PricePlanRow.id)
    ).all()
    assert [(row.list_unit_price, row.list_total, row.floor_total) for row in found] == [
        (Decimal("52229.87"), Decimal("6556415.58"), Decimal("6228600.00")),
        (Decimal("52229.87"), Decimal("6556415.58"), Decimal("6228600.00")),
        (Decimal("39831.12"), Decimal("5000000.00"), Decimal("4000000.00")),
    ]


@pytest.mark.parametrize(
    ("list_total", "floor"),
    [
        ("6556415.58", "6228600.00"),
        ("100000.00", "95000.00"),  # 95 % falls on a whole hundred
        ("100000.01", "95100.00"),  # and a fen more does not
        ("50.00", "50.00"),  # rounded up it would be above the list price
        ("9999999999999.99", "9500000000000.00"),
    ],
)
def test_the_default_floor_is_95_percent_rounded_up_to_100(list_total, floor):
    assert default_floor(Decimal(list_total), Decimal(95), Decimal(100)) == Decimal(floor)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "neither"),
        ({"list_total": Decimal(0)}, "above 0"),
        ({"list_total": Decimal(-1)}, "above 0"),
        ({"list_total": Decimal(100), "floor_total": Decimal(101)}, "floor"),
        ({"list_total": Decimal(100), "floor_total": Decimal(0)}, "floor"),
        ({"list_total": Decimal(100), "list_unit_price": Decimal(100)}, "does not come to"),
    ],
)
def test_wrong_rows_are_named(project, rooms, steward, app, values, sentence):
    rows = [PlanRowDraft(rooms[0].id, Decimal(5000000)), PlanRowDraft(rooms[1].id, **values)]
    with app.test_request_context(headers={"Accept-Language": "en"}):
        from flask import session as cookie

        cookie["locale"] = "en"
        with pytest.raises(Invalid) as caught:
            draft(project, steward, rows)
        assert "2" in str(caught.value)
        assert sentence in str(caught.value)
    assert "rows" in caught.value.fields


def test_a_total_rounded_by_the_project_goes_with_its_unit_price(project, rooms, steward):
    project.total_rounding = Decimal(100)
    rows = [PlanRowDraft(rooms[0].id, Decimal(6556400), Decimal("52229.87"))]
    assert draft(project, steward, rows).id


def test_rooms_of_other_projects_and_doubles_are_refused(project, rooms, steward):
    stranger = make_room(project=make_project())
    for rows in (
        [PlanRowDraft(stranger.id, Decimal(1))],
        [PlanRowDraft(rooms[0].id, Decimal(1)), PlanRowDraft(rooms[0].id, Decimal(1))],
        [],
    ):
        with pytest.raises(Invalid):
            draft(project, steward, rows)


def test_who_may_draft(project, rooms, actor_for):
    rows = [PlanRowDraft(rooms[0].id, Decimal(5000000))]
    for role in ("consultant", "controller", "director", "finance_manager", "gm", "agency"):
        with pytest.raises(NotAllowed):
            draft(project, actor_for(role), rows)
    with pytest.raises(NotFound):
        draft(make_project(), actor_for("manager"), rows)


def test_an_open_plan_changes_and_a_frozen_one_does_not(project, rooms, steward, session):
    plan = draft(project, steward, [PlanRowDraft(rooms[0].id, Decimal(5000000))])
    edit_price_plan(plan, name="改名", actor=steward)
    replace_plan_rows(plan, rows=[PlanRowDraft(rooms[1].id, Decimal(4000000))], actor=steward)
    assert [line.room_id for line in list_plan_lines(plan.id)] == [rooms[1].id]

    freeze_plan(plan.id, actor=steward)
    for step in (
        lambda: edit_price_plan(plan, name="x", actor=steward),
        lambda: replace_plan_rows(
            plan, rows=[PlanRowDraft(rooms[0].id, Decimal(1))], actor=steward
        ),
        lambda: delete_price_plan(plan, actor=steward),
        lambda: freeze_plan(plan.id, actor=steward),
    ):
        with pytest.raises(WrongState, match="DJ"):
            step()

    reopen_plan(plan.id, rejected=False, actor=steward)
    delete_price_plan(plan, actor=steward)
    assert session.scalar(select(func.count()).select_from(PricePlan)) == 0


def test_making_effective_writes_prices_and_tells_screens(rooms, session):
    versions = {room.id: room.version for room in rooms}
    plan = make_plan(rooms[:2], "5000000.00")
    freeze_plan(plan.id, actor=SYSTEM)
    assert make_effective(plan, actor=SYSTEM) == 2

    assert plan.state == "effective"
    assert plan.effective_at is not None
    prices = current_prices([room.id for room in rooms])
    assert sorted(prices) == [room.id for room in rooms[:2]]
    assert {price.list_total for price in prices.values()} == {Decimal("5000000.00")}
    for room in rooms:
        expected = versions[room.id] + (room in rooms[:2])
        assert session.get(Room, room.id).version == expected
        newest = session.scalar(
            select(func.max(RoomEvent.version)).where(RoomEvent.room_id == room.id)
        )
        assert newest == expected


def test_only_a_plan_in_approval_takes_effect(rooms):
    plan = make_plan(rooms)
    with pytest.raises(WrongState):
        make_effective(plan, actor=SYSTEM)
    freeze_plan(plan.id, actor=SYSTEM)
    make_effective(plan, actor=SYSTEM)
    with pytest.raises(WrongState):
        make_effective(plan, actor=SYSTEM)


def test_the_price_on_any_day_can_be_asked_for(rooms):
    room = rooms[0]
    first, second = datetime(2026, 3, 1, 2, tzinfo=UTC), datetime(2026, 6, 1, 2, tzinfo=UTC)
    with clock.frozen(first):
        price_rooms([room], "5000000.00")
    with clock.frozen(second):
        price_rooms([room], "5200000.00")

    assert price_on(room.id, first - timedelta(seconds=1)) is None
    assert price_on(room.id, first).list_total == Decimal("5000000.00")
    assert price_on(room.id, second - timedelta(seconds=1)).list_total == Decimal("5000000.00")
    assert price_on(room.id, second).list_total == Decimal("5200000.00")
    assert get_current_price(room.id).list_total == Decimal("5200000.00")


def test_a_clock_that_is_behind_does_not_turn_history_round(rooms, session):
    with clock.frozen(datetime(2026, 6, 1, tzinfo=UTC)):
        price_rooms(rooms, "5000000.00")
    with clock.frozen(datetime(2026, 5, 31, 23, tzinfo=UTC)):
        price_rooms(rooms, "5100000.00")
    for price in session.scalars(select(RoomPrice)):
        assert price.valid_to is None or price.valid_to >= price.valid_from


def test_figures_compare_only_rooms_that_had_a_price(rooms):
    price_rooms(rooms[:2], "5000000.00", floor_total="4800000.00")
    plan = make_plan(rooms, "4700000.00")
    figures = plan_figures(plan.id)
    assert (figures.rooms, figures.known_rooms, figures.below_floor) == (3, 2, 2)
    assert figures.list_total == Decimal("14100000.00")
    assert figures.change_percent == Decimal("-6.00")
    assert figures.falls
    assert figures.average_before == Decimal("39831.12")
    assert figures.average_after == Decimal("37441.25")


def test_a_fall_of_a_fen_is_a_fall(rooms):
    price_rooms(rooms, "5000000.00")
    figures = plan_figures(make_plan(rooms, "4999999.99").id)
    assert figures.change_percent == Decimal("0.00")
    assert figures.falls


def test_figures_by_building(project):
    one, other = make_building(project, position=2), make_building(project, position=1)
    rooms = [make_room(one), make_room(one), make_room(other)]
    parts = plan_figures_by_building(make_plan(rooms).id)
    assert [(part.name, part.rooms) for part in parts] == [(other.name, 1), (one.name, 2)]


def test_lines_are_read_page_by_page(rooms):
    plan = make_plan(rooms)
    first = list_plan_lines(plan.id, limit=2)
    rest = list_plan_lines(plan.id, after=first[-1].row_id, limit=2)
    assert [line.room_id for line in (*first, *rest)] == [room.id for room in rooms]


def test_the_digest_binds_rows_and_prices_in_force(rooms, session):
    plan = make_plan(rooms)
    before = digest_of_plan(plan.id)
    assert digest_of_plan(plan.id) == before
    row = session.scalars(select(PricePlanRow).where(PricePlanRow.plan_id == plan.id)).first()
    row.floor_total = Decimal("1.00")
    session.flush()
    changed = digest_of_plan(plan.id)
    assert changed != before
    price_rooms(rooms[:1], "5000001.00")
    assert digest_of_plan(plan.id) != changed


def test_a_plan_outside_scope_is_not_there(rooms, actor_for):
    plan = make_plan(rooms)
    with acting(actor_for("manager", project=make_project())), pytest.raises(NotFound):
        get_price_plan(plan.id)


@pytest.mark.commit
def test_two_plans_for_the_same_rooms_take_effect_one_after_the_other(committed):
    with acting(SYSTEM):
        building = make_building(make_project())
        rooms = [make_room(building) for _ in range(20)]
        ids = [room.id for room in rooms]
        plans = [
            freeze_plan(make_plan(order, total).id, actor=SYSTEM).id
            for order, total in ((rooms, "5000000.00"), (rooms[::-1], "6000000.00"))
        ]
        db.session.commit()
    gate, errors = threading.Barrier(2), []

    def carry_out(plan_id):
        with committed.app.app_context():
            gate.wait()
            try:
                with unit_of_work(SYSTEM):
                    make_effective(get_price_plan(plan_id), actor=SYSTEM)
            except Exception as error:  # noqa: BLE001 - told to the test below
                errors.append(error)
            db.session.remove()

    threads = [threading.Thread(target=carry_out, args=(plan_id,)) for plan_id in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    with acting(SYSTEM):
        now = current_prices(ids)
        assert len(now) == 20
        assert len({price.plan_id for price in now.values()}) == 1
        assert db.session.scalar(select(func.count()).select_from(RoomPrice)) == 40

"""The approval of a price plan: route, figures, freeze, execution, and what comes back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core.errors import Conflict, NotAllowed, WrongState
from app.estate.models import Room
from app.pricing.models import PricePlan, PricePlanRow
from app.pricing.operations import (
    PlanRowDraft,
    delete_price_plan,
    edit_price_plan,
    replace_plan_rows,
    submit_price_plan,
)
from app.pricing.queries import get_current_price
from app.workflows import engine
from tests.factories.estate import make_building, make_room
from tests.factories.pricing import make_plan, price_rooms


@pytest.fixture
def rooms(project):
    building = make_building(project, name="3栋")
    return [make_room(building) for _ in range(2)]


@pytest.fixture
def approvers(actor_for):
    roles = ("manager", "finance_manager", "director", "gm")
    return {role: actor_for(role) for role in roles}


def send(plan, actor):
    return submit_price_plan(plan, reason="首批开盘定价", actor=actor)


def approve(request, approvers, *roles):
    for role in roles:
        request = engine.approve(request.id, comment="同意", actor=approvers[role])
    return request


def route(request):
    return [step["role"] for step in request.route]


def test_manager_finance_manager_and_director_approve_and_the_rooms_are_priced(
    rooms, approvers, steward
):
    plan = make_plan(rooms, "5000000.00")
    request = send(plan, steward)
    assert route(request) == ["manager", "finance_manager", "director"]
    assert plan.state == "in_approval"
    assert get_current_price(rooms[0].id) is None

    request = approve(request, approvers, "manager", "finance_manager", "director")

    assert request.state == "approved"
    assert request.result == {"price_plan_id": plan.id, "rooms": 2}
    assert plan.state == "effective"
    assert get_current_price(rooms[0].id).list_total == Decimal("5000000.00")


@pytest.mark.usefixtures("approvers")
def test_what_approvers_see(rooms, steward):
    price_rooms(rooms[:1], "5000000.00")
    request = send(make_plan(rooms, "5500000.00"), steward)
    assert request.figures == {
        "rooms": 2,
        "list_total": "11000000.00",
        "average_change_percent": "10.00",
        "average_falls": False,
        "below_floor": False,
        "rooms_below_floor": 0,
    }
    shown = [(row["before"], row["after"]) for row in request.summary]
    assert (None, "2") in shown
    assert (None, "11,000,000.00") in shown
    assert ("39,831.12", "43,814.23") in shown


@pytest.mark.usefixtures("approvers")
def test_a_fall_of_the_average_goes_to_the_general_manager(rooms, steward):
    price_rooms(rooms, "5000000.00")
    request = send(make_plan(rooms, "4999999.00"), steward)
    assert route(request) == ["manager", "finance_manager", "director", "gm"]


@pytest.mark.usefixtures("approvers")
def test_a_room_below_its_floor_goes_to_the_general_manager(rooms, steward, session):
    price_rooms(rooms, "5000000.00", floor_total="4900000.00")
    plan = make_plan(rooms, "5500000.00")
    row = session.scalars(select(PricePlanRow).where(PricePlanRow.plan_id == plan.id)).first()
    row.list_total = row.floor_total = Decimal("4899999.99")
    session.flush()
    request = send(plan, steward)
    assert request.figures["average_falls"] is False
    assert request.figures["rooms_below_floor"] == 1
    assert route(request)[-1] == "gm"
    named = next(row for row in request.summary if row["after"] == "4,899,999.99")
    assert named["label"].startswith("3栋")
    assert named["tone"] == "bad"


def test_in_approval_the_plan_is_frozen(rooms, approvers, steward):
    plan = make_plan(rooms)
    request = send(plan, steward)
    with pytest.raises(WrongState):
        edit_price_plan(plan, name="x", actor=steward)
    with pytest.raises(WrongState):
        replace_plan_rows(plan, rows=[PlanRowDraft(rooms[0].id, Decimal(1))], actor=steward)
    with pytest.raises((Conflict, WrongState)):
        send(plan, approvers["manager"])
    assert request.state == "running"


@pytest.mark.parametrize(
    ("step", "state"),
    [("reject", "rejected"), ("return_to", "draft"), ("withdraw", "draft")],
)
def test_what_is_refused_or_taken_back_is_open_again(rooms, approvers, steward, step, state):
    plan = make_plan(rooms)
    request = send(plan, steward)
    actor = steward if step == "withdraw" else approvers["manager"]
    getattr(engine, step)(request.id, comment="再议", actor=actor)
    assert plan.state == state
    assert edit_price_plan(plan, name="再议", actor=steward).name == "再议"
    assert get_current_price(rooms[0].id) is None
    with pytest.raises(WrongState):
        delete_price_plan(plan, actor=steward)


def test_a_rejected_plan_can_be_sent_again(rooms, approvers, steward):
    plan = make_plan(rooms)
    engine.reject(send(plan, steward).id, comment="贵了", actor=approvers["manager"])
    replace_plan_rows(
        plan, rows=[PlanRowDraft(room.id, Decimal(4000000)) for room in rooms], actor=steward
    )
    request = approve(send(plan, steward), approvers, "manager", "finance_manager", "director")
    assert request.state == "approved"
    assert get_current_price(rooms[0].id).list_total == Decimal("4000000.00")


def test_prices_that_moved_meanwhile_void_the_approval(rooms, approvers, steward):
    plan = make_plan(rooms, "5000000.00")
    request = send(plan, steward)
    price_rooms(rooms[:1], "5100000.00")
    request = approve(request, approvers, "manager", "finance_manager", "director")
    assert request.state == "voided"
    assert plan.state == "draft"
    assert get_current_price(rooms[0].id).list_total == Decimal("5100000.00")
    assert get_current_price(rooms[1].id) is None


def test_rows_changed_behind_the_plans_back_void_the_approval(rooms, approvers, steward, session):
    plan = make_plan(rooms, "5000000.00")
    request = send(plan, steward)
    row = session.scalars(select(PricePlanRow).where(PricePlanRow.plan_id == plan.id)).first()
    row.list_total = Decimal("6000000.00")
    session.flush()
    request = approve(request, approvers, "manager", "finance_manager", "director")
    assert request.state == "voided"
    assert get_current_price(rooms[0].id) is None


def test_who_may_send_a_plan(rooms, approvers, actor_for):
    plan = make_plan(rooms)
    for role in ("consultant", "director", "finance_manager", "gm", "agency"):
        with pytest.raises(NotAllowed):
            send(plan, approvers.get(role) or actor_for(role))
    # Nobody decides his own request: another manager, or the next step's approvers, must.
    request = send(plan, approvers["manager"])
    with pytest.raises(NotAllowed):
        engine.approve(request.id, actor=approvers["manager"])


def test_an_effective_plan_is_not_sent_again(rooms, approvers, steward, session):
    plan = make_plan(rooms)
    approve(send(plan, steward), approvers, "manager", "finance_manager", "director")
    session.expire_all()
    with pytest.raises(WrongState):
        send(session.get(PricePlan, plan.id), steward)
    assert session.get(Room, rooms[0].id).status == "unreleased"

"""One room: what is told of it, to whom, and what may be done now."""

from __future__ import annotations

import pytest

from app.core.actor import acting
from app.core.errors import NotFound
from app.grid.rooms import describe_room
from app.pricing.operations import release_for_sale, withdraw_from_sale
from app.sales.operations import release_hold
from tests.factories.customers import make_customer
from tests.factories.estate import make_building, make_house_type, make_room
from tests.factories.grid import make_tower
from tests.factories.people import make_project
from tests.factories.pricing import price_rooms
from tests.factories.sales import make_hold, make_special


def describe(room, actor):
    with acting(actor):
        return describe_room(room.id, actor=actor)


def test_facts_price_and_title(project, actor_for):
    building = make_building(project, name="3栋")
    room = make_room(
        building,
        number="2602",
        floor=26,
        floor_name="26",
        house_type_id=make_house_type(project, name="三房两厅").id,
        status="available",
    )
    price_rooms([room], "6540472.00", floor_total="6280000.00")
    found = describe(room, actor_for("consultant"))
    assert found["title"] == "3栋-2602"
    assert (found["building"], found["entrance"], found["floor"]) == ("3栋", None, "26")
    assert (found["gross_area"], found["inside_area"], found["shared_area"]) == (
        "125.53",
        "100.05",
        "25.48",
    )
    assert found["house_type"] == "三房两厅"
    assert found["status_title"]
    price = found["price"]
    assert price["list_total"] == "6540472.00"
    assert "floor_total" not in price
    assert describe(room, actor_for("manager"))["price"]["floor_total"] == "6280000.00"


@pytest.mark.parametrize(
    ("role", "status", "actions"),
    [
        ("consultant", "available", ["hold", "subscribe", "quote", "ask_special_discount"]),
        ("director", "available", ["hold", "quote", "ask_special_discount", "withdraw"]),
        ("director", "unreleased", ["release_for_sale"]),
        ("director", "repricing", ["withdraw"]),
        ("manager", "repricing", ["confirm_price"]),
        ("consultant", "unreleased", []),
        ("cashier", "available", []),
        ("consultant", "contracted", []),
    ],
)
def test_actions_are_what_role_and_status_allow(project, actor_for, role, status, actions):
    room = make_tower(project, floors=1, columns=1, status=status)[0]
    assert describe(room, actor_for(role))["actions"] == actions


def test_a_hold_is_told_with_its_customer_to_its_holder(project, actor_for):
    room = make_tower(project)[0]
    holder = actor_for("consultant", first_name="陈小明")
    customer = make_customer(project, holder, name="王大力")
    make_hold(room, holder, customer=customer, reason="周末带家人来看")
    own = describe(room, holder)
    assert own["status"] == "reserved"
    assert own["hold"]["who"] == "陈小明"
    assert own["hold"]["customer"] == "王大力"
    assert own["hold"]["reason"] == "周末带家人来看"
    assert "release" in own["actions"]
    colleague = describe(room, actor_for("consultant"))
    assert colleague["hold"]["who"] == "陈小明"
    assert colleague["hold"]["customer"] is None
    assert "customer_id" not in colleague["hold"]
    assert "release" not in colleague["actions"]


def test_a_role_without_holds_reads_no_reason(project, actor_for):
    room = make_tower(project)[0]
    make_hold(room, actor_for("controller"), reason="领导保留")
    assert "reason" not in describe(room, actor_for("cashier"))["hold"]
    steps = describe(room, actor_for("cashier"))["timeline"]
    assert all(step["note"] != "领导保留" for step in steps)


def test_a_special_discount_is_offered_to_whom_it_was_granted(project, actor_for):
    room = make_tower(project)[0]
    owner = actor_for("consultant")
    special = make_special(room, make_customer(project, owner, name="王大力"), owner)
    found = describe(room, owner)["special_discounts"]
    assert [(one["id"], one["percent"]) for one in found] == [(special.id, "2.50")]
    assert describe(room, actor_for("consultant"))["special_discounts"] == []
    assert describe(room, actor_for("cashier"))["special_discounts"] == []


def test_the_history_tells_the_newest_first(project, actor_for, session):
    room = make_tower(project, floors=1, columns=1, status="unreleased")[0]
    director = actor_for("director", first_name="赵总监")
    with acting(director):
        release_for_sale(room_ids=[room.id], reason="首开", actor=director)
    holder = actor_for("consultant", first_name="陈小明")
    make_hold(room, holder, reason="考虑中")
    with acting(holder):
        release_hold(room.id, reason="客户不要了", actor=holder)
    session.flush()
    steps = describe(room, holder)["timeline"]
    told = [(step["what"], step["who"], step["note"]) for step in steps]
    assert ("released", "赵总监", "首开") in told
    assert ("reserved", "陈小明", "考虑中") in told
    assert ("hold_released", "陈小明", "客户不要了") in told
    assert {step["what"] for step in steps} == {"priced", "released", "reserved", "hold_released"}
    assert all(step["title"] for step in steps)


def test_a_price_change_is_told_in_percent(project, actor_for):
    room = make_tower(project, floors=1, columns=1)[0]
    price_rooms([room], "5030000.00")
    newest = describe(room, actor_for("consultant"))["timeline"][0]
    assert (newest["what"], newest["change_percent"]) == ("repriced", "+0.60")


def test_a_withdrawn_room_says_why(project, actor_for):
    room = make_tower(project, floors=1, columns=1)[0]
    director = actor_for("director")
    with acting(director):
        withdraw_from_sale(room_ids=[room.id], reason="调整价格", actor=director)
    told = [(one["what"], one["note"]) for one in describe(room, director)["timeline"]]
    assert ("withdrawn", "调整价格") in told


def test_another_projects_room_is_not_there(project, actor_for):
    room = make_tower(project)[0]
    with pytest.raises(NotFound):
        describe(room, actor_for("consultant", project=make_project()))

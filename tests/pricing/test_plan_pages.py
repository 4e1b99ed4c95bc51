"""Pages and REST of plans in full: the table, the rule, the day, the price of a day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.actor import system_actor
from app.pricing.models import PricePlan
from app.pricing.operations import freeze_plan, put_in_force
from app.pricing.queries import get_current_price, list_plan_lines
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import go_through, make_plan, price_rooms

D = Decimal
SYSTEM = system_actor("test")


@pytest.fixture
def rooms(project):
    building = make_building(project, name="3栋")
    found = [
        make_room(
            building,
            floor=floor,
            floor_name=str(floor),
            number=f"{floor}01",
            status="available",
        )
        for floor in (1, 2, 3)
    ]
    price_rooms(found[:2], "5000000.00", floor_total="4600000.00")
    return found


@pytest.fixture
def at(client, user_for, sign_in):
    """``at("steward")``: the client of somebody with that role."""

    def enter(role, **more):
        sign_in(client, user_for(role, **more))
        return client

    return enter


def cells(room, seen, **values):
    return {"rows": [{"room_id": room.id, "seen": seen, **values}]}


SEEN = {
    "list_total": "5000000.00",
    "list_unit_price": "39831.12",
    "floor_total": "4600000.00",
}


def test_a_plan_by_hand_opens_its_table(at, project, rooms, session):
    client = at("manager")
    added = client.post("/price-plans/add", data={"project": project.id, "name": "手工"})
    assert added.status_code == 302, added.text
    plan = session.scalars(select(PricePlan).where(PricePlan.name == "手工")).one()
    assert added.location == f"/price-plans/table/{plan.id}"
    page = client.get(added.location).text
    assert "&#34;editable&#34;: true" in page
    table = client.get(f"/api/v1/price-plans/{plan.id}/table").json
    assert table["version"] == 1
    assert [row[11:] for row in table["rows"]] == [
        ["5000000.00", "4600000.00", "39831.12", "5000000.00", "4600000.00"],
        ["5000000.00", "4600000.00", "39831.12", "5000000.00", "4600000.00"],
        [None, None, None, None, None],
    ]
    path = f"/api/v1/price-plans/{plan.id}/cells"
    saved = client.patch(path, json=cells(rooms[0], SEEN, list_unit_price="52229.87"))
    assert saved.json == {
        "version": 2,
        "rows": [
            {"room_id": rooms[0].id, "price_basis": "gross", "list_unit_price": "52229.87",
             "list_total": "6556415.58", "floor_total": "6228600.00"}
        ],
    }  # fmt: skip
    again = client.patch(path, json=cells(rooms[0], SEEN, list_total="1.00"))
    assert (again.status_code, again.json["error"]) == (409, "rows_changed")
    assert again.json["rows"][str(rooms[0].id)]["list_total"] == "6556415.58"
    wrong = client.patch(path, json=cells(rooms[1], SEEN, list_total="0.00"))
    assert (wrong.status_code, wrong.json["error"]) == (422, "wrong_cells")
    assert wrong.json["cells"][0]["column"] == "list_total"
    blank = client.post("/api/v1/approvals", json={
        "kind": "price_change", "subject": {"type": "price_plan", "id": plan.id}, "values": {},
        "reason": "调价",
    })  # fmt: skip
    assert blank.status_code == 422
    assert "3栋-301" in blank.json["message"]
    taken = client.post(
        f"/api/v1/price-plans/{plan.id}/rooms/remove", json={"room_ids": [rooms[2].id]}
    )
    assert taken.json == {"count": 1}
    put = client.post(f"/api/v1/price-plans/{plan.id}/rooms", json={"room_ids": [rooms[2].id]})
    assert put.json == {"count": 1}


def test_who_sees_the_table_but_may_not_type(at, rooms):
    plan = make_plan(rooms[:2])
    client = at("director")
    assert "&#34;editable&#34;: false" in client.get(f"/price-plans/table/{plan.id}").text
    path = f"/api/v1/price-plans/{plan.id}/cells"
    assert client.patch(path, json=cells(rooms[0], SEEN)).status_code == 403
    assert at("consultant").get(f"/price-plans/table/{plan.id}").status_code == 403
    stranger = at("steward", project=make_project())
    assert stranger.get(f"/price-plans/table/{plan.id}").status_code == 404
    assert stranger.get(f"/api/v1/price-plans/{plan.id}/table").status_code == 404
    assert stranger.patch(path, json=cells(rooms[0], SEEN)).status_code == 404


def test_a_rule_is_tried_and_drafted(at, rooms, session):
    client = at("steward")
    form = {
        "name": "规则定价",
        "basis": "gross",
        "base": "50,000",
        "base_floor": "1",
        "step": "100",
        "bands-0-first": "3",
        "bands-0-last": "9",
        "bands-0-step": "200",
        "special-0-floors": "2、顶",
        "special-0-amount": "−500",
        "building-name": "3栋",
        "building-amount": "1000",
    }
    tried = client.post("/price-rules/", data=form | {"do": "preview"})
    assert tried.status_code == 200, tried.text
    assert "50,800.00" in tried.text
    assert session.scalars(select(PricePlan).where(PricePlan.name == "规则定价")).all() == []
    made = client.post("/price-rules/", data=form | {"do": "draft"})
    plan = session.scalars(select(PricePlan).where(PricePlan.name == "规则定价")).one()
    assert made.location == f"/price-plans/show/{plan.id}"
    shown = client.get(made.location).text
    for words in ("51,000.00", "50,600.00", "50,800.00", "+1000.00"):
        assert words in shown
    for wrong in (
        {"base": "abc"},
        {"base": ""},
        {"bands-0-step": ""},
        {"special-0-amount": ""},
        {"building-amount": "x"},
        {"base": "1", "step": "-2000"},
    ):
        refused = client.post("/price-rules/", data=form | wrong | {"do": "draft"})
        assert refused.status_code == 422, wrong
        assert "规则定价" in refused.text
    assert at("director").get("/price-rules/").status_code == 403
    del rooms


def test_a_plan_on_a_day_waits_and_is_cancelled_on_its_page(at, rooms):
    day = clock.today() + timedelta(days=3)
    plan = make_plan(rooms[:2], "5500000.00", takes_effect_on=day)
    freeze_plan(plan.id, actor=SYSTEM)
    put_in_force(plan, actor=SYSTEM)
    client = at("manager")
    page = client.get(f"/price-plans/show/{plan.id}").text
    assert day.isoformat() in page
    assert f"/price-plans/cancel/{plan.id}" in page
    assert at("gm").post(f"/price-plans/cancel/{plan.id}", data={"reason": "x"}).status_code == 403
    client = at("manager")
    client.post(f"/price-plans/cancel/{plan.id}", data={"reason": ""})
    assert plan.state == "scheduled"
    client.post(f"/price-plans/cancel/{plan.id}", data={"reason": "市场有变"})
    assert "市场有变" in client.get(f"/price-plans/show/{plan.id}").text
    assert get_current_price(rooms[0].id).list_total == D(5000000)


def test_rest_gives_a_plan_its_day(at, rooms):
    plan = make_plan(rooms[:2])
    client = at("steward")
    day = (clock.today() + timedelta(days=3)).isoformat()
    path = f"/api/v1/price-plans/{plan.id}"
    assert client.patch(path, json={"takes_effect_on": day}).json["takes_effect_on"] == day
    assert client.patch(path, json={"name": "改名"}).json["takes_effect_on"] == day
    assert client.patch(path, json={"takes_effect_on": None}).json["takes_effect_on"] is None
    assert client.patch(path, json={"takes_effect_on": "2001-01-01"}).status_code == 422
    assert client.post(f"{path}/cancel", json={"reason": "x"}).status_code == 409


def test_rooms_are_shown_before_and_after_by_what_is_asked(at, rooms):
    plan = make_plan(rooms, "5500000.00")
    client = at("finance_manager")
    page = client.get(f"/price-plans/show/{plan.id}?only=moved&beyond=9.9").text
    assert page.count("/rooms/show/") == 2
    assert "<del" in page
    assert (
        client.get(f"/price-plans/show/{plan.id}?only=moved&beyond=10").text.count("/rooms/show/")
        == 0
    )
    assert client.get(f"/price-plans/show/{plan.id}?only=new").text.count("/rooms/show/") == 1
    assert client.get(f"/price-plans/show/{plan.id}?only=nonsense&beyond=x").status_code == 200


def test_the_price_of_any_day(at, rooms):
    room = rooms[0]
    today = clock.today()
    with clock.frozen(clock.now() + timedelta(days=5)):
        go_through(make_plan([room], "6000000.00"))
    client = at("consultant")
    path = f"/api/v1/rooms/{room.id}/price"
    for day, total in ((-1, None), (0, "5000000.00"), (4, "5000000.00"), (5, "6000000.00")):
        answer = client.get(f"{path}?on={today + timedelta(days=day)}").json
        assert (answer["price"] or {}).get("list_total") == total
        assert "floor_total" not in (answer["price"] or {})
    assert client.get(path).json["on"] == today.isoformat()
    assert client.get(f"{path}?on=2001-02-30").status_code == 422
    page = client.get(f"/room-prices/of/{room.id}?on={today}").text
    assert "6,000,000.00" in page
    assert "4,600,000.00" not in page
    assert f"/room-prices/of/{room.id}" in client.get(f"/rooms/show/{room.id}").text
    assert client.get(f"/room-prices/of/{room.id}?on=x").status_code == 422
    assert "4,600,000.00" in at("manager").get(f"/room-prices/of/{room.id}").text
    stranger = at("consultant", project=make_project())
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"/room-prices/of/{room.id}").status_code == 404


def test_rooms_chosen_in_the_list_go_into_a_plan(at, rooms, session):
    client = at("manager")
    chosen = {"id": [room.id for room in rooms[:2]], "_form": "1"}
    asked = client.post("/rooms/act/draft-plan", data=chosen | {"name": ""})
    assert asked.status_code == 422
    for name, change in (("选房手工", {}), ("选房上调", {"percent": "2"})):
        done = client.post("/rooms/act/draft-plan", data=chosen | {"name": name} | change)
        assert done.status_code == 302, done.text
    plans = select(PricePlan).where(PricePlan.name.in_(("选房手工", "选房上调")))
    found = {plan.name: plan for plan in session.scalars(plans)}
    assert {plan.origin for plan in found.values()} == {"hand", "adjust"}
    lines = list_plan_lines(found["选房上调"].id)
    assert [line.list_total for line in lines] == [D(5100000)] * 2
    assert at("director").post("/rooms/act/draft-plan", data=chosen).status_code == 403

"""Plans by hand, by a rule and by change: which rooms, what prices, what is kept and refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.money import ROUNDING_STEPS
from app.estate.models import Zone
from app.pricing.models import PricePlanRow
from app.pricing.operations import (
    Adjustment,
    PlanHead,
    draft_adjusted_plan,
    draft_plan_by_hand,
    draft_plan_by_rule,
    try_rule,
)
from app.pricing.price_rule import PriceRule, SpecialFloor, read_rule
from app.pricing.queries import RoomSelection, list_plan_lines, traits_of_project
from app.pricing.terms import PriceBasis
from tests.factories.estate import make_building, make_entrance, make_house_type, make_room
from tests.factories.people import make_project
from tests.factories.pricing import go_through, price_rooms

D = Decimal


@pytest.fixture
def building(project):
    return make_building(project, name="3栋")


@pytest.fixture
def rooms(building):
    return [make_room(building, floor=floor, number=f"{floor}01") for floor in (1, 2, 3)]


def head(project, name="调价", **chosen):
    day = chosen.pop("day", None)
    return PlanHead(name, RoomSelection(project.id, **chosen), day)


def totals(plan):
    return [line.list_total for line in list_plan_lines(plan.id)]


def test_a_plan_may_be_for_a_zone_and_the_zones_inside_it(project, rooms, steward, session):
    north = Zone(project_id=project.id, name="北区")
    session.add(north)
    session.flush()
    east = Zone(project_id=project.id, name="北区东", parent_id=north.id)
    session.add(east)
    session.flush()
    rooms[0].building.zone_id = east.id
    make_room(make_building(project, name="别处"))
    plan = draft_plan_by_hand(head(project, zone_ids=(north.id,)), actor=steward)
    assert len(list_plan_lines(plan.id)) == len(rooms)
    assert plan.terms["selection"] == {"zone_ids": [north.id]}
    foreign = Zone(project_id=make_project().id, name="外区")
    session.add(foreign)
    session.flush()
    with pytest.raises(Invalid) as refused:
        draft_plan_by_hand(head(project, zone_ids=(foreign.id,)), actor=steward)
    assert set(refused.value.fields) == {"zone_ids"}


def test_by_hand_begins_with_todays_prices_and_blanks(project, rooms, steward):
    price_rooms(rooms[:2], "5000000.00", floor_total="4600000.00")
    plan = draft_plan_by_hand(head(project), actor=steward)
    found = list_plan_lines(plan.id)
    assert [(line.list_total, line.floor_total) for line in found] == [
        (D(5000000), D(4600000)),
        (D(5000000), D(4600000)),
        (None, None),
    ]
    assert (plan.origin, plan.terms) == ("hand", {})


def test_a_price_made_for_another_area_is_blank(project, rooms, steward, session):
    price_rooms(rooms[:1], "5000000.00")
    rooms[0].gross_area = D("200.00")
    session.flush()
    plan = draft_plan_by_hand(head(project, room_ids=(rooms[0].id,)), actor=steward)
    assert totals(plan) == [None]


def test_sold_rooms_are_left_out_unless_they_have_no_price(project, building, rooms, steward):
    sold = make_room(building, status="contracted")
    unpriced = make_room(building, status="subscribed")
    price_rooms([*rooms, sold])
    plan = draft_plan_by_hand(head(project), actor=steward)
    assert {line.room_id for line in list_plan_lines(plan.id)} == {
        *(room.id for room in rooms),
        unpriced.id,
    }


def test_rooms_are_chosen_by_building_type_and_floor(project, rooms, steward):
    kind = make_house_type(project)
    other = make_building(project)
    chosen = make_room(other, floor=9, house_type_id=kind.id)
    make_room(other, floor=10, house_type_id=kind.id)
    make_room(other, floor=9)
    selection = {"building_ids": (other.id,), "house_type_ids": (kind.id,), "floor_to": 9}
    plan = draft_plan_by_hand(head(project, **selection), actor=steward)
    assert [line.room_id for line in list_plan_lines(plan.id)] == [chosen.id]
    assert plan.terms == {
        "selection": {"building_ids": [other.id], "house_type_ids": [kind.id], "floor_to": 9}
    }
    del rooms


def test_a_rule_prices_and_is_kept(project, building, steward, session):
    entrance = make_entrance(building, name="1单元")
    other = make_entrance(building, name="2单元")
    rooms = [
        make_room(building, floor=floor, floor_name=str(floor), entrance_id=one.id,
                  gross_area=D("100.00"), inside_area=D("80.00"), orientation=side)
        for one, floor, side in ((entrance, 1, "南"), (entrance, 4, "北"), (other, 3, "南"))
    ]  # fmt: skip
    rule = PriceRule(
        D(50000),
        step=D(100),
        special=(SpecialFloor(("4",), D(-1000)), SpecialFloor(("top",), D(-500))),
        differences={"orientation": {"南": D(800)}, "entrance": {"3栋-2单元": D(200)}},
    )
    plan = draft_plan_by_rule(head(project), rule=rule, actor=steward)
    assert totals(plan) == [D(5080000), D(4880000), D(5070000)]
    session.expire_all()
    assert read_rule(plan.terms["rule"]) == rule
    assert traits_of_project(project.id) == {
        "building": ["3栋"],
        "entrance": ["3栋-1单元", "3栋-2单元"],
        "orientation": ["北", "南"],
    }
    preview = try_rule(head(project), rule=rule, actor=steward)
    assert (preview.rooms, preview.list_total, preview.average) == (3, D(15030000), D(50100))
    assert preview.lowest[0].room_id == rooms[1].id
    assert preview.highest[1].unit_price == D(50800)


@pytest.mark.parametrize("rounding", ROUNDING_STEPS)
def test_a_rules_totals_are_rounded_as_the_project_says(project, rooms, steward, rounding):
    project.total_rounding = rounding
    rule = PriceRule(D("52229.87"), step=D("33.33"))
    for total in totals(draft_plan_by_rule(head(project), rule=rule, actor=steward)):
        assert total % rounding == 0
    del rooms


def test_a_basis_is_kept_with_the_row(project, rooms, steward, session):
    rule = PriceRule(D(60000), basis=PriceBasis.INSIDE)
    plan = draft_plan_by_rule(head(project), rule=rule, actor=steward)
    found = session.scalars(select(PricePlanRow).where(PricePlanRow.plan_id == plan.id)).all()
    assert {(row.price_basis, row.list_total) for row in found} == {("inside", D(6003000))}
    rooms[1].inside_area = None
    session.flush()
    with pytest.raises(Invalid, match="3栋-201"):
        draft_plan_by_rule(head(project), rule=rule, actor=steward)


@pytest.mark.parametrize(
    ("change", "total", "unit"),
    [
        ({"percent": D(3)}, "5150000.00", "41026.05"),
        ({"percent": D("-2.5")}, "4875000.00", "38835.34"),
        ({"per_area": D(500)}, "5062765.00", "40331.12"),
        ({"per_room": D(-30000)}, "4970000.00", "39592.13"),
    ],
)
def test_todays_prices_are_changed_in_three_ways(project, rooms, steward, change, total, unit):
    price_rooms(rooms[:2], "5000000.00")
    plan = draft_adjusted_plan(head(project), adjustment=Adjustment(**change), actor=steward)
    found = list_plan_lines(plan.id)
    assert [(line.list_total, line.list_unit_price) for line in found] == [(D(total), D(unit))] * 2
    [name] = change
    assert plan.terms["adjustment"] == {name: f"{change[name]:.2f}"}


def test_an_adjustment_keeps_the_basis_and_rounds_as_the_project_says(project, rooms, steward):
    project.total_rounding = D(100)
    rule = PriceRule(D(60000), basis=PriceBasis.INSIDE)
    price_rooms(rooms[:1])
    first = draft_plan_by_rule(head(project), rule=rule, actor=steward)
    go_through(first)
    plan = draft_adjusted_plan(
        head(project), adjustment=Adjustment(per_area=D("33.33")), actor=steward
    )
    found = list_plan_lines(plan.id)
    assert {(line.price_basis, line.list_unit_price, line.list_total) for line in found} == {
        ("inside", D("60033.33"), D(6006300))
    }


@pytest.mark.parametrize(
    "change",
    [{}, {"percent": D(0)}, {"percent": D(1), "per_room": D(1)}, {"per_room": D(-5000000)}],
)
def test_what_is_no_change_is_refused(project, rooms, steward, change):
    price_rooms(rooms)
    with pytest.raises(Invalid):
        draft_adjusted_plan(head(project), adjustment=Adjustment(**change), actor=steward)


def test_strangers_and_strange_places_are_refused(project, rooms, actor_for, steward):
    elsewhere = make_project()
    for way in (
        lambda who, where: draft_plan_by_hand(where, actor=who),
        lambda who, where: draft_plan_by_rule(where, rule=PriceRule(D(1)), actor=who),
        lambda who, where: draft_adjusted_plan(
            where, adjustment=Adjustment(percent=D(1)), actor=who
        ),
    ):
        with pytest.raises(NotAllowed):
            way(actor_for("director"), head(project))
        with pytest.raises(NotFound):
            way(steward, head(elsewhere))
        with pytest.raises(Invalid):
            way(steward, head(project, building_ids=(make_building(elsewhere).id,)))
        with pytest.raises(Invalid):
            way(steward, head(project, house_type_ids=(make_house_type(elsewhere).id,)))
        with pytest.raises(Invalid):
            way(steward, head(project, floor_from=99))
    del rooms


def test_a_day_that_has_passed_is_refused(project, rooms, steward):
    yesterday = clock.today() - timedelta(days=1)
    with pytest.raises(Invalid) as caught:
        draft_plan_by_hand(head(project, day=yesterday), actor=steward)
    assert "takes_effect_on" in caught.value.fields
    plan = draft_plan_by_hand(head(project, day=clock.today()), actor=steward)
    assert plan.takes_effect_on == clock.today()
    del rooms

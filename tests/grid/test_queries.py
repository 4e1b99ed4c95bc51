"""The grid: what stands on it, for whom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.core.actor import acting
from app.core.errors import NotFound
from app.grid.queries import read_grid
from tests.factories.estate import make_building, make_house_type, make_room
from tests.factories.grid import grid_of, make_tower
from tests.factories.people import make_project
from tests.factories.sales import make_hold

STATUSES = {
    "unreleased",
    "available",
    "held",
    "reserved",
    "queued",
    "subscribed",
    "contracted",
    "handed_over",
    "repricing",
}


def test_a_room_has_all_that_a_screen_draws(project, actor_for):
    building = make_building(project, name="3栋")
    kind = make_house_type(project, name="三房两厅")
    room = make_room(
        building,
        floor=26,
        floor_name="26F",
        column=2,
        number="2602",
        house_type_id=kind.id,
        orientation="南",
        column_span=2,
    )
    found = grid_of(project.id, actor_for("consultant"))
    assert found["whole"] is True
    assert found["buildings"] == [
        {"id": building.id, "name": "3栋", "position": building.position, "entrances": []}
    ]
    assert found["rooms"] == [
        {
            "id": room.id,
            "building_id": building.id,
            "entrance": None,
            "floor": "26F",
            "floor_order": 26,
            "column": 2,
            "column_span": 2,
            "row_span": 1,
            "lower_floors": [],
            "number": "2602",
            "status": "unreleased",
            "marks": [],
            "house_type": "三房两厅",
            "orientation": "南",
            "gross_area": "125.53",
            "inside_area": "100.05",
            "list_unit_price": None,
            "list_total": None,
            "buyer": None,
            "consultant": None,
            "until": None,
            "version": 1,
        }
    ]


def test_names_with_quotes_stay_json(project, actor_for):
    room = make_room(make_building(project, name='"楼"\\'), number='1"\\\n')
    found = grid_of(project.id, actor_for("consultant"))
    assert found["buildings"][0]["name"] == '"楼"\\'
    assert found["rooms"][0]["number"] == room.number


def test_counters_name_every_status_with_area_and_money(project, actor_for):
    rooms = make_tower(project, floors=2, columns=2)
    make_hold(rooms[0], actor_for("controller"), reason="领导保留")
    counters = grid_of(project.id, actor_for("consultant"))["counters"]
    assert set(counters) == STATUSES
    assert counters["available"] == {"rooms": 3, "area": "300.00", "total": "15000000.00"}
    assert counters["held"] == {"rooms": 1, "area": "100.00", "total": "5000000.00"}
    assert counters["contracted"] == {"rooms": 0, "area": "0.00", "total": "0.00"}


def test_only_the_wanted_buildings(project, actor_for):
    first, second = make_tower(project), make_tower(project)
    actor = actor_for("consultant")
    found = grid_of(project.id, actor, building_ids=[second[0].building_id])
    assert {room["id"] for room in found["rooms"]} == {room.id for room in second}
    assert found["counters"]["available"]["rooms"] == len(second)
    assert [one["id"] for one in found["buildings"]] == [second[0].building_id]
    both = grid_of(project.id, actor, building_ids=[first[0].building_id, second[0].building_id])
    assert len(both["rooms"]) == len(first) + len(second)


def test_floor_prices_only_for_those_who_may_see_them(project, actor_for):
    make_tower(project, floors=1, columns=1)
    assert "floor_total" not in grid_of(project.id, actor_for("consultant"))["rooms"][0]
    seen = grid_of(project.id, actor_for("manager"))["rooms"][0]
    assert Decimal(seen["floor_total"]) <= Decimal(seen["list_total"])


def test_another_project_is_not_there(project, actor_for):
    make_tower(project)
    stranger = actor_for("consultant", project=make_project())
    with acting(stranger), pytest.raises(NotFound):
        read_grid(project.id, actor=stranger)


def test_buildings_of_another_project_give_nothing(project, actor_for):
    other = make_project()
    strange = make_tower(other)
    found = grid_of(project.id, actor_for("consultant"), building_ids=[strange[0].building_id])
    assert (found["rooms"], found["buildings"]) == ([], [])

"""REST and pages of rooms made and reshaped by hand: who may, what is answered, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.estate.models import RoomGeneration
from tests.factories.estate import make_building, make_entrance, make_house_type, make_room
from tests.factories.people import make_project

WISH = {
    "building": "8栋",
    "floor_names": {"above": 5, "below": 1, "avoided": [4]},
    "entrances": [
        {
            "name": "1单元",
            "columns": [{"house_type": "A1", "gross_area": "89.00"}, {"gross_area": "70"}],
        }
    ],
    "rule": "across_building",
    "cells": [{"floor": 5, "entrance": 0, "column": 2, "blank": True}],
}  # fmt: skip


@pytest.fixture
def call(client, user_for, bearer):
    """``call("post", "…", body, role="steward")``: the answer to a REST call by such a person."""
    headers = {}

    def send(method, path, body=None, *, role="steward"):
        if role not in headers:
            headers[role] = bearer(user_for(role))
        return client.open(
            f"/api/v1/{path}", method=method.upper(), json=body, headers=headers[role]
        )

    return send


@pytest.fixture
def building(project):
    building = make_building(project, name="3栋")
    entrance = make_entrance(building, name="1单元")
    for column in (1, 2):
        make_room(building, entrance_id=entrance.id, floor=1, floor_name="1", column=column,
                  number=f"10{column}", gross_area=Decimal(90), inside_area=None)  # fmt: skip
    return building


def test_a_preview_draws_and_tells_faults(call, project):
    answer = call("post", f"projects/{project.id}/rooms/preview", WISH)
    assert answer.status_code == 200, answer.text
    drawn = answer.json
    assert drawn["floors"] == [[-1, "B1"], [1, "1"], [2, "2"], [3, "3"], [5, "5"], [6, "6"]]
    assert drawn["entrances"] == [["1单元", 2]]
    assert drawn["rooms"][0] == [5, 0, 1, 1, 1, "601", "A1", "89.00", None, None]
    assert (drawn["count"], drawn["gross_area"], drawn["fault_count"]) == (11, "884.00", 0)
    twice = {**WISH, "cells": [{"floor": 0, "entrance": 0, "column": 1, "number": "B102"}]}
    drawn = call("post", f"projects/{project.id}/rooms/preview", twice).json
    assert drawn["fault_count"] == 1
    assert (drawn["faults"][0]["floor"], drawn["faults"][0]["column"]) == (0, 2)


def test_rooms_are_generated_shown_and_taken_back(call, project):
    made = call("post", f"projects/{project.id}/rooms/generate", WISH)
    assert made.status_code == 201, made.text
    assert (made.json["rooms"], made.json["state"]) == (11, "done")
    path = f"room-generations/{made.json['id']}"
    assert call("get", path).json["number"] == made.json["number"]
    assert call("get", path, role="consultant").status_code == 403
    assert call("post", f"{path}/undo").json["state"] == "undone"
    assert call("post", f"{path}/undo").status_code == 409


def test_nothing_is_written_of_a_wish_with_a_fault(call, project, session):
    wish = {**WISH, "digits": 1, "floors": ["1", "11", "1"], "floor_names": None, "cells": []}
    answer = call("post", f"projects/{project.id}/rooms/generate", wish)
    assert (answer.status_code, answer.json["error"]) == (422, "faulty_rooms")
    assert session.query(RoomGeneration).count() == 0


WRONG = [
    {"mode": "castle"},
    {"entrances": [{"columns": [{"gross_area": 89}]}]},
    {"entrances": [{"columns": [{"gross_area": "1e9"}]}]},
    {"floor_names": {"above": -1}},
    {"cells": [{"floor": 0}]},
    {"rule": "sideways"},
    {"mode": "list", "numbers": "A9-A1"},
    {"mode": "list", "numbers": "A1-A999999"},
    {"mode": "villa", "building": "V1-W3"},
    {"floors": ["1"] * 101, "floor_names": None},
    {"floors": [], "floor_names": None},
    {"floor_names": {"above": 1000}},
    {"building": None},
    {"building_id": 10**12},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_is_refused_in_words(call, project, session, wrong):
    answer = call("post", f"projects/{project.id}/rooms/generate", {**WISH, **wrong})
    assert answer.status_code in (404, 422), answer.text
    assert any("一" <= letter <= "鿿" for letter in answer.json["message"])
    assert session.query(RoomGeneration).count() == 0


@pytest.mark.parametrize("role", ["consultant", "controller", "manager", "director", "gm"])
def test_the_steward_alone_makes_and_reshapes_rooms(call, project, building, role):
    room_id = call("get", f"buildings/{building.id}/layout").json["rooms"][0]["id"]
    for path, body in (
        (f"projects/{project.id}/rooms/preview", WISH),
        (f"projects/{project.id}/rooms/generate", WISH),
        (f"rooms/{room_id}/merge", {"side": "right"}),
        (f"rooms/{room_id}/split", {}),
        (f"buildings/{building.id}/columns/insert", {"column": 1}),
        (f"buildings/{building.id}/columns/delete", {"column": 1}),
        (f"projects/{project.id}/rooms/set", {"changes": [{"room_ids": [1], "values": {}}]}),
    ):
        assert call("post", path, body, role=role).status_code == 403, path


def test_a_building_is_reshaped_over_rest(call, building):
    layout = call("get", f"buildings/{building.id}/layout").json
    first = layout["rooms"][0]["id"]
    merged = call("post", f"rooms/{first}/merge", {"side": "right"})
    assert (merged.status_code, merged.json["gross_area"]) == (200, "180.00")
    assert [part["number"] for part in call("get", f"rooms/{first}/parts").json["parts"]] == [
        "101",
        "102",
    ]
    wrong = call("post", f"rooms/{first}/split", {"parts": [{"gross_area": "1.00"}, {}]})
    assert wrong.status_code == 422
    split = call("post", f"rooms/{first}/split", {})
    assert (split.status_code, len(split.json["rooms"])) == (201, 2)
    place = {"entrance_id": layout["entrances"][0]["id"], "column": 3}
    new = call("post", f"buildings/{building.id}/columns/insert",
               {**place, "suffix": "03", "gross_area": "75.00"})  # fmt: skip
    assert (new.status_code, new.json) == (201, {"rooms": 1})
    gone = call("post", f"buildings/{building.id}/columns/delete", place)
    assert (gone.status_code, gone.json) == (200, {"rooms": 1})


def test_rooms_are_set_over_rest(call, project, building):
    kind = make_house_type(project, name="B2")
    rooms = call("get", f"buildings/{building.id}/layout").json["rooms"]
    body = {
        "changes": [
            {"room_ids": [one["id"] for one in rooms], "values": {"house_type_id": kind.id}}
        ],
        "versions": {str(one["id"]): one["version"] for one in rooms},
        "dry_run": True,
    }
    told = call("post", f"projects/{project.id}/rooms/set", body)
    assert told.status_code == 200, told.text
    assert told.json["changes"] == [
        {"field": "house_type_id", "before": "", "after": "B2", "rooms": 2}
    ]
    assert "house_type_id" not in call("get", f"buildings/{building.id}/layout").json["rooms"][0]
    assert (
        call("post", f"projects/{project.id}/rooms/set", {**body, "dry_run": False}).json["rooms"]
        == 2
    )
    again = call("post", f"projects/{project.id}/rooms/set", {**body, "dry_run": False})
    assert again.status_code == 409


def test_pages_open_for_the_steward(client, sign_in, user_for, building):
    sign_in(client, user_for("steward"))
    wizard = client.get("/room-generator/")
    assert wizard.status_code == 200
    assert "房源生成" in wizard.text
    assert client.get("/building-plans/").location.endswith(f"/building-plans/{building.id}")
    assert "楼栋图" in client.get(f"/building-plans/{building.id}").text
    other = make_building(make_project())
    assert client.get(f"/building-plans/{other.id}").status_code == 404
    sign_in(client, user_for("consultant"))
    assert client.get("/room-generator/").status_code == 403
    assert client.get(f"/building-plans/{building.id}").status_code == 403

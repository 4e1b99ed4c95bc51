"""REST made from a view: the same rows, forms and operations as its pages."""

# ruff: noqa: ARG001 - fixtures are arguments
from __future__ import annotations

import pytest

from app.admin.models import Organization
from tests.factories.people import make_organization, make_project
from tests.web.conftest import make_building, make_rooms

URL = "/api/v1/buildings"


@pytest.fixture
def steward_token(user_for, bearer):
    return bearer(user_for("steward"))


@pytest.fixture
def admin_token(user_for, bearer):
    return bearer(user_for("admin", project=None, whole_group=True))


def test_lists_are_keyset_and_walk_through_everything_once(client, admin_token, group):
    for number in range(7):
        make_organization(group, code=f"K{number}", name=f"公司{number}")
    seen, cursor = [], ""
    while cursor is not None:
        answer = client.get(
            f"/api/v1/organizations?limit=3&cursor={cursor}", headers=admin_token
        ).json
        assert len(answer["result"]) <= 3
        seen += [one["id"] for one in answer["result"]]
        cursor = answer["next"]
    assert len(seen) == len(set(seen)) == answer["count"]


def test_lists_can_be_filtered_and_searched(client, admin_token, group):
    made = make_organization(group, code="FIND", name="寻找公司")
    for asked in ("q=寻找", "code=find", f"parent={group.id}"):
        answer = client.get(f"/api/v1/organizations/?{asked}", headers=admin_token).json
        assert [one["id"] for one in answer["result"]] == [made.id], asked


@pytest.mark.parametrize("cursor", ["x", "W10", "eyJ9", "WyJhIl0"])
def test_a_cursor_of_elsewhere_is_refused(client, admin_token, group, cursor):
    answer = client.get(f"/api/v1/organizations?cursor={cursor}", headers=admin_token)
    assert answer.status_code == 422
    assert answer.json["error"] == "bad_cursor"


def test_a_record_is_added_changed_and_deleted(client, admin_token, group, session):
    added = client.post(
        "/api/v1/organizations/",
        json={"code": "NEW", "name": "新公司", "parent_id": group.id},
        headers=admin_token,
    )
    assert added.status_code == 201
    assert added.json["parent"] == {"id": group.id, "title": group.name}
    address = f"/api/v1/organizations/{added.json['id']}"
    changed = client.put(address, json={"name": "改名"}, headers=admin_token)
    assert (changed.json["name"], changed.json["code"]) == ("改名", "NEW")
    assert changed.json["parent"]["id"] == group.id
    assert client.delete(address, headers=admin_token).status_code == 200
    assert client.get(address, headers=admin_token).status_code == 404
    assert session.get(Organization, added.json["id"]) is None


def test_what_is_wrong_is_named_by_argument(client, admin_token, group):
    answer = client.post("/api/v1/organizations", json={"parent_id": 0}, headers=admin_token)
    assert answer.status_code == 422
    assert set(answer.json["fields"]) == {"code", "name", "parent_id"}
    taken = client.post(
        "/api/v1/organizations",
        json={"code": group.code, "name": "x"},
        headers=admin_token,
    )
    assert (taken.status_code, set(taken.json["fields"])) == (409, {"code"})


def test_a_body_that_is_no_object_is_400(client, admin_token):
    answer = client.post("/api/v1/organizations", data="[]", headers=admin_token)
    assert answer.status_code == 400


def test_rights_are_those_of_the_pages(client, steward_token, bearer, user_for, group):
    assert client.get("/api/v1/organizations", headers=steward_token).status_code == 200
    denied = client.post(
        "/api/v1/organizations", json={"code": "A", "name": "B"}, headers=steward_token
    )
    assert denied.status_code == 403
    assert client.get("/api/v1/organizations").status_code == 401


def test_rows_outside_the_scope_answer_404(client, steward_token, building):
    foreign = make_building(make_project(), "X")
    assert client.get(f"{URL}/{building.id}", headers=steward_token).status_code == 200
    for call in (client.get, client.delete):
        assert call(f"{URL}/{foreign.id}", headers=steward_token).status_code == 404
    changed = client.put(f"{URL}/{foreign.id}", json={"name": "y"}, headers=steward_token)
    assert changed.status_code == 404
    listed = client.get(f"{URL}?limit=200", headers=steward_token).json["result"]
    assert foreign.id not in {one["id"] for one in listed}


def test_figures_are_strings_and_never_binary(client, steward_token, building):
    room = make_rooms(building, 1)[0]
    address = f"/api/v1/rooms-sample/{room.id}"
    answer = client.get(address, headers=steward_token).json
    assert answer["gross_area"] == "101.00"
    assert answer["status"] == "available"
    refused = client.put(address, json={"gross_area": 99.1}, headers=steward_token)
    assert set(refused.json["fields"]) == {"gross_area"}
    changed = client.put(address, json={"gross_area": "99.10"}, headers=steward_token)
    assert changed.json["gross_area"] == "99.10"


def test_every_generated_call_is_described(client, admin_token):
    paths = client.get("/api/v1/_openapi", headers=admin_token).json["paths"]
    assert set(paths["/api/v1/organizations/"]) >= {"get", "post"}
    assert set(paths["/api/v1/organizations/{pk}"]) >= {"get", "put", "delete"}
    named = {one["name"] for one in paths["/api/v1/organizations/"]["get"]["parameters"]}
    assert {"q", "limit", "cursor", "code", "parent"} <= named

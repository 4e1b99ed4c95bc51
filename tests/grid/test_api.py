"""The grid over REST: shape, scope, ETag, the way to the stream."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.live_ticket import read_ticket
from tests.database import KEYS
from tests.factories.grid import make_tower
from tests.factories.people import make_project


@pytest.fixture
def consultant(user_for):
    return user_for("consultant")


@pytest.fixture
def page(client, consultant, sign_in):
    return sign_in(client, consultant)


def test_projects_within_scope(page, project):
    make_project()
    answer = page.get("/api/v1/projects/")
    assert answer.json == {
        "result": [{"id": project.id, "code": project.code, "name": project.name}]
    }


def test_a_grid_comes_with_its_cursor(page, project):
    rooms = make_tower(project)
    answer = page.get(f"/api/v1/projects/{project.id}/grid")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert isinstance(answer.json["cursor"], int)
    assert {room["id"] for room in answer.json["rooms"]} == {room.id for room in rooms}


def test_the_grid_comes_small(page, project):
    make_tower(project, floors=10, columns=4)
    answer = page.get(f"/api/v1/projects/{project.id}/grid", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_nothing_new_is_304(page, project, session):
    rooms = make_tower(project)
    address = f"/api/v1/projects/{project.id}/grid"
    first = page.get(address)
    again = page.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    rooms[0].orientation = "南"
    session.flush()
    changed = page.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_another_project_answers_404(page):
    other = make_project()
    rooms = make_tower(other)
    for address in (
        f"/api/v1/projects/{other.id}/grid",
        f"/api/v1/projects/{other.id}/grid?since=1",
        f"/api/v1/projects/{other.id}/grid/stream",
        f"/api/v1/rooms/{rooms[0].id}",
    ):
        answer = page.get(address)
        assert (answer.status_code, answer.json["error"]) == (404, "not_found"), address


def test_strangers_are_sent_away(client, project):
    assert client.get(f"/api/v1/projects/{project.id}/grid").status_code == 401


def test_the_seal_keeper_sees_no_grid(client, user_for, sign_in, project):
    answer = sign_in(client, user_for("seal")).get(f"/api/v1/projects/{project.id}/grid")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "query", ["since=abc", "since=-1", "since=", "building_id=x", f"since={2**64}"]
)
def test_numbers_are_numbers(page, project, query):
    answer = page.get(f"/api/v1/projects/{project.id}/grid?{query}")
    assert (answer.status_code, answer.json["error"]) == (422, "invalid")
    assert set(answer.json["fields"]) == {query.partition("=")[0]}


def test_the_stream_is_elsewhere_with_a_ticket(page, project):
    answer = page.get(
        f"/api/v1/projects/{project.id}/grid/stream?since=7", headers={"Host": "localhost:8080"}
    )
    assert answer.status_code == 307
    assert answer.headers["Cache-Control"] == "no-store"
    address = urlsplit(answer.headers["Location"])
    assert address.path == f"/stream/{project.id}"
    assert address.netloc.startswith("localhost:")
    query = parse_qs(address.query)
    assert query["since"] == ["7"]
    ticket = read_ticket(query["token"][0], key=KEYS["SECRET_KEY"])
    assert (ticket.project_id, ticket.origin) == (project.id, "http://localhost:8080")


def test_a_ticket_opens_nothing_else(client, page, project):
    answer = page.get(f"/api/v1/projects/{project.id}/grid/stream")
    token = parse_qs(urlsplit(answer.headers["Location"]).query)["token"][0]
    stranger = client.application.test_client()
    answer = stranger.get(
        f"/api/v1/projects/{project.id}/grid", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401


def test_a_bearer_token_is_no_ticket(bearer, consultant):
    header = bearer(consultant)["Authorization"]
    assert read_ticket(header.removeprefix("Bearer "), key=KEYS["SECRET_KEY"]) is None


def test_a_forged_or_old_ticket_is_nothing():
    import jwt

    claims = {"aud": "xiaokong-live", "prj": 1, "org": "http://x"}
    forged = jwt.encode({**claims, "exp": 2**33}, "another key of thirty-two characters", "HS256")
    old = jwt.encode({**claims, "exp": 1}, KEYS["SECRET_KEY"], "HS256")
    endless = jwt.encode(claims, KEYS["SECRET_KEY"], "HS256")
    for token in (forged, old, endless, "", "x.y.z"):
        assert read_ticket(token, key=KEYS["SECRET_KEY"]) is None

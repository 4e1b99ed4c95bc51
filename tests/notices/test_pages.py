"""The pages and calls of notices: one's own only."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.live_ticket import read_ticket
from tests.database import KEYS
from tests.factories.notices import make_notice


@pytest.fixture
def consultant(user_for):
    return user_for("consultant")


def test_the_page_shows_what_is_unread_and_then_all(client, sign_in, consultant):
    make_notice(consultant.id)
    page = sign_in(client, consultant).get("/notices/", headers={"Accept-Language": "zh"})
    assert page.status_code == 200
    assert "3栋-101" in page.text
    assert "全部标为已读" in page.text
    client.post("/notices/read")
    assert "3栋-101" not in client.get("/notices/").text
    assert "3栋-101" in client.get("/notices/?tab=all").text


def test_marking_all_leaves_what_came_later(client, sign_in, consultant):
    seen = make_notice(consultant.id).id
    make_notice(consultant.id, words={"room": "9栋-909"})
    sign_in(client, consultant).post("/notices/read", data={"until": str(seen)})
    assert "9栋-909" in client.get("/notices/").text


def test_the_panel_says_how_many(client, sign_in, consultant):
    make_notice(consultant.id)
    panel = sign_in(client, consultant).get("/notices/panel")
    assert 'data-unread="1"' in panel.text


def test_kinds_are_chosen_on_their_page(client, sign_in, consultant):
    sign_in(client, consultant)
    assert 'value="hold_lapsed" checked' in client.get("/notices/kinds").text
    assert client.post("/notices/kinds", data={"kind": ["money_came"]}).status_code == 302
    page = client.get("/notices/kinds").text
    assert 'value="money_came" checked' in page
    assert 'value="hold_lapsed">' in page


@pytest.mark.parametrize("path", ["/notices/?before=x", "/notices/?before=" + "9" * 40])
def test_a_crooked_cursor_is_passed_over(client, sign_in, consultant, path):
    assert sign_in(client, consultant).get(path).status_code == 200


def test_rest_lists_ones_own(client, bearer, user_for, consultant):
    mine, other = make_notice(consultant.id), make_notice(user_for("consultant").id)
    answer = client.get("/api/v1/notices/", headers=bearer(consultant)).json
    assert [row["id"] for row in answer["result"]] == [mine.id]
    assert (answer["unread"], answer["next"]) == (1, None)
    refused = client.post(f"/api/v1/notices/{other.id}/read", headers=bearer(consultant))
    assert refused.status_code == 404
    done = client.post(f"/api/v1/notices/{mine.id}/read", headers=bearer(consultant))
    assert done.json == {"unread": 0}
    assert client.get("/api/v1/notices/?unread=1", headers=bearer(consultant)).json["result"] == []


def test_rest_marks_all_up_to_one(client, bearer, consultant):
    first = make_notice(consultant.id)
    make_notice(consultant.id)
    until = client.post(f"/api/v1/notices/read?until={first.id}", headers=bearer(consultant))
    assert until.json == {"unread": 1}
    wrong = client.post("/api/v1/notices/read?until=x", headers=bearer(consultant))
    assert (wrong.status_code, set(wrong.json["fields"])) == (422, {"until"})
    assert client.post("/api/v1/notices/read", headers=bearer(consultant)).json == {"unread": 0}


def test_a_stranger_is_sent_away(client):
    assert client.get("/api/v1/notices/").status_code == 401
    assert client.get("/notices/").status_code == 302


def test_the_stream_is_for_oneself(client, bearer, consultant):
    answer = client.get("/api/v1/notices/stream", headers=bearer(consultant))
    assert answer.status_code == 307
    parts = urlsplit(answer.location)
    assert parts.path == "/stream/me"
    ticket = read_ticket(parse_qs(parts.query)["token"][0], key=KEYS["SECRET_KEY"])
    assert (ticket.user_id, ticket.project_id) == (consultant.id, None)

"""Signing in over REST: right, wrong, too often, and tokens that end with the rights."""

from __future__ import annotations

from app.admin.sessions import touch_access
from tests.factories.people import PASSWORD


def post(client, username, password):
    return client.post(
        "/api/v1/security/login",
        json={"username": username, "password": password, "provider": "db"},
    )


def test_the_right_password_gives_a_token(client, user_for):
    user = user_for("consultant")
    answer = post(client, user.username, PASSWORD)
    assert answer.status_code == 200
    assert answer.json["expires_in"] == 900


def test_a_wrong_password_and_an_unknown_name_are_told_alike(client, user_for):
    user = user_for("consultant")
    wrong = post(client, user.username, "wrong")
    unknown = post(client, "nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json == unknown.json


def test_the_eleventh_failure_is_told_to_wait(client, user_for):
    user = user_for("consultant")
    for _ in range(10):
        assert post(client, user.username, "wrong").status_code == 401
    answer = post(client, user.username, PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_a_missing_field_is_named(client):
    answer = client.post("/api/v1/security/login", json={"username": "x"})
    assert answer.status_code == 422
    assert "password" in answer.json["fields"]


def test_an_inactive_user_does_not_get_in(client, user_for):
    user = user_for("consultant", active=False)
    assert post(client, user.username, PASSWORD).status_code == 401


def test_a_token_ends_when_the_rights_change(client, user_for, bearer):
    user = user_for("consultant")
    header = bearer(user)
    rule = "/api/v1/approvals/todo"
    assert client.get(rule, headers=header).status_code != 401
    touch_access(user)
    assert client.get(rule, headers=header).status_code == 401


def test_an_unknown_address_under_api_is_json(client):
    answer = client.get("/api/v1/nothing-here")
    assert answer.status_code == 404
    assert answer.json["error"] == "not_found"

"""Attempts are counted before they are looked at: a hundred at once are no more than ten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.admin import entering, throttle
from app.admin.models import AppUser, SignInFailure
from app.core import clock
from app.core.db import db
from tests.factories.people import PASSWORD

LOGIN = "/api/v1/security/login"


def post(client, username, password, address="10.0.0.1"):
    return client.post(
        LOGIN,
        json={"username": username, "password": password},
        environ_overrides={"REMOTE_ADDR": address},
    )


def fail(client, username, times, address="10.0.0.1"):
    for _ in range(times):
        assert post(client, username, "wrong", address).status_code == 401


def test_a_name_is_locked_for_all_addresses(client, user_for):
    user = user_for("consultant")
    for number in range(10):
        fail(client, user.username, 1, f"10.0.1.{number}")
    assert post(client, user.username, PASSWORD, "10.9.9.9").status_code == 429


def test_an_address_is_locked_for_all_names(client, user_for):
    user = user_for("consultant")
    for number in range(10):
        fail(client, f"nobody{number}", 1)
    assert post(client, user.username, PASSWORD).status_code == 429
    assert post(client, user.username, PASSWORD, "10.9.9.9").status_code == 200


def test_an_unknown_name_is_locked_just_like_a_known_one(client, user_for):
    user = user_for("consultant")
    fail(client, user.username, 10, "10.0.0.1")
    fail(client, "nobody at all", 10, "10.0.0.2")
    known = post(client, user.username, "wrong", "10.0.0.3")
    unknown = post(client, "nobody at all", "wrong", "10.0.0.4")
    assert known.status_code == unknown.status_code == 429
    assert known.json["error"] == unknown.json["error"]


def test_the_page_says_when_to_come_back(client, user_for, clock_at):
    user = user_for("consultant")
    clock_at(2026, 11, 22, 1, 0)
    data = {"username": user.username, "password": "wrong"}
    for _ in range(10):
        client.post("/login/", data=data)
    clock_at(2026, 11, 22, 1, 5)
    page = client.post("/login/", data={**data, "password": PASSWORD})
    assert page.status_code == 429
    assert "09:15" in page.text  # on a Chinese clock
    clock_at(2026, 11, 22, 1, 15, 1)
    assert client.post("/login/", data={**data, "password": PASSWORD}).status_code == 302


def test_an_administrator_lets_somebody_in_again(client, user_for, actor_for):
    user = user_for("consultant")
    fail(client, user.username, 10)
    throttle.forgive_failures(user, actor=actor_for("admin", project=None, whole_group=True))
    assert post(client, user.username, PASSWORD).status_code == 200


def test_success_is_not_counted(client, user_for, session):
    user = user_for("consultant")
    for _ in range(12):
        assert post(client, user.username, PASSWORD).status_code == 200
    assert session.scalars(select(SignInFailure)).all() == []


@pytest.mark.usefixtures("session")
def test_attempts_that_were_cut_off_count_for_half_a_minute_only(clock_at):
    clock_at(2026, 11, 22, 1, 0)
    for _ in range(10):
        throttle.begin_attempt("somebody", "10.0.0.1")
    with pytest.raises(throttle.TooManyAtOnce):
        throttle.begin_attempt("somebody", "10.0.0.2")
    clock_at(2026, 11, 22, 1, 1)
    assert throttle.begin_attempt("somebody", "10.0.0.2")


def test_an_empty_or_endless_password_is_just_wrong(client, user_for):
    user = user_for("consultant")
    assert post(client, user.username, "").status_code == 401
    assert post(client, user.username, "x" * 100_000).status_code == 401


@pytest.mark.commit
def test_of_forty_guesses_at_once_ten_are_looked_at(committed, monkeypatch):
    user = committed.actor("consultant")
    username = db.session.get_one(AppUser, user.id).username
    db.session.rollback()
    looked_at, guard = [], threading.Lock()
    matches = entering.passwords.matches

    def counting(*given):
        with guard:
            looked_at.append(given)
        return matches(*given)

    monkeypatch.setattr(entering.passwords, "matches", counting)
    monkeypatch.setattr(entering, "PATIENCE", 60.0)
    app = committed.app

    def guess(number):
        # All under one name, each from another address.
        return post(FlaskClient(app), username, f"guess {number}", f"10.0.2.{number}").status_code

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(guess, range(40)))
    assert sorted(answers) == [401] * 10 + [429] * 30
    assert len(looked_at) == 10


@pytest.mark.commit
def test_a_whole_office_signs_in_at_once_from_one_address(committed, monkeypatch):
    people = [committed.actor("consultant") for _ in range(15)]
    names = [db.session.get_one(AppUser, one.id).username for one in people]
    db.session.rollback()
    monkeypatch.setattr(entering, "PATIENCE", 60.0)
    app = committed.app
    with ThreadPoolExecutor(15) as pool:
        answers = pool.map(lambda name: post(FlaskClient(app), name, PASSWORD).status_code, names)
        assert set(answers) == {200}
    left = db.session.scalar(text("SELECT count(*) FROM admin_sign_in_failure"))
    assert left == 0


def test_the_clock_of_old_attempts_runs_out(session):
    session.add(SignInFailure(username="x", address="10.0.0.1", at=clock.now()))
    session.flush()
    assert throttle.prune_failures() == 0
    session.execute(text("UPDATE admin_sign_in_failure SET at = at - interval '40 days'"))
    assert throttle.prune_failures() == 1

"""``flask sign-in``: the way back in for an office whose only administrator is locked out."""

from __future__ import annotations

import pytest

from app.admin import passwords, second_factor, throttle
from tests.admin.test_second_factor import enrol


@pytest.fixture
def run(app, session):  # noqa: ARG001 - the session comes first
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["sign-in", *words])


def test_a_locked_user_is_let_in(run, user_for):
    user = user_for("admin")
    attempt = throttle.begin_attempt(user.username, "10.0.0.1")
    throttle.attempt_failed(attempt)
    assert throttle.has_failures(user)
    assert run("unlock", user.username).exit_code == 0
    assert not throttle.has_failures(user)


def test_a_password_is_made_up_and_must_be_changed(run, user_for, session):
    user = user_for("admin")
    done = run("reset-password", user.username)
    assert done.exit_code == 0
    made_up = done.output.strip().rpartition(" ")[2]
    session.refresh(user)
    assert passwords.matches(user, made_up)
    assert user.must_change_password


def test_a_second_factor_is_taken_away_once(run, user_for):
    user = user_for("admin")
    enrol(user)
    assert run("reset-second-factor", user.username).exit_code == 0
    assert not second_factor.has_factor(user.id)
    assert run("reset-second-factor", user.username).exit_code == 1


def test_nobody_by_that_name_is_told(run):
    done = run("unlock", "nobody")
    assert done.exit_code == 1
    assert "nobody" in done.output

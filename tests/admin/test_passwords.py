"""Passwords: which are good enough, which were used before, when one must be changed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.admin import passwords
from app.admin.models import AppUser, PasswordHistory
from app.admin.principal import read_actor
from app.admin.settings import PASSWORD_DAYS
from app.core.errors import Invalid
from app.core.settings import set_setting
from tests.factories.people import PASSWORD

GOOD = ("another Horse 2", "绿色的火车向北开了三天", "tram over wet rails")


@pytest.mark.parametrize("password", GOOD)
def test_long_and_unusual_is_good(password):
    passwords.check_password(password, username="consultant1")
    assert not passwords.is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "short 1!",
        "",
        "x" * 300,
        "password12",
        "Password2026!",
        "P@ssw0rd2026",
        "1234567890",
        "13812345678",
        "qwertyuiop",
        "1qaz2wsx3edc",
        "woaini1314",
        "aaaaaaaaaaaa",
        "ababababab",
        "xConsultant1x",
    ],
)
def test_what_everybody_tries_is_refused(password):
    with pytest.raises(Invalid) as refused:
        passwords.check_password(password, username="consultant1")
    assert set(refused.value.fields) == {"password"}


def test_none_of_the_last_five_comes_again(session, actor_for):
    actor = actor_for("consultant")
    used = [PASSWORD]
    for number in range(5):
        following = f"a train number {number} leaves"
        passwords.change_password(current=used[-1], password=following, actor=actor)
        used.append(following)
    for old in used[-5:]:
        with pytest.raises(Invalid):
            passwords.change_password(current=used[-1], password=old, actor=actor)
    passwords.change_password(current=used[-1], password=used[0], actor=actor)
    kept = session.scalars(select(PasswordHistory).where(PasswordHistory.user_id == actor.id))
    assert len(kept.all()) == 4


def test_changing_it_keeps_this_browser_in_and_no_other(client, app, user_for):
    user = user_for("consultant")
    data = {"username": user.username, "password": PASSWORD}
    other = app.test_client()
    for browser in (client, other):
        browser.post("/login/", data=data)
    answer = client.post(
        "/password/", data={"current": PASSWORD, "password": GOOD[0], "again": GOOD[0]}
    )
    assert answer.status_code == 302
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


def test_guesses_of_the_present_one_are_counted(client, user_for, sign_in):
    sign_in(client, user_for("consultant"))
    data = {"password": GOOD[0], "again": GOOD[0]}
    for _ in range(10):
        assert client.post("/password/", data={**data, "current": "wrong"}).status_code == 422
    assert client.post("/password/", data={**data, "current": PASSWORD}).status_code == 422
    assert client.get("/account/").status_code == 200


def test_a_first_password_is_changed_before_anything_else(client, user_for):
    user = user_for("consultant", must_change_password=True)
    client.post("/login/", data={"username": user.username, "password": PASSWORD})
    assert client.get("/account/?tab=1").location == "/password/"
    assert client.get("/api/v1/projects").status_code == 403
    page = client.get("/password/").text
    assert 'autocomplete="new-password"' in page
    done = client.post(
        "/password/", data={"current": PASSWORD, "password": GOOD[0], "again": GOOD[0]}
    )
    assert done.location == "/account/?tab=1"
    assert client.get("/account/").status_code == 200


def test_a_password_grows_old_where_the_office_says_so(client, user_for, clock_at):
    clock_at(2026, 1, 1, 1, 0)
    user = user_for("consultant")
    passwords.change_password(current=PASSWORD, password=GOOD[0], actor=read_actor(user.id))
    data = {"username": user.username, "password": GOOD[0]}
    clock_at(2026, 6, 1, 1, 0)
    client.post("/login/", data=data)
    assert client.get("/account/").status_code == 200
    set_setting(PASSWORD_DAYS.name, 90)
    client.post("/logout/")
    client.post("/login/", data=data)
    assert client.get("/account/").location == "/password/"


def test_the_hash_is_all_that_is_kept(session, actor_for):
    actor = actor_for("consultant")
    passwords.change_password(current=PASSWORD, password=GOOD[0], actor=actor)
    user = session.get(AppUser, actor.id)
    kept = session.scalar(select(PasswordHistory.password))
    assert user.password.startswith("scrypt:")
    assert PASSWORD not in kept

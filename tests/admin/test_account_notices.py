"""Whose account is changed hears of it, of his own doing too, whatever he has switched off."""

from __future__ import annotations

from dataclasses import replace

import pyotp
import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.admin import entering, operations, passwords, second_factor, teams, throttle
from app.admin.models import AppUser, SecondFactor, SignInFailure
from app.admin.principal import read_actor
from app.admin.sessions import Caller
from app.core import clock
from app.core.errors import DomainError, Invalid
from app.estate.operations import projects
from app.notices.kinds import all_kinds
from app.notices.models import Notice
from app.notices.operations import choose_kinds
from tests.factories.people import PASSWORD, make_organization, make_user
from tests.factories.teams import make_post, make_team

STRONG = "another Horse 2"
DESK = Caller("10.0.0.7", "Chrome · Windows", "browser", "a" * 64)


@pytest.fixture
def admin(actor_for):
    return actor_for("admin", project=None, whole_group=True)


@pytest.fixture
def person(user_for):
    return user_for("consultant")


@pytest.fixture
def told(session, person):
    def read():
        session.flush()
        rows = session.scalars(
            select(Notice).where(Notice.user_id == person.id).order_by(Notice.id)
        )
        return {row.kind: row.words for row in rows}

    return read


def himself(person):
    return replace(read_actor(person.id), address="10.0.0.9")


def test_what_an_administrator_does_to_an_account_is_told(session, admin, person, told):
    roles = [session.scalars(select(Role).where(Role.name == "manager")).one().id]
    name = person.full_name
    row = SignInFailure(username=person.username, address="10.0.0.7", at=clock.now())
    session.add(row)
    passwords.reset_password(person, password=STRONG, actor=admin)
    throttle.forgive_failures(person, actor=admin)
    operations.edit_user(person, full_name="新名", active=True, role_ids=roles, actor=admin)
    passwords.leave_to_directory(person, actor=admin)
    found = told()
    assert set(found) == {
        "account_password_reset",
        "account_unlocked",
        "account_named",
        "account_changed",
        "account_password_outside",
    }
    assert {words["who"] for words in found.values()} == {admin.name}
    assert (found["account_named"]["before"], found["account_named"]["now"]) == (name, "新名")


def test_who_comes_back_and_who_may_give_roles_is_told(session, admin, person, told):
    person.active = False
    keep = {"full_name": person.full_name, "role_ids": [role.id for role in person.roles]}
    operations.edit_user(person, active=True, actor=admin, **keep)
    regional = make_user("admin")
    operations.entrust_roles(regional, role_ids=keep["role_ids"], actor=admin)
    assert set(told()) == {"account_opened"}
    given = session.scalars(select(Notice).where(Notice.user_id == regional.id)).one()
    assert given.kind == "account_entrusted"


def test_what_one_does_oneself_is_told_with_its_address(person, told):
    passwords.change_password(current=PASSWORD, password=STRONG, actor=himself(person))
    second_factor.begin_enrolment(actor=himself(person))
    secret = second_factor.secret_of_enrolment(himself(person))
    code = pyotp.TOTP(secret).at(clock.now())
    codes = second_factor.confirm_enrolment(code=code, actor=himself(person))
    second_factor.check_code(person, codes[0])
    second_factor.renew_codes(password=STRONG, actor=himself(person))
    second_factor.switch_off(password=STRONG, actor=himself(person))
    found = told()
    assert set(found) == {
        "account_password_changed",
        "account_factor_on",
        "account_code_used",
        "account_codes",
        "account_factor_off",
    }
    assert found["account_password_changed"]["address"] == "10.0.0.9"
    assert found["account_code_used"]["left"] == "9"
    assert STRONG not in str(found)
    assert secret not in str(found)


def test_a_reset_second_factor_is_told(session, admin, person, told):
    session.add(SecondFactor(user_id=person.id, secret="x", confirmed_at=clock.now()))
    session.flush()
    second_factor.reset_second_factor(person, actor=admin)
    assert set(told()) == {"account_factor_reset"}


def test_places_given_and_taken_are_told(session, admin, person, project, told):
    node = make_organization()
    member = operations.join_organization(user_id=person.id, organization_id=node.id, actor=admin)
    assert told()["membership_given"]["place"] == node.name
    operations.leave_organization(member, actor=admin)
    assert told()["membership_taken"]["place"] == node.name
    post = make_post(make_team(project, name="一组"), name="主管")
    seat = teams.join_team(post_id=post.id, user_id=person.id, actor=admin)
    words = told()["membership_given"]
    assert words["place"] == f"{project.name} · 一组 · 主管"
    assert words["from"] == str(clock.today())
    teams.end_membership(seat, actor=admin)
    other = make_user("consultant")
    projects.add_member(project_id=project.id, user_id=other.id, actor=admin)
    given = session.scalars(select(Notice).where(Notice.user_id == other.id)).one()
    assert given.words["place"] == project.name


def try_in(person, password=PASSWORD, caller=DESK):
    return entering.enter(person.username, password, otp="", caller=caller)


def test_the_tenth_failure_locks_the_account_and_is_told_once(session, person, told):
    session.commit()
    for _attempt in range(throttle.FAILURES_ALLOWED - 1):
        with pytest.raises(entering.WrongPassword):
            try_in(person, "wrong")
    assert "account_locked" not in told()
    with pytest.raises(entering.WrongPassword):
        try_in(person, "wrong")
    assert told()["account_locked"]["address"] == DESK.address
    with pytest.raises(throttle.TooManyFailures):
        try_in(person)
    count = select(Notice).where(Notice.user_id == person.id, Notice.kind == "account_locked")
    assert len(session.scalars(count).all()) == 1


def test_a_new_device_is_told_the_first_one_and_a_known_one_are_not(session, person, told):
    session.commit()
    try_in(person)
    try_in(person)
    assert told() == {}
    # The same words, another browser: a stranger with Chrome on Windows is a stranger.
    try_in(person, caller=replace(DESK, browser="b" * 64, address="203.0.113.5"))
    assert told()["account_device"]["address"] == "203.0.113.5"
    assert told()["account_device"]["device"] == "Chrome · Windows"


def test_browsers_of_before_they_were_known_count_by_their_words(session, person, told):
    session.commit()
    try_in(person, caller=replace(DESK, browser=""))
    try_in(person)
    assert told() == {}
    try_in(person, caller=replace(DESK, browser="c" * 64, device="Safari · iPhone"))
    assert set(told()) == {"account_device"}


def test_a_browser_is_known_again_by_its_cookie(client, session, person, told):
    session.commit()
    form = {"username": person.username, "password": PASSWORD}
    first = client.post("/login/", data=form)
    cookie = next(c for c in first.headers.getlist("Set-Cookie") if "xiaokong-browser" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    client.post("/logout/")
    again = client.post("/login/", data=form)
    assert "xiaokong-browser" not in str(again.headers.getlist("Set-Cookie"))
    assert told() == {}


def test_what_is_told_always_cannot_be_switched_off(session, admin, person, told, client, sign_in):
    always = {kind.key for kind in all_kinds() if kind.always}
    assert len(always) > 10
    for key in always:
        with pytest.raises(Invalid):
            choose_kinds([key], actor=read_actor(person.id))
    page = sign_in(client, person)
    assert "账号已被锁定" in page.get("/notices/kinds").text
    assert page.post("/notices/kinds", data={}).status_code == 302
    passwords.reset_password(session.get(AppUser, person.id), password=STRONG, actor=admin)
    operations.join_organization(
        user_id=person.id, organization_id=make_organization().id, actor=admin
    )
    assert set(told()) == {"account_password_reset"}


def test_a_refused_change_tells_nothing(session, person, told, actor_for):
    for step in (
        lambda: passwords.reset_password(person, password=STRONG, actor=actor_for("admin")),
        lambda: passwords.change_password(current="wrong", password=STRONG, actor=himself(person)),
    ):
        with pytest.raises(DomainError), session.begin_nested():
            step()
    assert told() == {}

"""The second factor: set up, asked for, taken once, lost and reset."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.admin import second_factor
from app.admin.models import AppUser, RecoveryCode, RoleSecurity, SecondFactor
from app.admin.principal import read_actor
from app.core import clock
from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.uow import unit_of_work
from tests import database
from tests.factories.people import PASSWORD

LOGIN = "/api/v1/security/login"


def enrol(user):
    """Switch the user's second factor on; return his authenticator and recovery codes."""
    actor = read_actor(user.id)
    second_factor.begin_enrolment(actor=actor)
    phone = pyotp.TOTP(second_factor.secret_of_enrolment(actor))
    # The code of the period before: the present one is left for signing in.
    codes = second_factor.confirm_enrolment(
        code=phone.at(clock.now(), counter_offset=-1), actor=actor
    )
    return phone, codes


def demand(session, *names):
    for name in names:
        role_id = session.scalar(text("SELECT id FROM ab_role WHERE name = :n"), {"n": name})
        session.add(RoleSecurity(role_id=role_id, second_factor=True))
    session.flush()


def rest(client, user, otp=None):
    body = {"username": user.username, "password": PASSWORD}
    return client.post(LOGIN, json=body if otp is None else {**body, "otp": otp})


def code_of(phone):
    return phone.at(clock.now())


@pytest.fixture
def user(user_for):
    return user_for("cashier")


def test_over_rest_the_code_is_asked_and_taken_once(client, user):
    phone, _codes = enrol(user)
    assert rest(client, user).json["error"] == "otp_required"
    assert rest(client, user).status_code == 401
    code = code_of(phone)
    assert rest(client, user, code).status_code == 200
    again = rest(client, user, code)
    assert (again.status_code, again.json["error"]) == (401, "otp_wrong")


def test_wrong_codes_count_as_failures(client, user):
    phone, _codes = enrol(user)
    for _ in range(10):
        assert rest(client, user, "000000").status_code == 401
    assert rest(client, user, code_of(phone)).status_code == 429


def test_a_missing_code_is_no_failure(client, user):
    phone, _codes = enrol(user)
    for _ in range(12):
        assert rest(client, user).json["error"] == "otp_required"
    assert rest(client, user, code_of(phone)).status_code == 200


def test_codes_around_now_are_taken_and_others_not(user, clock_at):
    clock_at(2026, 11, 22, 1, 0, 10)
    phone, _codes = enrol(user)
    now = clock.now()
    for offset in (-2, 2):
        with pytest.raises(second_factor.WrongCode):
            second_factor.check_code(user, phone.at(now, counter_offset=offset))
    second_factor.check_code(user, phone.at(now, counter_offset=1))
    # One that is older than what has been taken is no good any more.
    with pytest.raises(second_factor.WrongCode):
        second_factor.check_code(user, phone.at(now))


def test_a_recovery_code_counts_once_however_it_is_typed(client, user, session):
    _phone, codes = enrol(user)
    assert len(set(codes)) == 10
    assert rest(client, user, f" {codes[0].upper()} ").status_code == 200
    assert rest(client, user, codes[0]).status_code == 401
    assert rest(client, user, codes[1].replace("-", "")).status_code == 200
    assert second_factor.codes_left(user.id) == 8
    kept = session.scalars(select(RecoveryCode.code_digest)).all()
    assert not any(code.replace("-", "") in digest for code in codes for digest in kept)


def test_somebody_elses_recovery_code_is_worth_nothing(client, user, user_for):
    other = user_for("cashier")
    enrol(user)
    _phone, codes = enrol(other)
    assert rest(client, user, codes[0]).status_code == 401


def test_the_secret_is_encrypted_under_its_row(user, session):
    phone, _codes = enrol(user)
    row = session.scalar(select(SecondFactor).where(SecondFactor.user_id == user.id))
    assert phone.secret not in row.secret
    kept = session.scalars(
        text("SELECT coalesce(after::text, '') || coalesce(before::text, '') FROM core_audit_entry")
    )
    assert not any(phone.secret in entry or row.secret in entry for entry in kept)


def test_a_change_of_the_field_key_takes_the_secret_along(client, user, session):
    from app.core import secrets
    from app.core.key_rotation import rotate_batch

    phone, codes = enrol(user)
    old = database.KEYS["FIELD_KEY"]
    try:
        secrets.use_field_key("a new field key", old)
        assert rest(client, user, codes[0]).status_code == 200
        assert rotate_batch(second_factor._SECRET, 0)[1] == 1
        session.expire_all()
        secrets.use_field_key("a new field key")
        assert rest(client, user, code_of(phone)).status_code == 200
    finally:
        secrets.use_field_key(old)


def test_on_the_pages_from_setting_up_to_signing_in(client, user, app):
    client.post("/login/", data={"username": user.username, "password": PASSWORD})
    page = client.get("/account/second-factor/")
    assert page.status_code == 200
    picture = client.get("/account/second-factor/picture.svg")
    assert picture.mimetype == "image/svg+xml"
    assert b"<script" not in picture.data
    secret = second_factor.secret_of_enrolment(read_actor(user.id))
    assert secret[:4] in page.text
    wrong = client.post("/account/second-factor/", data={"code": "000000"})
    assert wrong.status_code == 422
    phone = pyotp.TOTP(secret)
    shown = client.post(
        "/account/second-factor/", data={"code": phone.at(clock.now(), counter_offset=-1)}
    )
    assert shown.status_code == 200
    assert shown.text.count("<li>") >= 10
    # Shown once, and nobody sees the secret again; the person is still signed in here.
    assert client.get("/account/second-factor/").location == "/account/"
    assert client.get("/account/second-factor/picture.svg").status_code == 404
    assert client.get("/account/").status_code == 200

    door = app.test_client()
    data = {"username": user.username, "password": PASSWORD, "next": "/account/"}
    assert door.post("/login/", data=data).location == "/login/code/"
    assert door.get("/account/").location.startswith("/login/")
    assert 'autocomplete="one-time-code"' in door.get("/login/code/").text
    assert door.post("/login/code/", data={"code": "123"}).status_code == 401
    arrived = door.post("/login/code/", data={"code": code_of(phone)})
    assert arrived.location == "/account/"
    assert door.get("/account/").status_code == 200


def test_the_way_between_password_and_code_closes(client, user, clock_at):
    clock_at(2026, 11, 22, 1, 0)
    phone, _codes = enrol(user)
    data = {"username": user.username, "password": PASSWORD}
    client.post("/login/", data=data)
    clock_at(2026, 11, 22, 1, 6)
    assert client.post("/login/code/", data={"code": code_of(phone)}).location == "/login/"
    assert client.get("/login/code/").location == "/login/"


def test_a_password_changed_in_between_counts(client, user, session):
    phone, _codes = enrol(user)
    client.post("/login/", data={"username": user.username, "password": PASSWORD})
    session.execute(text("UPDATE ab_user SET access_version = access_version + 1"))
    assert client.post("/login/code/", data={"code": code_of(phone)}).location == "/login/"


def test_a_role_that_demands_it_lets_nobody_do_anything_else(client, user, session):
    demand(session, "cashier")
    client.post("/login/", data={"username": user.username, "password": PASSWORD})
    assert client.get("/finance/").location == "/account/second-factor/"
    assert client.get("/account/").location == "/account/second-factor/"
    refused = client.get("/api/v1/projects")
    assert (refused.status_code, refused.json["error"]) == (403, "sign_in_on_the_page")
    assert client.get("/account/second-factor/").status_code == 200
    phone = pyotp.TOTP(second_factor.secret_of_enrolment(read_actor(user.id)))
    client.post("/account/second-factor/", data={"code": code_of(phone)})
    assert client.get("/account/").status_code == 200
    assert client.get("/api/v1/projects").status_code == 200


def test_a_program_is_told_to_use_the_page_first(client, user, session):
    demand(session, "cashier")
    answer = rest(client, user)
    assert (answer.status_code, answer.json["error"]) == (403, "sign_in_on_the_page")


def test_turning_the_demand_on_interrupts_nobody(client, user, user_for, sign_in, app, session):
    client.post("/login/", data={"username": user.username, "password": PASSWORD})
    admin = sign_in(app.test_client(), user_for("admin", project=None, whole_group=True))
    role_id = session.scalar(text("SELECT id FROM ab_role WHERE name = 'cashier'"))
    assert admin.post("/sign-in-security/", data={"role": role_id}).status_code == 302
    assert second_factor.is_demanded(user.id)
    assert client.get("/account/").status_code == 200
    assert admin.post("/sign-in-security/", data={}).status_code == 302
    assert not second_factor.is_demanded(user.id)
    assert client.post("/sign-in-security/", data={"role": role_id}).status_code == 403


def test_switching_off_asks_for_the_password_and_not_where_it_is_demanded(client, user, session):
    enrol(user)
    actor = read_actor(user.id)
    with pytest.raises(Invalid):
        second_factor.switch_off(password="wrong", actor=actor)
    with pytest.raises(Invalid):
        second_factor.renew_codes(password="wrong", actor=actor)
    demand(session, "cashier")
    with pytest.raises(Conflict):
        second_factor.switch_off(password=PASSWORD, actor=actor)
    assert len(second_factor.renew_codes(password=PASSWORD, actor=actor)) == 10
    session.execute(text("DELETE FROM admin_role_security"))
    second_factor.switch_off(password=PASSWORD, actor=actor)
    assert rest(client, user).status_code == 200


def test_guesses_of_the_present_password_are_counted(client, user, sign_in):
    enrol(user)
    sign_in(client, user)
    for _ in range(10):
        answer = client.post("/account/second-factor/off", data={"password": "wrong"})
        assert answer.status_code == 422
    sentence = client.post("/account/second-factor/off", data={"password": PASSWORD})
    assert second_factor.has_factor(user.id)
    assert sentence.status_code == 422


def test_an_administrator_resets_it_and_the_audit_knows(client, user, user_for, sign_in, session):
    enrol(user)
    admin = sign_in(client, user_for("admin", project=None, whole_group=True))
    answer = admin.post("/users/act/reset_second_factor", data={"id": user.id})
    assert answer.status_code == 302
    assert not second_factor.has_factor(user.id)
    assert second_factor.codes_left(user.id) == 0
    found = session.scalars(
        text(
            "SELECT action FROM core_audit_entry WHERE table_name = 'ab_user' AND row_id = :id"
            " AND action NOT IN ('insert', 'update')"
        ),
        {"id": user.id},
    ).all()
    assert set(found) == {"second_factor_on", "second_factor_reset"}


def test_enrolling_twice_is_refused(user):
    enrol(user)
    with pytest.raises(Conflict):
        second_factor.begin_enrolment(actor=read_actor(user.id))
    with pytest.raises(Conflict):
        second_factor.confirm_enrolment(code="000000", actor=read_actor(user.id))


@pytest.mark.commit
@pytest.mark.parametrize("kind", ["one-time", "recovery"])
def test_of_eight_with_the_same_code_at_once_one_gets_in(committed, kind):
    made = committed.actor("cashier")
    user = db.session.get_one(AppUser, made.id)
    with unit_of_work(system_actor("test")):
        phone, codes = enrol(user)
        username = user.username
    code = code_of(phone) if kind == "one-time" else codes[3]
    body = {"username": username, "password": PASSWORD, "otp": code}

    def enter(_number):
        return FlaskClient(committed.app).post(LOGIN, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(enter, range(8)))
    assert answers == [200] + [401] * 7

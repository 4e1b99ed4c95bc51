"""What somebody tries by hand at the door, with tokens and cookies, and with what he sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import itertools
import json
import re
import zipfile
from datetime import timedelta

import jwt
import pyotp
import pytest
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.admin import passwords, second_factor
from app.admin.principal import read_actor
from app.core import clock
from app.core.live_ticket import issue_ticket, read_ticket
from app.estate.models import Building
from config import ROOT
from tests import database
from tests.conftest import application
from tests.factories.people import PASSWORD, open_sign_in

LOGIN = "/api/v1/security/login"
MINE = "/api/v1/approvals/todo"
KEY = database.KEYS["SECRET_KEY"]
SOMEWHERE_ELSE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%0d%0aSet-Cookie:x=1\r\nSet-Cookie: x=1",
    "javascript:alert(1)",
    "http:evil.example",
    "//evil.example/%2f..",
]


def sign_in_as(client, username, password, **more):
    return client.post(LOGIN, json={"username": username, "password": password}, **more)


# ---- ways back ----


@pytest.mark.parametrize("address", SOMEWHERE_ELSE)
def test_no_way_back_leads_to_another_site(client, user_for, sign_in, project, address):
    """Through the door, past it, to another project, in another language."""
    user = user_for("consultant")
    data = {"username": user.username, "password": PASSWORD, "next": address}
    answers = [client.post("/login/", data=data)]
    sign_in(client, user)
    answers += [
        client.get("/login/", query_string={"next": address}),
        client.get("/lang/en", query_string={"next": address}),
        client.post(f"/project/{project.id}", data={"next": address}),
        client.post("/work/keys", data={"next": address}),
        client.get(
            "/", headers={"Referer": address.strip()[:20].encode("ascii", "ignore").decode()}
        ),
        client.post("/switch/", data={"next": address}),
    ]
    for answer in answers:
        assert answer.status_code == 302
        assert re.fullmatch(r"/[a-z%]?[^\\/\s]*.*", answer.location), answer.location
        assert "evil" not in answer.location
        assert "Set-Cookie" not in answer.location
        assert "x=1" not in str(answer.headers.getlist("Set-Cookie"))


def test_only_hosts_that_are_ours_are_answered(monkeypatch):
    """TRUSTED_HOSTS names them; whoever asks for another host is told nothing."""
    monkeypatch.setenv("TRUSTED_HOSTS", "xk.example.com, .inside.example")
    with application() as app:
        client = FlaskClient(app)
        for host, status in (
            ("xk.example.com", 200),
            ("a.inside.example", 200),
            ("evil.example", 400),
            ("xk.example.com.evil.example", 400),
        ):
            answer = client.get("/login/", headers={"Host": host})
            assert answer.status_code == status, host
            told = client.get("/api/v1/projects", headers={"Host": host})
            assert told.status_code == (401 if status == 200 else 400)
        assert told.json["error"] == "bad_request"
        assert "evil.example" not in answer.text + str(answer.headers)


# ---- names and addresses of the door ----


@pytest.mark.parametrize(
    "variant",
    [" {} ", "{}\t", "\u3000{}", "{}\u200b", "\ufeff{}", "{0}{1}"],
)
def test_a_locked_name_stays_locked_however_it_is_written(client, user_for, variant):
    """Every writing that reaches the account is counted with it; any other reaches nobody."""
    user = user_for("consultant")
    for _ in range(10):
        assert sign_in_as(client, user.username, "wrong").status_code == 401
    other = {"REMOTE_ADDR": "10.9.9.9"}
    written = variant.format(user.username, "")
    answer = sign_in_as(client, written, PASSWORD, environ_overrides=other)
    assert answer.status_code in (401, 429), answer.text


def test_other_letters_are_another_name(client, user_for):
    user = user_for("consultant", username="wang.fang")
    for name in (
        "WANG.FANG",
        "Wang.Fang",
        "ｗａｎｇ.fang",
        "wang．fang",
        "wang.fang%",
        "wаng.fang",
    ):
        answer = sign_in_as(client, name, PASSWORD)
        assert (answer.status_code, answer.json["error"]) == (401, "wrong_password"), name
    assert sign_in_as(client, user.username, PASSWORD).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"])
def test_an_address_is_not_believed_from_the_caller(client, header):
    for number in range(10):
        told = {header: f"10.1.1.{number}"}
        assert sign_in_as(client, f"nobody{number}", "wrong", headers=told).status_code == 401
    told = {header: "10.1.1.99"}
    assert sign_in_as(client, "nobody at all", "wrong", headers=told).status_code == 429


def test_behind_a_proxy_only_its_own_word_counts(monkeypatch):
    """What the caller put in front of what the proxy added is not looked at."""
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    with application() as app, app.app_context():
        client = app.test_client()
        for number in range(10):
            told = {"X-Forwarded-For": f"1.2.3.{number}, 10.0.0.7"}
            assert sign_in_as(client, f"nobody{number}", "wrong", headers=told).status_code == 401
        told = {"X-Forwarded-For": "9.9.9.9, 10.0.0.7"}
        assert sign_in_as(client, "nobody at all", "wrong", headers=told).status_code == 429
        told = {"X-Forwarded-For": "9.9.9.9, 10.0.0.8"}
        assert sign_in_as(client, "nobody at all", "wrong", headers=told).status_code == 401


def test_nobody_takes_as_long_as_somebody(client, user_for, monkeypatch):
    """One hash of the same kind is worked out for a known, an unknown and a dead name."""
    known, gone = user_for("consultant"), user_for("consultant", active=False)
    outside = user_for("consultant", password=None)
    worked = []

    def checking(stored, typed):
        worked.append(stored.partition("$")[0].split(":")[0])
        return check(stored, typed)

    check = passwords.check_password_hash
    monkeypatch.setattr(passwords, "check_password_hash", checking)
    for name in (known.username, gone.username, outside.username, "nobody"):
        worked.clear()
        assert sign_in_as(client, name, "wrong").status_code == 401
        assert len(worked) == 1, name
    made = passwords.generate_password_hash("x")
    assert passwords._NOBODY.rpartition("$")[0].split("$")[0] == made.split("$")[0]


def test_codes_are_not_guessed_on_the_page_either(client, user_for):
    """Ten wrong ones, and the right one is not looked at; nor does the password open it again."""
    user = user_for("cashier")
    actor = read_actor(user.id)
    second_factor.begin_enrolment(actor=actor)
    phone = pyotp.TOTP(second_factor.secret_of_enrolment(actor))
    earlier = phone.at(clock.now(), counter_offset=-1)
    second_factor.confirm_enrolment(code=earlier, actor=actor)
    form = {"username": user.username, "password": PASSWORD}
    assert client.post("/login/", data=form).location == "/login/code/"
    for number in range(10):
        answer = client.post("/login/code/", data={"code": f"{number:06d}"})
        assert answer.status_code in (401, 422)
    right = {"code": phone.at(clock.now())}
    assert client.post("/login/code/", data=right).status_code == 429
    assert client.post("/login/", data=form).status_code == 429
    assert client.get(MINE).status_code == 401


# ---- sessions and cookies ----


def test_a_session_that_somebody_prepared_is_not_signed_in_with_its_victim(client, user_for):
    """The cookie from before signing in is worth nothing afterwards, and is not kept."""
    user = user_for("consultant")
    client.get("/lang/en")
    client.get("/login/")
    prepared = client.get_cookie("xiaokong").value
    client.post("/login/", data={"username": user.username, "password": PASSWORD})
    assert client.get_cookie("xiaokong").value != prepared
    assert client.get(MINE).status_code == 200
    thief = client.application.test_client()
    thief.set_cookie("xiaokong", prepared)
    assert thief.get(MINE).status_code == 401


def test_a_session_is_of_one_person_only(client, user_for):
    """The key of one with the number of another, and what is no number at all."""
    mine, other = user_for("consultant"), user_for("admin")
    opened = open_sign_in(mine)
    with client.session_transaction() as cookie:
        cookie["uid"], cookie["key"] = other.id, opened.key
    assert client.get(MINE).status_code == 401


def cookie_of(client, user):
    opened = open_sign_in(user)
    with client.session_transaction() as cookie:
        cookie["uid"], cookie["key"] = opened.user_id, opened.key
    assert client.get(MINE).status_code == 200
    return client.get_cookie("xiaokong").value


@pytest.mark.parametrize("change", ["payload", "signature", "cut", "key", "salt", "old", "plain"])
def test_a_cookie_of_ones_own_making_is_worth_nothing(client, user_for, change):
    kept = cookie_of(client, user_for("admin"))
    payload, moment, signature = kept.rsplit(".", 2)
    serializer = SecureCookieSessionInterface().get_signing_serializer(client.application)
    inside = serializer.loads(kept)
    other = SecureCookieSessionInterface()
    if change == "salt":
        other.salt = "another"
    app = type("App", (), {"secret_key": KEY if change == "salt" else "another", "config": {}})
    app.config = {"SECRET_KEY_FALLBACKS": None}
    forged = {
        "payload": f"{payload[:-2]}AA.{moment}.{signature}",
        "signature": f"{payload}.{moment}.{signature[:-3]}AAA",
        "cut": f"{payload}.{moment}",
        "key": other.get_signing_serializer(app).dumps(inside),
        "salt": other.get_signing_serializer(app).dumps(inside),
        "old": f"{payload}.AAAAAA.{signature}",
        "plain": base64.urlsafe_b64encode(json.dumps(inside).encode()).decode(),
    }[change]
    client.set_cookie("xiaokong", forged)
    answer = client.get(MINE)
    assert (answer.status_code, answer.json["error"]) == (401, "not_signed_in")


# ---- tokens ----


def bearer_with(client, token):
    return client.get(MINE, headers={"Authorization": f"Bearer {token}"}).status_code


def claims_of(user):
    opened = open_sign_in(user, kind="program")
    now = clock.now()
    return {
        "sub": str(user.id),
        "v": opened.access_version,
        "key": opened.key,
        "iat": now,
        "exp": now + timedelta(minutes=15),
    }


# The key of the tests is short for these methods; that is the attacker's.
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_signed_by_others_is_nobodys(client, user_for):
    """No signature, another key or method, an empty one, another key named in its head."""
    claims = claims_of(user_for("admin"))
    good = jwt.encode(claims, KEY, "HS256")
    assert bearer_with(client, good) == 200
    head, body, signature = good.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    loud = base64.urlsafe_b64encode(b'{"alg":"NoNe","typ":"JWT"}').decode().rstrip("=")
    named = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"../../dev/null"}').decode().rstrip("=")
    empty = hmac.new(b"", f"{named}.{body}".encode(), hashlib.sha256).digest()
    forged = [
        f"{unsigned}.{body}.",
        f"{loud}.{body}.",
        f"{unsigned}.{body}.{signature}",
        f"{named}.{body}.{base64.urlsafe_b64encode(empty).decode().rstrip('=')}",
        f"{head}.{body}.",
        f"{head}.{body}",
        jwt.encode(claims, "another key of thirty-two characters", "HS256"),
        jwt.encode(claims, KEY, "HS512"),
        jwt.encode(claims, KEY, "HS384"),
        "",
        "null",
        "." * 10,
        "a" * 9000,
    ]
    for token in forged:
        assert bearer_with(client, token) == 401, token[:60]


def test_a_token_must_say_all_that_it_is_asked_for(client, user_for):
    """Over, without an end, without its session's key, for nobody, or as another person."""
    admin, clerk = user_for("admin"), user_for("consultant")
    good = claims_of(clerk)
    past = clock.now() - timedelta(minutes=1)
    for change in (
        {"exp": past},
        {"exp": None},
        {"key": "guessed"},
        {"key": None},
        {"sub": str(admin.id)},
        {"sub": "admin"},
        {"sub": None},
        {"sub": "1e9"},
        {"nbf": clock.now() + timedelta(hours=1)},
    ):
        made = {name: value for name, value in (good | change).items() if value is not None}
        assert bearer_with(client, jwt.encode(made, KEY, "HS256")) == 401, change


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_tickets_and_tokens_are_not_taken_for_each_other(client, user_for, project):
    user = user_for("admin")
    ticket = issue_ticket(project.id, user_id=user.id, origin="http://localhost", key=KEY)
    assert bearer_with(client, ticket) == 401
    token = jwt.encode(claims_of(user), KEY, "HS256")
    assert bearer_with(client, token) == 200
    assert read_ticket(token, key=KEY) is None
    claims = {"aud": "xiaokong-live", "prj": project.id, "usr": None, "org": "x", "exp": 2**33}
    for forged in (
        jwt.encode(claims, "another key of thirty-two characters", "HS256"),
        jwt.encode(claims, KEY, "HS512"),
        jwt.encode({**claims, "aud": "another"}, KEY, "HS256"),
        jwt.encode({key: claims[key] for key in ("aud", "prj", "org")}, KEY, "HS256"),
        jwt.encode({**claims, "prj": "1 OR 1=1"}, KEY, "HS256"),
    ):
        assert read_ticket(forged, key=KEY) is None


def test_a_key_of_one_person_gives_another_nothing(client, bearer, user_for, project, session):
    """The same Idempotency-Key and body from two people: two effects, each his own answer."""
    body = {"project_id": project.id, "name": "9栋"}
    key = {"Idempotency-Key": "shared"}
    one, two = bearer(user_for("steward")), bearer(user_for("steward"))
    first = client.post("/api/v1/buildings/", json=body, headers={**one, **key})
    assert first.status_code == 201
    again = client.post("/api/v1/buildings/", json=body, headers={**one, **key})
    assert again.json == first.json
    stranger = client.post("/api/v1/buildings/", json=body, headers={**two, **key})
    assert stranger.json.get("id") != first.json["id"]
    reader = client.post(
        "/api/v1/buildings/", json=body, headers={**bearer(user_for("cashier")), **key}
    )
    assert reader.status_code == 403
    assert session.scalar(select(func.count()).where(Building.name == "9栋")) == 1


# ---- bodies and files ----


def test_a_stranger_makes_nobody_read_a_long_body(client, bearer, user_for):
    """What is sent before anybody is known is short, whatever he says to be."""
    long = json.dumps({"username": "x" * 300_000, "password": "y"})
    for path in (LOGIN, "/api/v1/customers/", "/login/", "/nothing"):
        answer = client.post(path, data=long, content_type="application/json")
        assert answer.status_code in (404, 413), path
    answer = client.post(LOGIN, data=long, content_type="application/json")
    assert (answer.status_code, answer.json["error"]) == (413, "too_large")
    longer = b'{"agent": "' + b"x" * 5_000_000 + b'"}'
    nobody = {"Authorization": "Bearer nobody's"}
    for path, body in (("/api/v1/agent/lease", longer), (LOGIN, long)):
        answer = client.post(path, data=body, content_type="application/json", headers=nobody)
        assert (answer.status_code, answer.json["error"]) == (413, "too_large")
    name = {"name": "x" * 300_000}
    answer = client.post("/api/v1/customers/", json=name, headers=bearer(user_for("consultant")))
    assert answer.status_code == 422


def test_a_form_of_too_many_or_too_long_fields_is_refused(client, user_for, sign_in):
    sign_in(client, user_for("consultant"))
    part = '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n{}\r\n'
    for parts in (part.format("x") * 1100, part.format("x" * 600_000)):
        answer = client.post(
            "/customers/add",
            data=f"{parts}--x--\r\n".encode(),
            content_type="multipart/form-data; boundary=x",
        )
        assert answer.status_code == 413


def test_a_body_that_claims_to_be_huge_is_refused_unread(client, user_for, sign_in):
    sign_in(client, user_for("consultant"))
    answer = client.post(
        "/customers/add",
        input_stream=io.BytesIO(b""),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(10**12)},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/static/../config.py",
        "/static/%2e%2e/config.py",
        "/static/..%2f..%2fconfig.py",
        "/static/....//config.py",
        "/static//etc/passwd",
        "/static/css/../../../config.py",
        "/static/%00/config.py",
        "/static/..\\config.py",
    ],
)
def test_no_path_leads_out_of_the_files_for_browsers(client, path):
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code in (400, 404)
    assert "ROOT" not in answer.text


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise("abcdefghi"))
    + '<!ENTITY file SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize("entity", ["i", "file"])
def test_entities_in_a_sheet_are_not_followed(client, bearer, user_for, project, entity):
    """Neither ten million letters out of a few nor a file of the server."""
    made = io.BytesIO()
    good = zipfile.ZipFile(ROOT / "app/demo/data/songfeng-matrix.xlsx")
    with good, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            text = good.read(name)
            if "worksheets/" in name:
                text = re.sub(rb"^<\?xml[^>]*\?>", b"", text)
                text, told = re.subn(rb"<t>&#[^<]*</t>", f"<t>&{entity};</t>".encode(), text)
                text = ENTITIES.encode() + text
                assert told > 1
            archive.writestr(name, text)
    answer = client.post(
        f"/api/v1/projects/{project.id}/rooms/import?dry_run=1",
        data=made.getvalue(),
        content_type="application/octet-stream",
        headers={**bearer(user_for("steward")), "Idempotency-Key": "bomb"},
    )
    assert answer.status_code == 422, answer.text[:300]
    assert len(answer.text) < 10_000
    assert "root:" not in answer.text
    assert "aaaaaaaaaa" not in answer.text


# ---- pages' own scripts ----


def test_no_script_of_ours_makes_markup_of_text():
    """What comes from the server is put into pages as text, or parsed from a page of ours."""
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\("
        r"|new Function|srcdoc|setTimeout\(\s*['\"]|javascript:"
    )
    scripts = sorted((ROOT / "app/static/js").rglob("*.js"))
    assert len(scripts) > 15
    assert [one.name for one in scripts if sinks.search(one.read_text())] == []

"""Every address, walked by people of another project with the ids of this one: nothing gets out."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text
from werkzeug.routing import Map, Rule

from app.core import scope
from app.core.db import db
from app.core.permissions import PRESET_ROLES
from tests.conformance.faults import expect_none
from tests.conformance.ghosts import Compared, Pair, compare, pairs, shortened
from tests.conformance.office import Office, undone
from tests.conformance.walk import Call, calls, is_of_the_group, words_of

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]

REFUSED = {403, 404}
#: a body that names what one does not see may also be answered as a wrong body
REFUSED_BODY = {403, 404, 422}

#: what these answer are examples for everybody
EXAMPLES = {"PriceListView.template"}

#: calls that end otherwise within the project too, each with the reason
ENDS_OTHERWISE = {
    "ApprovalApi.edit": "only the applicant may",
    "ApprovalApi.opinion": "only who was asked for one may",
    "ApprovalApi.send": "only the applicant may",
    "ApprovalApi.withdraw": "only the applicant may",
    "ApprovalView.ask": "a plan in force is not asked for again",
    "ApprovalView.edit": "only the applicant may; others are led to the request",
    "NoticeApi.read": "only whom it was told may",
    "PricePlanView.edit": "a plan in force is not changed any more",
    "RoomShapeApi.parts": "a room of a single cell has no parts",
    "ProjectGridApi.stream": "leads to the live server",
}


ROLES = [code for code, _title in PRESET_ROLES.values()]


@pytest.fixture(scope="module")
def walked(office: Office) -> list[Call]:
    found, unknown = calls(office)
    expect_none(unknown, "teach tests/conformance/walk.py these addresses")
    assert len(found) > 400
    return found


def faults_of(call: Call, answer, secrets) -> list[str]:
    faults = []
    allowed = REFUSED if call.row else REFUSED_BODY
    if answer.status_code >= 500:
        faults.append(f"{call.label}: {answer.status_code}")
    elif call.names_rows and answer.status_code not in allowed:
        faults.append(f"{call.label}: {answer.status_code} {answer.get_data()[:200]!r}")
    elif answer.location and "/login" in answer.location:
        faults.append(f"{call.label}: sent to the door")
    words = "" if call.route.name in EXAMPLES else words_of(answer)
    faults += [f"{call.label}: tells {secret}" for secret in sorted(secrets) if secret in words]
    answer.close()
    return faults


#: names of the whole group that stand on everybody's pages
READ_BY_ALL = {"estate_product_type"}


@pytest.mark.parametrize("username", ["agency1", "outsider"])
def test_nobody_of_another_project_gets_at_this_one(office, walked, username):
    """The agency by its role; and one with every right there is, whom only the scope keeps out."""
    before = office.state()
    person = office.person(username)
    faults = []
    for call in walked:
        if is_of_the_group(call) and username == "outsider":
            continue
        if call.row in READ_BY_ALL and call.method == "GET":
            continue
        faults += faults_of(call, call.send(person), office.secrets)
    expect_none(faults)
    changed = {name for name, digest in office.state().items() if digest != before[name]}
    assert changed == set(), "somebody of another project changed rows of this one"


@pytest.fixture(scope="module")
def beside(office: Office, walked: list[Call]) -> list[Pair]:
    """Every call that is about a project, beside the same call about nothing."""
    return [pair for pair in pairs(office, walked) if not is_of_the_group(pair.real)]


@pytest.mark.parametrize("role", [*ROLES, "outsider"])
def test_what_another_project_has_is_told_apart_from_nothing_by_no_role(office, beside, role):
    """Status, words and work done are those for a row that is not there."""
    found = Compared()
    username = role if role == "outsider" else f"outside_{role}"
    before = office.state()
    # Who holds every right asks for every list, filter and search too; the command lets all do so.
    asked = beside if role == "outsider" else shortened(beside)
    compare(office, username, asked, found)
    expect_none(found.faults)
    assert found.requests >= len(asked)
    changed = {name for name, digest in office.state().items() if digest != before[name]}
    assert changed == set(), f"{username} of another project changed rows of this one"


def test_what_a_colleague_has_for_himself_is_told_apart_from_nothing_by_no_one(office, beside):
    """A consultant with the ids of another's customers and deals, in the same project."""
    found = Compared()
    compare(office, "consultant2", [one for one in beside if one.real.row in office.own], found)
    expect_none(found.faults)
    assert found.requests > 20


def grown_map(app) -> Map:
    """Return the application's addresses in a map of its own, to which more can be added."""
    rules = [rule.empty() for rule in app.url_map.iter_rules()]
    return Map(rules, converters=app.url_map.converters)


PLANTED = {
    "room": "SELECT number FROM estate_room WHERE id = :id",
    "building": "SELECT count(*) FROM estate_room WHERE building_id = :id",
}


@pytest.mark.parametrize("row", sorted(PLANTED))
def test_an_address_without_scope_fails_the_walk(office, monkeypatch, row):
    """Somebody reads past the scope, a name or only a number: the walk says where."""
    app = office.app

    def planted(**values):
        told = db.session.scalar(text(PLANTED[row]), {"id": values[f"{row}_id"]})
        return {"told": str(told)}

    grown = Map(
        [rule.empty() for rule in app.url_map.iter_rules()], converters=app.url_map.converters
    )
    grown.add(Rule(f"/api/v1/planted/<int:{row}_id>", endpoint="planted", methods=["GET"]))
    monkeypatch.setattr(app, "url_map", grown)
    monkeypatch.setitem(app.view_functions, "planted", planted)
    found, _unknown = calls(office)
    mine = [pair for pair in pairs(office, found) if pair.real.route.name == "planted"]
    said = Compared()
    compare(office, "outsider", mine, said)
    assert len(mine) == 1
    assert said.faults


def test_an_address_that_nobody_declared_fails_the_walk(office, monkeypatch):
    app = office.app
    grown = Map(
        [rule.empty() for rule in app.url_map.iter_rules()], converters=app.url_map.converters
    )
    grown.add(Rule("/planted/<int:secret_id>", endpoint="planted", methods=["GET", "POST"]))
    monkeypatch.setattr(app, "url_map", grown)
    monkeypatch.setitem(app.view_functions, "planted", lambda **_values: "")
    _found, unknown = calls(office)
    assert [one for one in unknown if "secret_id" in one]


def test_the_walk_notices_when_the_scope_is_off(office, walked, monkeypatch):
    monkeypatch.setattr(scope, "_criteria", lambda _actor: iter(()))
    person = office.person("outsider")
    asking = [call for call in walked if call.method == "GET" and call.row == "customer"]
    assert asking
    for call in asking:
        assert faults_of(call, call.send(person), office.secrets), call.label


def test_the_walk_would_get_through_within_the_project(office, walked):
    """The same calls by one with every right here: ids and bodies are real ones."""
    faults = []
    for call in walked:
        if not call.names_rows or is_of_the_group(call):
            continue
        with undone(office):
            # Anew each time: a call may end the session that it came in.
            office.browsers.pop("insider", None)
            answer = call.send(office.person("insider"))
            status = answer.status_code
            wrong = status in REFUSED or status >= 500 or (call.method == "GET" and status != 200)
            if wrong and call.route.name not in ENDS_OTHERWISE:
                faults.append(f"{call.label}: {status} {answer.text[:300]!r}")
            answer.close()
    expect_none(faults)


def test_a_stranger_gets_no_further_than_the_door(office, walked):
    stranger = office.app.test_client()
    faults = []
    for call in walked:
        answer = call.send(stranger)
        sent = answer.status_code == 302 and "/login" in str(answer.location)
        if not (sent or answer.status_code == 401) and call.route.name != "DescriptionApi.get":
            faults.append(f"{call.label}: {answer.status_code}")
        answer.close()
    expect_none(faults)


def test_a_colleague_reads_nothing_of_a_customer_that_is_not_his(office, walked):
    """Another consultant of the same project: no name, phone or identity number of the buyer."""
    person = office.person("consultant2")
    faults = []
    for call in walked:
        if call.method == "GET" and "q=" not in call.path:
            words = words_of(call.send(person))
            faults += [f"{call.label}: tells {one}" for one in office.personal if one in words]
    expect_none(faults)


def test_phone_and_identity_number_are_whole_for_the_customers_own_consultant_only(office, walked):
    faults = []
    for username in ("controller", "manager", "director", "cashier", "accountant", "gm"):
        person = office.person(username)
        for call in walked:
            if call.method == "GET" and call.row in ("customer", "customers_customer"):
                words = words_of(call.send(person))
                faults += [
                    f"{username} {call.label}: tells {one}"
                    for one in ("13877665544", "110100199001010078")
                    if one in words
                ]
    expect_none(faults)


def test_an_agent_of_another_project_gets_no_job_of_this_one(office):
    token = "token-of-another-station"
    db.session.execute(
        text(
            "INSERT INTO devices_station (project_id, name, token_hash)"
            " VALUES (:project, '另一处', :hash)"
        ),
        {"project": office.other, "hash": hashlib.sha256(token.encode()).hexdigest()},
    )
    db.session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    client = office.app.test_client()
    job = office.ids["devices_job"]

    def post(path, body):
        return client.post(
            f"/api/v1/agent/{path}",
            json=body,
            headers={**headers, "Idempotency-Key": f"agent-{path}"},
        )

    leased = post("lease", {"limit": 5})
    assert leased.status_code == 200, leased.text
    assert not [secret for secret in office.secrets if secret in leased.text]
    for step, body in (
        ("renew", {"lease": "x" * 32}),
        ("started", {"lease": "x" * 32}),
        ("result", {"lease": "x" * 32, "outcome": "succeeded"}),
    ):
        answer = post(f"jobs/{job}/{step}", body)
        assert answer.status_code in (403, 404, 409, 422), (step, answer.text)
        assert not [secret for secret in office.secrets if secret in answer.text]
    state = db.session.scalar(text("SELECT state FROM devices_job WHERE id = :id"), {"id": job})
    assert state == "queued"

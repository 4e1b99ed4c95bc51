"""The interface against its own description: whatever is sent, it answers as it says.

Schemathesis makes the cases from the description: what fits it, what breaks each of its rules, and
some at random, the same at every run. Somebody with every right sends them; a stranger and people
of the usual roles send the first of every call. ``SCHEMA_EVERY=1 SCHEMA_EXAMPLES=100`` in front of
``python -m pytest tests/conformance/test_interface.py`` sends every case and makes up more.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from sqlalchemy import select

from app.admin.models import AppUser
from app.core.db import db
from app.web.openapi import description
from tests.conformance.faults import expect_none
from tests.conformance.office import Office, undone
from tests.factories.people import token_for

#: of the cases that a call's description gives, one in so many is sent
EVERY = int(os.environ.get("SCHEMA_EVERY", "5"))
#: cases at random for each call
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "1"))
pytestmark = [
    pytest.mark.commit,
    pytest.mark.xdist_group("demo"),
    # A wider look takes as long as it takes.
    pytest.mark.timeout(600 if EVERY > 1 else 0),
]
SEED = 20261121
#: who sends the first case of every call; "" is a stranger
OTHERS = ("", "consultant1", "steward", "manager", "cashier", "admin")
CHECKS = {
    # That values fit together (a room on sale, a customer of one's own) stands in no schema.
    "positive_data_acceptance": {"enabled": False},
    # Who is not signed in, or may not, is told that first, and of no row whether it is there.
    "missing_required_header": {"expected-statuses": [400, 401, 403, 404]},
    "negative_data_rejection": {"expected-statuses": ["4xx", 503]},
}


@pytest.fixture(scope="module")
def described(office: Office) -> dict[str, Any]:
    with office.app.test_request_context():
        return description()


@pytest.fixture(scope="module")
def schema(office: Office, described: dict[str, Any]) -> Any:
    found = schemathesis.openapi.from_dict(
        described,
        config=schemathesis.Config.from_dict(
            {
                "seed": SEED,
                "generation": {
                    "mode": "all",
                    "max-examples": EXAMPLES,
                    "deterministic": True,
                    "database": "none",
                    "with-security-parameters": False,
                },
                "suppress-health-check": ["all"],
                "phases": {"stateful": {"enabled": False}},
                "checks": CHECKS,
            }
        ),
    )
    found.app = office.app
    return found


def headers_of(username: str) -> dict[str, str]:
    """Return the headers of somebody's program; it takes plain bytes, which can be checked."""
    headers = {"Accept-Encoding": "identity"}
    if username:
        user = db.session.scalars(select(AppUser).where(AppUser.username == username)).one()
        headers["Authorization"] = f"Bearer {token_for(user)}"
        db.session.commit()
    return headers


def run(schema: Any, operation: Any, send: Callable[[Any], None]) -> None:
    """Let ``send`` have every case of an operation.

    The library's own way of collecting tests needs what pytest 9.2 has no more (``Item._nodeid``).
    """
    test = build_operation_test(
        config=schema.config,
        operation=operation,
        test_func=send,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    test()


class Sender:
    """Sends cases as several people; keeps what was not answered as described."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.people = {name: headers_of(name) for name in ("insider", *OTHERS)}
        self.faults: list[str] = []
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.seen: Counter[str] = Counter()

    def __call__(self, case: Any) -> None:
        label = case.operation.label
        self.seen[label] += 1
        if self.seen[label] == 1:
            for name in OTHERS:
                self.send(name, case)
        if self.seen[label] % EVERY == 1 % EVERY:
            self.send("insider", case)

    def send(self, username: str, case: Any) -> None:
        headers = self.people[username]
        with undone(self.office):
            answer = case.call(headers=headers)
        self.statuses[username, answer.status_code] += 1
        try:
            case.validate_response(answer, headers=headers)
        except schemathesis.errors.FailureGroup as group:
            said = "; ".join(f"{one.title}: {one.message}" for one in group.exceptions)
            sent = f"{case.method} {case.formatted_path} {case.query} {str(case.body)[:200]}"
            self.faults.append(f"{username or 'a stranger'}: {sent}: {said[:400]}")


def test_every_call_answers_as_it_is_described(office, schema):
    """No 500; statuses, bodies and types as described; what breaks the description is refused."""
    sender = Sender(office)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 150
    for operation in operations:
        run(schema, operation, sender)
    expect_none(set(sender.faults))
    assert set(sender.seen) == {operation.label for operation in operations}
    # Much gets through and much is refused: neither is looked at alone.
    for status in (200, 201, 400, 403, 404, 405, 409, 415, 422):
        assert any(sender.statuses[name, status] for name in sender.people), status
    strangers = {status for name, status in sender.statuses if not name}
    assert strangers <= {200, 400, 401, 405, 415, 422}, strangers


def test_a_call_that_does_not_keep_to_its_description_is_found(office, schema, monkeypatch):
    """The same check with a status that is not described, another shape, and a fault of ours."""
    name = "CustomerApi.search"
    operation = schema["/api/v1/customers/"]["GET"]
    for planted in (({"result": []}, 202), ({"error": "x"}, 422), ("no JSON", 200), ({}, 500)):
        sender = Sender(office)
        monkeypatch.setitem(office.app.view_functions, name, lambda told=planted: told)
        run(schema, operation, sender)
        assert sender.faults, planted


def test_no_address_is_described_under_two_names(described):
    places: Counter[str] = Counter(re.sub(r"{\w+}", "{}", path) for path in described["paths"])
    expect_none(path for path, times in places.items() if times > 1)


def test_every_body_is_described_with_what_stands_in_it(described):
    """An object of anything tells nobody what to send."""
    faults = []
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            for kind, content in call.get("requestBody", {}).get("content", {}).items():
                schema = content["schema"]
                if kind == "application/json" and not schema.get("properties"):
                    faults.append(f"{method.upper()} {path}: its body is {schema}")
    expect_none(faults)

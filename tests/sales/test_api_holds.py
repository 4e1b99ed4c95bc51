"""Holding and releasing rooms over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.estate.models import Room
from app.sales.models import Hold
from tests.factories.customers import make_customer
from tests.factories.estate import make_room
from tests.factories.people import make_project

HOLD = "/api/v1/rooms/{}/hold"
RELEASE = "/api/v1/rooms/{}/release"


@pytest.fixture
def room(project):
    return make_room(project=project, status="available")


@pytest.fixture
def call(client, bearer):
    def send(path, user, status, key=None, **more):
        headers = bearer(user) | ({"Idempotency-Key": key} if key else {})
        answer = client.post(path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    return send


def test_hold_and_release(call, user_for, project, room):
    user = user_for("consultant")
    customer = make_customer(project, user)
    body = {"reason": "客户看中", "customer_id": customer.id}
    held = call(HOLD.format(room.id), user, 201, json=body)
    assert held["kind"] == held["status"] == "reserved"
    assert held["room"] == room.title
    assert held["customer_id"] == customer.id
    again = call(
        HOLD.format(room.id), user_for("consultant"), 409, json=body | {"customer_id": None}
    )
    assert again["error"] == "room_taken"
    assert again["who"] == user.full_name
    assert again["since"]
    assert again["kind"] == "reserved"
    ended = call(RELEASE.format(room.id), user, 200, json={"reason": "放弃"})
    assert (ended["id"], ended["state"], ended["status"]) == (held["id"], "released", "available")
    call(RELEASE.format(room.id), user, 409)


def test_a_manager_takes_it_off_the_market(call, user_for, room):
    held = call(HOLD.format(room.id), user_for("manager"), 201, json={"reason": "样板间"})
    assert held["kind"] == "held"
    assert held["until"] is None
    call(RELEASE.format(room.id), user_for("consultant"), 403)


def test_the_same_key_holds_once(call, user_for, room):
    user = user_for("consultant")
    body = {"reason": "x"}
    one = call(HOLD.format(room.id), user, 201, key="k", json=body)
    assert call(HOLD.format(room.id), user, 201, key="k", json=body) == one
    assert len(db.session.scalars(select(Hold)).all()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"until": "soon"},
        {"customer_id": "x"},
        {"customer_id": 1.5},
        {"customer_id": -1},
        {"reason": 5},
        {"reason": "长" * 201},
    ],
)
def test_a_body_that_does_not_fit_is_refused(call, user_for, room, body):
    refused = call(HOLD.format(room.id), user_for("consultant"), 422, json={"reason": "x", **body})
    assert list(refused["fields"]) == list(body)
    assert db.session.scalar(select(Room.status).where(Room.id == room.id)) == "available"


def test_an_end_without_zone_is_a_chinese_clocks(call, user_for, room):
    end = clock.local(clock.now()).replace(tzinfo=None, microsecond=0) + timedelta(hours=2)
    held = call(
        HOLD.format(room.id),
        user_for("consultant"),
        201,
        json={"reason": "x", "until": end.isoformat()},
    )
    assert held["until"].startswith(end.isoformat()) or "+08:00" in held["until"]


def test_another_projects_room_is_not_there(call, user_for, room):
    far = user_for("manager", project=make_project())
    call(HOLD.format(room.id), far, 404, json={"reason": "试试"})
    call(RELEASE.format(room.id), far, 404)
    call(HOLD.format(10**30), far, 404, json={"reason": "试试"})
    assert db.session.scalar(select(Room.status).where(Room.id == room.id)) == "available"


def test_a_hold_gets_its_customer(call, user_for, project, room):
    user = user_for("consultant")
    customer = make_customer(project, user)
    held = call(HOLD.format(room.id), user, 201, json={"reason": "x"})
    named = call(f"{HOLD.format(room.id)}/customer", user, 200, json={"customer_id": customer.id})
    assert named == {"id": held["id"], "room_id": room.id, "customer_id": customer.id}
    call(f"{HOLD.format(room.id)}/customer", user, 409, json={"customer_id": customer.id})

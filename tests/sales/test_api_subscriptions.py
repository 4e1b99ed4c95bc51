"""Subscriptions over REST."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.core.actor import acting
from app.core.db import db
from app.sales.models import Subscription
from tests.factories.customers import make_customer
from tests.factories.people import make_project
from tests.factories.pricing import make_mortgage_method, make_room_for_sale
from tests.factories.sales import make_special, make_subscription

URL = "/api/v1/subscriptions"


@pytest.fixture
def room(project):
    return make_room_for_sale(project=project)


@pytest.fixture
def call(client, bearer):
    def send(method, path, user, status, key="", **more):
        headers = bearer(user) | ({"Idempotency-Key": key} if key else {})
        answer = getattr(client, method)(path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    return send


@pytest.fixture
def order(project, room):
    """``order(user)``: a body with two buyers of the user's, 60 and 40 percent."""

    def make(user, **values):
        one, two = make_customer(project, user, name="王小明"), make_customer(project, user)
        return {
            "room_id": room.id,
            "payment_method_id": make_mortgage_method(project).id,
            "discount_ids": [],
            "buyers": [
                {"customer_id": one.id, "share": "60.00"},
                {"customer_id": two.id, "share": "40.00"},
            ],
            **values,
        }

    return make


def test_subscribing_answers_the_whole_deal(call, user_for, order, room):
    user = user_for("consultant")
    made = call("post", URL, user, 201, key="one", json=order(user))
    assert made["number"].startswith("RG")
    assert made["deal_total"] == "5000000.00"
    assert made["state"] == "awaiting_deposit"
    assert made["room"] == room.title
    assert [buyer["share"] for buyer in made["buyers"]] == ["60.00", "40.00"]
    assert made["buyers"][0]["name"] == "王小明"
    assert [step["after"] for step in made["steps"]] == ["5000000.00"]
    assert sum(float(line["amount"]) for line in made["receivables"]) == 5000000
    assert call("get", f"{URL}/{made['id']}", user, 200) == made


def test_a_key_is_needed_and_makes_it_once(call, user_for, order):
    user = user_for("consultant")
    body = order(user)
    refused = call("post", URL, user, 400, json=body)
    assert refused["error"] == "idempotency_key_missing"
    made = call("post", URL, user, 201, key="k", json=body)
    assert call("post", URL, user, 201, key="k", json=body) == made
    call("post", URL, user, 409, key="k", json=body | {"discount_ids": [1]})
    assert db.session.scalar(select(func.count()).select_from(Subscription)) == 1


def test_a_refusal_is_not_kept(call, user_for, order):
    user = user_for("consultant")
    body = order(user)
    wrong = body | {"buyers": [{**body["buyers"][0], "share": "59.00"}, body["buyers"][1]]}
    refused = call("post", URL, user, 422, key="k", json=wrong)
    assert "buyers" in refused["fields"]
    assert call("post", URL, user, 201, key="k", json=body)["id"]


def test_the_buyer_that_is_wrong_is_told_by_his_place(call, user_for, order):
    user = user_for("consultant")
    body = order(user)
    nobody = body | {"buyers": [body["buyers"][0], {"share": "40.00"}]}
    refused = call("post", URL, user, 422, key="k", json=nobody)
    assert refused["fields"]["buyers"].startswith("第 2 项: customer_id: ")


def test_a_taken_room_says_who(call, user_for, order):
    first, second = user_for("consultant", first_name="陈顾问"), user_for("consultant")
    call("post", URL, first, 201, key="a", json=order(first))
    refused = call("post", URL, second, 409, key="b", json=order(second))
    assert refused["error"] == "room_taken"
    assert refused["who"] == "陈顾问"
    assert "陈顾问" in refused["message"]
    assert refused["kind"] == "subscribed"


def test_below_the_floor_points_to_the_special_discount(call, user_for, order, project, room):
    user = user_for("consultant")
    body = order(user)
    special = make_special(room, make_customer(project, user), user, request_id=1)
    refused = call("post", URL, user, 422, key="k", json=body | {"special_discount_id": special.id})
    assert "special_discount_id" in refused["fields"]


@pytest.mark.parametrize(
    "body",
    [
        {"buyers": []},
        {"buyers": None},
        {"buyers": [{"customer_id": 1}]},
        {"buyers": [{"customer_id": 1, "share": 100}]},
        {"buyers": [{"customer_id": "x", "share": "100.00"}]},
        {"room_id": "x"},
        {"discount_ids": "1"},
        {"payment_method_id": None},
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_field(call, user_for, order, body):
    user = user_for("consultant")
    refused = call("post", URL, user, 422, key="k", json=order(user) | body)
    assert list(refused["fields"]) == list(body)


def test_lists_are_of_ones_own_or_the_projects(call, user_for, project):
    mine, theirs = user_for("consultant"), user_for("consultant")
    from app.admin.principal import read_actor

    one = make_subscription(make_room_for_sale(project=project), read_actor(mine.id))
    two = make_subscription(make_room_for_sale(project=project), read_actor(theirs.id))
    found = call("get", URL, mine, 200)
    assert ([row["id"] for row in found["result"]], found["count"]) == ([one.id], 1)
    for role in ("controller", "manager", "cashier", "gm"):
        page = call("get", f"{URL}?limit=1", user_for(role), 200)
        assert ([row["id"] for row in page["result"]], page["count"]) == ([two.id], 2), role
        rest = call("get", f"{URL}?limit=1&cursor={page['next']}", user_for(role), 200)
        assert ([row["id"] for row in rest["result"]], rest["next"]) == ([one.id], None), role
    assert call("get", f"{URL}?state=lapsed", mine, 200)["result"] == []


def test_finance_sees_who_bought_masked(call, user_for, actor_for, project, room):
    actor = actor_for("consultant")
    customer = make_customer(project, actor, name="王小明")
    made = make_subscription(room, actor, buyers=[(customer, "100.00")])
    assert call("get", f"{URL}/{made.id}", user_for("cashier"), 200)["buyers"][0]["name"] == "王**"
    shown = call("get", f"{URL}/{made.id}", user_for("manager"), 200)["buyers"][0]["name"]
    assert shown == "王小明"


def test_what_is_outside_scope_is_not_there(call, user_for, actor_for, project, room, order):
    made = make_subscription(room, actor_for("consultant"))
    far = user_for("manager", project=make_project())
    for user in (user_for("consultant"), far):
        call("get", f"{URL}/{made.id}", user, 404)
        assert call("get", URL, user, 200)["result"] == []
    stranger = user_for("consultant", project=make_project())
    other = make_room_for_sale(project=project)
    with acting(actor_for("consultant")):
        body = order(stranger, room_id=other.id)
    call("post", URL, stranger, 404, key="k", json=body)


@pytest.mark.parametrize("role", ["steward", "admin", "marketing"])
def test_who_sees_no_deals_is_refused(call, user_for, role):
    call("get", URL, user_for(role), 403)


@pytest.mark.parametrize("role", ["manager", "cashier", "gm"])
def test_who_may_not_subscribe_is_refused(call, user_for, order, role):
    user = user_for(role)
    call("post", URL, user, 403, key="k", json=order(user))

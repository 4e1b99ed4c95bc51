"""Subscribing rooms: price, buyers, holds, and what is written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core.actor import acting
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.core.settings import set_setting
from app.estate.models import Room
from app.finance.models import Account
from app.finance.queries import open_receivables
from app.sales.models import Hold, SpecialDiscount, Subscription
from app.sales.operations import name_hold_customer
from app.sales.queries import list_buyers
from app.workflows import engine
from tests.factories.customers import make_customer, rename_user
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import (
    make_discount,
    make_mortgage_method,
    make_payment_method,
    make_room_for_sale,
    price_rooms,
)
from tests.factories.sales import make_hold, make_special, make_subscription

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(clock_at):
    clock_at(2026, 11, 21, 2)


@pytest.fixture
def room(project):
    """List 5,000,000.00, floor 4,750,000.00, 125.53 m²."""
    return make_room_for_sale(project=project, floor_total="4750000.00")


@pytest.fixture
def actor(actor_for):
    return actor_for("consultant")


def status_of(room):
    return db.session.scalar(select(Room.status).where(Room.id == room.id))


def test_a_subscription_freezes_price_receivables_and_buyers(project, room, actor):
    one, two = make_customer(project, actor, name="王小明"), make_customer(project, actor)
    method, discount = make_mortgage_method(project), make_discount(project)
    made = make_subscription(
        room, actor, buyers=[(one, "60.00"), (two, "40.00")], method=method,
        discount_ids=[discount.id],
    )  # fmt: skip
    assert made.number.startswith("RG2026-")
    assert (made.state, made.consultant_id) == ("awaiting_deposit", actor.id)
    assert (made.list_total, made.deal_total) == (Decimal("5000000.00"), Decimal("4950000.00"))
    assert made.deal_unit_price == Decimal("39432.80")
    assert [(step["kind"], step["amount"]) for step in made.steps] == [
        ("list", "5000000.00"),
        ("percent", "-50000.00"),
    ]
    lines = [(line.kind, line.amount) for line in open_receivables(made.account_id)]
    assert lines == [
        ("deposit", Decimal("100000.00")),
        ("down_payment", Decimal("1390000.00")),
        ("loan", Decimal("3460000.00")),
    ]
    account = db.session.get_one(Account, made.account_id)
    assert (account.subject_type, account.subject_id) == ("subscription", made.id)
    assert account.payer == f"王小明、{two.name}"
    buyers = list_buyers([made.id])[made.id]
    assert [(row.customer_id, row.share) for row in buyers] == [
        (one.id, Decimal("60.00")),
        (two.id, Decimal("40.00")),
    ]
    assert status_of(room) == "subscribed"
    assert made.lapses_at == NOW + timedelta(hours=12)
    assert made.sign_by == date(2026, 11, 28)


def test_days_and_hours_are_settings_of_the_project(project, room, actor):
    set_setting("sales.signing_days", 3, project_id=project.id)
    set_setting("sales.lapse_hours", 24, project_id=project.id)
    made = make_subscription(room, actor)
    assert made.sign_by == date(2026, 11, 24)
    assert made.lapses_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    "shares", [["60.00", "39.99"], ["60.00", "40.01"], ["100.00", "0.00"], ["110.00", "-10.00"]]
)
def test_shares_that_do_not_come_to_a_hundred_are_refused(project, room, actor, shares):
    buyers = [(make_customer(project, actor), share) for share in shares]
    with pytest.raises(Invalid) as refused:
        make_subscription(room, actor, buyers=buyers)
    assert "buyers" in refused.value.fields
    assert status_of(room) == "available"


def test_thirds_are_given_to_the_fen(project, room, actor):
    buyers = [(make_customer(project, actor), share) for share in ("33.33", "33.33", "33.34")]
    assert make_subscription(room, actor, buyers=buyers).id


def test_buyers_must_be_named_once_with_a_document_and_in_sight(project, room, actor, actor_for):
    mine = make_customer(project, actor)
    with pytest.raises(Invalid) as refused:
        make_subscription(room, actor, buyers=[(mine, "50.00"), (mine, "50.00")])
    assert "buyers" in refused.value.fields
    nameless = make_customer(project, actor, name="李四", document=None)
    with pytest.raises(Invalid, match="李四"):
        make_subscription(room, actor, buyers=[(nameless, "100.00")])
    colleagues = make_customer(project, actor_for("consultant"))
    with pytest.raises(NotFound):
        make_subscription(room, actor, buyers=[(mine, "50.00"), (colleagues, "50.00")])
    assert status_of(room) == "available"


def test_a_controller_subscribes_for_the_customers_consultant(project, room, actor, actor_for):
    customer = make_customer(project, actor)
    made = make_subscription(room, actor_for("controller"), buyers=[(customer, "100.00")])
    assert made.consultant_id == actor.id


@pytest.mark.parametrize("role", ["manager", "director", "cashier", "gm", "admin", "steward"])
def test_who_may_not_subscribe(project, room, actor, actor_for, role):
    customer = make_customer(project, actor)
    with pytest.raises(NotAllowed):
        make_subscription(room, actor_for(role), buyers=[(customer, "100.00")])


def test_a_taken_room_names_who_has_it(room, actor, actor_for):
    rename_user(actor.id, "陈顾问")
    make_subscription(room, actor)
    with pytest.raises(Conflict) as refused:
        make_subscription(room, actor_for("consultant"))
    assert refused.value.code == "room_taken"
    assert refused.value.details["who"] == "陈顾问"
    assert refused.value.details["kind"] == "subscribed"


@pytest.mark.parametrize("status", ["unreleased", "repricing", "held", "contracted"])
def test_a_room_that_is_not_for_sale_is_not_subscribed(project, actor, status):
    room = make_room_for_sale(project=project, status=status)
    with pytest.raises((WrongState, Conflict)):
        make_subscription(room, actor)
    assert status_of(room) == status


def test_a_room_of_another_project_is_not_found(actor, project):
    far = make_room_for_sale(project=make_project())
    buyers = [(make_customer(project, actor), "100.00")]
    with pytest.raises(NotFound):
        make_subscription(far, actor, buyers=buyers, method=make_payment_method(project))
    assert status_of(far) == "available"


# Holds


def test_the_customers_hold_becomes_the_subscription(project, room, actor, actor_for):
    customer = make_customer(project, actor)
    hold = make_hold(room, actor_for("manager"), customer=customer)
    make_subscription(room, actor, buyers=[(customer, "100.00")])
    assert db.session.get_one(Hold, hold.id).state == "converted"


def test_ones_own_hold_may_go_to_another_customer(project, room, actor):
    make_hold(room, actor, customer=make_customer(project, actor))
    assert make_subscription(room, actor).id


def test_somebody_elses_hold_for_another_customer_is_refused(project, room, actor, actor_for):
    holder = actor_for("consultant")
    rename_user(holder.id, "陈顾问")
    hold = make_hold(room, holder, customer=make_customer(project, holder))
    with pytest.raises(Conflict, match="陈顾问") as refused:
        make_subscription(room, actor)
    assert refused.value.code == "room_taken"
    assert refused.value.details["kind"] == "reserved"
    db.session.expire_all()
    assert (db.session.get_one(Hold, hold.id).state, status_of(room)) == ("live", "reserved")


def test_a_hold_in_ones_own_name_needs_its_customer_first(project, room, actor, actor_for):
    customer = make_customer(project, actor)
    make_hold(room, actor)
    with pytest.raises(WrongState) as refused:
        make_subscription(room, actor, buyers=[(customer, "100.00")])
    assert refused.value.code == "hold_without_customer"
    with pytest.raises(Conflict):
        make_subscription(room, actor_for("consultant"))
    with acting(actor):
        name_hold_customer(room.id, customer_id=customer.id, actor=actor)
    assert make_subscription(room, actor, buyers=[(customer, "100.00")]).id


# The price


def test_below_the_floor_is_refused_without_saying_the_floor(project, actor):
    room = make_room_for_sale(project=project, floor_total="4900000.01")
    with pytest.raises(Invalid) as refused:
        make_subscription(room, actor)  # 2 % off by the payment method: 4,900,000.00
    assert refused.value.code == "below_floor"
    assert refused.value.details == {"remedy": "special_discount"}
    assert "4,900,000" not in str(refused.value)
    assert status_of(room) == "available"


def test_at_the_floor_it_is_sold(project, actor):
    room = make_room_for_sale(project=project, floor_total="4900000.00")
    assert make_subscription(room, actor).deal_total == Decimal("4900000.00")


def test_a_special_discount_is_used_once(project, room, actor):
    customer = make_customer(project, actor)
    method = make_mortgage_method(project)
    special = make_special(room, customer, actor)
    made = make_subscription(
        room, actor, buyers=[(customer, "100.00")], method=method, special_discount_id=special.id
    )
    assert made.deal_total == Decimal("4875000.00")
    assert made.steps[-1]["kind"] == "special"
    assert db.session.get_one(SpecialDiscount, special.id).used_at == NOW


def test_a_special_discount_below_the_floor_sells_below_the_floor(project, room, actor):
    customer = make_customer(project, actor)
    special = make_special(room, customer, actor, percent=Decimal("6.00"))
    made = make_subscription(
        room, actor, buyers=[(customer, "100.00")], special_discount_id=special.id
    )
    assert made.deal_total == Decimal("4600000.00")


def test_other_discounts_do_not_stretch_a_special_one_below_the_floor(project, room, actor):
    customer = make_customer(project, actor)
    discount = make_discount(project)
    special = make_special(room, customer, actor)
    with pytest.raises(Invalid) as refused:  # 2 % + 1 % + 2.5 % > 5 %
        make_subscription(
            room,
            actor,
            buyers=[(customer, "100.00")],
            discount_ids=[discount.id],
            special_discount_id=special.id,
        )
    assert refused.value.code == "below_floor"
    assert db.session.get_one(SpecialDiscount, special.id).used_at is None


def test_a_special_discount_of_another_buyer_or_price_is_refused(project, room, actor):
    customer = make_customer(project, actor)
    special = make_special(room, customer, actor)
    with pytest.raises(Invalid) as refused:
        make_subscription(room, actor, special_discount_id=special.id)
    assert "special_discount_id" in refused.value.fields
    price_rooms([room], "5000000.01")
    with pytest.raises(Invalid, match=r"5,000,000\.01"):
        make_subscription(
            room, actor, buyers=[(customer, "100.00")], special_discount_id=special.id
        )


def test_terms_of_another_project_are_refused(room, actor):
    other = make_project()
    with pytest.raises(Invalid):
        make_subscription(room, actor, method=make_payment_method(other))
    with pytest.raises(Invalid):
        make_subscription(room, actor, discount_ids=[make_discount(other).id])
    assert status_of(room) == "available"


def test_a_running_request_for_the_room_is_voided(project, room, actor, actor_for):
    actor_for("manager"), actor_for("director")
    customer = make_customer(project, actor)
    values = {"customer_id": customer.id, "percent": "2.50", "valid_until": "2026-11-30"}
    with acting(actor):
        request = engine.submit("special_discount", room.id, values=values, reason="x", actor=actor)
    make_subscription(room, actor_for("consultant"))
    db.session.refresh(request)
    assert request.state == "voided"


def test_without_a_deposit_line_it_is_done_at_once(project, room, actor):
    line = {"kind": "instalment", "name": "楼款", "basis": "rest", "due_rule": "contract"}
    method = make_payment_method(project, lines=[{**line, "due_days": 7}])
    assert make_subscription(room, actor, method=method).state == "active"


def test_two_rooms_have_two_numbers(project, actor):
    building = make_building(project)
    made = [make_subscription(make_room_for_sale(building), actor) for _ in range(2)]
    assert made[0].number < made[1].number
    assert db.session.scalars(select(Subscription)).all() == made


def test_an_unpriced_room_is_not_sold(project, actor):
    room = make_room(project=project, status="available")
    with pytest.raises(WrongState) as refused:
        make_subscription(room, actor)
    assert refused.value.code == "price_missing"
    assert status_of(room) == "available"

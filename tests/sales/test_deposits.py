"""What money does to a subscription, and what happens when none comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import DomainError, NotAllowed, NotFound
from app.estate.models import Room
from app.finance.models import Account
from app.finance.operations import confirm_receipt, create_slip, reverse_receipt
from app.finance.queries import deposit_state, open_receivables
from app.finance.subjects import resolve_subject
from app.sales.models import Subscription
from app.sales.operations import deposits, lapse_subscriptions
from tests.factories.customers import make_customer
from tests.factories.finance import make_book
from tests.factories.pricing import make_payment_method, make_room_for_sale
from tests.factories.sales import make_special, make_subscription

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
SYSTEM = system_actor("worker")


@pytest.fixture(autouse=True)
def _clock(clock_at):
    clock_at(2026, 11, 21, 2)


@pytest.fixture
def room(project):
    return make_room_for_sale(project=project)


@pytest.fixture
def cashier(actor_for, project):
    found = actor_for("cashier")
    make_book(project, found)
    return found


@pytest.fixture
def pay(cashier):
    def take(subscription: Subscription, amount: str, purpose: str | None = None):
        with acting(cashier), db.session.begin_nested():
            slip = create_slip(
                account_id=subscription.account_id,
                amount=Decimal(amount),
                method="cash",
                payer="王小明",
                purpose=purpose,
                actor=cashier,
            )
            return confirm_receipt(slip.id, actor=cashier).receipt

    return take


def status_of(room):
    return db.session.scalar(select(Room.status).where(Room.id == room.id))


def test_the_whole_deposit_makes_it_active(room, actor_for, pay, cashier):
    made = make_subscription(room, actor_for("consultant"))
    pay(made, "100000.00")
    assert made.state == "active"
    assert made.state_by_id == cashier.id


def test_part_of_it_leaves_it_short_until_the_rest_comes(room, actor_for, pay):
    made = make_subscription(room, actor_for("consultant"))
    pay(made, "20000.00")
    assert made.state == "deposit_short"
    pay(made, "79999.99")
    assert made.state == "deposit_short"
    pay(made, "0.01")
    assert made.state == "active"


def test_money_for_another_line_leaves_the_deposit_short(room, actor_for, pay, clock_at):
    made = make_subscription(room, actor_for("consultant"))
    other = next(one for one in open_receivables(made.account_id) if one.kind != "deposit")
    receipt = pay(made, "20000.00", other.name)
    assert deposit_state(made.account_id)[1] == 0
    assert made.state == "deposit_short"
    clock_at(2026, 11, 30, 2)
    assert lapse_subscriptions(actor=SYSTEM) == 0
    accountant = actor_for("accountant")
    with acting(accountant):
        reverse_receipt(receipt.id, reason="收错", actor=accountant)
    assert made.state == "awaiting_deposit"


def test_money_taken_back_takes_the_state_back(room, actor_for, pay, clock_at):
    accountant = actor_for("accountant")
    made = make_subscription(room, actor_for("consultant"))
    first, second = pay(made, "60000.00"), pay(made, "40000.00")
    assert made.state == "active"
    with acting(accountant):
        reverse_receipt(second.id, reason="收错", actor=accountant)
    assert made.state == "deposit_short"
    clock_at(2026, 11, 30, 2)
    with acting(accountant):
        reverse_receipt(first.id, reason="收错", actor=accountant)
    assert made.state == "awaiting_deposit"
    assert made.lapses_at == datetime(2026, 11, 30, 14, tzinfo=UTC)
    assert lapse_subscriptions(actor=SYSTEM) == 0


# Lapse


def test_without_a_deposit_it_lapses_and_the_room_is_for_sale(room, actor_for, clock_at):
    made = make_subscription(room, actor_for("consultant"))
    clock_at(2026, 11, 21, 13)
    assert lapse_subscriptions(actor=SYSTEM) == 0
    clock_at(2026, 11, 21, 14)
    assert lapse_subscriptions(actor=SYSTEM) == 1
    db.session.refresh(made)
    assert (made.state, made.state_at) == ("lapsed", NOW + timedelta(hours=12))
    assert status_of(room) == "available"
    assert db.session.get_one(Account, made.account_id).closed_at is not None
    assert open_receivables(made.account_id) == []
    assert lapse_subscriptions(actor=SYSTEM) == 0
    again = make_subscription(room, actor_for("consultant"))
    assert again.list_total == made.list_total


def test_one_deal_that_cannot_lapse_keeps_no_other(
    project, room, actor_for, clock_at, monkeypatch, caplog
):
    consultant = actor_for("consultant")
    bad = make_subscription(room, consultant)
    clock_at(2026, 11, 21, 3)
    other = make_room_for_sale(project=project)
    good = make_subscription(other, consultant)
    close = deposits.finance.close_account

    def fail_for_the_first(account, *, actor):
        close(account, actor=actor)
        if account.id == bad.account_id:
            message = "books do not agree"
            raise RuntimeError(message)

    monkeypatch.setattr(deposits.finance, "close_account", fail_for_the_first)
    clock_at(2026, 11, 22, 2)
    assert lapse_subscriptions(actor=SYSTEM) == 1
    db.session.expire_all()
    assert (bad.state, good.state) == ("awaiting_deposit", "lapsed")
    assert (status_of(room), status_of(other)) == ("subscribed", "available")
    assert db.session.get_one(Account, bad.account_id).closed_at is None
    assert bad.number in caplog.text
    assert good.number not in caplog.text


def test_more_bad_deals_than_fit_one_batch_keep_no_other(project, actor_for, clock_at, monkeypatch):
    monkeypatch.setattr(deposits, "BATCH", 2)
    consultant = actor_for("consultant")
    deals = [
        make_subscription(make_room_for_sale(project=project), consultant) for _each in range(6)
    ]
    bad = {made.account_id for made in deals[:4]}
    close = deposits.finance.close_account

    def fail_for_the_bad(account, *, actor):
        if account.id in bad:
            message = "books do not agree"
            raise RuntimeError(message)
        close(account, actor=actor)

    monkeypatch.setattr(deposits.finance, "close_account", fail_for_the_bad)
    clock_at(2026, 11, 22, 2)
    assert lapse_subscriptions(actor=SYSTEM) == 2
    db.session.expire_all()
    assert [made.state for made in deals] == ["awaiting_deposit"] * 4 + ["lapsed"] * 2


@pytest.mark.parametrize("amount", ["0.01", "100000.00"])
def test_with_money_on_it_it_does_not_lapse(room, actor_for, pay, clock_at, amount):
    made = make_subscription(room, actor_for("consultant"))
    pay(made, amount)
    clock_at(2026, 11, 30, 2)
    assert lapse_subscriptions(actor=SYSTEM) == 0
    assert status_of(room) == "subscribed"


def test_a_slip_alone_does_not_keep_it(room, actor_for, cashier, clock_at):
    made = make_subscription(room, actor_for("consultant"))
    with acting(cashier):
        slip = create_slip(
            account_id=made.account_id,
            amount=Decimal(100000),
            method="cash",
            payer="王小明",
            actor=cashier,
        )
    clock_at(2026, 11, 22, 2)
    assert lapse_subscriptions(actor=SYSTEM) == 1
    with acting(cashier), pytest.raises(DomainError), db.session.begin_nested():
        confirm_receipt(slip.id, actor=cashier)
    db.session.expire_all()
    assert made.state == "lapsed"


def test_a_used_special_discount_stays_used(project, room, actor_for, clock_at):
    actor = actor_for("consultant")
    customer = make_customer(project, actor)
    special = make_special(room, customer, actor)
    make_subscription(room, actor, buyers=[(customer, "100.00")], special_discount_id=special.id)
    clock_at(2026, 11, 22, 2)
    lapse_subscriptions(actor=SYSTEM)
    with pytest.raises(DomainError):
        make_subscription(
            room, actor, buyers=[(customer, "100.00")], special_discount_id=special.id
        )


def test_a_deal_without_deposit_does_not_lapse(project, room, actor_for, clock_at):
    line = {"kind": "instalment", "name": "楼款", "basis": "rest", "due_rule": "contract"}
    method = make_payment_method(project, lines=[{**line, "due_days": 7}])
    make_subscription(room, actor_for("consultant"), method=method)
    clock_at(2026, 11, 30, 2)
    assert lapse_subscriptions(actor=SYSTEM) == 0


def test_only_the_system_lets_them_lapse(actor_for):
    with pytest.raises(NotAllowed):
        lapse_subscriptions(actor=actor_for("director"))


# What finance asks of sales


def test_finance_finds_the_account_of_a_deal_within_scope(room, actor_for, cashier):
    made = make_subscription(room, actor_for("consultant"))
    with acting(cashier):
        assert resolve_subject("subscription", made.id).id == made.account_id
    with acting(actor_for("consultant")), pytest.raises(NotFound):
        resolve_subject("subscription", made.id)

"""What makes notices: approvals, holds, deals, money, paper."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.core import clock
from app.core.actor import acting
from app.core.db import db
from app.devices import lease
from app.finance.operations import confirm_receipt, create_slip, reverse_receipt
from app.notices import queries
from app.notices.models import Notice
from app.sales.models import Hold, Subscription
from app.sales.notices import remind
from app.sales.operations import expire_holds, lapse_subscriptions, release_hold
from app.workflows import engine
from app.workflows.kinds import forget_kind, register_kind
from tests.factories.customers import make_customer
from tests.factories.devices import make_device, make_station
from tests.factories.estate import make_room
from tests.factories.finance import make_book
from tests.factories.notices import SYSTEM
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_hold, make_subscription
from tests.factories.workflows import ToyKind, make_flow, make_request


def told(actor, *, unread=False):
    with acting(actor):
        rows = queries.list_notices(actor, unread=unread).rows
        return [(row.kind, row.link) for row in rows]


def sentence(actor):
    with acting(actor):
        return queries.list_notices(actor).rows[0].sentence


# --- approvals


@pytest.fixture
def flow(session):  # noqa: ARG001 - the session comes first
    kind = ToyKind()
    register_kind(kind)
    yield make_flow(kind)
    forget_kind(kind.key)


@pytest.mark.usefixtures("flow")
def test_who_decides_is_told_and_no_longer_waits_once_it_is_decided(project, actor_for):
    consultant, manager, director = (
        actor_for(role) for role in ("consultant", "manager", "director")
    )
    colleague = actor_for("manager")
    request = make_request(project, consultant, percent="2.50")
    waits = ("approval_waits", f"/approvals/{request.id}")
    assert told(manager, unread=True) == told(colleague, unread=True) == [waits]
    assert told(director) == told(consultant) == []
    engine.approve(request.id, actor=manager)
    assert told(colleague, unread=True) == []
    assert told(colleague) == [waits]
    assert told(director, unread=True) == [waits]
    engine.approve(request.id, actor=director)
    assert told(consultant) == [("request_approved", waits[1])]


@pytest.mark.usefixtures("flow")
@pytest.mark.parametrize(
    ("verb", "kind"),
    [(engine.reject, "request_rejected"), (engine.return_to, "request_returned")],
)
def test_the_applicant_is_told_how_it_ended_and_why(project, actor_for, verb, kind):
    consultant, manager = actor_for("consultant"), actor_for("manager")
    request = make_request(project, consultant)
    verb(request.id, comment="材料不全", actor=manager)
    assert told(consultant) == [(kind, f"/approvals/{request.id}")]
    assert "材料不全" in sentence(consultant)
    assert told(manager, unread=True) == []


@pytest.mark.usefixtures("flow")
def test_opinions_are_asked_and_given(project, actor_for):
    consultant, manager, friend = (
        actor_for(role) for role in ("consultant", "manager", "director")
    )
    request = make_request(project, consultant)
    engine.consult(request.id, user_id=friend.id, comment="怎么看？", actor=manager)
    assert told(friend, unread=True) == [("opinion_asked", f"/approvals/{request.id}")]
    engine.give_opinion(request.id, comment="可以", actor=friend)
    assert told(friend, unread=True) == []
    assert [kind for kind, _link in told(manager, unread=True)] == [
        "opinion_given",
        "approval_waits",
    ]


@pytest.mark.usefixtures("flow")
def test_what_is_withdrawn_waits_for_nobody(project, actor_for):
    consultant, manager = actor_for("consultant"), actor_for("manager")
    request = make_request(project, consultant)
    engine.withdraw(request.id, actor=consultant)
    assert told(manager, unread=True) == []


@pytest.mark.usefixtures("flow")
def test_a_step_handed_over_waits_for_the_colleague_only(project, actor_for):
    consultant, manager, other = actor_for("consultant"), actor_for("manager"), actor_for("manager")
    request = make_request(project, consultant)
    engine.delegate(request.id, user_id=other.id, actor=manager)
    assert told(manager, unread=True) == []
    assert told(other, unread=True) == [("approval_waits", f"/approvals/{request.id}")]


# --- holds


@pytest.fixture
def held(project, actor_for):
    consultant = actor_for("consultant")
    room = make_room(project=project, status="available")
    return consultant, room, make_hold(room, consultant)


def test_a_hold_released_by_another_is_told(held, actor_for):
    consultant, room, hold = held
    manager = actor_for("manager")
    with acting(manager):
        release_hold(room.id, reason="贵宾客户", actor=manager)
    assert told(consultant) == [("hold_released", f"/sales/holds/show/{hold.id}")]
    assert "贵宾客户" in sentence(consultant)


def test_ones_own_release_is_not_told(held):
    consultant, room, _hold = held
    with acting(consultant):
        release_hold(room.id, actor=consultant)
    assert told(consultant) == []


def test_a_hold_is_told_before_its_end_once_and_at_its_end(held):
    consultant, _room, hold = held
    soon = clock.now() + timedelta(hours=1)
    remind(actor=SYSTEM)
    assert told(consultant) == []
    early = clock.now() - timedelta(hours=20)
    db.session.execute(update(Hold).where(Hold.id == hold.id).values(until=soon, created_at=early))
    assert remind(actor=SYSTEM) >= 1
    remind(actor=SYSTEM)
    assert told(consultant) == [("hold_ends_soon", f"/sales/holds/show/{hold.id}")]
    db.session.execute(
        update(Hold).where(Hold.id == hold.id).values(until=clock.now() - timedelta(seconds=1))
    )
    expire_holds(actor=SYSTEM)
    assert [kind for kind, _link in told(consultant)] == ["hold_lapsed", "hold_ends_soon"]


# --- deals and money


@pytest.fixture
def deal(project, actor_for):
    consultant, controller = actor_for("consultant"), actor_for("controller")
    buyer = make_customer(project, consultant)
    room = make_room_for_sale(project=project)
    return consultant, make_subscription(room, controller, buyers=[(buyer, "100.00")])


def test_a_deal_made_for_him_and_its_money_are_told_to_the_consultant(deal, project, actor_for):
    consultant, made = deal
    cashier = actor_for("cashier")
    make_book(project, cashier)
    with acting(cashier):
        slip = create_slip(
            account_id=made.account_id,
            amount=Decimal("100000.00"),
            method="cash",
            payer="王小明",
            actor=cashier,
        )
        taken = confirm_receipt(slip.id, actor=cashier).receipt
    assert [kind for kind, _link in told(consultant)] == ["money_came", "deal_made"]
    assert "100,000.00" in sentence(consultant)
    assert "王小明" not in sentence(consultant)
    accountant = actor_for("accountant")
    with acting(accountant):
        reverse_receipt(taken.id, reason="刷错", actor=accountant)
    assert told(consultant)[0][0] == "money_reversed"


def test_a_missing_deposit_is_told_in_time_and_when_it_is_too_late(deal):
    consultant, made = deal
    early = clock.now() - timedelta(hours=11)
    soon = clock.now() + timedelta(hours=1)
    db.session.execute(
        update(Subscription)
        .where(Subscription.id == made.id)
        .values(subscribed_at=early, lapses_at=soon)
    )
    remind(actor=SYSTEM)
    remind(actor=SYSTEM)
    db.session.execute(
        update(Subscription).where(Subscription.id == made.id).values(lapses_at=early)
    )
    lapse_subscriptions(actor=SYSTEM)
    kinds = [kind for kind, _link in told(consultant)]
    assert kinds == ["deal_lapsed", "deposit_due_soon", "deal_made"]


def test_a_contract_to_sign_is_told_the_day_before(deal):
    consultant, made = deal
    db.session.execute(
        update(Subscription)
        .where(Subscription.id == made.id)
        .values(state="active", sign_by=clock.today() + timedelta(days=1))
    )
    remind(actor=SYSTEM)
    remind(actor=SYSTEM)
    assert [kind for kind, _link in told(consultant)] == ["signing_due", "deal_made"]


# --- paper


def test_a_station_hears_once_that_its_paper_is_out(project, actor_for):
    cashier = actor_for("cashier")
    station = make_station(project, operators=[cashier])
    device = make_device(station)
    for state in ("ok", "paper_out", "paper_out"):
        lease.record_heartbeat([(device.id, state, "")], station=station, actor=SYSTEM)
    assert told(cashier) == [("paper_out", "/device-jobs/list/")]
    lease.record_heartbeat([(device.id, "ok", "")], station=station, actor=SYSTEM)
    lease.record_heartbeat([(device.id, "paper_out", "")], station=station, actor=SYSTEM)
    assert len(told(cashier)) == 2


def test_no_customer_is_named_to_anybody(deal):
    _consultant, made = deal
    names = [buyer.customer.name for buyer in made.buyers]
    words = db.session.scalars(select(Notice).execution_options(whole_group=True)).all()
    assert words
    assert not [one for one in words for name in names if name in str(one.words)]


def test_whose_roles_were_changed_is_told_which_he_has_now(session, actor_for, user_for):
    from flask_appbuilder.security.sqla.models import Role

    from app.admin.operations import edit_user
    from app.notices.models import Notice

    admin, user = actor_for("admin", whole_group=True), user_for("consultant")
    manager = session.query(Role).filter_by(name="manager").one()
    common = {"full_name": user.full_name, "active": True, "actor": admin}
    edit_user(user, role_ids=[one.id for one in user.roles], **common)
    assert session.query(Notice).filter_by(user_id=user.id).all() == []
    edit_user(user, role_ids=[manager.id], **common)
    told = session.query(Notice).filter_by(user_id=user.id).one()
    assert told.kind == "account_changed"
    assert told.words["who"] == admin.name

"""Extensions: a later signing deadline, by the right people, entered in the change register."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.sales.models import Change
from app.sales.operations import lapse_subscriptions
from app.sales.operations.extensions import days_extended
from app.workflows import engine
from app.workflows.models import ApprovalRequest
from tests.factories.people import make_project
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_subscription

#: subscribed on the 21st with seven days to sign
FIRST = date(2026, 11, 28)


@pytest.fixture(autouse=True)
def _clock(clock_at):
    clock_at(2026, 11, 21, 2)


@pytest.fixture
def staff(actor_for):
    return {role: actor_for(role) for role in ("consultant", "manager", "gm", "cashier")}


@pytest.fixture
def deal(project, staff):
    found = make_subscription(make_room_for_sale(project=project), staff["consultant"])
    assert found.sign_by == FIRST
    return found


def ask(deal, actor, day):
    with acting(actor):
        return engine.submit(
            "extension", deal.id, values={"sign_by": str(day)}, reason="等贷款", actor=actor
        )


def approve(request, *actors):
    for actor in actors:
        with acting(actor):
            engine.approve(request.id, actor=actor)
    return request


def register(deal) -> list[Change]:
    return list(
        db.session.scalars(
            select(Change).where(Change.subscription_id == deal.id).order_by(Change.id)
        )
    )


def test_the_manager_alone_up_to_thirty_days(deal, staff):
    wanted = FIRST + timedelta(days=30)
    request = approve(ask(deal, staff["consultant"], wanted), staff["manager"])
    assert request.state == "approved"
    assert deal.sign_by == wanted
    (change,) = register(deal)
    assert request.result == {"change_id": change.id, "sign_by": str(wanted)}
    assert (change.kind, change.request_number) == ("extension", request.number)
    assert (change.before, change.after) == ({"sign_by": str(FIRST)}, {"sign_by": str(wanted)})
    assert change.applicant_id == staff["consultant"].id


def test_the_general_manager_beyond(deal, staff):
    wanted = FIRST + timedelta(days=31)
    request = approve(ask(deal, staff["consultant"], wanted), staff["manager"])
    assert request.state == "running"
    assert deal.sign_by == FIRST
    approve(request, staff["gm"])
    assert deal.sign_by == wanted


def test_many_short_ones_take_the_long_way(deal, staff):
    approve(ask(deal, staff["consultant"], FIRST + timedelta(days=20)), staff["manager"])
    wanted = FIRST + timedelta(days=40)
    assert days_extended(deal, wanted) == 40
    request = approve(ask(deal, staff["consultant"], wanted), staff["manager"])
    assert request.state == "running"
    approve(request, staff["gm"])
    assert [one.after["sign_by"] for one in register(deal)] == ["2026-12-18", "2027-01-07"]


@pytest.mark.parametrize(
    "day", ["2026-11-28", "2026-11-27", "2027-11-29", "", "soon", "2026-13-01"]
)
def test_a_day_that_does_not_fit_is_named(deal, staff, day):
    with pytest.raises(Invalid) as refused:
        ask(deal, staff["consultant"], day)
    assert set(refused.value.fields) == {"sign_by"}
    assert register(deal) == []


def test_a_day_in_the_past_is_refused_for_an_overdue_deal(deal, staff, clock_at):
    clock_at(2026, 12, 10, 2)
    with pytest.raises(Invalid) as refused:
        ask(deal, staff["consultant"], "2026-12-09")
    assert set(refused.value.fields) == {"sign_by"}
    assert ask(deal, staff["consultant"], "2026-12-10").state == "running"


def test_only_those_who_may_and_within_their_scope(deal, staff, actor_for):
    with pytest.raises(NotAllowed):
        ask(deal, staff["cashier"], "2026-12-10")
    for stranger in (actor_for("consultant"), actor_for("manager", project=make_project())):
        with pytest.raises(NotFound):
            ask(deal, stranger, "2026-12-10")


def test_one_request_at_a_time(deal, staff):
    ask(deal, staff["consultant"], "2026-12-10")
    with pytest.raises(Conflict):
        ask(deal, staff["consultant"], "2026-12-11")


def test_a_lapsed_deal_voids_what_was_asked_and_can_ask_no_more(deal, staff):
    request_id = ask(deal, staff["consultant"], "2026-12-10").id
    deal.lapses_at = datetime(2026, 11, 21, 1, tzinfo=UTC)
    db.session.flush()
    system = system_actor("worker")
    with acting(system):
        assert lapse_subscriptions(actor=system) == 1
    request = db.session.get(ApprovalRequest, request_id, populate_existing=True)
    assert request.state == "voided"
    with pytest.raises(WrongState, match=deal.number):
        ask(deal, staff["consultant"], "2026-12-11")
    assert register(deal) == []


def test_a_refusal_leaves_the_deadline(deal, staff):
    request = ask(deal, staff["consultant"], "2026-12-10")
    with acting(staff["manager"]):
        engine.reject(request.id, comment="不同意", actor=staff["manager"])
    assert deal.sign_by == FIRST
    assert register(deal) == []

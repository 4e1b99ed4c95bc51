"""Somebody leaves while a request of his is running: nothing is left behind, nobody waits long."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import event, select, text

from app.admin import handover, memberships, operations
from app.admin.models import AppUser
from app.core import clock
from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.uow import unit_of_work
from app.customers.models import Customer
from app.estate.models import ProjectMember, Room
from app.estate.operations import projects
from app.finance.models import BillBook
from app.finance.operations import issue_bill_book
from app.sales.models import Hold
from app.sales.operations import hold_room
from tests.factories.customers import make_customer
from tests.factories.estate import make_room
from tests.factories.finance import make_book
from tests.factories.people import make_project

pytestmark = pytest.mark.commit


class Office:
    def __init__(self, committed):
        self.committed = committed
        self.project = make_project()
        self.room_id = make_room(project=self.project, status="available").id
        self.admin = committed.actor("admin", whole_group=True)
        self.leaver = committed.actor("consultant", self.project)
        self.colleague = committed.actor("consultant", self.project)
        self.project_id = self.project.id
        db.session.commit()

    def run(self, work):
        """Run in a session of its own; return what it gives, or the refusal."""
        with self.committed.app.app_context():
            try:
                return work()
            except (NotAllowed, Invalid, Conflict) as refused:
                str(refused)
                return refused
            finally:
                db.session.remove()

    def hand_over(self, between=lambda: None):
        with unit_of_work(self.admin):
            user = db.session.get_one(AppUser, self.leaver.id)
            portions = handover.list_portions
            plan = {
                f"{work}.{self.project_id}": self.colleague.id for work in ("holds", "customers")
            }
            handover.hand_over(user, successors=plan, actor=self.admin)
            assert portions(user, actor=self.admin) == []
            between()

    def owner_of_hold(self):
        return db.session.scalar(select(Hold.holder_id))

    def wait_until_somebody_waits(self, locks="advisory"):
        deadline = time.monotonic() + 20
        waits = text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND locktype = 'advisory'"
            if locks == "advisory"
            else "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        with db.engine.connect() as other:
            while not other.scalar(waits):
                assert time.monotonic() < deadline
                # Within a transaction pg_stat_activity says what it said first.
                other.rollback()
                time.sleep(0.02)


@pytest.fixture
def office(committed):
    return Office(committed)


def test_what_a_running_request_makes_is_handed_over_too(office):
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(office.leaver):
            hold_room(office.room_id, reason="x", actor=office.leaver)
            leaving = pool.submit(office.run, office.hand_over)
            office.wait_until_somebody_waits()
        assert leaving.result() is None
    assert office.owner_of_hold() == office.colleague.id


@pytest.mark.parametrize("ended", [True, False])
def test_a_request_that_comes_meanwhile_is_refused_and_keeps_nothing(office, ended):
    """He holds the room's lock already, which the handover may want: he is not let wait for it."""
    closed, tried = Event(), Event()

    def stay():
        closed.set()
        assert tried.wait(20)

    with ThreadPoolExecutor(1) as pool:
        leaving = []

        def hold_late():
            with unit_of_work(office.leaver):
                db.session.get_one(Room, office.room_id, with_for_update=True)
                leaving.append(pool.submit(office.run, lambda: office.hand_over(stay)))
                assert closed.wait(20)
                if ended:
                    tried.set()
                    leaving[0].result()
                hold_room(office.room_id, reason="x", actor=office.leaver)

        with pytest.raises(NotAllowed) as refused:
            hold_late()
        tried.set()
        assert leaving[0].result() is None
    assert refused.value.code == "left"
    assert office.owner_of_hold() is None
    assert office.run(lambda: handover.has_work(office.leaver.id)) is False


def test_deactivating_alone_sees_it_too(office):
    def deactivate():
        with unit_of_work(office.admin):
            user = db.session.get_one(AppUser, office.leaver.id)
            known = {"full_name": user.full_name, "role_ids": [one.id for one in user.roles]}
            operations.edit_user(user, active=False, actor=office.admin, **known)

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(office.leaver):
            make_customer(office.project, office.leaver)
            leaving = pool.submit(office.run, deactivate)
            office.wait_until_somebody_waits()
        assert isinstance(leaving.result(), Invalid)
    assert db.session.get_one(AppUser, office.leaver.id).active
    assert db.session.scalar(select(Customer.owner_id)) == office.leaver.id


WORKER = system_actor("worker")


def turn_days(_office):
    with unit_of_work(WORKER):
        return memberships.apply_days(actor=WORKER)


def end_days(office):
    with unit_of_work(office.admin):
        member = db.session.scalars(
            select(ProjectMember).where(ProjectMember.user_id == office.leaver.id)
        ).one()
        today = clock.today()
        projects.edit_member(member, from_on=today, until_on=today, actor=office.admin)


@pytest.mark.parametrize("change", [turn_days, end_days])
def test_days_and_leaving_lock_people_before_their_memberships(office, monkeypatch, change):
    """Each would wait for the other if one of them began with the membership."""
    db.session.execute(text("UPDATE estate_project_member SET counts = false"))
    db.session.commit()
    end_memberships, running = handover._end_memberships, []

    def meanwhile(user):
        running.append(pool.submit(office.run, lambda: change(office)))
        office.wait_until_somebody_waits("any")
        end_memberships(user)

    monkeypatch.setattr(handover, "_end_memberships", meanwhile)
    with ThreadPoolExecutor(2) as pool:
        assert pool.submit(office.run, office.hand_over).result() is None
        outcome = running[0].result()
    assert outcome == 1 if change is turn_days else isinstance(outcome, Conflict)
    ended = select(ProjectMember.until_on).where(ProjectMember.user_id == office.leaver.id)
    assert db.session.scalar(ended) < clock.today()


def give_book(office):
    with unit_of_work(WORKER):
        book = db.session.get_one(BillBook, office.book_id)
        issue_bill_book(book, cashier_id=office.leaver.id, actor=WORKER)


@pytest.fixture
def counter(committed):
    found = Office(committed)
    found.leaver = committed.actor("cashier", found.project)
    found.book_id = make_book(found.project, None).id
    db.session.commit()
    return found


def test_what_is_given_to_a_leaver_just_before_is_seen(counter):
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(WORKER):
            book = db.session.get_one(BillBook, counter.book_id)
            issue_bill_book(book, cashier_id=counter.leaver.id, actor=WORKER)
            leaving = pool.submit(counter.run, counter.hand_over)
            counter.wait_until_somebody_waits()
        assert isinstance(leaving.result(), Invalid)
    assert db.session.get_one(AppUser, counter.leaver.id).active


def test_nothing_is_given_to_somebody_who_is_leaving(counter):
    outcomes = []

    def meanwhile():
        with ThreadPoolExecutor(1) as pool:
            outcomes.append(pool.submit(counter.run, lambda: give_book(counter)).result())

    counter.hand_over(meanwhile)
    outcomes.append(counter.run(lambda: give_book(counter)))
    assert [outcome.code for outcome in outcomes] == ["leaving", "leaving"]
    assert db.session.scalar(select(BillBook.cashier_id)) is None


def test_a_change_costs_no_statement_more(office):
    """The check rides on the statements that write: none is sent for it."""
    sent = []

    def note(_connection, _cursor, statement, *_more):
        sent.append(statement)

    with unit_of_work(office.leaver):
        # The statement that names the actor, which every transaction begins with.
        db.session.connection()
        event.listen(db.engine, "before_cursor_execute", note)
        db.session.execute(
            text("UPDATE estate_room SET number = '0' WHERE id = :id"), {"id": office.room_id}
        )
        event.remove(db.engine, "before_cursor_execute", note)
        held = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7117"
            " AND objid = :user AND mode = 'ShareLock'"
        )
        assert db.session.scalar(held, {"user": office.leaver.id}) == 1
    assert len(sent) == 1

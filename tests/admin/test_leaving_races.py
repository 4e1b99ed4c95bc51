"""Somebody leaves while a request of his is running: nothing is left behind, nobody waits long."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import event, select, text

from app.admin import handover, operations
from app.admin.models import AppUser
from app.core.db import db
from app.core.errors import Invalid, NotAllowed
from app.core.uow import unit_of_work
from app.customers.models import Customer
from app.estate.models import Room
from app.sales.models import Hold
from app.sales.operations import hold_room
from tests.factories.customers import make_customer
from tests.factories.estate import make_room
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
            except (NotAllowed, Invalid) as refused:
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

    def wait_until_somebody_waits(self):
        deadline = time.monotonic() + 20
        waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        with db.engine.connect() as other:
            while not other.scalar(waits):
                assert time.monotonic() < deadline
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

"""The unit of work: commits once, rolls all back, names the actor to the audit."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.admin.models import Organization
from app.core.actor import system_actor
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.uow import unit_of_work

ACTOR = system_actor("test")


def test_what_is_done_is_committed_and_audited_under_the_actors_name(session):
    with unit_of_work(ACTOR):
        session.add(Organization(code="A", name="甲"))
    row = session.scalar(select(Organization).where(Organization.code == "A"))
    entry = session.scalar(
        select(AuditEntry).where(
            AuditEntry.table_name == "admin_organization", AuditEntry.row_id == row.id
        )
    )
    assert entry.actor == "system:test"
    assert entry.after["name"] == "甲"


def test_an_error_rolls_everything_back(session):
    def fail():
        with unit_of_work(ACTOR):
            session.add(Organization(code="B", name="乙"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert session.scalar(select(Organization).where(Organization.code == "B")) is None


@pytest.mark.usefixtures("session")
def test_units_of_work_do_not_nest():
    with unit_of_work(ACTOR), pytest.raises(RuntimeError), unit_of_work(ACTOR):
        pass


def test_the_audit_shows_what_changed_from_what_to_what(session):
    with unit_of_work(ACTOR):
        row = Organization(code="C", name="丙")
        session.add(row)
    with unit_of_work(ACTOR):
        row.name = "丁"
    entry = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.table_name == "admin_organization", AuditEntry.row_id == row.id)
        .order_by(AuditEntry.id.desc())
    ).first()
    assert (entry.action, entry.before, entry.after) == ("update", {"name": "丙"}, {"name": "丁"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_audit_entry SET actor = 'x'",
        "DELETE FROM core_audit_entry",
        "TRUNCATE core_audit_entry",
    ],
)
def test_the_audit_cannot_be_changed(session, statement):
    with pytest.raises(Exception, match="cannot be changed"), db.session.begin_nested():
        session.execute(text(statement))

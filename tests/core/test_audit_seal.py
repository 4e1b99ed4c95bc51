"""Seals over the audit: whatever a superuser does to entries or seals is noticed."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy import text

from app.core import audit_seal, secrets
from app.core.actor import system_actor
from app.core.db import db
from app.core.uow import unit_of_work
from tests.database import KEYS

ACTOR = system_actor("test")


def seal():
    mark = audit_seal.take_mark(pause=0.0, patience=20.0)
    assert mark is not None
    with unit_of_work(ACTOR):
        return audit_seal.seal_up_to(mark)


def write(count=3):
    with unit_of_work(ACTOR) as session:
        for number in range(count):
            session.execute(
                text("INSERT INTO admin_organization (code, name) VALUES (:code, 'x')"),
                {"code": f"SEAL{number}-{count}"},
            )


def as_superuser(url, *statements):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.fixture
def sealed(committed, monkeypatch):
    monkeypatch.setattr(audit_seal, "BATCH", 50)
    seal()
    write()
    assert seal() == 3
    assert audit_seal.verify().faults == ()
    db.session.rollback()
    return committed.url


@pytest.mark.commit
@pytest.mark.usefixtures("sealed")
def test_everything_written_is_sealed_once():
    assert seal() == 0
    assert not audit_seal.anything_new()
    write(2)
    assert audit_seal.anything_new()
    assert seal() == 2
    verdict = audit_seal.verify()
    total = db.session.scalar(text("SELECT count(*) FROM core_audit_entry"))
    assert verdict.entries == total
    assert verdict.seals == db.session.scalar(text("SELECT count(*) FROM core_audit_seal"))


@pytest.mark.commit
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (
            "DELETE FROM core_audit_entry WHERE id = (SELECT max(id) FROM core_audit_entry)",
            "entries",
        ),
        (
            (
                "UPDATE core_audit_entry SET actor = 'user:1'"
                " WHERE id = (SELECT max(id) FROM core_audit_entry)"
            ),
            "entries",
        ),
        (
            (
                "UPDATE core_audit_entry SET after = jsonb_set(after, '{name}', '\"y\"')"
                " WHERE id = (SELECT max(id) FROM core_audit_entry)"
            ),
            "entries",
        ),
        (
            (
                "UPDATE core_audit_seal SET entries = entries - 1"
                " WHERE id = (SELECT max(id) FROM core_audit_seal)"
            ),
            "chain",
        ),
        ("DELETE FROM core_audit_seal WHERE id = (SELECT min(id) FROM core_audit_seal)", "gap"),
    ],
    ids=["removed", "another person", "another value", "a seal changed", "a seal removed"],
)
def test_what_a_superuser_does_is_noticed(sealed, change, kind):
    as_superuser(sealed, change)
    assert kind in {fault.kind for fault in audit_seal.verify().faults}


@pytest.mark.commit
def test_entry_and_seal_forged_together_do_not_fit_the_chain(sealed):
    """Without the key nobody makes the chain, even if the digest is made right."""
    as_superuser(
        sealed,
        "DELETE FROM core_audit_entry WHERE id = (SELECT max(id) FROM core_audit_entry)",
    )
    first, last, old = db.session.execute(
        text("SELECT first_id, last_id, digest FROM core_audit_seal ORDER BY id DESC LIMIT 1")
    ).one()
    count, digest = audit_seal._digest_of(first, last)
    assert digest != old
    as_superuser(
        sealed,
        f"UPDATE core_audit_seal SET entries = {count}, digest = '{digest}' WHERE last_id = {last}",
    )
    db.session.rollback()
    assert [fault.kind for fault in audit_seal.verify().faults] == ["chain"]


@pytest.mark.commit
def test_seals_taken_away_from_the_end_are_missed_by_who_noted_the_chain(sealed):
    noted = audit_seal.verify().chain
    assert audit_seal.verify(known=noted).faults == ()
    as_superuser(
        sealed,
        "DELETE FROM core_audit_entry WHERE id = (SELECT max(id) FROM core_audit_entry)",
        "DELETE FROM core_audit_seal WHERE id = (SELECT max(id) FROM core_audit_seal)",
    )
    assert audit_seal.verify().faults == ()
    assert [fault.kind for fault in audit_seal.verify(known=noted).faults] == ["known"]


@pytest.mark.commit
def test_what_is_still_being_written_is_waited_for(sealed):
    """An entry with a lower number that is committed later is never left outside a seal."""
    late = psycopg2.connect(sealed)
    with late.cursor() as cursor:
        cursor.execute("INSERT INTO admin_organization (code, name) VALUES ('LATE', 'x')")
        write(1)
        assert audit_seal.take_mark(pause=0.0, patience=0.2) is None
    late.commit()
    late.close()
    assert seal() == 2
    assert audit_seal.verify().faults == ()


@pytest.mark.commit
@pytest.mark.usefixtures("sealed")
def test_another_key_needs_everything_sealed_again():
    try:
        secrets.use_field_key("another-key", KEYS["FIELD_KEY"])
        assert audit_seal.verify().faults
        assert audit_seal.verify(old=True).faults == ()
        with unit_of_work(ACTOR):
            assert audit_seal.seal_again() > 3
        assert audit_seal.verify().faults == ()
        write(4)
        assert seal() == 4
        assert audit_seal.verify().faults == ()
    finally:
        secrets.use_field_key(KEYS["FIELD_KEY"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_audit_seal SET entries = 0",
        "DELETE FROM core_audit_seal",
        "TRUNCATE core_audit_seal",
    ],
)
def test_a_seal_cannot_be_changed(session, statement):
    with pytest.raises(Exception, match="the audit cannot be changed"):
        session.execute(text(statement))

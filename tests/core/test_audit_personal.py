"""What the audit hides: exactly what the models call personal, in rows as well as in triggers."""

from __future__ import annotations

from sqlalchemy import select, text

from app.core.audit import AuditEntry
from app.core.db import Base, db
from tests.factories.finance import make_account, make_slip

ATTACHED = text(
    "SELECT c.relname, t.tgname, split_part(encode(t.tgargs, 'escape'), '\\000', 1)"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE t.tgname LIKE 'audit\\_%' AND t.tgnargs = 1"
)


def test_every_trigger_hides_what_its_model_calls_personal(session):
    personal: dict[str, set[str]] = {}
    for mapper in Base.registry.mappers:
        # A table may have several classes: the framework's user and ours.
        hidden = personal.setdefault(mapper.local_table.name, set())
        hidden.update(getattr(mapper.class_, "__personal__", ()))
    attached = session.execute(ATTACHED).all()
    assert len(attached) > 3 * 30
    wrong = [
        (table, trigger)
        for table, trigger, given in attached
        if {name for name in given.strip("{}").split(",") if name} != personal.get(table, set())
    ]
    assert wrong == []


def test_the_audit_does_not_name_who_pays(project):
    account = make_account(project)
    slip = make_slip(account)
    slip.payer = "改名的付款人"
    db.session.flush()
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.table_name.in_(("finance_account", "finance_receipt")))
    ).all()
    kept = [(one.before or {}).get("payer") for one in entries if one.action == "update"]
    kept += [(one.after or {}).get("payer") for one in entries]
    assert {"•"} <= set(kept) <= {"•", None}
    assert {one.table_name for one in entries} == {"finance_account", "finance_receipt"}

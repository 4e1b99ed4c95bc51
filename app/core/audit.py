"""The audit: written by database triggers, read here, and never changed by anybody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, String, select
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.actor import current_actor
from app.core.db import Base, created_moment, db


class AuditEntry(Base):
    """审计记录: who changed what from what to what, when and from where."""

    __tablename__ = "core_audit_entry"
    __audited__ = False
    __table_args__ = (
        Index("ix_core_audit_entry_object", "table_name", "row_id", "id"),
        Index("ix_core_audit_entry_actor", "actor", "id"),
        Index("ix_core_audit_entry_at", "at"),
    )

    at: Mapped[created_moment]
    #: ``user:7``, ``system:worker``, ``device:3``, or ``database:ROLE`` for a change by hand
    actor: Mapped[str] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(INET)
    action: Mapped[str] = mapped_column(String(20))
    table_name: Mapped[str] = mapped_column(String(63))
    row_id: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


def record(
    action: str, *, table_name: str, row_id: int | None, note: dict[str, Any] | None = None
) -> None:
    """Write down what no row shows: signing in, an export, a print, a number shown in full."""
    actor = current_actor()
    entry = AuditEntry(
        actor=actor.key if actor else "database:unknown",
        address=(actor.address or None) if actor else None,
        action=action,
        table_name=table_name,
        row_id=row_id,
        after=note,
    )
    db.session.add(entry)
    db.session.flush()


def list_entries(table_name: str, row_id: int, *, limit: int = 50) -> list[AuditEntry]:
    """Return the newest entries of one record."""
    found = select(AuditEntry).where(
        AuditEntry.table_name == table_name, AuditEntry.row_id == row_id
    )
    return list(db.session.scalars(found.order_by(AuditEntry.id.desc()).limit(limit)))

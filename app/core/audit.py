"""The audit: written by database triggers, read here, and never changed by anybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    String,
    and_,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.actor import current_actor
from app.core.db import Base, created_moment, db, traced_ref

#: what stands in the audit for a personal value
HIDDEN = "•"
#: actions that the triggers write; all others are written by ``record``
ROW_ACTIONS = ("insert", "update", "delete")


class AuditEntry(Base):
    """审计记录: who changed what from what to what, when and from where."""

    __tablename__ = "core_audit_entry"
    __audited__ = False
    __table_args__ = (
        Index("ix_core_audit_entry_object", "table_name", "row_id", "id"),
        Index("ix_core_audit_entry_actor", "actor", "at"),
        Index("ix_core_audit_entry_at", "at", "actor"),
        Index(
            "ix_core_audit_entry_project",
            "project_id",
            "at",
            postgresql_where=text("project_id IS NOT NULL"),
        ),
        Index(
            "ix_core_audit_entry_rare",
            "action",
            "at",
            postgresql_where=text("action NOT IN ('insert', 'update')"),
        ),
    )

    #: when the transaction began: the same for all entries of one step
    at: Mapped[created_moment]
    #: ``user:7``, ``system:worker``, ``device:3``, or ``database:ROLE`` for a change by hand
    actor: Mapped[str] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(INET)
    action: Mapped[str] = mapped_column(String(20))
    table_name: Mapped[str] = mapped_column(String(63))
    row_id: Mapped[int | None] = mapped_column(BigInteger)
    #: the project of the row; None for what belongs to the group
    project_id: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    #: ``page`` or ``rest``; None where the actor's kind says it
    channel: Mapped[str | None] = mapped_column(
        String(10), server_default=text("nullif(current_setting('xiaokong.channel', true), '')")
    )
    #: finds the lines of the log that belong to it
    request_id: Mapped[str | None] = traced_ref()


def record(
    action: str,
    *,
    table_name: str,
    row_id: int | None,
    note: dict[str, Any] | None = None,
    project_id: int | None = None,
) -> None:
    """Write down what no row shows: signing in, an export, a print, a number shown in full."""
    actor = current_actor()
    entry = AuditEntry(
        actor=actor.key if actor else "database:unknown",
        address=(actor.address or None) if actor else None,
        action=action,
        table_name=table_name,
        row_id=row_id,
        project_id=project_id,
        after=note,
    )
    db.session.add(entry)
    db.session.flush()


def list_entries(
    table_name: str, row_id: int, *, limit: int = 50, actions: Collection[str] = ()
) -> list[AuditEntry]:
    """Return the newest entries of one record, all or those of some actions."""
    found = select(AuditEntry).where(
        AuditEntry.table_name == table_name, AuditEntry.row_id == row_id
    )
    if actions:
        found = found.where(AuditEntry.action.in_(actions))
    return list(db.session.scalars(found.order_by(AuditEntry.id.desc()).limit(limit)))


@dataclass(frozen=True, order=True)
class StepKey:
    """What names a business step: everything that one transaction of one actor wrote."""

    at: datetime
    actor: str


@dataclass(frozen=True)
class Search:
    """What is looked for in the audit; what is empty does not narrow."""

    objects: tuple[tuple[str, int], ...] | None = None
    tables: tuple[str, ...] = ()
    actor: str = ""
    actions: tuple[str, ...] = ()
    #: only what was done by hand, directly in the database
    by_hand: bool = False
    since: datetime | None = None
    until: datetime | None = None
    project_id: int | None = None

    def predicates(self) -> list[ColumnElement[bool]]:
        """Return the conditions on single entries."""
        found: list[ColumnElement[bool]] = []
        if self.objects is not None:
            found.append(_one_of(self.objects))
        if self.tables:
            found.append(AuditEntry.table_name.in_(self.tables))
        if self.actor:
            found.append(AuditEntry.actor == self.actor)
        if self.actions:
            found.append(AuditEntry.action.in_(self.actions))
        if self.by_hand:
            found.append(AuditEntry.actor.startswith("database:"))
        if self.since is not None:
            found.append(AuditEntry.at >= self.since)
        if self.until is not None:
            found.append(AuditEntry.at < self.until)
        if self.project_id is not None:
            found.append(AuditEntry.project_id == self.project_id)
        return found


def _one_of(objects: Iterable[tuple[str, int]]) -> ColumnElement[bool]:
    by_table: dict[str, list[int]] = {}
    for table_name, row_id in objects:
        by_table.setdefault(table_name, []).append(row_id)
    return or_(
        AuditEntry.id < 0,
        *(
            and_(AuditEntry.table_name == name, AuditEntry.row_id.in_(ids))
            for name, ids in by_table.items()
        ),
    )


@dataclass(frozen=True)
class AuditScope:
    """How far an administrator reads: his projects, and what his people do beside them."""

    projects: frozenset[int]
    actors: frozenset[str]
    users: frozenset[int]

    def predicate(self) -> ColumnElement[bool]:
        """Return "this entry is within scope"."""
        belongs_to_none = AuditEntry.project_id.is_(None)
        about = and_(AuditEntry.table_name == "ab_user", AuditEntry.row_id.in_(self.users))
        return or_(
            AuditEntry.project_id.in_(self.projects),
            and_(belongs_to_none, or_(AuditEntry.actor.in_(self.actors), about)),
        )


def list_steps(
    search: Search, *, scope: AuditScope | None, before: StepKey | None = None, limit: int = 30
) -> list[StepKey]:
    """Return the newest steps with an entry that fits, at most ``limit``, older than ``before``."""
    found = select(AuditEntry.at, AuditEntry.actor).where(*_narrowed(search, scope))
    if before is not None:
        found = found.where(
            tuple_(AuditEntry.at, AuditEntry.actor) < tuple_(before.at, before.actor)
        )
    found = found.distinct().order_by(AuditEntry.at.desc(), AuditEntry.actor.desc()).limit(limit)
    return [StepKey(*row) for row in db.session.execute(found)]


def _narrowed(search: Search, scope: AuditScope | None) -> list[ColumnElement[bool]]:
    return [*search.predicates(), *([] if scope is None else [scope.predicate()])]


def read_steps(
    keys: Collection[StepKey], *, scope: AuditScope | None, most: int = 12
) -> dict[StepKey, tuple[Sequence[AuditEntry], int]]:
    """Return the entries of each step, at most ``most`` of each, and how many there are of it.

    Entries that tell most come first: what was recorded by name, made and deleted before changed.
    """
    if not keys:
        return {}
    step = tuple_(AuditEntry.at, AuditEntry.actor)
    own = [] if scope is None else [scope.predicate()]
    place = func.row_number().over(
        partition_by=(AuditEntry.at, AuditEntry.actor),
        order_by=(AuditEntry.action.in_(ROW_ACTIONS), AuditEntry.action == "update", AuditEntry.id),
    )
    total = func.count().over(partition_by=(AuditEntry.at, AuditEntry.actor))
    numbered = (
        select(AuditEntry.id, place.label("place"), total.label("total"))
        .where(step.in_([(key.at, key.actor) for key in keys]), *own)
        .subquery()
    )
    rows = db.session.execute(
        select(AuditEntry, numbered.c.total)
        .join(numbered, numbered.c.id == AuditEntry.id)
        .where(numbered.c.place <= most)
        .order_by(numbered.c.place)
    )
    found: dict[StepKey, tuple[list[AuditEntry], int]] = {}
    for entry, count in rows:
        kept, _count = found.setdefault(StepKey(entry.at, entry.actor), ([], count))
        kept.append(entry)
    return {key: (entries, count) for key, (entries, count) in found.items()}


def find_entry(entry_id: int, *, scope: AuditScope | None) -> AuditEntry | None:
    """Return one entry within scope, or None."""
    own = [] if scope is None else [scope.predicate()]
    found: AuditEntry | None = db.session.scalar(
        select(AuditEntry).where(AuditEntry.id == entry_id, *own)
    )
    return found

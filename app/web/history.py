"""The history of one record in words, for any page: ``{% include "web/history.html" %}``.

Who may read the audit sees all of it. Who may see the record sees who did what and when, and of
the fields those that the record's page shows him anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from app.core.actor import Actor
from app.core.audit import AuditEntry, list_entries
from app.web.formats import moment_text
from app.web.story import Change, Teller, channel_of

AUDIT_PERMISSION = "admin.audit:see"
HISTORY_ROWS = 20
#: who looked at a person's data is for those who are charged with them
LOOKS = ("reveal", "copy")


@dataclass(frozen=True)
class Event:
    """One entry of a record's history."""

    title: str
    kind: str
    when: str
    who: str
    #: roles, way and address: for who may read the audit
    detail: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class History:
    """What ``web/history.html`` draws."""

    events: tuple[Event, ...]
    #: the audit of this record, for who may read it
    audit_url: str | None


def history_of(
    table_name: str,
    row_id: int,
    *,
    actor: Actor,
    shown: Iterable[str] | None = None,
    limit: int = HISTORY_ROWS,
) -> History:
    """Return the newest events of a record that the caller has read within scope.

    ``shown`` are the columns whose values the page shows; None for all, which only readers of the
    audit are given.
    """
    auditor = actor.may(AUDIT_PERMISSION)
    entries = list_entries(table_name, row_id, limit=limit)
    if not auditor:
        entries = [entry for entry in entries if entry.action not in LOOKS]
    teller = Teller(entries, actor)
    told = [_event(teller, entry, _visible(entry, shown, auditor), auditor) for entry in entries]
    address = f"{table_name}:{row_id}"
    return History(
        tuple(one for one in told if one is not None),
        url_for("AuditView.list", object=address) if auditor else None,
    )


def history_for(view: Any, row: Any, actor: Actor) -> History:
    """Return the history of a row as its generated page shows it."""
    paths = {name for _title, names in view.sections() for name in names}
    paths |= set(view.list_columns)
    shown = {path.partition(".")[0] for path in paths}
    return history_of(
        view.model.__tablename__, row.id, actor=actor, shown={*shown, *(f"{p}_id" for p in shown)}
    )


def _visible(entry: AuditEntry, shown: Iterable[str] | None, auditor: bool) -> AuditEntry:
    """Return the entry with the fields that the reader sees on the page anyway."""
    if auditor or entry.action != "update":
        return entry
    kept = set(shown or ())
    before = {name: value for name, value in (entry.before or {}).items() if name in kept}
    after = {name: value for name, value in (entry.after or {}).items() if name in kept}
    return AuditEntry(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        table_name=entry.table_name,
        row_id=entry.row_id,
        project_id=entry.project_id,
        channel=entry.channel,
        before=before,
        after=after,
    )


def _event(teller: Teller, entry: AuditEntry, seen: AuditEntry, auditor: bool) -> Event | None:
    line = teller.line(seen)
    if entry.action == "update" and not line.changes:
        return None
    # A new record's fields stand on its page; what it was made with is the audit's to tell.
    changes = line.changes if auditor or entry.action == "update" else ()
    who = teller.who(entry)
    detail = [who.detail, channel_of(entry), str(entry.address or "")] if auditor else []
    return Event(
        title=line.verb,
        kind=line.tint,
        when=moment_text(entry.at),
        who=who.name,
        detail=" · ".join(str(one) for one in detail if one),
        changes=changes,
    )


def tell_looks(entries: Sequence[AuditEntry], actor: Actor) -> tuple[Event, ...]:
    """Return who saw a record's personal data in full or took them out, in words."""
    teller = Teller(entries, actor)
    return tuple(
        Event(
            title=line.verb,
            kind=line.tint,
            when=moment_text(entry.at),
            who=(who := teller.who(entry)).name,
            detail=" · ".join(x for x in (str(who.detail), channel_of(entry)) if x),
            changes=line.changes,
        )
        for entry in entries
        for line in (teller.line(entry),)
    )

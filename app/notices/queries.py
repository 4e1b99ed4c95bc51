"""Reads one's own notices, within what one still reaches."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from app.core.actor import Actor
from app.core.db import db
from app.core.preferences import get_preference
from app.core.scope import project_filter
from app.notices.models import MUTED, Notice

#: a count is exact up to here, then "99+"
COUNT_BOUND = 100


@dataclass(frozen=True)
class Page:
    """Some notices, and the cursor of the ones before."""

    rows: list[Notice]
    next: int | None


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Notice.user_id == actor.id]
    reach = project_filter(Notice.project_id, actor)
    if reach is not None:
        # Who was moved elsewhere does not go on reading of his old project.
        wanted.append(or_(Notice.project_id.is_(None), reach))
    return wanted


def list_notices(
    actor: Actor, *, unread: bool = False, before: int | None = None, limit: int = 50
) -> Page:
    """Return the actor's notices, newest first; with ``unread`` only those."""
    found = select(Notice).where(*_own(actor)).order_by(Notice.id.desc()).limit(limit + 1)
    if unread:
        found = found.where(Notice.read_at.is_(None))
    if before is not None:
        found = found.where(Notice.id < before)
    rows = list(db.session.scalars(found))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, rows[-1].id if more else None)


def count_unread(actor: Actor) -> int:
    """Return how many notices the actor has not read, at most 100."""
    some = select(Notice.id).where(*_own(actor), Notice.read_at.is_(None)).limit(COUNT_BOUND)
    return int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)


def muted_kinds(actor: Actor) -> frozenset[str]:
    """Return the kinds that the actor does not want to be told."""
    return frozenset(get_preference(MUTED, actor=actor, default=[]))

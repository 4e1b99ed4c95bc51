"""Locked base data 基础资料锁定: the one place that lets a change of them pass or stops it.

Base data are a project's rooms with their areas, its house types, payment methods and discounts.
When sales and finance have reviewed and locked them, they change by an approved
base_data_change only, and by their own steps: price plans, and putting rooms on sale. Source:
the specification, "Base data are locked".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, NotFound
from app.estate.models import BaseDataEntry, BaseDataLock, Project

_carrying_out: ContextVar[bool] = ContextVar("carrying_out_base_data_change", default=False)


def require_unlocked(project_id: int) -> None:
    """Raise Conflict ``base_data_locked`` if the project's base data are locked.

    Keeps them from being locked until the transaction ends, so that a review holds what it saw.
    Passes while an approved change is carried out.
    """
    if _carrying_out.get():
        return
    lock = _read(project_id, shared=True)
    if lock.locked_at is None or lock.opened_for is not None:
        return
    name = db.session.scalar(select(Project.name).where(Project.id == project_id))
    raise Conflict(
        _l(
            "The base data of %(project)s are locked. Ask for a change of base data; it is carried"
            " out when it has been approved.",
            project=name or "",
        ),
        code="base_data_locked",
    )


def is_locked(project_id: int) -> bool:
    """Tell whether the project's base data are locked and not open for an approved change."""
    found = db.session.execute(
        select(BaseDataLock.locked_at, BaseDataLock.opened_for).where(
            BaseDataLock.project_id == project_id
        )
    ).first()
    return found is not None and found.locked_at is not None and found.opened_for is None


def was_locked(project_id: int) -> bool:
    """Tell whether the project's base data have been locked, open for a change or not."""
    lock = find_lock(project_id)
    return lock is not None and lock.locked_at is not None


def find_lock(project_id: int) -> BaseDataLock | None:
    """Return the project's lock, None if nobody has reviewed or changed anything yet."""
    return db.session.scalar(select(BaseDataLock).where(BaseDataLock.project_id == project_id))


def take_lock(project_id: int) -> BaseDataLock:
    """Return the project's lock, its row locked: waits for changes that are under way."""
    return _read(project_id, shared=False)


@contextmanager
def carrying_out() -> Iterator[None]:
    """Let changes pass that an approved change of base data makes."""
    token = _carrying_out.set(True)
    try:
        yield
    finally:
        _carrying_out.reset(token)


def write_entry(
    project_id: int, kind: str, *, actor: Actor, change_number: str | None = None, note: str = ""
) -> None:
    """Add a line to the project's log of base data."""
    db.session.execute(
        insert(BaseDataEntry).values(
            project_id=project_id,
            kind=kind,
            by_id=actor.id,
            change_number=change_number,
            note=note,
        )
    )


def _read(project_id: int, *, shared: bool) -> BaseDataLock:
    wanted = (
        select(BaseDataLock)
        .where(BaseDataLock.project_id == project_id)
        .with_for_update(read=shared, of=BaseDataLock)
        .execution_options(populate_existing=True)
    )
    found: BaseDataLock | None = db.session.scalar(wanted)
    if found is None:
        # The first change of a project writes the row: without one there were nothing to wait for.
        there = select(Project.id).where(Project.id == project_id)
        db.session.execute(
            upsert(BaseDataLock).from_select(["project_id"], there).on_conflict_do_nothing()
        )
        found = db.session.scalar(wanted)
    if found is None:
        raise NotFound(_l("There is no such project within your scope."))
    return found

"""The life of an export: asked for, claimed by the worker, written, fetched, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from app.core import background, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, NotAllowed
from app.core.states import transition
from app.lists.models import Export, ExportState
from app.lists.queries import get_own_export
from app.lists.signals import export_ended

#: the worker's task, which ``app.web.exports.run`` carries out
EXPORT_TASK = "lists.write_export"
KEPT_DAYS = 7
#: a worker that has not been heard of for so long was ended
SILENT_AFTER = timedelta(seconds=90)
#: exports that wait longer than this are handed to the worker again
LATE_AFTER = timedelta(seconds=20)
#: at once, so that what ends by the clock is never kept waiting
MOST_RUNNING = 2
MOST_OPEN = 5
_OPEN = (ExportState.WAITING.value, ExportState.RUNNING.value)


@dataclass(frozen=True)
class ExportOrder:
    """Which list is wanted, as it stood when the export was asked for."""

    list_key: str
    title: str
    query: str
    columns: tuple[str, ...]
    project_id: int | None
    total: int
    locale: str


def ask_export(order: ExportOrder, *, actor: Actor) -> Export:
    """Hand a list to the worker. Raises Conflict while too many of one's exports are open."""
    # One at a time for a person, so that two clicks do not both pass the count.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"export:{actor.id}"))))
    own = select(func.count()).where(Export.owner_id == actor.id, Export.state.in_(_OPEN))
    if (db.session.scalar(own) or 0) >= MOST_OPEN:
        raise Conflict(
            _l("%(most)d exports of yours are open. Wait for one or cancel it.", most=MOST_OPEN)
        )
    export = Export(
        owner_id=actor.id,
        list_key=order.list_key,
        title=order.title[:120],
        query=order.query,
        columns=list(order.columns),
        project_id=order.project_id,
        total=order.total,
        locale=order.locale,
    )
    db.session.add(export)
    db.session.flush()
    _hand_over(export.id)
    return export


def _hand_over(export_id: int) -> None:
    background.defer(EXPORT_TASK, once=f"{EXPORT_TASK}:{export_id}", export_id=export_id)


def repeat_export(export_id: int, *, actor: Actor) -> Export:
    """Ask again for what an ended export was to hold. Raises NotFound, Conflict."""
    old = get_own_export(export_id, actor)
    if old.state in _OPEN:
        raise Conflict(_l("This export is still being written."))
    order = ExportOrder(
        list_key=old.list_key,
        title=old.title,
        query=old.query,
        columns=tuple(old.columns),
        project_id=old.project_id,
        total=old.total,
        locale=old.locale,
    )
    return ask_export(order, actor=actor)


def cancel_export(export_id: int, *, actor: Actor) -> Export:
    """Stop an export; the worker lets go at its next sign of life. Raises NotFound, WrongState."""
    export = get_own_export(export_id, actor, lock=True)
    transition(export, ExportState.CANCELLED, actor=actor)
    export.ended_at = clock.now()
    db.session.flush()
    return export


def _only_the_worker(actor: Actor) -> None:
    if actor.kind != "system":
        raise NotAllowed(_l("Only the worker writes exports."))


def claim_export(export_id: int, *, actor: Actor) -> Export | None:
    """Begin to write, or return None if it is not this worker's turn."""
    _only_the_worker(actor)
    # Two workers that count at the same moment would both begin one too many.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(EXPORT_TASK))))
    running = select(func.count()).where(
        Export.state == ExportState.RUNNING.value, Export.seen_at > clock.now() - SILENT_AFTER
    )
    if (db.session.scalar(running) or 0) >= MOST_RUNNING:
        return None
    waiting = select(Export).where(
        Export.id == export_id, Export.state == ExportState.WAITING.value
    )
    export: Export | None = db.session.scalar(waiting.with_for_update(skip_locked=True))
    if export is None:
        return None
    transition(export, ExportState.RUNNING, actor=actor)
    export.started_at = export.seen_at = clock.now()
    db.session.flush()
    return export


def note_progress(export_id: int, done: int, *, session: Any, actor: Actor) -> bool:
    """Keep how many rows are written; False tells the worker to stop.

    In a session of its own: the one that reads the rows must not end in between.
    """
    _only_the_worker(actor)
    running = update(Export).where(
        Export.id == export_id, Export.state == ExportState.RUNNING.value
    )
    changed: Any = session.execute(
        running.values(done=done, total=func.greatest(Export.total, done), seen_at=clock.now())
    )
    return bool(changed.rowcount)


def finish_export(export_id: int, *, rows: int, file_name: str, size: int, actor: Actor) -> bool:
    """Keep the whole file with its export; False if it was ended in the meantime."""
    _only_the_worker(actor)
    export = _running(export_id)
    if export is None:
        return False
    transition(export, ExportState.DONE, actor=actor)
    export.done = export.total = rows
    export.file_name, export.size = file_name, size
    export.ended_at = clock.now()
    export.expires_at = export.ended_at + timedelta(days=KEPT_DAYS)
    db.session.flush()
    export_ended.send("lists", export=export, actor=actor)
    return True


def fail_export(export_id: int, sentence: Any, *, actor: Actor) -> None:
    """Keep why an export ended without a file."""
    _only_the_worker(actor)
    export = _running(export_id)
    if export is not None:
        transition(export, ExportState.FAILED, actor=actor)
        export.problem, export.ended_at = str(sentence)[:300], clock.now()
        db.session.flush()
        export_ended.send("lists", export=export, actor=actor)


def _running(export_id: int) -> Export | None:
    running = select(Export).where(
        Export.id == export_id, Export.state == ExportState.RUNNING.value
    )
    found: Export | None = db.session.scalar(running.with_for_update())
    return found


def tend_exports(*, actor: Actor) -> int:
    """End what a lost worker left behind, and hand over again what nobody began."""
    _only_the_worker(actor)
    now = clock.now()
    silent = select(Export).where(
        Export.state == ExportState.RUNNING.value, Export.seen_at < now - SILENT_AFTER
    )
    lost = list(db.session.scalars(silent.with_for_update(skip_locked=True)))
    for export in lost:
        transition(export, ExportState.FAILED, actor=actor)
        # Empty: a page says in the reader's language that the worker was ended.
        export.problem, export.ended_at = "", now
        export_ended.send("lists", export=export, actor=actor)
    late = select(Export.id).where(
        Export.state == ExportState.WAITING.value, Export.created_at < now - LATE_AFTER
    )
    waiting = list(db.session.scalars(late.order_by(Export.id).limit(MOST_RUNNING)))
    for export_id in waiting:
        _hand_over(export_id)
    db.session.flush()
    return len(lost)


def prune_exports(*, actor: Actor) -> list[str]:
    """End what has expired and return the names of the files to be deleted."""
    _only_the_worker(actor)
    expired = select(Export).where(
        Export.state == ExportState.DONE.value, Export.expires_at < clock.now()
    )
    found = list(db.session.scalars(expired.with_for_update(skip_locked=True)))
    names = [export.file_name for export in found]
    for export in found:
        transition(export, ExportState.EXPIRED, actor=actor)
        export.file_name = ""
    db.session.flush()
    return names

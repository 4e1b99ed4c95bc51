"""Big imports are carried out by the worker: asked for, watched, ended in a clear state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from app.core import background, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, NotAllowed, WrongState
from app.estate.models import RoomImport, RoomImportRun, RoomImportState
from app.estate.policies import ROOM

#: the worker's task
IMPORT_TASK = "pricing.carry_out_import"
#: up to so many rooms an import is carried out while somebody waits for the page
MOST_AT_ONCE = 2000
#: a run that has not been heard of for so long was cut off; nothing of it was written
SILENT_AFTER = timedelta(minutes=3)


def ask_import_run(record: RoomImport, *, locale: str, actor: Actor) -> RoomImportRun:
    """Hand a dry run to the worker. Raises NotAllowed, WrongState, Conflict while one goes on."""
    actor.require(f"{ROOM}:import")
    locked = db.session.scalars(
        select(RoomImport)
        .where(RoomImport.id == record.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if locked.state != RoomImportState.CHECKED.value:
        raise WrongState(
            _l(
                "%(number)s is not waiting any more: %(state)s.",
                number=locked.number,
                state=RoomImportState(locked.state).title,
            )
        )
    before = find_import_run(locked)
    if before is not None and is_going_on(before):
        raise Conflict(_l("%(number)s is being imported already.", number=locked.number))
    db.session.execute(delete(RoomImportRun).where(RoomImportRun.import_id == locked.id))
    run = RoomImportRun(
        project_id=locked.project_id,
        import_id=locked.id,
        asked_by_id=actor.id,
        locale=locale,
        total=int(locked.counts.get("rooms", 0)),
        seen_at=clock.now(),
    )
    db.session.add(run)
    db.session.flush()
    background.defer(IMPORT_TASK, import_id=locked.id)
    return run


def find_import_run(record: RoomImport) -> RoomImportRun | None:
    """Return the run of an import that goes on or was cut off."""
    own = select(RoomImportRun).where(RoomImportRun.import_id == record.id)
    found: RoomImportRun | None = db.session.scalar(own.execution_options(populate_existing=True))
    return found


def is_going_on(run: RoomImportRun) -> bool:
    """Tell whether the worker is still at it."""
    return not run.problem and run.seen_at > clock.now() - SILENT_AFTER


def note_import_progress(import_id: int, done: int, *, session: Any, actor: Actor) -> None:
    """Keep how far the worker is, in a session beside the one that imports."""
    _only_the_worker(actor)
    own = update(RoomImportRun).where(RoomImportRun.import_id == import_id)
    session.execute(own.values(done=done, seen_at=clock.now()))


def end_import_run(import_id: int, sentence: Any, *, actor: Actor) -> None:
    """Keep why the worker stopped without having written anything."""
    _only_the_worker(actor)
    own = update(RoomImportRun).where(RoomImportRun.import_id == import_id)
    db.session.execute(own.values(problem=str(sentence)[:300]))


def _only_the_worker(actor: Actor) -> None:
    if actor.kind != "system":
        raise NotAllowed(_l("Only the worker does this."))

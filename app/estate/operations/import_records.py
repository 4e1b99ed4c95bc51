"""Keeps what every import was and did, with its faults, and the file of a dry run."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from flask_babel import lazy_gettext as _l
from sqlalchemy import Text, delete, select
from sqlalchemy.dialects.postgresql import array

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound, WrongState
from app.core.numbering import next_number
from app.estate.models import (
    RoomImport,
    RoomImportFile,
    RoomImportLine,
    RoomImportRun,
    RoomImportState,
)
from app.estate.operations.import_lines import forget_same_lines
from app.estate.sheets import Fault, PriceList, Recall, write_fault_sheet

#: how long the file of a dry run waits to be carried out
KEPT = timedelta(days=1)
LONGEST_NAME = 200
#: letters that are kept of a text out of a file
LONGEST_TEXT = 500
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it came in."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Return what tells this file from every other."""
        return hashlib.sha256(self.content).hexdigest()


def record_import(
    file: ReceivedFile,
    *,
    project_id: int,
    shape: str,
    dry_run: bool,
    counts: dict[str, Any],
    faults: tuple[Fault, ...],
    actor: Actor,
) -> RoomImport:
    """Write down an import.

    The file of a dry run is kept: a good one for carrying it out, a refused one with columns for
    saying what these hold.
    """
    record = RoomImport(
        project_id=project_id,
        number=next_number("DR"),
        file_name=file.name[-LONGEST_NAME:],
        sha256=file.sha256,
        shape=shape,
        dry_run=dry_run,
        state=_state(dry_run=dry_run, is_refused=bool(faults)).value,
        counts=_storable(counts),
        faults=[_fault_data(fault) for fault in faults],
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    db.session.add(record)
    db.session.flush()
    if dry_run and (not faults or counts.get("columns") or counts.get("matrix")):
        _keep_file(record, file.content)
    return record


def take_checked_file(record: RoomImport) -> ReceivedFile:
    """Lock a dry run that is about to be carried out and return its file.

    Raises WrongState if somebody was first, NotFound when the file was kept long enough.
    """
    locked: RoomImport = db.session.scalars(
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
    return _kept_file(locked)


def finish_import(
    record: RoomImport, *, counts: dict[str, Any], faults: tuple[Fault, ...]
) -> RoomImport:
    """Write down how carrying out a dry run ended; its file goes."""
    record.dry_run = False
    record.state = _state(dry_run=False, is_refused=bool(faults)).value
    record.counts = _storable(counts)
    record.faults = [_fault_data(fault) for fault in faults]
    db.session.execute(delete(RoomImportFile).where(RoomImportFile.import_id == record.id))
    db.session.execute(delete(RoomImportRun).where(RoomImportRun.import_id == record.id))
    forget_same_lines(record)
    db.session.flush()
    return record


def take_file_of_check(record: RoomImport) -> ReceivedFile:
    """Lock a dry run that is about to be made again and return its file.

    Raises WrongState when it was carried out or is being carried out, NotFound when the file was
    kept long enough.
    """
    locked: RoomImport = db.session.scalars(
        select(RoomImport)
        .where(RoomImport.id == record.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    going_on = select(RoomImportRun.id).where(
        RoomImportRun.import_id == locked.id, RoomImportRun.problem == ""
    )
    if not locked.dry_run or db.session.scalar(going_on):
        raise WrongState(
            _l("%(number)s has been imported, or is being imported.", number=locked.number)
        )
    return _kept_file(locked)


def renew_check(
    record: RoomImport, *, counts: dict[str, Any], faults: tuple[Fault, ...]
) -> RoomImport:
    """Write down how a dry run went that was made again; its file stays."""
    record.state = _state(dry_run=True, is_refused=bool(faults)).value
    record.counts = _storable(counts)
    record.faults = [_fault_data(fault) for fault in faults]
    db.session.flush()
    return record


def has_file(record: RoomImport) -> bool:
    """Tell whether the file of a dry run is still kept."""
    own = select(RoomImportFile.id).where(RoomImportFile.import_id == record.id)
    return db.session.scalar(own) is not None


def recall_columns(project_id: int) -> Recall:
    """Return what answers for a set of headings what people last said its columns hold.

    The imports themselves are the memory: the last of the project with all these headings counts.
    """

    def recall(keys: frozenset[str]) -> dict[str, str] | None:
        matching = RoomImport.counts["matching"]
        found: dict[str, str] | None = db.session.scalar(
            select(matching)
            .where(
                RoomImport.project_id == project_id,
                matching.has_all(array(sorted(keys), type_=Text)),
            )
            .order_by(RoomImport.id.desc())
            .limit(1)
        )
        return found

    return recall


def list_faults(record: RoomImport) -> list[Fault]:
    """Return the faults of a refused import."""
    return [Fault(**fault) for fault in record.faults]


def write_faults(record: RoomImport, target: BinaryIO) -> None:
    """Write the sheet of faults as .xlsx in the reader's language."""
    write_fault_sheet(PriceList(faults=list_faults(record)), target)


def _kept_file(record: RoomImport) -> ReceivedFile:
    content: bytes | None = db.session.scalar(
        select(RoomImportFile.content).where(RoomImportFile.import_id == record.id)
    )
    if content is None:
        raise NotFound(
            _l("The file of %(number)s is no longer kept. Choose it again.", number=record.number)
        )
    return ReceivedFile(record.file_name, content)


def _keep_file(record: RoomImport, content: bytes) -> None:
    # Whoever keeps a file clears away what others left; no job of its own is needed for it.
    # Imports of all projects, since a file that nobody confirmed belongs to nobody any more.
    beyond = {"whole_group": True}
    stale = RoomImportFile.created_at < clock.now() - KEPT
    checks = select(RoomImportFile.import_id).where(stale)
    lines = delete(RoomImportLine).where(RoomImportLine.room_import_id.in_(checks))
    for left in (lines, delete(RoomImportFile).where(stale)):
        db.session.execute(left, execution_options=beyond)
    db.session.add(
        RoomImportFile(project_id=record.project_id, import_id=record.id, content=content)
    )
    db.session.flush()


def _state(*, dry_run: bool, is_refused: bool) -> RoomImportState:
    if is_refused:
        return RoomImportState.REFUSED
    return RoomImportState.CHECKED if dry_run else RoomImportState.DONE


def _fault_data(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON; its sentences are made again in the reader's language."""
    params = {
        name: value if isinstance(value, int) else str(value)
        for name, value in fault.params.items()
    }
    data: dict[str, Any] = _storable({**asdict(fault), "params": params})
    return data


def _storable(value: Any) -> Any:
    """Return what came out of a file as the database takes it, and a person can look at it.

    What cannot be seen is shown as U+FFFD; a text is cut off where nobody reads on.
    """
    if isinstance(value, str):
        return _UNSEEN.sub("\ufffd", value[:LONGEST_TEXT])
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value

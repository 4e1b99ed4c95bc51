"""Writes device jobs into the caller's transaction; the agents at the counters carry them out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import aliased

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import WrongState
from app.core.states import transition
from app.devices.models import (
    Device,
    DeviceHook,
    DeviceJob,
    DeviceJobState,
    Station,
    StationOperator,
)

#: the code of a job that found no device; such a job is born failed and says so
NO_DEVICE = "no_device"

#: raises a DomainError if a paper of this subject may not be put out any more
Guard = Callable[[int], None]
#: returns what the subjects with these ids are called
Titles = Callable[[Collection[int]], Mapping[int, str]]


@dataclass(frozen=True)
class SubjectType:
    """What the area that owns a kind of subject says of it."""

    guard: Guard | None = None
    titles: Titles | None = None


_subjects: dict[str, SubjectType] = {}


def register_subject(
    subject_type: str, *, guard: Guard | None = None, titles: Titles | None = None
) -> None:
    """Let the area that owns the subjects guard their papers and say what they are called."""
    _subjects[subject_type] = SubjectType(guard, titles)


def check_subject(subject_type: str, subject_id: int) -> None:
    """Raise what the subject's own area says against putting out a paper of it."""
    guard = _subjects.get(subject_type, SubjectType()).guard
    if guard is not None:
        guard(subject_id)


def refuse_outdated(job: DeviceJob) -> None:
    """Raise WrongState for a paper that another has taken the place of (its bill was voided).

    Two printers of one event have the same paper, and a test page has no subject that guards it.
    """
    if _subjects.get(job.subject_type, SubjectType()).guard is None:
        return
    newer = db.session.scalar(
        select(func.max(DeviceJob.id)).where(
            DeviceJob.subject_type == job.subject_type,
            DeviceJob.subject_id == job.subject_id,
            DeviceJob.command == job.command,
            DeviceJob.id > job.id,
            DeviceJob.payload != job.payload,
        )
    )
    if newer is not None:
        raise WrongState(
            _l(
                "Job %(job)s is of a paper that is void; repeat job %(newer)s, which replaced it.",
                job=str(job),
                newer=newer,
            )
        )


def subject_titles(subject_type: str, ids: Collection[int]) -> Mapping[int, str]:
    """Return what the subjects are called, as far as their area says."""
    titles = _subjects.get(subject_type, SubjectType()).titles
    return {} if titles is None else titles(ids)


def enqueue_event(
    event: str,
    *,
    project_id: int,
    subject_type: str,
    subject_id: int,
    payloads: Mapping[str, dict[str, Any]],
    actor: Actor,
) -> list[DeviceJob]:
    """Write one job for each of the project's hooks on ``event`` whose command has a payload.

    A job goes to the hook's device, else to the first device of the hook's kind at the station
    where the actor works. With neither, the job is written all the same: failed, ``no_device``,
    without a device. The jobs are flushed and stand or fall with the caller's transaction.
    """
    jobs = [
        _job(
            found,
            project_id=project_id,
            subject=(subject_type, subject_id),
            payload=payloads[found.command],
            actor=actor,
        )
        for found in _hooks(event, project_id, tuple(payloads), actor)
    ]
    if jobs:
        db.session.add_all(jobs)
        db.session.flush()
    return jobs


def enqueue_command(
    device: Device,
    command: str,
    payload: dict[str, Any],
    *,
    subject_type: str,
    subject_id: int,
    actor: Actor,
) -> DeviceJob:
    """Write one job for this very device, in the caller's transaction (a test page)."""
    job = DeviceJob(
        project_id=device.project_id,
        device_id=device.id,
        kind=device.kind,
        command=command,
        subject_type=subject_type,
        subject_id=subject_id,
        payload=payload,
        created_by_id=_user_id(actor),
    )
    db.session.add(job)
    db.session.flush()
    return job


def cancel_waiting(subject_type: str, subject_id: int, *, actor: Actor) -> list[DeviceJob]:
    """Cancel the subject's jobs of which nothing can have come out yet; return them.

    A job already begun is left to end: paper may be on its way.
    """
    waiting = (
        select(DeviceJob)
        .where(
            DeviceJob.subject_type == subject_type,
            DeviceJob.subject_id == subject_id,
            DeviceJob.state.in_(("queued", "failed", "sent")),
        )
        .order_by(DeviceJob.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    cancelled = [job for job in db.session.scalars(waiting) if cancel(job, actor=actor)]
    db.session.flush()
    return cancelled


def cancel(job: DeviceJob, *, actor: Actor) -> bool:
    """Cancel a locked job; False if the agent has already said that it begins."""
    if job.state == DeviceJobState.SENT:
        if job.started_at is not None:
            return False
        # Its agent asks before the first byte and is then told that the job is not his any more.
        transition(job, DeviceJobState.QUEUED, actor=actor)
    transition(job, DeviceJobState.CANCELLED, actor=actor)
    job.lease = job.leased_until = job.next_attempt_at = None
    return True


def find_device(kind: str, *, project_id: int, actor: Actor) -> int | None:
    """Return the id of the active device of this kind at the actor's station, if there is one."""
    found: int | None = db.session.scalar(select(_at_station(kind, project_id, actor)))
    return found


def _at_station(kind: Any, project_id: int, actor: Actor) -> Any:
    """Return the subquery: the first active device of the kind where the actor works."""
    # An alias: the hook's own device is joined beside it.
    device = aliased(Device)
    return (
        select(func.min(device.id))
        .join(Station, Station.id == device.station_id)
        .join(StationOperator, StationOperator.station_id == Station.id)
        .where(
            StationOperator.user_id == _user_id(actor),
            Station.project_id == project_id,
            Station.is_active,
            device.kind == kind,
            device.is_active,
        )
        .correlate(DeviceHook)
        .scalar_subquery()
    )


def _hooks(
    event: str, project_id: int, commands: Sequence[str], actor: Actor
) -> Sequence[Row[Any]]:
    """Return kind, command and device id for each live hook, in one statement."""
    station = _at_station(DeviceHook.device_kind, project_id, actor)
    # A hook that names a device means that one: when it is switched off, no other takes its place.
    named = and_(Device.id == DeviceHook.device_id, Device.is_active)
    found = (
        select(
            DeviceHook.device_kind,
            DeviceHook.command,
            DeviceHook.device_id.label("named_id"),
            Device.id.label("live_id"),
            station.label("station_id"),
        )
        .outerjoin(Device, named)
        .where(
            DeviceHook.project_id == project_id,
            DeviceHook.event == event,
            DeviceHook.command.in_(commands),
            DeviceHook.is_active,
        )
        .order_by(DeviceHook.id)
    )
    rows: Sequence[Row[Any]] = db.session.execute(found).all()
    return rows


def _job(
    hook: Row[Any],
    *,
    project_id: int,
    subject: tuple[str, int],
    payload: dict[str, Any],
    actor: Actor,
) -> DeviceJob:
    device_id = hook.live_id if hook.named_id is not None else hook.station_id
    return DeviceJob(
        project_id=project_id,
        device_id=device_id,
        kind=hook.device_kind,
        command=hook.command,
        subject_type=subject[0],
        subject_id=subject[1],
        payload=payload,
        state=DeviceJobState.QUEUED if device_id is not None else DeviceJobState.FAILED,
        error_code=None if device_id is not None else NO_DEVICE,
        created_by_id=_user_id(actor),
    )


def _user_id(actor: Actor) -> int | None:
    return actor.id if actor.kind == "user" else None

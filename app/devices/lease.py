"""Hands out jobs to the agents: one at a time per device, in order, under a lease."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased, contains_eager

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.states import transition
from app.devices.capabilities import PRINT_RECEIPT, DeviceState
from app.devices.models import Device, DeviceJob, DeviceJobState, DeviceStatus, Station
from app.devices.notices import tell_paper_out
from app.devices.queries import LEASE_LOST

LEASE_SECONDS = 30
MOST_JOBS = 20
#: seconds between two calls of an agent that found nothing to do
POLL_SECONDS = 0.5
LONGEST_DETAIL = 200


def lease_jobs(station: Station, *, limit: int, actor: Actor) -> list[DeviceJob]:
    """Hand out the station's due jobs: the oldest open one of each free device, at most ``limit``.

    Each comes with a lease of 30 seconds and counts as one attempt more. A job that waits for its
    time holds back the later ones of its device, so that papers come out in order. Leases that ran
    out are taken back first, as ``recover`` says.
    """
    # One lease call per station at a time; every statement after this one sees the one before.
    db.session.execute(
        select(Station.id).where(Station.id == station.id).with_for_update(key_share=True)
    )
    recover(actor=actor, station_id=station.id)
    jobs = list(db.session.scalars(_due_jobs(station.id, min(limit, MOST_JOBS))))
    for job in jobs:
        _lease(job, actor)
    db.session.flush()
    return jobs


def recover(*, actor: Actor, station_id: int | None = None) -> int:
    """Take back the leases that ran out, of one station or of all; return how many.

    A job that was never begun is queued again. One that was begun may be on paper: its outcome is
    unknown, and it is never carried out again by itself.
    """
    lost = (
        select(DeviceJob)
        .where(DeviceJob.state == DeviceJobState.SENT, DeviceJob.leased_until < clock.now())
        .order_by(DeviceJob.id)
        .with_for_update(skip_locked=True, of=DeviceJob)
        .execution_options(populate_existing=True)
    )
    if station_id is not None:
        devices = select(Device.id).where(Device.station_id == station_id)
        lost = lost.where(DeviceJob.device_id.in_(devices))
    jobs = list(db.session.scalars(lost))
    for job in jobs:
        if job.started_at is None:
            transition(job, DeviceJobState.QUEUED, actor=actor)
        else:
            transition(job, DeviceJobState.UNKNOWN, actor=actor)
            job.error_code = LEASE_LOST
            job.error_detail = None
        job.leased_until = None
    db.session.flush()
    return len(jobs)


def start_job(job_id: int, *, station: Station, lease: uuid.UUID, attempt: int) -> DeviceJob:
    """Note that the first byte may leave now. Raises Conflict if the lease is not his any more."""
    job = lock_job(job_id, station=station)
    _require_lease(job, lease, attempt)
    if job.started_at is None:
        job.started_at = clock.now()
        job.state_at = job.started_at
    return _prolong(job)


def renew_lease(job_id: int, *, station: Station, lease: uuid.UUID) -> DeviceJob:
    """Give the agent 30 seconds more. Raises Conflict if the lease is not his any more."""
    job = lock_job(job_id, station=station)
    _require_lease(job, lease, job.attempts)
    return _prolong(job)


def record_heartbeat(
    reports: Iterable[tuple[int, str, str]], *, station: Station, actor: Actor
) -> int:
    """Keep what the agent says of its devices: (device id, state, detail); return how many.

    A device that is ready again after trouble gets its waiting jobs at once. Reports on devices
    of other stations are passed over. Raises Invalid for an unknown state.
    """
    own = set(db.session.scalars(select(Device.id).where(Device.station_id == station.id)))
    kept = {device: (state, detail) for device, state, detail in reports if device in own}
    for state, _detail in kept.values():
        if state not in set(DeviceState):
            raise Invalid(_l("There is no device state named %(name)s.", name=state))
    ready = _now_ready(kept)
    emptied = _now_out_of_paper(kept)
    for device, (state, detail) in sorted(kept.items()):
        _write_status(device, state, detail[:LONGEST_DETAIL] or None)
    if ready:
        db.session.execute(_wake(ready))
    if emptied:
        tell_paper_out(emptied, station=station, actor=actor)
    return len(kept)


def printable(job: DeviceJob) -> dict[str, Any]:
    """Return the job's payload as the agent gets it: a later print is marked, and opens no till."""
    if job.command != PRINT_RECEIPT or not job.reprint:
        return job.payload
    return {**job.payload, "reprint": job.reprint, "open_drawer": False}


def lock_job(job_id: int, *, station: Station) -> DeviceJob:
    """Lock and return a job of the station. Raises NotFound for any other."""
    found: DeviceJob | None = db.session.scalar(
        select(DeviceJob)
        .join(DeviceJob.device)
        .options(contains_eager(DeviceJob.device))
        .where(DeviceJob.id == job_id, Device.station_id == station.id)
        .with_for_update(of=DeviceJob)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_l("This station has no such job."))
    return found


def _due_jobs(station_id: int, limit: int) -> Select[Any]:
    """Return the statement for the first open job of every device, where it is queued and due."""
    earlier = aliased(DeviceJob)
    open_states = (DeviceJobState.QUEUED, DeviceJobState.SENT)
    is_behind = (
        select(earlier.id)
        .where(
            earlier.device_id == DeviceJob.device_id,
            earlier.state.in_(open_states),
            or_(earlier.id < DeviceJob.id, earlier.state == DeviceJobState.SENT),
        )
        .exists()
    )
    return (
        select(DeviceJob)
        .join(DeviceJob.device)
        .options(contains_eager(DeviceJob.device))
        .where(
            Device.station_id == station_id,
            Device.is_active,
            DeviceJob.state == DeviceJobState.QUEUED,
            or_(DeviceJob.next_attempt_at.is_(None), DeviceJob.next_attempt_at <= clock.now()),
            ~is_behind,
        )
        .order_by(DeviceJob.id)
        .limit(limit)
        .with_for_update(of=DeviceJob, skip_locked=True)
        .execution_options(populate_existing=True)
    )


def _lease(job: DeviceJob, actor: Actor) -> None:
    transition(job, DeviceJobState.SENT, actor=actor)
    job.attempts += 1
    job.lease = uuid.uuid4()
    job.leased_until = _lease_end()
    job.started_at = None
    job.next_attempt_at = None


def _require_lease(job: DeviceJob, lease: uuid.UUID, attempt: int) -> None:
    if job.state != DeviceJobState.SENT or job.lease != lease or job.attempts != attempt:
        raise Conflict(
            _l("Job %(job)s is not this agent's any more. Print nothing.", job=str(job)),
            code="lease_lost",
            details={"state": job.state},
        )


def _prolong(job: DeviceJob) -> DeviceJob:
    job.leased_until = _lease_end()
    db.session.flush()
    return job


def _lease_end() -> datetime:
    return clock.now() + timedelta(seconds=LEASE_SECONDS)


def _now_ready(reports: dict[int, tuple[str, str]]) -> list[int]:
    """Return the devices that were in trouble at the last report and are ready in this one."""
    ready = (DeviceState.OK, DeviceState.PAPER_NEAR_END)
    troubled = select(DeviceStatus.device_id).where(
        DeviceStatus.device_id.in_(list(reports)), DeviceStatus.state.not_in(ready)
    )
    return [device for device in db.session.scalars(troubled) if reports[device][0] in ready]


def _now_out_of_paper(reports: dict[int, tuple[str, str]]) -> list[int]:
    """Return the devices that have run out of paper since the last report."""
    out = [device for device, (state, _detail) in reports.items() if state == DeviceState.PAPER_OUT]
    if not out:
        return []
    known = select(DeviceStatus.device_id).where(
        DeviceStatus.device_id.in_(out), DeviceStatus.state == DeviceState.PAPER_OUT
    )
    return sorted(set(out) - set(db.session.scalars(known)))


def _wake(device_ids: list[int]) -> Any:
    return (
        update(DeviceJob)
        .where(
            DeviceJob.device_id.in_(device_ids),
            DeviceJob.state == DeviceJobState.QUEUED,
            DeviceJob.next_attempt_at > clock.now(),
        )
        .values(next_attempt_at=None)
        .execution_options(synchronize_session=False)
    )


def _write_status(device_id: int, state: str, detail: str | None) -> None:
    values = {"state": state, "detail": detail, "seen_at": func.now()}
    db.session.execute(
        insert(DeviceStatus)
        .values(device_id=device_id, **values)
        .on_conflict_do_update(index_elements=["device_id"], set_=values)
    )

"""Maps what an agent reports of an attempt to the job's state; the one place that does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.states import transition
from app.devices.capabilities import Outcome
from app.devices.lease import lock_job
from app.devices.models import DeviceJob, DeviceJobLog, DeviceJobState, Station

#: seconds from the first failed attempt to the second; each further wait doubles up to the longest
FIRST_WAIT = 3
LONGEST_WAIT = 30
_DOUBLINGS = 8

MOST_ENTRIES = 2000
LONGEST_ENTRY = 4000
LONGEST_DETAIL = 400
LONGEST_CODE = 40

#: what a wire log entry holds; the agent has masked numbers before anything left the counter
_ENTRY_PARTS = ("at", "dir", "hex")

#: states in which an attempt may still have something to say
_OPEN = (DeviceJobState.SENT, DeviceJobState.UNKNOWN)


@dataclass(frozen=True)
class AttemptReport:
    """What an agent says of one attempt."""

    attempt: int
    lease: uuid.UUID
    outcome: Outcome
    error_code: str | None = None
    detail: str | None = None
    result: dict[str, Any] = field(default_factory=dict)
    wire_log: list[Any] = field(default_factory=list)


def settle(job_id: int, report: AttemptReport, *, station: Station, actor: Actor) -> DeviceJob:
    """Let the job become what the attempt made of it, and keep the wire log.

    - ``succeeded`` and ``failed`` end it; ``unknown`` leaves it to a person.
    - ``not_started`` queues it again, with the reason and the time of the next attempt.
    - The same report once more changes nothing.
    - After ``unknown`` the same attempt may still say that it succeeded; anything else it says is
      kept in the log and left to a person.

    Raises Conflict for a report under a lease that is not the agent's any more.
    """
    job = lock_job(job_id, station=station)
    known = _log_of(job.id, report.attempt)
    if known is not None and known.outcome == report.outcome:
        return job
    if not _is_current(job, report) or job.state not in _OPEN:
        raise Conflict(
            _l("Job %(job)s is not this agent's any more; its report is not taken.", job=str(job)),
            code="lease_lost",
            details={"state": job.state},
        )
    if job.state == DeviceJobState.SENT:
        _apply(job, report, actor)
    elif report.outcome is Outcome.SUCCEEDED:
        transition(job, DeviceJobState.SUCCEEDED, actor=actor)
        _note(job, report)
    _keep_log(job, report, known)
    db.session.flush()
    return job


def parse_outcome(value: str) -> Outcome:
    """Return the outcome of this name. Raises Invalid."""
    try:
        return Outcome(value)
    except ValueError as error:
        raise Invalid(_l("There is no outcome named %(name)s.", name=value)) from error


def wait_before(attempt: int) -> timedelta:
    """Return how long to wait after an attempt that did not begin: 3, 6, 12, 24, then 30 s."""
    doublings = min(max(attempt - 1, 0), _DOUBLINGS)
    return timedelta(seconds=min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def _is_current(job: DeviceJob, report: AttemptReport) -> bool:
    return job.attempts == report.attempt and job.lease == report.lease


def _apply(job: DeviceJob, report: AttemptReport, actor: Actor) -> None:
    states = {
        Outcome.SUCCEEDED: DeviceJobState.SUCCEEDED,
        Outcome.FAILED: DeviceJobState.FAILED,
        Outcome.UNKNOWN: DeviceJobState.UNKNOWN,
        Outcome.NOT_STARTED: DeviceJobState.QUEUED,
    }
    transition(job, states[report.outcome], actor=actor)
    _note(job, report)
    job.leased_until = None
    if report.outcome is Outcome.NOT_STARTED:
        job.started_at = None
        job.next_attempt_at = clock.now() + wait_before(job.attempts)


def _note(job: DeviceJob, report: AttemptReport) -> None:
    job.result = report.result or None
    is_well = report.outcome is Outcome.SUCCEEDED
    job.error_code = None if is_well else (report.error_code or "driver_fault")[:LONGEST_CODE]
    job.error_detail = None if is_well or not report.detail else report.detail[:LONGEST_DETAIL]


def _log_of(job_id: int, attempt: int) -> DeviceJobLog | None:
    found: DeviceJobLog | None = db.session.scalar(
        select(DeviceJobLog).where(DeviceJobLog.job_id == job_id, DeviceJobLog.attempt == attempt)
    )
    return found


def _keep_log(job: DeviceJob, report: AttemptReport, known: DeviceJobLog | None) -> None:
    entries = [_entry(raw) for raw in report.wire_log[:MOST_ENTRIES] if isinstance(raw, dict)]
    if known is not None:
        known.outcome = report.outcome
        known.entries = [*known.entries, *entries]
        return
    db.session.add(
        DeviceJobLog(
            project_id=job.project_id,
            job_id=job.id,
            attempt=report.attempt,
            outcome=report.outcome,
            entries=entries,
        )
    )


def _entry(raw: dict[str, Any]) -> dict[str, str]:
    return {part: str(raw.get(part, ""))[:LONGEST_ENTRY] for part in _ENTRY_PARTS}

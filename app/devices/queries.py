"""Reads stations, devices and jobs, and says in a sentence why a job stands where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.devices import catalogue
from app.devices.capabilities import ERRORS, KINDS, DeviceState
from app.devices.models import (
    Device,
    DeviceJob,
    DeviceJobLog,
    DeviceJobState,
    DeviceStatus,
    Station,
)
from app.devices.outbox import NO_DEVICE
from app.devices.policies import can_cancel, can_mark, can_retry, own_jobs_only

Row = TypeVar("Row")

#: jobs of one subject that are shown
MOST_JOBS = 50

#: an agent that has said nothing for so long is taken for gone
SILENT_AFTER = timedelta(seconds=60)

#: codes that the server itself gives, beside those of the drivers
LEASE_LOST = "agent_restarted"

DEVICE_STATES = {
    DeviceState.OK: _l("Ready"),
    DeviceState.PAPER_NEAR_END: _l("Paper near its end"),
    DeviceState.PAPER_OUT: _l("Out of paper"),
    DeviceState.COVER_OPEN: _l("Cover open"),
    DeviceState.OFFLINE: _l("Offline"),
    DeviceState.UNREACHABLE: _l("Not reachable"),
}
#: shown for a device whose agent has not been heard of lately
SILENT = "silent"


def hash_token(token: str) -> str:
    """Return what the database keeps of a station's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_station_by_token(token: str) -> Station | None:
    """Return the active station with this token; whoever asks is not known before."""
    # whole_group: the token itself says which station calls; there is no actor yet.
    found: Station | None = db.session.scalar(
        select(Station)
        .where(Station.token_hash == hash_token(token), Station.is_active)
        .execution_options(whole_group=True)
    )
    return found


def get_station(station_id: int) -> Station:
    """Return the station. Raises NotFound outside scope."""
    found: Station | None = db.session.scalar(select(Station).where(Station.id == station_id))
    return _there(found, _l("There is no such station within your scope."))


def get_device(device_id: int) -> Device:
    """Return the device with its station. Raises NotFound outside scope."""
    found: Device | None = db.session.scalar(
        select(Device).options(joinedload(Device.station)).where(Device.id == device_id)
    )
    return _there(found, _l("There is no such device within your scope."))


def list_devices(station_id: int) -> list[Device]:
    """Return the active devices of a station, by id."""
    found = select(Device).where(Device.station_id == station_id, Device.is_active)
    return list(db.session.scalars(found.order_by(Device.id)))


def devices_by_station(station_ids: Iterable[int]) -> dict[int, list[Device]]:
    """Return the active devices of each of these stations, by id."""
    found: dict[int, list[Device]] = {station_id: [] for station_id in station_ids}
    devices = select(Device).where(Device.station_id.in_(list(found)), Device.is_active)
    for device in db.session.scalars(devices.order_by(Device.id)):
        found[device.station_id].append(device)
    return found


def known_statuses(device_ids: Iterable[int]) -> dict[int, DeviceStatus]:
    """Return what the agents last said, by device id; nothing for a device never heard of."""
    found = select(DeviceStatus).where(DeviceStatus.device_id.in_(list(device_ids)))
    return {status.device_id: status for status in db.session.scalars(found)}


def light(status: DeviceStatus | None, *, now: datetime | None = None) -> str:
    """Return the state that the status light shows; ``silent`` when the agent is not heard."""
    moment = now or clock.now()
    if status is None or moment - status.seen_at > SILENT_AFTER:
        return SILENT
    return status.state


def light_title(state: str) -> Any:
    """Return the word for a light."""
    titles: dict[str, Any] = {str(code): title for code, title in DEVICE_STATES.items()}
    return titles.get(state, _l("The station's agent is not heard"))


def select_jobs(actor: Actor) -> Select[Any]:
    """Return the jobs that the actor may see, with their devices."""
    found = select(DeviceJob).options(joinedload(DeviceJob.device))
    own = own_jobs_only(actor)
    return found if own is None else found.where(own)


def get_job(job_id: int, *, actor: Actor) -> DeviceJob:
    """Return the job. Raises NotFound if the actor may not see it."""
    found: DeviceJob | None = db.session.scalar(select_jobs(actor).where(DeviceJob.id == job_id))
    return _there(found, _l("There is no such device job within your scope."))


def list_jobs(subject_type: str, subject_id: int, *, actor: Actor) -> list[DeviceJob]:
    """Return the subject's newest jobs that the actor may see, at most 50, oldest first."""
    found = select_jobs(actor).where(
        DeviceJob.subject_type == subject_type, DeviceJob.subject_id == subject_id
    )
    newest = db.session.scalars(found.order_by(DeviceJob.id.desc()).limit(MOST_JOBS))
    return list(newest)[::-1]


def count_troubled() -> int:
    """Return how many jobs within scope wait for a person, counted up to 100."""
    some = select(DeviceJob.id).where(DeviceJob.state.in_(("failed", "unknown"))).limit(100)
    return int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)


def list_logs(job_id: int) -> list[DeviceJobLog]:
    """Return the wire log of a job, one entry per attempt."""
    found = select(DeviceJobLog).where(DeviceJobLog.job_id == job_id)
    return list(db.session.scalars(found.order_by(DeviceJobLog.attempt)))


def explain(job: DeviceJob) -> Any | None:
    """Return the sentence that says why the job waits or failed and what to do; None if nothing."""
    if job.error_code is None:
        return None
    if job.error_code == NO_DEVICE:
        return _l(
            "There is no %(kind)s at your station. Ask the administrator to put you to a station"
            " that has one, then retry the job.",
            kind=kind_title(job.kind),
        )
    name = job.device.name if job.device is not None else _l("the device")
    if job.error_code not in ERRORS:
        # An agent newer than this server may know more; its word is better than none.
        return _l("%(device)s reports: %(code)s.", device=name, code=job.error_code)
    return catalogue.error_text(job.error_code, device=name)


def describe_job(job: DeviceJob, *, actor: Actor) -> dict[str, Any]:
    """Return a job as REST carries it: sentence in the reader's language, what he may do now."""
    sentence = explain(job)
    device = job.device
    steps = {"retry": can_retry, "mark": can_mark, "cancel": can_cancel}
    return {
        "id": job.id,
        "state": job.state,
        "state_title": str(DeviceJobState(job.state).title),
        "actions": [name for name, may in steps.items() if may(job, actor)],
        "kind": job.kind,
        "command": job.command,
        "device": None if device is None else {"id": device.id, "name": device.name},
        "subject": {"type": job.subject_type, "id": job.subject_id},
        "attempts": job.attempts,
        "reprint": job.reprint,
        "error": job.error_code,
        "message": None if sentence is None else str(sentence),
        "next_attempt_at": _iso(job.next_attempt_at),
        "created_at": _iso(job.created_at),
        "state_at": _iso(job.state_at),
    }


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def kind_title(kind: str) -> Any:
    """Return the word for a kind of device."""
    return catalogue.text(KINDS[kind]) if kind in KINDS else kind


def _there(row: Row | None, sentence: Any) -> Row:
    if row is None:
        raise NotFound(sentence)
    return row

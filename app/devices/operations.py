"""The verbs of stations, devices and hooks, and what a person may do with a job."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.admin.models import AppUser
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, WrongState
from app.core.states import transition
from app.devices import catalogue, outbox
from app.devices.capabilities import PRINT_RECEIPT, DeviceError
from app.devices.models import (
    Device,
    DeviceHook,
    DeviceJob,
    DeviceJobState,
    Station,
    StationOperator,
)
from app.devices.policies import DEVICE, HOOK, JOB, OPERATOR, STATION
from app.devices.queries import get_device, get_station, hash_token, select_jobs

TOKEN_BYTES = 32

#: on what hooks may hang: code → title
EVENTS: Mapping[str, Any] = {
    "receipt_confirmed": _l("Receipt confirmed"),
    "receipt_reversed": _l("Receipt reversed"),
}
COMMANDS: Mapping[str, Any] = {PRINT_RECEIPT: _l("Print a receipt")}


# --- jobs -----------------------------------------------------------------------------------


def retry_job(job_id: int, *, reason: str, actor: Actor) -> DeviceJob:
    """Have the job carried out again; return the job that will be (a new one after a success).

    Whatever may already have left a paper is printed with 补打 on it. A job that found no device
    looks for one at the actor's station. Raises WrongState while the job is under way, Invalid
    without a device, and what the subject's area says against it.
    """
    actor.require(f"{JOB}:retry")
    job = _lock(job_id, actor)
    outbox.check_subject(job.subject_type, job.subject_id)
    outbox.refuse_outdated(job)
    again = _copy(job, actor) if job.state == DeviceJobState.SUCCEEDED else _requeue(job, actor)
    if again.device_id is None:
        again.device_id = _device_for(again, actor)
    db.session.flush()
    _record("device_job_retry", again, reason)
    return again


def cancel_job(job_id: int, *, reason: str, actor: Actor) -> DeviceJob:
    """Stop a job that has not begun. Raises WrongState for one that has, or has ended."""
    actor.require(f"{JOB}:cancel")
    job = _lock(job_id, actor)
    if not outbox.cancel(job, actor=actor):
        raise WrongState(
            _l("Job %(job)s is being carried out just now. Wait for its end.", job=str(job))
        )
    db.session.flush()
    _record("device_job_cancel", job, reason)
    return job


def mark_job(job_id: int, *, reason: str, actor: Actor) -> DeviceJob:
    """Note that a person saw the whole paper of a job whose outcome was unknown."""
    actor.require(f"{JOB}:mark")
    job = _lock(job_id, actor)
    if job.state != DeviceJobState.UNKNOWN:
        raise WrongState(
            _l("Only a job whose outcome is unknown can be marked; %(job)s is not.", job=str(job))
        )
    transition(job, DeviceJobState.SUCCEEDED, actor=actor)
    job.lease = job.leased_until = None
    db.session.flush()
    _record("device_job_mark", job, reason)
    return job


def print_test_page(device_id: int, *, actor: Actor) -> DeviceJob:
    """Queue a test page for the device. Raises WrongState if it is switched off."""
    actor.require(f"{DEVICE}:test")
    device = get_device(device_id)
    if not device.is_active or not device.station.is_active:
        raise WrongState(_l("%(device)s is switched off. Switch it on first.", device=device.name))
    # On paper, therefore Chinese whatever language the clerk reads.
    lines = [
        {"text": "测试打印", "align": "center", "bold": True},
        {"rule": True},
        {"left": "工位", "right": device.station.name},
        {"left": "设备", "right": device.name},
        {"left": "驱动", "right": device.driver},
        {"left": "时间", "right": clock.local(clock.now()).strftime("%Y-%m-%d %H:%M:%S")},
        {"left": "操作员", "right": actor.name},
        {"rule": True},
        {"text": "金额 ￥1,234.56  壹仟贰佰叁拾肆元伍角陆分"},
    ]
    return outbox.enqueue_command(
        device,
        PRINT_RECEIPT,
        {"title": "测试页", "lines": lines},
        subject_type="device",
        subject_id=device.id,
        actor=actor,
    )


def _lock(job_id: int, actor: Actor) -> DeviceJob:
    found: DeviceJob | None = db.session.scalar(
        select_jobs(actor)
        .where(DeviceJob.id == job_id)
        .with_for_update(of=DeviceJob)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_l("There is no such device job within your scope."))
    return found


def _requeue(job: DeviceJob, actor: Actor) -> DeviceJob:
    if job.state not in (DeviceJobState.FAILED, DeviceJobState.UNKNOWN):
        raise WrongState(
            _l(
                "Job %(job)s is %(state)s; only one that has ended can be repeated.",
                job=str(job),
                state=DeviceJobState(job.state).title,
            )
        )
    # Failed before the first byte leaves no paper: its next print is the first one.
    may_be_on_paper = job.state == DeviceJobState.UNKNOWN or job.started_at is not None
    transition(job, DeviceJobState.QUEUED, actor=actor)
    job.reprint += int(may_be_on_paper)
    # The old lease dies here: a late report of it is not taken any more.
    job.lease = job.leased_until = job.started_at = job.next_attempt_at = None
    job.error_code = job.error_detail = None
    return job


def _copy(job: DeviceJob, actor: Actor) -> DeviceJob:
    again = DeviceJob(
        project_id=job.project_id,
        device_id=job.device_id,
        kind=job.kind,
        command=job.command,
        subject_type=job.subject_type,
        subject_id=job.subject_id,
        payload=job.payload,
        reprint=_last_reprint(job) + 1,
        created_by_id=actor.id,
    )
    db.session.add(again)
    return again


def _last_reprint(job: DeviceJob) -> int:
    """Return the highest number on any paper of this order, so that no two bear the same."""
    numbers = select(DeviceJob.reprint).where(
        DeviceJob.subject_type == job.subject_type,
        DeviceJob.subject_id == job.subject_id,
        DeviceJob.command == job.command,
    )
    return int(max(db.session.scalars(numbers)))


def _device_for(job: DeviceJob, actor: Actor) -> int:
    found = outbox.find_device(job.kind, project_id=job.project_id, actor=actor)
    if found is None:
        raise Invalid(
            _l(
                "There is no such device at your station. Ask the administrator to put you to a"
                " station that has one."
            ),
            code=outbox.NO_DEVICE,
        )
    return found


def _record(action: str, job: DeviceJob, reason: str) -> None:
    # Jobs are too hot for the audit triggers; what a person does with one is written down here.
    note = {"reason": reason, "state": job.state, "reprint": job.reprint}
    audit.record(action, table_name="devices_job", row_id=job.id, note=note)


# --- stations -------------------------------------------------------------------------------


def create_station(*, project_id: int, name: str, actor: Actor) -> tuple[Station, str]:
    """Add a station; return it with its token, which is shown once and kept only as a hash."""
    actor.require(f"{STATION}:add")
    _require_reach(project_id, actor)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    station = Station(project_id=project_id, name=name.strip(), token_hash=hash_token(token))
    _add(station, _l("There is a station named %(name)s already.", name=name))
    return station, token


def edit_station(station: Station, *, name: str, is_active: bool, actor: Actor) -> Station:
    """Rename a station or switch it on or off; an inactive one's agent is not let in."""
    actor.require(f"{STATION}:edit")
    station.name = name.strip()
    station.is_active = is_active
    _flush(_l("There is a station named %(name)s already.", name=name))
    return station


def renew_station_token(station: Station, *, actor: Actor) -> str:
    """Give the station a new token and return it; the old one ends at once."""
    actor.require(f"{STATION}:renew_token")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    station.token_hash = hash_token(token)
    db.session.flush()
    return token


def add_operator(*, station_id: int, user_id: int, actor: Actor) -> StationOperator:
    """Put a person to a station: the papers of what he does come out there."""
    actor.require(f"{OPERATOR}:add")
    station = get_station(station_id)
    if db.session.get(AppUser, user_id) is None:
        raise NotFound(_l("There is no such user."))
    operator = StationOperator(
        project_id=station.project_id, station_id=station.id, user_id=user_id
    )
    _add(operator, _l("He works at %(station)s already.", station=station.name))
    return operator


def remove_operator(operator: StationOperator, *, actor: Actor) -> None:
    """Take a person from a station."""
    actor.require(f"{OPERATOR}:delete")
    db.session.delete(operator)
    db.session.flush()


# --- devices and hooks ----------------------------------------------------------------------


def create_device(
    *,
    station_id: int,
    name: str,
    driver: str,
    url: str,
    settings: Mapping[str, object] | None = None,
    actor: Actor,
) -> Device:
    """Add a device to a station; its kind is its driver's. Raises Invalid for bad settings."""
    actor.require(f"{DEVICE}:add")
    station = get_station(station_id)
    kind, checked = _check_driver(driver, settings or {})
    device = Device(
        project_id=station.project_id,
        station_id=station.id,
        name=name.strip(),
        kind=kind,
        driver=driver,
        url=url.strip(),
        settings=checked,
    )
    _add(device, _l("%(station)s has a device of this name already.", station=station.name))
    return device


def edit_device(
    device: Device,
    *,
    name: str,
    driver: str,
    url: str,
    settings: Mapping[str, object],
    is_active: bool,
    actor: Actor,
) -> Device:
    """Change a device; its agent takes the new settings after the jobs that it holds."""
    actor.require(f"{DEVICE}:edit")
    device.kind, device.settings = _check_driver(driver, settings)
    device.name, device.driver, device.url = name.strip(), driver, url.strip()
    device.is_active = is_active
    _flush(_l("The station has a device of this name already."))
    return device


def create_hook(
    *,
    project_id: int,
    event: str,
    device_kind: str,
    command: str,
    device_id: int | None = None,
    actor: Actor,
) -> DeviceHook:
    """Let an event send a command to a device, or to the one of its kind at the user's station."""
    actor.require(f"{HOOK}:add")
    _require_reach(project_id, actor)
    hook = DeviceHook(
        project_id=project_id,
        **_check_hook(project_id, event, device_kind, command, device_id),
    )
    _add(hook, _l("There is such a hook already."))
    return hook


def edit_hook(
    hook: DeviceHook,
    *,
    event: str,
    device_kind: str,
    command: str,
    device_id: int | None,
    is_active: bool,
    actor: Actor,
) -> DeviceHook:
    """Change a hook or switch it on or off."""
    actor.require(f"{HOOK}:edit")
    checked = _check_hook(hook.project_id, event, device_kind, command, device_id)
    for column, value in checked.items():
        setattr(hook, column, value)
    hook.is_active = is_active
    _flush(_l("There is such a hook already."))
    return hook


def delete_hook(hook: DeviceHook, *, actor: Actor) -> None:
    """Take a hook away; jobs already written stay."""
    actor.require(f"{HOOK}:delete")
    db.session.delete(hook)
    db.session.flush()


def _check_driver(driver: str, settings: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    if driver not in catalogue.driver_specs():
        raise Invalid(
            _l("There is no driver named %(name)s.", name=driver),
            fields={"driver": _l("Choose a driver.")},
        )
    try:
        return catalogue.driver(driver).kind, catalogue.check_settings(driver, settings)
    except DeviceError as error:
        name, _colon, _rest = error.detail.partition(":")
        sentence = _l("The setting %(name)s does not fit this driver.", name=name)
        raise Invalid(sentence, fields={name: sentence}) from error


def _check_hook(
    project_id: int, event: str, device_kind: str, command: str, device_id: int | None
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if event not in EVENTS:
        fields["event"] = _l("Choose an event.")
    if device_kind not in catalogue.kinds():
        fields["device_kind"] = _l("Choose a kind of device.")
    if command not in COMMANDS:
        fields["command"] = _l("Choose what is to be done.")
    if fields:
        raise Invalid(_l("Something in the form is wrong."), fields=fields)
    if device_id is not None:
        device = get_device(device_id)
        if device.project_id != project_id or device.kind != device_kind:
            sentence = _l("%(device)s is not of this project or kind.", device=device.name)
            raise Invalid(sentence, fields={"device_id": sentence})
    return {
        "event": event,
        "device_kind": device_kind,
        "command": command,
        "device_id": device_id,
    }


def _require_reach(project_id: int, actor: Actor) -> None:
    if not actor.reaches(project_id):
        raise NotFound(_l("There is no such project within your scope."))


def _add(record: Any, sentence: Any) -> None:
    db.session.add(record)
    _flush(sentence)


def _flush(sentence: Any) -> None:
    """Flush; a row that is there already is a Conflict in the area's own words."""
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Conflict(sentence) from error

"""Who may see device jobs, repeat them, and set up stations, devices and hooks."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.permissions import Permission, declare_permissions
from app.devices.models import DeviceJob

STATION = "devices.station"
OPERATOR = "devices.station_operator"
DEVICE = "devices.device"
HOOK = "devices.hook"
JOB = "devices.job"

#: who looks after the counters, and who works at them
ADMINISTRATOR = "U"
COUNTER = "HAFUO"
CASHIERS = "HAFU"

declare_permissions(
    Permission(f"{STATION}:see", _l("See stations"), ADMINISTRATOR),
    Permission(f"{STATION}:add", _l("Add stations"), ADMINISTRATOR),
    Permission(f"{STATION}:edit", _l("Change stations"), ADMINISTRATOR),
    Permission(f"{STATION}:renew_token", _l("Give a station a new token"), ADMINISTRATOR),
    Permission(f"{OPERATOR}:see", _l("See who works at which station"), ADMINISTRATOR),
    Permission(f"{OPERATOR}:add", _l("Put people to stations"), ADMINISTRATOR),
    Permission(f"{OPERATOR}:delete", _l("Take people from stations"), ADMINISTRATOR),
    Permission(f"{DEVICE}:see", _l("See devices and their state"), COUNTER),
    Permission(f"{DEVICE}:add", _l("Add devices"), ADMINISTRATOR),
    Permission(f"{DEVICE}:edit", _l("Change devices"), ADMINISTRATOR),
    Permission(f"{DEVICE}:test", _l("Print a test page"), CASHIERS),
    Permission(f"{HOOK}:see", _l("See device hooks"), ADMINISTRATOR),
    Permission(f"{HOOK}:add", _l("Add device hooks"), ADMINISTRATOR),
    Permission(f"{HOOK}:edit", _l("Change device hooks"), ADMINISTRATOR),
    Permission(f"{HOOK}:delete", _l("Delete device hooks"), ADMINISTRATOR),
    Permission(f"{JOB}:see", _l("See device jobs"), COUNTER),
    Permission(f"{JOB}:see_log", _l("See the bytes that went to a device"), ADMINISTRATOR),
    Permission(f"{JOB}:retry", _l("Repeat device jobs"), CASHIERS),
    Permission(f"{JOB}:cancel", _l("Cancel device jobs"), CASHIERS),
    Permission(f"{JOB}:mark", _l("Say what a device has put out"), CASHIERS),
)


def own_jobs_only(actor: Actor) -> Any | None:
    """Return the predicate for one who sees only what he himself set going; None for the rest."""
    return None if actor.may(f"{JOB}:see") else DeviceJob.created_by_id == actor.id


def can_retry(job: DeviceJob, actor: Actor) -> bool:
    """Tell whether the actor may have the job carried out again now."""
    return actor.may(f"{JOB}:retry") and job.state in ("failed", "unknown", "succeeded")


def can_cancel(job: DeviceJob, actor: Actor) -> bool:
    """Tell whether the job can still be stopped, by this actor."""
    return actor.may(f"{JOB}:cancel") and (
        job.state in ("queued", "failed", "unknown")
        or (job.state == "sent" and job.started_at is None)
    )


def can_mark(job: DeviceJob, actor: Actor) -> bool:
    """Tell whether the actor may say that an unknown job was carried out."""
    return actor.may(f"{JOB}:mark") and job.state == "unknown"

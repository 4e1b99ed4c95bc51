"""Tiles of devices: what did not come out, and how the counters are."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.actor import Actor
from app.core.db import db
from app.devices import queries
from app.devices.models import Device, DeviceJob, DeviceJobState, StationOperator
from app.devices.policies import DEVICE, JOB
from app.web.formats import moment_text, state_chip
from app.web.tiles import MOST_ROWS, Row, Rows, Tile


def trouble(actor: Actor) -> Rows:
    """Return jobs that wait for a person, of the actor's stations if he works at one."""
    mine = select(StationOperator.station_id).where(StationOperator.user_id == actor.id)
    stations = list(db.session.scalars(mine))
    found = queries.select_jobs(actor).where(DeviceJob.state.in_(("failed", "unknown")))
    if stations:
        at_mine = select(Device.id).where(Device.station_id.in_(stations))
        found = found.where(DeviceJob.device_id.is_(None) | DeviceJob.device_id.in_(at_mine))
    jobs = db.session.scalars(found.order_by(DeviceJob.id.desc()).limit(MOST_ROWS))
    return Rows(
        [
            Row(
                job.device.name if job.device else queries.kind_title(job.kind),
                url=f"/device-jobs/show/{job.id}",
                detail=queries.explain(job) or "",
                chip=state_chip(DeviceJobState(job.state)),
                aside=moment_text(job.created_at),
            )
            for job in jobs
        ],
        empty=_l("Everything came out."),
    )


def lights(actor: Actor) -> Rows:
    """Return the devices that are not ready, the silent ones too."""
    del actor  # devices are read within his scope
    found = select(Device).where(Device.is_active).options(joinedload(Device.station)).limit(200)
    devices = list(db.session.scalars(found))
    known = queries.known_statuses(device.id for device in devices)
    states = {device.id: queries.light(known.get(device.id)) for device in devices}
    troubled = [device for device in devices if states[device.id] not in ("ok", "paper_near_end")]
    return Rows(
        [
            Row(
                device.name,
                url=f"/devices/show/{device.id}",
                detail=device.station.name,
                chip=state_chip("trouble", queries.light_title(states[device.id]), "bad"),
            )
            for device in troubled[:MOST_ROWS]
        ],
        empty=_l("All devices are ready."),
        count=len(troubled),
    )


TILES = [
    Tile(
        "device_trouble",
        _l("Did not come out"),
        f"{JOB}:see",
        trouble,
        order=18,
        roles="HAU",
        icon="print",
        url="/device-jobs/list/",
    ),
    Tile(
        "device_lights",
        _l("Devices not ready"),
        f"{DEVICE}:see",
        lights,
        order=19,
        roles="HU",
        icon="device",
        url="/devices/list/",
    ),
]

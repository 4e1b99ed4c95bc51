"""Factories: stations, devices, hooks and jobs."""

from __future__ import annotations

import itertools
from typing import Any

from app.core.db import db
from app.devices.models import Device, DeviceHook, DeviceJob, Station, StationOperator
from app.devices.queries import hash_token

_numbers = itertools.count(1)


def make_station(project: Any, *, operators: tuple[Any, ...] = (), **values: Any) -> Station:
    """A station; its token is ``token-of-<name>``."""
    name = values.pop("name", f"工位{next(_numbers)}")
    station = Station(
        project_id=project.id, name=name, token_hash=hash_token(f"token-of-{name}"), **values
    )
    db.session.add(station)
    db.session.flush()
    for operator in operators:
        db.session.add(
            StationOperator(project_id=project.id, station_id=station.id, user_id=operator.id)
        )
    db.session.flush()
    return station


def make_device(station: Station, **values: Any) -> Device:
    values = {
        "name": f"小票机{next(_numbers)}",
        "kind": "receipt_printer",
        "driver": "escpos_generic",
        "url": "/dev/null",
        "settings": {},
        **values,
    }
    device = Device(project_id=station.project_id, station_id=station.id, **values)
    db.session.add(device)
    db.session.flush()
    return device


def make_hook(project: Any, *, event: str = "receipt_confirmed", **values: Any) -> DeviceHook:
    values = {"device_kind": "receipt_printer", "command": "print_receipt", **values}
    hook = DeviceHook(project_id=project.id, event=event, **values)
    db.session.add(hook)
    db.session.flush()
    return hook


def make_job(device: Device, **values: Any) -> DeviceJob:
    values = {
        "kind": device.kind,
        "command": "print_receipt",
        "subject_type": "device",
        "subject_id": device.id,
        "payload": {"title": "收据", "lines": [{"text": "一"}]},
        **values,
    }
    job = DeviceJob(project_id=device.project_id, device_id=device.id, **values)
    db.session.add(job)
    db.session.flush()
    return job


def bearer_of(station: Station) -> dict[str, str]:
    return {"Authorization": f"Bearer token-of-{station.name}"}

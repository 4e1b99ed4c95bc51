"""What counters are told: a device of theirs has run out of paper."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.devices.models import Device, Station, StationOperator
from app.notices.kinds import NoticeKind, declare_notices
from app.notices.operations import News, tell_each

declare_notices(
    NoticeKind(
        "paper_out",
        _l("Out of paper"),
        _l("%(device)s at %(station)s is out of paper. Put in a new roll; it prints by itself."),
        icon="print",
        tone="bad",
        when=_l("A device at your station has run out of paper."),
    ),
)


def tell_paper_out(device_ids: Collection[int], *, station: Station, actor: Actor) -> None:
    """Tell everybody who works at the station of devices that have just run out of paper."""
    people = list(
        db.session.scalars(
            select(StationOperator.user_id).where(StationOperator.station_id == station.id)
        )
    )
    devices = db.session.execute(select(Device.id, Device.name).where(Device.id.in_(device_ids)))
    tell_each(
        [(_news(device.name, station), user_id) for device in devices for user_id in people],
        actor=actor,
    )


def _news(name: str, station: Station) -> News:
    words = {"device": name, "station": station.name}
    return News("paper_out", "/device-jobs/list/", words, project_id=station.project_id)

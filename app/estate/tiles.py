"""Tiles of housing: the rooms of the project by how they stand."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core.actor import Actor
from app.core.db import db
from app.estate.models import Room, RoomStatus
from app.estate.policies import ROOM
from app.web.formats import ROOM_MARKS
from app.web.projects import current_project_id
from app.web.tiles import Bar, Bars, Tile


def rooms(actor: Actor) -> Bars:
    """Return how many rooms of the project stand how, in the order of their way."""
    del actor  # rooms are read within his scope
    found = (
        select(Room.status, func.count())
        .where(Room.project_id == current_project_id(), Room.status != RoomStatus.MERGED.value)
        .group_by(Room.status)
    )
    rows = {row[0]: row for row in db.session.execute(found)}
    return Bars(
        [
            Bar(
                f"{ROOM_MARKS[status.value]} {status.title}",
                rows[status.value][1],
                _("%(n)s rooms", n=f"{rows[status.value][1]:,}"),
                url=f"/rooms/list/?status={status.value}",
                tone=f"st-{status.value}",
            )
            for status in RoomStatus
            if status.value in rows
        ],
        empty=_l("This project has no rooms yet."),
        are_parts=True,
    )


TILES = [
    Tile(
        "rooms",
        _l("Rooms of the project"),
        f"{ROOM}:see",
        rooms,
        order=38,
        roles="CKSMDOLPVB",
        icon="room",
        url="/grid/",
    ),
]

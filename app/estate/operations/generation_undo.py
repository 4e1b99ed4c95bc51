"""Takes a generation of rooms back, as long as nothing has happened to its rooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.db import Base, db
from app.core.errors import Conflict
from app.core.states import transition
from app.estate import policies
from app.estate.models import (
    Building,
    Entrance,
    HouseType,
    Room,
    RoomGeneration,
    RoomGenerationState,
    RoomStatus,
)
from app.estate.operations.records import FOREIGN
from app.estate.queries import list_rooms
from app.estate.signals import find_obstacles

#: rooms that are named when something stands in the way
NAMED = 5
#: what a generation made besides rooms, in the order in which it goes
MADE_BESIDES: tuple[tuple[str, type[Base]], ...] = (
    ("entrances", Entrance),
    ("buildings", Building),
    ("house_types", HouseType),
)


def undo_generation(generation: RoomGeneration, *, actor: Actor) -> RoomGeneration:
    """Remove the rooms of a generation, and what it made besides that nothing else uses.

    Raises Conflict naming the rooms that something has happened to, WrongState if it was taken
    back before, NotAllowed, NotFound outside scope. All or nothing.
    """
    policies.require_room_change(actor, generation.project_id, "generate")
    locked: RoomGeneration = db.session.scalars(
        select(RoomGeneration)
        .where(RoomGeneration.id == generation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    transition(locked, RoomGenerationState.UNDONE, actor=actor)
    # Locked against new rows that would point to them, too.
    rooms = db.session.execute(
        select(Room.id, Room.version, Room.status)
        .where(Room.generation_id == locked.id)
        .order_by(Room.id)
        .with_for_update(of=Room)
    ).all()
    _require_untouched(locked, rooms)
    _remove(delete(Room).where(Room.generation_id == locked.id))
    for kind, model in MADE_BESIDES:
        for row_id in reversed(locked.made.get(kind, [])):
            _remove_unused(model, row_id)
    db.session.flush()
    db.session.expire_all()
    return locked


def _require_untouched(generation: RoomGeneration, rooms: Sequence[Any]) -> None:
    # Every change of a room raises its version: an edit, a release, a hold, a price.
    touched = {row.id: _changed(row) for row in rooms if row.version > 1}
    for obstacle in find_obstacles([row.id for row in rooms], keeps_rows=False):
        touched[obstacle.room_id] = obstacle.because
    gone = generation.rooms - len(rooms)
    if not touched and not gone:
        return
    first = list_rooms(sorted(touched)[:NAMED])
    named = [f"{room.title} {touched[room.id]}" for room in first]
    if gone:
        named.append(str(_l("%(count)d rooms have been deleted since", count=gone)))
    raise Conflict(
        _l(
            "%(number)s cannot be taken back, something has happened to %(count)d of its rooms:"
            " %(rooms)s. Change or delete single rooms instead.",
            number=generation.number,
            count=len(touched) + gone,
            rooms="；".join(named),
        ),
        code="in_use",
        details={"room_ids": sorted(touched)},
    )


def _changed(row: Any) -> Any:
    if row.status == RoomStatus.UNRELEASED.value:
        return _l("was changed since")
    return _l("is %(state)s", state=RoomStatus(row.status).title)


def _remove(statement: Any) -> None:
    try:
        with db.session.begin_nested():
            db.session.execute(statement.execution_options(synchronize_session=False))
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) != FOREIGN:
            raise
        raise Conflict(
            _l("Other records use these rooms by now. Change or delete single rooms instead."),
            code="in_use",
        ) from error


def _remove_unused(model: type[Base], row_id: int) -> None:
    """Remove a row unless something else has come to use it."""
    try:
        with db.session.begin_nested():
            db.session.execute(delete(model).where(model.id == row_id))
    except IntegrityError as error:
        # It is wanted elsewhere by now and stays.
        if getattr(error.orig, "pgcode", None) != FOREIGN:
            raise

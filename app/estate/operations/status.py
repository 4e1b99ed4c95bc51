"""Moves rooms between their states: one conditional statement per step, never read-then-write."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm.util import identity_key

from app.core.actor import Actor
from app.core.db import db
from app.core.scope import scope_parameters
from app.core.sql import Sql
from app.estate.models import Room, RoomStatus


@dataclass(frozen=True, slots=True)
class TakenRoom:
    """A room whose status was just changed, as the changing statement returned it."""

    id: int
    project_id: int
    building_id: int
    entrance_id: int | None
    number: str
    status: str
    version: int
    gross_area: Decimal
    inside_area: Decimal | None
    building_name: str
    entrance_name: str | None

    @property
    def title(self) -> str:
        """Return how people name the room: ``3栋-1单元-2602``."""
        parts = (self.building_name, self.entrance_name or "", self.number)
        return "-".join(part for part in parts if part)


_RETURNING = """
RETURNING r.id, r.project_id, r.building_id, r.entrance_id, r.number, r.status, r.version,
          r.gross_area, r.inside_area,
          (SELECT b.name FROM estate_building b WHERE b.id = r.building_id) AS building_name,
          (SELECT e.name FROM estate_entrance e WHERE e.id = r.entrance_id) AS entrance_name
"""

# Two people who press at once: the second waits for the first's row lock, then the condition on
# the status is checked again against the row as the first left it, and finds nothing.
_MOVE_ONE = Sql(
    "UPDATE estate_room r SET status = :to"
    " WHERE r.id = :room_id AND r.status = ANY(:frm)"
    " AND (:scope_all OR r.project_id = ANY(CAST(:scope_projects AS bigint[])))" + _RETURNING
)

# Rows are locked in the order of their ids, so that two bulk steps never wait for each other.
_MOVE_MANY = text(
    "WITH locked AS (SELECT id FROM estate_room"
    " WHERE id = ANY(CAST(:room_ids AS bigint[])) AND status = ANY(:frm)"
    " AND (:scope_all OR project_id = ANY(CAST(:scope_projects AS bigint[])))"
    " ORDER BY id FOR NO KEY UPDATE)"
    " UPDATE estate_room r SET status = :to FROM locked WHERE r.id = locked.id" + _RETURNING
)


def take_room(
    room_id: int, *, to: RoomStatus, frm: Collection[RoomStatus], actor: Actor
) -> TakenRoom | None:
    """Move one room to ``to`` if it is in one of ``frm`` now and within the actor's scope.

    Of any number of callers at the same moment exactly one gets the room; the others get None, as
    does everybody for a room outside his scope. The row stays locked to the end of the
    transaction. What led to the step (right, reason) is the caller's to check.
    """
    return _move_one(room_id, to, frm, actor)


def put_room(
    room_id: int, *, to: RoomStatus, frm: Collection[RoomStatus], actor: Actor
) -> TakenRoom | None:
    """Give one room back, under the same guarantees as ``take_room``."""
    return _move_one(room_id, to, frm, actor)


def set_status(
    room_ids: Iterable[int], *, to: RoomStatus, frm: Collection[RoomStatus], actor: Actor
) -> list[TakenRoom]:
    """Move every room of ``room_ids`` that is in one of ``frm``, in one statement.

    Returns those moved, by id; rooms in another state or outside the actor's scope are left out,
    and it is for the caller to refuse when some are missing.
    """
    wanted = sorted(set(room_ids))
    if not wanted:
        return []
    _check_steps(to, frm)
    rows = db.session.execute(
        _MOVE_MANY,
        {"to": to.value, "frm": _values(frm), "room_ids": wanted, **scope_parameters(actor)},
    )
    taken = sorted((TakenRoom(*row) for row in rows), key=lambda room: room.id)
    _refresh(room.id for room in taken)
    return taken


def _move_one(
    room_id: int, to: RoomStatus, frm: Collection[RoomStatus], actor: Actor
) -> TakenRoom | None:
    _check_steps(to, frm)
    row = _MOVE_ONE.row(to=to.value, frm=_values(frm), room_id=room_id, **scope_parameters(actor))
    if row is None:
        return None
    _refresh([room_id])
    return TakenRoom(*row)


def _check_steps(to: RoomStatus, frm: Collection[RoomStatus]) -> None:
    """Refuse a step that the room's state machine does not know: a mistake in the calling code."""
    for status in frm:
        if to.value not in Room.TRANSITIONS[status.value]:
            message = f"a room cannot go from {status.value} to {to.value}"
            raise ValueError(message)


def _values(statuses: Collection[RoomStatus]) -> list[str]:
    return [status.value for status in statuses]


def _refresh(room_ids: Iterable[int]) -> None:
    """Let loaded rooms be read again: the statement went past the session."""
    known: Any = db.session.identity_map
    for room_id in room_ids:
        room = known.get(identity_key(Room, room_id))
        if room is not None:
            db.session.expire(room, ["status", "version"])

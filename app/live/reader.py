"""Reads from PostgreSQL what changed in which project; the only place of the server with SQL."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from app.core import clock
from app.grid import sql

#: rooms told to one screen that catches up; with more the page reads its grid anew, which is less
MOST_TO_CATCH_UP = 2000
#: a transaction that never comes
LAST = 2**62

_CHANGES = f"""
WITH {sql.MOMENT}, event AS (
  SELECT e.id, e.xid, e.project_id, e.room_id
    FROM estate_room_event e, moment m
   WHERE e.xid >= %(since)s AND e.xid < m.next AND e.project_id = ANY(%(projects)s::bigint[])
     AND NOT e.id = ANY(%(told)s::bigint[])
   ORDER BY e.xid LIMIT %(most)s
), changed AS (
  SELECT project_id, room_id, array_agg(id ORDER BY id) AS events,
         array_agg(xid ORDER BY id) AS xids
    FROM event GROUP BY project_id, room_id
), wanted AS (
  SELECT r.id, r.building_id, r.status, r.version
    FROM changed c JOIN estate_room r ON r.id = c.room_id AND r.status <> 'merged'
), {sql.MARKS.format(today="%(today)s")}
SELECT m.horizon, m.next,
       (SELECT min(e.xid) FROM estate_room_event e WHERE e.xid < m.next) AS oldest,
       c.project_id, c.room_id, c.events, c.xids, w.building_id, w.status, k.marks, w.version
  FROM moment m
  LEFT JOIN changed c ON true
  LEFT JOIN wanted w ON w.id = c.room_id
  LEFT JOIN mark k ON k.room_id = c.room_id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A room as it is now that something about it changed; nothing personal."""

    project_id: int
    room_id: int
    #: what changed it: event id → transaction; neither tells in which order they ended
    events: dict[int, int]
    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at the database gave."""

    #: where the next look begins: every transaction below it has been seen
    horizon: int
    #: the first transaction that has not begun; a cursor beyond it is of another history
    next: int
    #: the oldest transaction of which events are kept, or None without any
    oldest: int | None
    changes: tuple[Change, ...]

    def covers(self, cursor: int) -> bool:
        """Tell whether all that came after the cursor is still known."""
        return (self.next if self.oldest is None else self.oldest) <= cursor <= self.next


async def connect(address: str) -> AsyncConnection[TupleRow]:
    """Return a connection for reading only. Raises psycopg.Error."""
    return await AsyncConnection.connect(
        address,
        autocommit=True,
        application_name="xiaokong-live",
        connect_timeout=5,
        keepalives_idle=10,
        options="-c default_transaction_read_only=on -c statement_timeout=10000",
    )


async def read_moment(connection: AsyncConnection[TupleRow]) -> Reading:
    """Return where the database stands, without changes. Raises psycopg.Error."""
    return await read_changes(connection, since=LAST, projects=())


async def read_changes(
    connection: AsyncConnection[TupleRow],
    *,
    since: int,
    projects: Collection[int],
    told: Collection[int] = (),
    most: int | None = None,
) -> Reading:
    """Return the rooms of the projects that changed since the cursor, as they are now.

    Events in ``told`` are left out, so that one long transaction, which keeps the horizon where it
    is, does not make everything be told again and again. Raises psycopg.Error.
    """
    parameters = {
        "since": since,
        "projects": list(projects),
        "told": list(told),
        "most": most,
        "today": clock.today(),
    }
    cursor = await connection.execute(_CHANGES, parameters)
    rows = await cursor.fetchall()
    horizon, following, oldest = rows[0][:3]
    changes = tuple(_change(row) for row in rows if row[3] is not None)
    return Reading(horizon, following, oldest, changes)


def _change(row: TupleRow) -> Change:
    project_id, room_id, events, xids, building_id, status, marks, version = row[3:]
    data: dict[str, Any] = {"id": room_id, "gone": True}
    if status is not None:
        data = {
            "id": room_id,
            "status": status,
            "marks": marks or [],
            "version": version,
            "building_id": building_id,
        }
    written = json.dumps(data, separators=(",", ":")).encode()
    return Change(project_id, room_id, dict(zip(events, xids, strict=True)), written)

"""Tells open pages that their person was told something: which notice, of what kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

if TYPE_CHECKING:
    from app.live.hub import Stream

#: how many notices one look reads; the rest comes with the next
MOST = 5000
#: a count is exact up to here
COUNT_BOUND = 100

_MOMENT = """
SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
  FROM (SELECT pg_current_snapshot()) AS now(s)
"""
_NEWS = f"""
WITH moment AS (
  SELECT pg_snapshot_xmin(s)::text::bigint AS horizon, pg_snapshot_xmax(s)::text::bigint AS next
    FROM (SELECT pg_current_snapshot()) AS now(s)
), news AS (
  SELECT n.id, n.user_id, n.kind, n.xid FROM notices_notice n, moment m
   WHERE n.xid >= %(since)s AND n.xid < m.next AND n.user_id = ANY(%(users)s::bigint[])
     AND NOT n.id = ANY(%(told)s::bigint[])
   ORDER BY n.xid, n.id LIMIT {MOST}
), unread AS (
  SELECT u.user_id, (SELECT count(*) FROM (
           SELECT 1 FROM notices_notice x
            WHERE x.user_id = u.user_id AND x.read_at IS NULL LIMIT {COUNT_BOUND}) AS x) AS waiting
    FROM (SELECT DISTINCT user_id FROM news) u
)
SELECT m.horizon, m.next, n.id, n.user_id, n.kind, n.xid, u.waiting
  FROM moment m LEFT JOIN news n ON true LEFT JOIN unread u ON u.user_id = n.user_id
 ORDER BY n.xid, n.id
"""


def write_event(name: bytes, data: dict[str, object]) -> bytes:
    """Return an event without an id: a screen that comes back asks what it missed."""
    return b"event: %s\ndata: %s\n\n" % (name, json.dumps(data, separators=(",", ":")).encode())


class NoticeWatch:
    """Which streams belong to whom, and how far the notices have been read.

    A page that (re)joins gets ``hello`` once everything from then on will be told, and asks for
    its count itself; so nothing is missed between the two and nothing needs to be caught up.
    """

    def __init__(self) -> None:
        self._listeners: dict[int, set[Stream]] = defaultdict(set)
        self._cursor: int | None = None
        #: told already, at or above the cursor: id → transaction
        self._told: dict[int, int] = {}

    def join(self, user_id: int, stream: Stream) -> None:
        """Let a stream hear of a user's notices."""
        self._listeners[user_id].add(stream)

    def leave(self, user_id: int, stream: Stream) -> None:
        """Let it hear no more."""
        found = self._listeners.get(user_id, set())
        found.discard(stream)
        if not found:
            self._listeners.pop(user_id, None)

    async def look(self, connection: AsyncConnection[TupleRow], joined: Collection[Stream]) -> None:
        """Tell everybody what is new to him. Raises psycopg.Error."""
        if not self._listeners:
            self._cursor = None
            self._told.clear()
            return
        if self._cursor is None:
            row = await (await connection.execute(_MOMENT)).fetchone()
            self._cursor = row[0] if row else 0
        await self._tell(connection)
        for stream in joined:
            if stream.user_id is not None:
                stream.put(write_event(b"hello", {}))

    async def _tell(self, connection: AsyncConnection[TupleRow]) -> None:
        given = {
            "since": self._cursor,
            "users": list(self._listeners),
            "told": list(self._told),
        }
        rows = await (await connection.execute(_NEWS, given)).fetchall()
        horizon, following = rows[0][:2]
        if self._cursor is not None and self._cursor > following:
            # The database was restored: everybody asks anew.
            self._told.clear()
            for stream in self._everybody():
                stream.put(write_event(b"hello", {}))
        found = [row[2:] for row in rows if row[2] is not None]
        for notice_id, user_id, kind, xid, waiting in found:
            self._told[notice_id] = xid
            message = write_event(b"notice", {"id": notice_id, "kind": kind, "unread": waiting})
            for stream in self._listeners.get(user_id, ()):
                stream.put(message)
        if len(found) < MOST:
            self._cursor = horizon
            self._told = {one: xid for one, xid in self._told.items() if xid >= horizon}

    def _everybody(self) -> list[Stream]:
        return [stream for found in self._listeners.values() for stream in found]

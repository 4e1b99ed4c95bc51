"""Ends streams whose sign-in has ended: signed out, other rights, another password, left, idle."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from app.core import clock

if TYPE_CHECKING:
    from app.live.hub import Stream

#: how often all sign-ins that have a stream are looked at, in seconds
EVERY = 1.0

# As app.admin.sessions.is_live has it. One question for all of them, each found by its key.
_ENDED = """
SELECT w.id FROM unnest(%(sessions)s::bigint[]) AS w(id)
  LEFT JOIN admin_sign_in_session s ON s.id = w.id AND s.ended_at IS NULL
        AND least(s.idle_until, s.ends_at) > %(now)s
  LEFT JOIN ab_user u ON u.id = s.user_id AND u.active AND u.access_version = s.access_version
 WHERE u.id IS NULL
"""


class SignInWatch:
    """Which streams stand on which sign-in."""

    def __init__(self) -> None:
        self._streams: dict[int, set[Stream]] = defaultdict(set)
        self._looked_at = 0.0

    def join(self, session_id: int, stream: Stream) -> None:
        """Let a stream end with the sign-in."""
        self._streams[session_id].add(stream)

    def leave(self, session_id: int, stream: Stream) -> None:
        """Forget a stream that is gone."""
        found = self._streams.get(session_id, set())
        found.discard(stream)
        if not found:
            self._streams.pop(session_id, None)

    async def look(self, connection: AsyncConnection[TupleRow], joined: Collection[Stream]) -> None:
        """End the streams whose sign-in has ended: of those that come at once, of all each second.

        Before anything is told in the same look. Raises psycopg.Error.
        """
        now = time.monotonic()
        asked = {one.session_id for one in joined if one.session_id is not None}
        if now - self._looked_at >= EVERY:
            asked = set(self._streams)
        if not asked:
            return
        given = {"sessions": list(asked), "now": clock.now()}
        rows = await (await connection.execute(_ENDED, given)).fetchall()
        if asked >= set(self._streams):
            self._looked_at = now
        for (session_id,) in rows:
            for stream in self._streams.get(session_id, ()):
                stream.finish()

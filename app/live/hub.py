"""Fans changes out: one look at the database for all open projects, one queue for every screen."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from app.live import reader
from app.live.notices import NoticeWatch
from app.live.reader import Change, Reading
from app.live.sign_ins import SignInWatch

log = logging.getLogger("xiaokong.live")

LOOK_SECONDS = 0.15
#: with no screen open the database is still asked now and then, for /healthz
IDLE_LOOK_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 2.0
#: messages, and bytes, that may wait for a slow reader before it is dropped
LONGEST_QUEUE = 64
MOST_WAITING = 4_000_000
#: the message after which nothing is sent
END = b""


@dataclass(eq=False)
class Stream:
    """One open screen (its tabs share it): what it watches, from where, what waits for it."""

    #: None for a page that only hears of its person's notices
    project_id: int | None
    #: what it knows already; None begins with now
    cursor: int | None
    #: whose notices it hears of, if anybody's
    user_id: int | None = None
    #: the sign-in that it ends with
    session_id: int | None = None
    queue: asyncio.Queue[bytes] = field(
        default_factory=lambda: asyncio.Queue(maxsize=LONGEST_QUEUE)
    )
    #: set when it reads too slowly or the server stops
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    #: what it was told when it caught up
    told: frozenset[int] = frozenset()
    waiting: int = 0

    def put(self, message: bytes) -> None:
        """Queue a message, or drop a stream that has too much waiting."""
        self.waiting += len(message)
        if self.queue.full() or self.waiting > MOST_WAITING:
            self.dropped.set()
        else:
            self.queue.put_nowait(message)

    def finish(self) -> None:
        """End the stream after what waits already; a queue that is full is not waited for."""
        self.put(END)

    async def next(self) -> bytes:
        """Return the next message; waits for one. ``END`` is the last."""
        message = await self.queue.get()
        self.waiting -= len(message)
        return message


def write_changes(changes: Iterable[Change], cursor: int) -> bytes:
    """Return the changes, at least one, as server-sent events.

    Only the last one carries the cursor: a screen that is cut off in the middle comes back with
    the cursor before and gets all of them again.
    """
    events = [b"data: " + change.data + b"\n\n" for change in changes]
    events[-1] = b"id: %d\n" % cursor + events[-1]
    return b"".join(events)


def write_named(name: bytes, cursor: int) -> bytes:
    """Return an event of ours beside the changes: ``reload`` (read the grid anew) or ``beat``."""
    return b'id: %d\nevent: %s\ndata: {"cursor":%d}\n\n' % (cursor, name, cursor)


class Hub:
    """All open streams, and the loop that feeds them."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._streams: dict[int | None, set[Stream]] = defaultdict(set)
        self.notices = NoticeWatch()
        self.sign_ins = SignInWatch()
        self._joining: list[Stream] = []
        self._wake = asyncio.Event()
        self._connection: AsyncConnection[TupleRow] | None = None
        #: events at or above the cursor that were told already: id → transaction
        self._told: dict[int, int] = {}
        self.cursor: int | None = None
        self.looked_at = 0.0
        self.moved_at = time.monotonic()

    @property
    def streams(self) -> int:
        """Return how many screens are connected."""
        return sum(len(found) for found in self._streams.values())

    @property
    def projects(self) -> list[int]:
        """Return the projects that somebody watches."""
        return [project_id for project_id in self._streams if project_id is not None]

    def join(
        self,
        project_id: int | None,
        cursor: int | None,
        user_id: int | None = None,
        session_id: int | None = None,
    ) -> Stream:
        """Open a stream; it catches up from its cursor at the next look."""
        since = self.cursor if cursor is None else cursor
        stream = Stream(project_id, since, user_id, session_id)
        self._streams[project_id].add(stream)
        if user_id is not None:
            self.notices.join(user_id, stream)
        if session_id is not None:
            self.sign_ins.join(session_id, stream)
        self._joining.append(stream)
        self._wake.set()
        return stream

    def leave(self, stream: Stream) -> None:
        """Close a stream."""
        found = self._streams.get(stream.project_id, set())
        found.discard(stream)
        if not found:
            self._streams.pop(stream.project_id, None)
        if stream.user_id is not None:
            self.notices.leave(stream.user_id, stream)
        if stream.session_id is not None:
            self.sign_ins.leave(stream.session_id, stream)
        with contextlib.suppress(ValueError):
            self._joining.remove(stream)

    def close(self) -> None:
        """Drop every stream: the server stops."""
        for stream in self._everybody():
            stream.dropped.set()

    async def run(self) -> None:
        """Look again and again; a database that went away is waited for."""
        wait = 0.0
        while True:
            try:
                await self._look()
                wait = 0.0
            except (psycopg.Error, OSError) as error:
                await self._disconnect()
                wait = min(wait * 2 + 0.1, LONGEST_RETRY_SECONDS)
                log.warning("the database does not answer: %s", type(error).__name__)
                await asyncio.sleep(wait)
                continue
            await self._pause()

    async def _pause(self) -> None:
        if self._streams:
            # A screen that joins waits for the next look: many at once cost one.
            self._wake.clear()
            await asyncio.sleep(LOOK_SECONDS)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), IDLE_LOOK_SECONDS)
        self._wake.clear()

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._connection.close()
            self._connection = None

    async def _connected(self) -> AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            address = self._address()
            if not address:
                raise psycopg.OperationalError("no database is running")
            self._connection = await reader.connect(address)
        return self._connection

    async def _look(self) -> None:
        connection = await self._connected()
        joining, self._joining = self._joining, []
        try:
            await self.sign_ins.look(connection, joining)
            if self.cursor is None:
                self.cursor = (await reader.read_moment(connection)).horizon
            await self._catch_up(connection, joining)
            await self._tell_all(connection, frozenset(joining))
            await self.notices.look(connection, joining)
        except BaseException:
            self._joining += joining
            raise
        self.looked_at = time.monotonic()

    async def _catch_up(
        self, connection: AsyncConnection[TupleRow], joining: Collection[Stream]
    ) -> None:
        wanted: dict[int, list[Stream]] = defaultdict(list)
        for stream in joining:
            if stream.cursor is not None and stream.project_id is not None:
                wanted[stream.project_id].append(stream)
        for project_id, streams in wanted.items():
            # However many come back at once after a restart, each project is read once.
            reading = await reader.read_changes(
                connection,
                since=min(stream.cursor or 0 for stream in streams),
                projects=(project_id,),
                most=reader.MOST_TO_CATCH_UP + 1,
            )
            for stream in streams:
                _bring_up(stream, reading)

    async def _tell_all(
        self, connection: AsyncConnection[TupleRow], joined: Collection[Stream]
    ) -> None:
        if self.cursor is None or not self._streams:
            # Nobody listens: who comes next brings a cursor of its own or begins with now.
            await reader.read_moment(connection)
            self.cursor = None
            self._told.clear()
            self.moved_at = time.monotonic()
            return
        reading = await reader.read_changes(
            connection, since=self.cursor, projects=self.projects, told=self._told
        )
        if self.cursor > reading.next:
            log.warning("the database has another history: every screen reads its grid anew")
            self._told.clear()
            for stream in self._everybody():
                stream.put(write_named(b"reload", reading.horizon))
        self._spread(reading, joined)
        self._remember(reading)

    def _spread(self, reading: Reading, joined: Collection[Stream]) -> None:
        changed: dict[int, list[Change]] = defaultdict(list)
        for change in reading.changes:
            changed[change.project_id].append(change)
        for project_id, changes in changed.items():
            message = write_changes(changes, reading.horizon)
            for stream in self._streams.get(project_id, ()):
                if stream in self._joining:
                    # Came while we were looking; the next look brings it up from its own cursor.
                    continue
                if stream in joined:
                    _tell_the_rest(stream, changes, reading.horizon)
                else:
                    stream.put(message)

    def _remember(self, reading: Reading) -> None:
        if reading.horizon != self.cursor or reading.horizon == reading.next:
            self.moved_at = time.monotonic()
        self.cursor = reading.horizon
        for change in reading.changes:
            self._told.update(change.events)
        self._told = {event: xid for event, xid in self._told.items() if xid >= reading.horizon}

    def _everybody(self) -> list[Stream]:
        return [stream for found in self._streams.values() for stream in found]


def _bring_up(stream: Stream, reading: Reading) -> None:
    cursor = stream.cursor or 0
    events = sum(len(change.events) for change in reading.changes)
    if not reading.covers(cursor) or events > reader.MOST_TO_CATCH_UP:
        stream.put(write_named(b"reload", reading.horizon))
        return
    missed = [change for change in reading.changes if max(change.events.values()) >= cursor]
    stream.told = frozenset(event for change in reading.changes for event in change.events)
    if missed:
        stream.put(write_changes(missed, reading.horizon))


def _tell_the_rest(stream: Stream, changes: Iterable[Change], cursor: int) -> None:
    """Tell a stream that caught up in the same look only what it has not been told by that."""
    new = [
        change
        for change in changes
        if any(
            xid >= (stream.cursor or 0) and event not in stream.told
            for event, xid in change.events.items()
        )
    ]
    if new:
        stream.put(write_changes(new, cursor))

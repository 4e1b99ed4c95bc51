"""The HTTP side of the live server: one endless answer per screen, and how it does."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from app.core.live_ticket import Ticket, read_ticket
from app.live.hub import END, Hub, Stream, write_named

log = logging.getLogger("xiaokong.live")

BEAT_SECONDS = 15.0
MOST_STREAMS = 5000
#: how long the browser waits before it comes back by itself, in ms
RETRY = 1000
#: /healthz says so when the database has not answered for so long, in seconds
LATE_SECONDS = 15.0
OLD_HORIZON_SECONDS = 10.0


class StreamAnswer(Response):
    """Server-sent events to one screen, while it reads in time, is signed in and has a ticket."""

    def __init__(self, hub: Hub, ticket: Ticket, cursor: int | None) -> None:
        super().__init__()
        self.hub = hub
        self.ticket = ticket
        self.cursor = cursor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send what the hub queues; leave the hub whatever happens."""
        await send(_head(self.ticket.origin))
        ticket = self.ticket
        stream = self.hub.join(ticket.project_id, self.cursor, ticket.user_id, ticket.session_id)
        try:
            await self._serve(stream, receive, send)
        finally:
            self.hub.leave(stream)

    async def _serve(self, stream: Stream, receive: Receive, send: Send) -> None:
        writer = asyncio.create_task(self._write(stream, send))
        ends = {
            writer,
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(stream.dropped.wait()),
        }
        try:
            done, _rest = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        if stream.dropped.is_set():
            # Left without its end, so that the connection is cut and not waited for.
            log.info("a stream of project %s is dropped", stream.project_id)
        elif writer in done:
            writer.result()

    async def _write(self, stream: Stream, send: Send) -> None:
        await send(_part(b"retry: %d\n\n" % RETRY))
        ends_at = time.monotonic() + (self.ticket.expires_at - datetime.now(UTC)).total_seconds()
        while (left := ends_at - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(stream.next(), min(BEAT_SECONDS, left))
            except TimeoutError:
                if left <= BEAT_SECONDS:
                    break
                message = b": beat\n" + write_named(b"beat", self.hub.cursor or 0)
            if message == END:
                break
            await send(_part(message))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _head(origin: str) -> Message:
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        # Asks a proxy in between to pass on at once.
        "x-accel-buffering": "no",
        "access-control-allow-origin": origin,
        "vary": "Origin",
    }
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": raw}


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(status: int, code: str, sentence: str) -> Response:
    return JSONResponse({"error": code, "message": sentence, "fields": {}}, status)


def _cursor(request: Request) -> int | None:
    # The browser's own header is newer than the address that the page once opened.
    for given in (request.headers.get("last-event-id"), request.query_params.get("since")):
        if given and given.isascii() and given.isdigit() and len(given) < len(str(2**63)):
            return int(given)
    return None


def make_server(hub: Hub, key: str) -> Starlette:
    """Return the ASGI application over a hub; tickets are checked with the key."""

    async def stream(request: Request) -> Response:
        ticket = read_ticket(request.query_params.get("token", ""), key=key)
        # Without a project in the address it is the person's own stream, of his notices only.
        wanted = request.path_params.get("project_id")
        if ticket is None or ticket.project_id != wanted or not (wanted or ticket.user_id):
            return _refusal(401, "not_signed_in", "请重新打开页面。")
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if hub.streams >= MOST_STREAMS:
            return _refusal(503, "try_again", "同时打开的页面太多，请稍后再试。")
        return StreamAnswer(hub, ticket, _cursor(request))

    async def healthz(_request: Request) -> Response:
        return _health(hub)

    return Starlette(
        routes=[
            Route("/stream/{project_id:int}", stream),
            Route("/stream/me", stream),
            Route("/healthz", healthz),
        ]
    )


def _health(hub: Hub) -> Response:
    now = time.monotonic()
    is_late = not hub.looked_at or now - hub.looked_at > LATE_SECONDS
    age = now - hub.moved_at
    body: dict[str, Any] = {
        "status": "late" if is_late else "ok",
        "database": "unreachable" if is_late else "ok",
        "streams": hub.streams,
        "projects": len(hub.projects),
        # A transaction that stays open this long keeps screens from forgetting what they have.
        "old_horizon_seconds": round(age) if age > OLD_HORIZON_SECONDS else 0,
    }
    return JSONResponse(body, 503 if is_late else 200)

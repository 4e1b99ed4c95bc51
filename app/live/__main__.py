"""``python -m app.live``: listens, looks at the database, and ends both together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from types import FrameType

import uvicorn

from app.live.hub import Hub
from app.live.server import make_server
from app.live.settings import Settings
from app.logs.setup import start_logging
from app.upkeep.beat import Beat

log = logging.getLogger("xiaokong.live")

#: ms without a sign of the peer after which the system cuts a connection, a full window included
DEAD_AFTER = 30_000
STOP_SECONDS = 3


class Server(uvicorn.Server):
    """Uvicorn that lets endless answers end when it is told to stop."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self.hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.hub.close()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """Return the listening socket; accepted connections inherit its options."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with contextlib.suppress(AttributeError, OSError):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER)
    listener.bind((host, port))
    listener.listen(1024)
    return listener


async def serve(settings: Settings) -> None:
    """Run until a signal comes. Raises whatever ends the loop over the database."""
    hub = Hub(settings.database)
    config = uvicorn.Config(
        make_server(hub, settings.key),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = Server(config, hub)
    beat = Beat("live", settings.database, lambda: {"streams": hub.streams})
    beat.start()
    looking = asyncio.create_task(hub.run())
    serving = asyncio.create_task(server.serve(sockets=[listen(settings.host, settings.port)]))
    await asyncio.wait({looking, serving}, return_when=asyncio.FIRST_COMPLETED)
    if looking.done():
        server.handle_exit(signal.SIGTERM, None)
        await serving
        looking.result()
    looking.cancel()
    await asyncio.to_thread(beat.end)


def main() -> None:
    """Read the environment and serve."""
    start_logging("live")
    # A dropped screen is cut off on purpose; uvicorn calls that an error.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    settings = Settings.read()
    log.info("live server on %s:%s", settings.host, settings.port)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()

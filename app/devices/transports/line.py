"""What a line to a device is: its protocol, its one error, and one lock per port."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

LOCK_SECONDS: Final = 10.0

_locks: Final[dict[str, threading.Lock]] = {}
_locks_guard: Final = threading.Lock()


class LineError(Exception):
    """The line could not be opened or used.

    `code` is `port_missing`, `port_busy`, `port_denied`, `port_unreachable`, `bad_settings`,
    `line_lost` (it was there and is gone) or `stalled` (the device takes no more bytes).
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Line(Protocol):
    """An open line. Every method returns within a bounded time or raises LineError."""

    def write(self, data: bytes) -> None:
        """Hand over all of `data`; `stalled` when the device does not take it in time."""
        ...

    def read(self) -> bytes:
        """What has arrived, after waiting a tick (`tick_seconds`) at most; b"" for nothing."""
        ...

    def discard_input(self) -> None:
        """Forget what has arrived and was not read."""
        ...

    def discard_output(self) -> None:
        """Forget what was handed over and has not left yet."""
        ...

    def close(self) -> None: ...


def port_key(url: str) -> str:
    """The same for every spelling of one port, so that two links to it share one lock."""
    return url if "://" in url else os.path.realpath(url)


@contextmanager
def port_lock(url: str, *, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the port within this process; LineError `port_busy` when it stays held."""
    with _locks_guard:
        lock = _locks.setdefault(port_key(url), threading.Lock())
    if not lock.acquire(timeout=seconds):
        raise LineError("port_busy", f"{url} is held by another job of this process")
    try:
        yield
    finally:
        lock.release()

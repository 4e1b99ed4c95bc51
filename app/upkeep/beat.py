"""Says every few seconds that a process is alive, so that its silence can be seen."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2.extras import Json

from app.core import clock

log = logging.getLogger("xiaokong.upkeep")

BEAT_SECONDS = 15.0
#: a process that was not heard for so long is called silent
SILENT_SECONDS = 60.0

SIGN = (
    "INSERT INTO upkeep_sign_of_life (process, machine, pid, started_at, seen_at, version, detail)"
    " VALUES (%(process)s, %(machine)s, %(pid)s, %(now)s, %(now)s, %(version)s, %(detail)s)"
    " ON CONFLICT (process, machine, pid) DO UPDATE SET seen_at = excluded.seen_at,"
    " version = excluded.version, detail = excluded.detail"
)
FORGET = (
    "DELETE FROM upkeep_sign_of_life"
    " WHERE process = %(process)s AND machine = %(machine)s AND pid = %(pid)s"
)


class Beat(threading.Thread):
    """The thread of one process; ``address()`` gives the database, ``detail()`` what to add."""

    def __init__(
        self,
        process: str,
        address: Callable[[], str],
        detail: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(name="beat", daemon=True)
        self.process = process
        self.address = address
        self.detail = detail or dict
        self._over = threading.Event()
        self._connection: Any = None

    def run(self) -> None:
        """Beat until told to end; a database that is away is tried again at the next beat."""
        while True:
            self._say(SIGN)
            if self._over.wait(BEAT_SECONDS):
                self._say(FORGET)
                self._disconnect()
                return

    def end(self) -> None:
        """Say that the process ends by its own will."""
        self._over.set()
        self.join(timeout=3)

    def _say(self, statement: str) -> None:
        from app import __version__

        values = {
            "process": self.process,
            "machine": socket.gethostname()[:120],
            "pid": os.getpid(),
            "now": clock.now(),
            "version": __version__,
            "detail": Json(self.detail()),
        }
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg2.connect(
                    self.address(), connect_timeout=5, application_name="xiaokong-beat"
                )
                self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values)
        except psycopg2.Error as error:
            log.info("no sign of life could be written: %s", type(error).__name__)
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None and not self._connection.closed:
            self._connection.close()
        self._connection = None


def start(process: str, address: str, detail: Callable[[], dict[str, Any]] | None = None) -> Beat:
    """Begin to beat; returns the thread, to be ended with the process."""
    beat = Beat(process, lambda: address, detail)
    beat.start()
    return beat

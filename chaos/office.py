"""A whole office of its own: ``run.py`` on free ports and a new DATA_DIR, loaded with the demo."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from app.devices.simulation.papers import read_papers
from config import ROOT

START_SECONDS = 180
STOP_SECONDS = 90
#: for so long the database may be away before that is a fault
AWAY_SECONDS = 90
PASSWORD = "chaos-in-the-office-1"
PRINTER = "receipt_printer"
#: what decides on another database or another key than the office's own
FOREIGN = ("DATABASE_URL", "DATABASE_DIRECT_URL", "SECRET_KEY", "FIELD_KEY", "DEMO")


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Office:
    """The running office: its processes, its database, its papers."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xk-chaos-"))
        # The database's account must be able to walk there.
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.port, self.live_port = free_ports(2)
        self.output = self.folder / "run.txt"
        self._run: subprocess.Popen[bytes] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return kept | {
            "DATA_DIR": str(self.data),
            "PORT": str(self.port),
            "LIVE_PORT": str(self.live_port),
            "HOST": "127.0.0.1",
            "DEMO_PASSWORD": PASSWORD,
            "WEB_CONCURRENCY": "2",
        }

    def start(self) -> None:
        with self.output.open("ab") as output:
            self._run = subprocess.Popen(
                ["setpriv", "--pdeathsig=INT", sys.executable, "run.py"],
                cwd=ROOT,
                env=self.environment(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in self.output.read_text():
            if self._run.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the office does not start\n{self.output.read_text()}")
            time.sleep(0.2)
        self._url = json.loads((self.data / "run/postgres.json").read_text())["url"]

    def stop(self) -> None:
        if self._run is not None and self._run.poll() is None:
            self._run.send_signal(signal.SIGINT)
            try:
                self._run.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._run.kill()
                self._run.wait()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def family(self) -> list[psutil.Process]:
        """Return every process below run.py."""
        assert self._run is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._run.pid).children(recursive=True)
        return []

    def ask(self, statement: str, *parameters: Any) -> list[Any]:
        """Return the rows of one statement, which may be repeated; waits for the database."""
        end = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                with self.reading() as read:
                    return read(statement, parameters)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    @contextlib.contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Any]:
        """Yield ``read(statement, parameters)``; with ``snapshot`` all see one moment."""
        connection = psycopg2.connect(self._url, application_name="chaos", connect_timeout=5)
        try:
            connection.set_session(
                isolation_level="REPEATABLE READ" if snapshot else None, autocommit=not snapshot
            )
            with connection.cursor() as cursor:

                def read(statement: str, parameters: Any = ()) -> list[Any]:
                    cursor.execute(statement, parameters or None)
                    return cursor.fetchall() if cursor.description else []

                yield read
        finally:
            connection.close()

    def papers(self) -> list[dict[str, Any]]:
        return read_papers(self.data, PRINTER)

    def flask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app:create_app", *words],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def logs(self, size: int = 3000) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-size:]}"
            for path in sorted((self.data / "logs").glob("*.log"))
        )


@contextlib.contextmanager
def open_office(*, keep: bool = False) -> Iterator[Office]:
    """Yield a running office; stop it afterwards and remove it, unless it is to be kept."""
    office = Office()
    try:
        office.start()
        yield office
    finally:
        office.stop()
        if not keep:
            office.remove()

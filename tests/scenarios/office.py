"""A sales office for the scenarios: the demo on its own database, every process for real."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import requests

from config import ROOT
from tests import database

START_SECONDS = 60
DEMO_PASSWORD = "open-the-office-1"


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Caller:
    """One user over REST."""

    def __init__(self, base: str, username: str) -> None:
        self.base = base
        self.http = requests.Session()
        answer = self.post(
            "security/login",
            {"username": username, "password": DEMO_PASSWORD, "provider": "db"},
            status=200,
        )
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def get(self, path: str, *, status: int = 200, **params: Any) -> Any:
        answer = self.http.get(f"{self.base}/api/v1/{path}", params=params, timeout=30)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.json()

    def post(
        self, path: str, body: Any = None, *, status: int = 201, key: str | None = None
    ) -> Any:
        answer = self.http.post(
            f"{self.base}/api/v1/{path}",
            json=body if body is not None else {},
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
            timeout=30,
        )
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.json()


@dataclass
class Office:
    """The running office."""

    folder: Path
    database_url: str
    port: int
    live_port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **database.KEYS,
            "DATABASE_URL": self.database_url,
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "LIVE_PORT": str(self.live_port),
            "HOST": "127.0.0.1",
            "DEMO": "1",
            "DEMO_PASSWORD": DEMO_PASSWORD,
            "WEB_CONCURRENCY": "2",
        }

    def start(self) -> None:
        """Load the demo and start what ``make run`` starts, but the database."""
        self.flask("demo", "load")
        sys.path.insert(0, str(ROOT))
        before = dict(os.environ)
        os.environ.update(self.environment())
        try:
            import run

            programs = run.programs(run.Settings(), None)
        finally:
            os.environ.clear()
            os.environ.update(before)
        for program in programs:
            self.launch(program.name, program.command)
        self.wait_served()

    def launch(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig=TERM", *command],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_served(self) -> None:
        end = time.monotonic() + START_SECONDS
        for port in (self.port, self.live_port):
            while True:
                try:
                    if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok:
                        break
                except requests.RequestException:
                    pass
                assert time.monotonic() < end, self.logs()
                time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-1500:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def flask(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app:create_app", *words],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def simulator(self, *order: str) -> None:
        """Give the printer simulator an order, such as ``paper-out``."""
        subprocess.run(
            [
                *(sys.executable, "-m", "app.devices.drivers.escpos_generic.simulator"),
                *("--data-dir", str(self.folder), "--name", "receipt_printer"),
                *("--control", str(self.folder / "simulators/receipt_printer.control"), *order),
            ],
            cwd=ROOT,
            env=self.environment(),
            check=True,
            timeout=30,
            capture_output=True,
        )

    def sql(self, statement: str, *parameters: Any) -> list[Any]:
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def as_user(self, username: str) -> Caller:
        return Caller(self.url, username)

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(what: str, check: Any, *, seconds: float = 20) -> Any:
    """Return what ``check`` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    message = f"not within {seconds} s: {what}"
    raise AssertionError(message)

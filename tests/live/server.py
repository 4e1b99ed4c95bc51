"""A live server in a process of its own, and a screen that reads its stream."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine

from app.core.db import db
from app.core.live_ticket import issue_ticket
from config import sqlalchemy_url
from tests.conftest import Committed
from tests.database import KEYS, cloned

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "http://office.test:8080"


@contextmanager
def committed_database(app: Flask) -> Iterator[Committed]:
    """A clone that really commits, for a whole module: the tests take projects of their own."""
    with cloned("xk_live") as url:
        engines = db._app_engines[app]
        before, engines[None] = engines[None], create_engine(sqlalchemy_url(url))
        try:
            yield Committed(app, url)
        finally:
            engines[None].dispose()
            engines[None] = before


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LiveServer:
    def __init__(self, url: str, port: int) -> None:
        self.url = url
        self.port = port
        self.log = Path(tempfile.gettempdir()) / f"xk-live-{port}.log"
        self.screens: list[Screen] = []
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        env = {
            **os.environ,
            "DATABASE_URL": self.url,
            "LIVE_PORT": str(self.port),
            "SECRET_KEY": KEYS["SECRET_KEY"],
        }
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.live"], cwd=ROOT, env=env, stdout=out, stderr=out
            )
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)

    def ticket(self, project_id: int) -> str:
        return issue_ticket(project_id, origin=ORIGIN, key=KEYS["SECRET_KEY"])

    def open(self, project_id: int, **options: Any) -> Screen:
        token = options.pop("token", self.ticket(project_id))
        screen = Screen(self.port, project_id, token, **options)
        self.screens.append(screen)
        return screen

    def close_screens(self) -> None:
        while self.screens:
            self.screens.pop().close()

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def health(self) -> dict[str, Any]:
        return json.loads(self.get("/healthz")[1])

    def wait_for(self, condition: Any, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self.health()):
                return
            time.sleep(0.05)
        raise AssertionError(f"still {self.health()}")


@contextmanager
def live_server(url: str, *, port: int | None = None) -> Iterator[LiveServer]:
    server = LiveServer(url, port or free_port())
    server.start()
    try:
        yield server
    finally:
        server.close_screens()
        server.stop()
        server.log.unlink()


class Screen:
    """What a browser does with the stream: events by their rules, the last id kept."""

    def __init__(
        self,
        port: int,
        project_id: int,
        token: str,
        *,
        since: int | None = None,
        last_id: int | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        query = f"token={token}" + (f"&since={since}" if since is not None else "")
        head = f"GET /stream/{project_id}?{query} HTTP/1.1\r\nHost: live.test\r\n"
        head += f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        self.socket.sendall(f"{head}Origin: {ORIGIN}\r\n\r\n".encode())
        self.last_id: int | None = last_id
        self._rest = b""
        self.head = self._until(b"\r\n\r\n").decode()
        self.status = int(self.head.split()[1])
        self._body = b""
        self.raw = b""

    def _until(self, mark: bytes, seconds: float = 10) -> bytes:
        self.socket.settimeout(seconds)
        while mark not in self._rest:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError
            self._rest += got
        found, self._rest = self._rest.split(mark, 1)
        return found

    def _chunk(self, seconds: float) -> bytes:
        size = int(self._until(b"\r\n", seconds), 16)
        if size == 0:
            raise EOFError
        while len(self._rest) < size + 2:
            self.socket.settimeout(seconds)
            got = self.socket.recv(65536)
            if not got:
                raise EOFError
            self._rest += got
        body, self._rest = self._rest[:size], self._rest[size + 2 :]
        self.raw += body
        return body

    def next(self, seconds: float = 5) -> tuple[str, dict[str, Any]]:
        """The next event as (name, data). Raises TimeoutError, or EOFError at the end."""
        end = time.monotonic() + seconds
        while True:
            while b"\n\n" not in self._body:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._body += self._chunk(left)
            block, self._body = self._body.split(b"\n\n", 1)
            fields = dict(
                line.split(": ", 1) for line in block.decode().split("\n") if ": " in line[1:]
            )
            if "id" in fields:
                self.last_id = int(fields["id"])
            if "data" in fields:
                return fields.get("event", "message"), json.loads(fields["data"])

    def room(self, seconds: float = 5) -> dict[str, Any]:
        name, data = self.next(seconds)
        assert name == "message", (name, data)
        return data

    def quiet(self, seconds: float = 0.5) -> bool:
        """Whether nothing comes for a while."""
        try:
            found = self.next(seconds)
        except TimeoutError:
            return True
        raise AssertionError(found)

    def ended(self) -> bool:
        """Whether the server has closed the connection."""
        self.socket.settimeout(0.5)
        try:
            while self.socket.recv(1 << 20):
                pass
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.socket.close()

"""The stage: a durable embedded server, a made-up project, and the web server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2

from app.core import embedded
from config import ROOT

KEYS = {"SECRET_KEY": "bench-secret-key-of-32-characters", "FIELD_KEY": "bench-field-key"}

_PROJECT = """
INSERT INTO admin_organization (code, name) VALUES ('BENCH', '测量集团');
INSERT INTO estate_project (organization_id, code, name)
  SELECT id, 'BENCH', '测量项目' FROM admin_organization WHERE code = 'BENCH';
INSERT INTO estate_building (project_id, name, position, completed_on)
  SELECT p.id, n || '栋', n, '2020-01-01' FROM estate_project p, generate_series(1, %(buildings)s) n
   WHERE p.code = 'BENCH';
INSERT INTO estate_room (project_id, building_id, floor, floor_name, column_no, number,
                         gross_area, inside_area, status)
  SELECT b.project_id, b.id, f, f::text, c, f || lpad(c::text, 2, '0'), 90 + c, 70 + c, 'available'
    FROM estate_building b, generate_series(1, 100) f, generate_series(1, 10) c;
INSERT INTO pricing_price_plan (project_id, number, name, state, origin)
  SELECT id, 'BENCH-1', '测量定价', 'effective', 'hand' FROM estate_project WHERE code = 'BENCH';
INSERT INTO pricing_room_price (project_id, room_id, plan_id, list_unit_price, list_total,
                                floor_total, valid_from)
  SELECT r.project_id, r.id, p.id, 50000, r.gross_area * 50000, r.gross_area * 45000, now()
    FROM estate_room r, pricing_price_plan p;
ANALYZE;
"""


@dataclass
class Stage:
    """What a benchmark works on."""

    cluster: embedded.Cluster
    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    users: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    project_id: int = 0

    @property
    def url(self) -> str:
        return self.cluster.url

    @property
    def server_log(self) -> Path:
        return self.folder / "postgres.log"

    def sql(self, statement: str, parameters: dict[str, Any] | None = None) -> list[Any]:
        with contextlib.closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []

    def web_processes(self) -> list[int]:
        """Return the web server's process ids: the master and its workers."""
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [master, *map(int, children)]

    def web_cpu_seconds(self) -> float:
        """Return the processor time that the web processes have used."""
        ticks = 0
        for pid in self.web_processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(cluster: embedded.Cluster, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **KEYS,
        "DATABASE_URL": cluster.url,
        "DATA_DIR": str(folder),
        "PYTHONUNBUFFERED": "1",
    }


def _prepare(stage: Stage, buildings: int, people: int) -> None:
    from flask_migrate import upgrade

    from app import create_app
    from app.admin.sync import sync_access
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.estate.models import Project
    from tests.factories.people import make_user, token_for

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        upgrade()
        with unit_of_work(system_actor("bench")):
            sync_access()
        stage.sql(_PROJECT, {"buildings": buildings})
        with unit_of_work(system_actor("bench")):
            project = db.session.query(Project).filter_by(code="BENCH").one()
            stage.project_id = project.id
            users = [make_user("consultant", projects=[project]) for _ in range(people)]
            stage.users = [user.id for user in users]
            stage.tokens += [token_for(user) for user in users]
        db.session.remove()
        db.engine.dispose()


@contextlib.contextmanager
def set_up(*, buildings: int, people: int = 8) -> Iterator[Stage]:
    """Yield the stage with ``buildings`` × 1,000 rooms; take it down afterwards."""
    with tempfile.TemporaryDirectory(prefix="xk-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with embedded.running(folder) as cluster:
            port = free_port()
            stage = Stage(cluster, folder, port, None)  # type: ignore[arg-type]
            _prepare(stage, buildings, people)
            environment = _environment(cluster, folder)
            stage.process = serve("app:create_app()", port, environment, folder / "web.log")
            try:
                yield stage
            finally:
                stage.process.send_signal(signal.SIGTERM)
                stage.process.wait(timeout=30)


def serve(
    application: str, port: int, environment: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start the product's web server with an application; return when it answers."""
    command = [
        *(sys.executable, "-m", "gunicorn", application),
        *("--config", str(ROOT / "app/web/gunicorn.py"), "--bind", f"127.0.0.1:{port}"),
        *("--workers", os.environ.get("WEB_CONCURRENCY", "2")),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return process
        except urllib.error.HTTPError:
            # An application without that address answers too.
            return process
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])

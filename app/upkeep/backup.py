"""``flask backup``: database, files and keys of one moment, encrypted, in one file."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg2
import pyrage
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.core import clock
from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict, DomainError, Invalid
from app.core.uow import unit_of_work
from app.upkeep import tools
from app.upkeep.archive import Lock, Writer, write_archive
from app.upkeep.models import Backup

ACTOR = system_actor("backup")
FORMAT = 1
SUFFIX = ".xkb"
#: folders of DATA_DIR that hold what people gave us
FOLDERS = ("uploads", "files")
#: tables whose rows mean nothing elsewhere or later: signs of life, the horizon's events (a
#: restored database begins a new history), the records of backups themselves
LEFT_OUT = ("upkeep_sign_of_life", "estate_room_event", "upkeep_backup")
LONGEST_ERROR = 400


class BackupFailed(DomainError):
    """The backup could not be made; nothing is left of it."""

    status = 500
    default_code = "backup_failed"


@dataclass(frozen=True)
class Plan:
    """What is backed up, and where to."""

    url: str
    data: Path
    target: Path
    lock: Lock
    keys: dict[str, str] = field(default_factory=dict)
    release: str = ""


def key_print(secret: str) -> str:
    """Return a mark by which a key is known again, and from which it cannot be found."""
    return hashlib.sha256(b"xiaokong key " + secret.encode()).hexdigest()[:16]


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold the folder: one backup at a time. What a killed one left is cleared away."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                _l("Another backup is being written into %(folder)s.", folder=str(folder))
            ) from error
        for rest in folder.glob(f".*{SUFFIX}.part"):
            rest.unlink()
        yield


def make_backup(plan: Plan, *, keep: int = 0) -> Backup:
    """Write one archive and return its record; with ``keep`` the oldest beyond it are removed.

    Raises Invalid without a key or space, Conflict beside another backup, BackupFailed when
    PostgreSQL's program fails. Whatever happens, a file with the final name is whole.
    """
    if not (plan.lock.recipient or plan.lock.passphrase):
        raise Invalid(
            _l(
                "Say whom the backup is locked for: BACKUP_RECIPIENT=age1…, or a file with a"
                " passphrase in BACKUP_PASSPHRASE_FILE. Nothing is written unlocked."
            )
        )
    plan.lock.seal()
    with claimed(plan.target):
        _require_space(plan)
        record_id = _begin(plan)
        try:
            path, facts = _write(plan, record_id)
        except BaseException as error:
            _end(record_id, state="failed", error=_sentence(error))
            raise
        _end(record_id, state="done", path=str(path), **facts)
        if keep:
            remove_old(plan.target, keep=keep)
    found = db.session.get(Backup, record_id)
    assert found is not None  # noqa: S101 - it was written a moment ago
    return found


def _sentence(error: BaseException) -> str:
    text = str(error) if isinstance(error, DomainError) else type(error).__name__
    return text[:LONGEST_ERROR]


def _begin(plan: Plan) -> int:
    machine = socket.gethostname()[:120]
    with unit_of_work(ACTOR):
        # We hold the folder's lock, so what still says that it runs here was killed.
        db.session.execute(
            update(Backup)
            .where(
                Backup.state == "running",
                Backup.machine == machine,
                Backup.path.startswith(str(plan.target)),
            )
            .values(state="failed", ended_at=clock.now(), error=str(_l("It was cut off.")))
        )
        record = Backup(machine=machine, path=str(plan.target / "…"), state="running")
        db.session.add(record)
        db.session.flush()
        return int(record.id)


def _end(record_id: int, **values: Any) -> None:
    with unit_of_work(ACTOR):
        db.session.execute(
            update(Backup).where(Backup.id == record_id).values(ended_at=clock.now(), **values)
        )


def _require_space(plan: Plan) -> None:
    connection = psycopg2.connect(plan.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            needed = int(cursor.fetchone()[0]) // 2
    finally:
        connection.close()
    needed += sum(path.stat().st_size for path, _name in list_files(plan.data))
    free = shutil.disk_usage(plan.target).free
    if free < needed:
        raise Invalid(
            _l(
                "%(folder)s has %(free)d MB left; the backup may need %(needed)d MB. Make room or"
                " choose another folder with --to.",
                folder=str(plan.target),
                free=free // 2**20,
                needed=needed // 2**20,
            )
        )


def list_files(data: Path) -> list[tuple[Path, str]]:
    """Return the files of DATA_DIR that belong to the business, with their names within it."""
    found: list[tuple[Path, str]] = []
    for folder in FOLDERS:
        found += [
            (path, path.relative_to(data).as_posix())
            for path in sorted((data / folder).rglob("*"))
            if path.is_file() and not path.is_symlink()
        ]
    return found


def _write(plan: Plan, record_id: int) -> tuple[Path, dict[str, Any]]:
    moment = clock.local(clock.now())
    facts: dict[str, Any] = {}
    draft = plan.target / f".{record_id}{SUFFIX}.part"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            sink = Summing(file)
            write_archive(sink, plan.lock, lambda archive: _fill(archive, plan, facts))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        path = _final_name(plan.target, moment)
        draft.rename(path)
        _sync(plan.target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    facts |= {"size": path.stat().st_size, "sha256": sink.digest.hexdigest()}
    return path, facts


def _final_name(folder: Path, moment: datetime) -> Path:
    path = folder / f"xiaokong-{moment:%Y%m%d-%H%M%S}{SUFFIX}"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"xiaokong-{moment:%Y%m%d-%H%M%S}-{number}{SUFFIX}"
    return path


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Summing:
    """A file that knows the checksum of what went into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def _fill(archive: Writer, plan: Plan, facts: dict[str, Any]) -> None:
    with snapshot(plan.url) as (connection, name):
        head = {
            "format": FORMAT,
            "release": plan.release,
            "made_at": clock.now().isoformat(),
            **read_facts(connection),
            "keys": {key: key_print(value) for key, value in plan.keys.items()},
        }
        facts |= {"revision": head["revision"], "rows": sum(head["rows"].values())}
        archive.put_json("head.json", head)
        _dump(archive, plan, name, int(head["server"]) // 10000)
    for path, inside in list_files(plan.data):
        with path.open("rb") as file:
            archive.put(f"data/{inside}", file)
    if plan.keys:
        archive.put("keys.age", sealed_keys(plan.keys, plan.lock))
    archive.put_json("manifest.json", {"streams": archive.sums})


def sealed_keys(keys: dict[str, str], lock: Lock) -> IO[bytes]:
    """Return the keys locked once more: who unpacks an archive does not hold them by that."""
    content = json.dumps(keys).encode()
    if lock.recipient:
        to = pyrage.x25519.Recipient.from_str(lock.recipient.strip())
        return io.BytesIO(pyrage.encrypt(content, [to]))
    return io.BytesIO(pyrage.passphrase.encrypt(content, lock.passphrase))


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[tuple[Any, str]]:
    """Yield a connection with one moment of the database, and the name under which to share it."""
    connection = psycopg2.connect(url, application_name="xiaokong-backup")
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            yield connection, str(cursor.fetchone()[0])
    finally:
        connection.close()


def read_facts(connection: Any) -> dict[str, Any]:
    """Return what a restored database must agree with: release, revision, rows of each table."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0])
        cursor.execute("SELECT version_num FROM alembic_version")
        revision = str(cursor.fetchone()[0])
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY 1"
        )
        rows = {}
        for (table,) in cursor.fetchall():
            if table not in LEFT_OUT:
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                rows[table] = int(cursor.fetchone()[0])
    return {"server": server, "revision": revision, "rows": rows}


def _dump(archive: Writer, plan: Plan, moment: str, major: int) -> None:
    address, environment = tools.connection_of(plan.url)
    command = [
        *(tools.find_program("pg_dump", major), "--format=custom", "--compress=3"),
        *("--no-password", f"--snapshot={moment}", "--lock-wait-timeout=60s"),
        *(f"--exclude-table-data={table}" for table in LEFT_OUT),
        f"--dbname={address}",
    ]
    process = tools.start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    told: list[bytes] = []
    assert process.stdout is not None  # noqa: S101 - asked for above
    assert process.stderr is not None  # noqa: S101 - as above
    listener = threading.Thread(target=lambda: told.append(process.stderr.read()))  # type: ignore[union-attr]
    listener.start()
    try:
        archive.put("database.dump", process.stdout)
    finally:
        process.stdout.close()
        status = process.wait()
        listener.join()
        process.stderr.close()
    if status != 0:
        said = b"".join(told).decode(errors="replace").strip().splitlines()
        raise BackupFailed(
            _l("pg_dump failed: %(reason)s", reason=said[-1][:300] if said else str(status))
        )


def remove_old(folder: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` archives of the folder; return what was removed."""
    files = sorted(folder.glob(f"xiaokong-*{SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
    old = files[:-keep] if keep > 0 else []
    for path in old:
        path.unlink()
    if old:
        with unit_of_work(ACTOR):
            db.session.execute(
                update(Backup)
                .where(Backup.path.in_([str(path) for path in old]), Backup.state == "done")
                .values(state="removed")
            )
    return old


def find_record(path: Path) -> Backup | None:
    """Return the record of an archive, if this database knows it."""
    found: Backup | None = db.session.scalar(
        select(Backup).where(Backup.path == str(path.absolute())).order_by(Backup.id.desc())
    )
    return found

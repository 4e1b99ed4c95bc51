"""``flask restore``: an archive into an empty database, or beside the present one and swapped."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pyrage
from flask_babel import lazy_gettext as _l
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn

from app.core import clock
from app.core.errors import Conflict, DomainError, Invalid
from app.upkeep import tools
from app.upkeep.archive import ArchiveFault, Lock, Reader, Stream, opened
from app.upkeep.backup import FORMAT, key_print, read_facts

DUMP = "database.dump"
KEYS = "keys.age"
FILES = "data/"
#: the keys that an archive may carry; each becomes a file of its name
KEY_NAMES = ("SECRET_KEY", "FIELD_KEY", "FIELD_KEY_OLD")


class RestoreFailed(DomainError):
    """The archive could not be restored; the present database is as it was."""

    status = 500
    default_code = "restore_failed"


@dataclass(frozen=True)
class Checked:
    """An archive that was read to its end and is whole."""

    path: Path
    head: dict[str, Any]
    streams: dict[str, dict[str, Any]]

    @property
    def rows(self) -> int:
        """Return how many rows it holds."""
        return sum(self.head["rows"].values())


def check_archive(path: Path, lock: Lock) -> Checked:
    """Decrypt the archive and prove every part of it, writing nothing. Raises ArchiveFault."""
    with opened(path, lock) as tar:
        reader = Reader(tar)
        if reader.head.get("kind") == "project":
            raise ArchiveFault(
                _l(
                    "This archive holds one project, no whole database. Restore it with flask"
                    " project restore."
                )
            )
        for _stream in reader.streams():
            pass
        if DUMP not in reader.sums:
            raise ArchiveFault(_l("The archive holds no database."))
        return Checked(path, reader.head, reader.sums)


def require_fit(checked: Checked, *, known: set[str], server: int) -> None:
    """Raise Invalid for an archive of a newer release than ours, or of a newer PostgreSQL."""
    head = checked.head
    if head.get("format") != FORMAT or head["revision"] not in known:
        raise Invalid(
            _l(
                "The archive was made by release %(release)s (%(revision)s), which is newer than"
                " this one. Install that release first; an older archive is brought up by itself.",
                release=head.get("release", "?"),
                revision=head.get("revision", "?"),
            )
        )
    if int(head["server"]) // 10000 > server:
        raise Invalid(
            _l(
                "The archive comes from PostgreSQL %(theirs)d, this server is %(ours)d. Restore"
                " into a server that is at least as new.",
                theirs=int(head["server"]) // 10000,
                ours=server,
            )
        )


def other_keys(checked: Checked, keys: dict[str, str]) -> list[str]:
    """Return the names of the keys that differ from those the archive was made with."""
    return [
        name for name, mark in checked.head["keys"].items() if key_print(keys.get(name, "")) != mark
    ]


def with_database(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    if "://" in url:
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    return str(make_dsn(**{**parse_dsn(url), "dbname": name}))


def database_name(url: str) -> str:
    """Return the name of the database of a URL."""
    return str(parse_dsn(url)["dbname"])


def is_empty(url: str) -> bool:
    """Tell whether the database holds no table at all."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'S', 'v') AND n.nspname NOT LIKE 'pg\\_%'"
            " AND n.nspname <> 'information_schema'"
        )
        return int(cursor.fetchone()[0]) == 0


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url, connect_timeout=10, application_name="xiaokong-restore")
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def load(checked: Checked, lock: Lock, *, url: str, files: Path | None = None) -> None:
    """Load the archive's database into an empty one, in one transaction; files into ``files``.

    Killed in the middle it leaves the database empty. Raises RestoreFailed.
    """
    major = tools.server_major(url)
    with opened(checked.path, lock) as tar:
        reader = Reader(tar)
        for stream in reader.streams():
            if stream.name == DUMP:
                _load_dump(stream, url, major)
            elif stream.name.startswith(FILES) and files is not None:
                write_file(stream, files)
    _compare(checked, url)


def _load_dump(stream: Stream, url: str, major: int) -> None:
    address, environment = tools.connection_of(url)
    # The session's own time-outs do not apply to hours of loading.
    environment["PGOPTIONS"] = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
    command = [
        *(tools.find_program("pg_restore", major), "--single-transaction", "--exit-on-error"),
        *("--no-owner", "--no-privileges", "--no-password", f"--dbname={address}"),
    ]
    process = tools.start(
        command, environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    told: list[bytes] = []
    assert process.stdin is not None  # noqa: S101 - asked for above
    listener = threading.Thread(target=lambda: told.append(process.stderr.read()))  # type: ignore[union-attr]
    listener.start()
    try:
        for piece in stream.pieces:
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        # It ended by itself; what it said comes below.
        pass
    except BaseException:
        # A damaged archive: without its end the program must not commit what it has.
        process.kill()
        raise
    finally:
        status = process.wait()
        listener.join()
        process.stderr.close()  # type: ignore[union-attr]
    if status != 0:
        said = b"".join(told).decode(errors="replace").strip().splitlines()
        reason = next((line for line in said if "error:" in line), str(status))
        raise RestoreFailed(
            _l("pg_restore failed, the database is as it was: %(reason)s", reason=reason[:300])
        )


def write_file(stream: Stream, root: Path) -> None:
    """Write a file of the archive below ``root``. Raises ArchiveFault if it leads out of it."""
    target = (root / stream.name.removeprefix(FILES)).resolve()
    if not target.is_relative_to(root.resolve()):
        raise ArchiveFault(_l("The archive names a file outside its folder."))
    _make_private(target.parent, root)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        for piece in stream.pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _make_private(folder: Path, root: Path) -> None:
    """Make the folder and those above it up to the root, each for ourselves alone."""
    if folder == root.resolve() or folder.is_dir():
        return
    _make_private(folder.parent, root)
    # Not with its parents: those would get the usual mode.
    folder.mkdir(mode=0o700)


def _compare(checked: Checked, url: str) -> None:
    with _connected(url) as connection:
        found = read_facts(connection)
    wrong = [
        f"{table} {found['rows'].get(table)} ≠ {count}"
        for table, count in checked.head["rows"].items()
        if found["rows"].get(table) != count
    ]
    if wrong:
        raise RestoreFailed(
            _l(
                "After loading, tables differ from the manifest: %(tables)s.",
                tables=", ".join(wrong[:5]),
            )
        )


@contextmanager
def scratch(url: str, name: str) -> Iterator[str]:
    """Yield the URL of a fresh database beside ``url``'s; it is dropped if the block fails."""
    with _connected(url) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(name)
                )
            )
        except psycopg2.errors.InsufficientPrivilege as error:
            raise Invalid(
                _l(
                    "The database user may not make databases. Give it CREATEDB, or make an empty"
                    " database and restore into that."
                )
            ) from error
    fresh = with_database(url, name)
    try:
        yield fresh
    except BaseException:
        drop(url, name)
        raise


def drop(url: str, name: str) -> None:
    """Drop a database of the server that ``url`` leads to."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def leftovers(url: str) -> list[str]:
    """Return the databases that killed restores and rehearsals left."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname ~ %s"
            " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname ="
            " pg_database.datname)",
            (f"^{database_name(url)}_(restore|rehearse)_[0-9]+$",),
        )
        return [row[0] for row in cursor.fetchall()]


def swap(url: str, fresh: str, *, admin: str) -> str:
    """Let the fresh database take the name of ``url``'s; return the old one's new name.

    Raises Conflict while somebody is connected: both renames are one transaction or none.
    """
    name = database_name(url)
    aside = f"{name}_before_{clock.local(clock.now()):%Y%m%d%H%M%S}"
    connection = psycopg2.connect(admin, connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            cursor.execute(rename.format(sql.Identifier(name), sql.Identifier(aside)))
            cursor.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
    except psycopg2.errors.ObjectInUse as error:
        raise Conflict(
            _l(
                "Somebody is still connected to %(name)s. Stop web, live, worker and every other"
                " program, then repeat.",
                name=name,
            )
        ) from error
    finally:
        connection.close()
    return aside


def connected(url: str) -> int:
    """Return how many others are connected to the database."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def remember(checked: Checked, url: str) -> None:
    """Note in the restored database the archive it came from: it has just been proven."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO upkeep_backup (machine, path, state, started_at, ended_at, size, revision,"
            " rows, checked_at, rehearsed_at) VALUES (%s, %s, 'done', %s, %s, %s, %s, %s, %s, %s)",
            (
                socket.gethostname()[:120],
                str(checked.path.absolute())[:500],
                *(checked.head["made_at"],) * 2,
                checked.path.stat().st_size,
                checked.head["revision"],
                checked.rows,
                *(clock.now(),) * 2,
            ),
        )


def begin_new_history(url: str) -> None:
    """End every session of the restored database: no page goes on with a cursor of before."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('xiaokong.actor', 'system:restore', false)")
        cursor.execute("UPDATE ab_user SET access_version = access_version + 1")


def swap_files(fresh: Path, data: Path, folders: tuple[str, ...]) -> None:
    """Let the restored folders take the place of the present ones, which are kept beside them."""
    stamp = f"{clock.local(clock.now()):%Y%m%d%H%M%S}"
    for folder in folders:
        if not (fresh / folder).exists():
            continue
        if (data / folder).exists():
            (data / folder).rename(data / f"{folder}.before-{stamp}")
        _make_private((data / folder).parent, data)
        (fresh / folder).rename(data / folder)
    shutil.rmtree(fresh, ignore_errors=True)


def read_keys(checked: Checked, lock: Lock) -> dict[str, str]:
    """Return the keys that the archive carries. Raises ArchiveFault if it carries none."""
    with opened(checked.path, lock) as tar:
        for stream in Reader(tar).streams():
            if stream.name == KEYS:
                sealed = b"".join(stream.pieces)
                return unsealed_keys(sealed, lock, known=KEY_NAMES)
    raise ArchiveFault(_l("The archive carries no keys."))


def unsealed_keys(sealed: bytes, lock: Lock, *, known: Collection[str]) -> dict[str, str]:
    """Open what ``sealed_keys`` locked. Raises ArchiveFault, also for keys of unknown names."""
    try:
        if lock.recipient:
            identity = pyrage.x25519.Identity.from_str(lock.recipient.strip())
            content = pyrage.decrypt(sealed, [identity])
        else:
            content = pyrage.passphrase.decrypt(sealed, lock.passphrase)
    except pyrage.DecryptError as error:
        raise ArchiveFault(_l("The keys in the archive cannot be opened.")) from error
    found: dict[str, str] = json.loads(content)
    strange = set(found) - set(known)
    if strange:
        raise ArchiveFault(_l("The archive carries keys that are not ours; it was not made here."))
    return found


def restore_beside(
    checked: Checked, lock: Lock, *, url: str, migrate: Callable[[str], None], files: Path
) -> str:
    """Load the archive into a fresh database and bring it up; return that database's name."""
    name = f"{database_name(url)}_restore_{clock.local(clock.now()):%Y%m%d%H%M%S}"
    with scratch(url, name) as fresh:
        load(checked, lock, url=fresh, files=files)
        migrate(fresh)
        begin_new_history(fresh)
    return name

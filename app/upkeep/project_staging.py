"""Reads the archive of one project into temporary tables, which nobody else sees."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg2
from cryptography.exceptions import InvalidTag
from flask_babel import lazy_gettext as _l
from psycopg2 import sql

from app.core import secrets
from app.core.errors import Invalid
from app.core.key_rotation import EncryptedColumn
from app.upkeep import belonging
from app.upkeep.archive import ArchiveFault, Lock, Reader, Stream, opened
from app.upkeep.belonging import Share
from app.upkeep.project_export import (
    AUDIT,
    FORMAT,
    KEY_NAME,
    KIND,
    REFERENCES,
    ROWS,
    SECRETS,
    secret_columns,
)
from app.upkeep.restore import FILES, unsealed_keys, write_file

STAGE: Final = "stage_"
KEYS: Final = "keys.age"


@dataclass
class Staged:
    """An archive that was read to its end, is whole, and lies in the temporary tables."""

    head: dict[str, Any]
    references: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: int = 0

    @property
    def project_id(self) -> int:
        """Return the project's id."""
        return int(self.head["project"]["id"])

    @property
    def rows(self) -> int:
        """Return how many rows the archive holds."""
        return sum(int(table["rows"]) for table in self.head["tables"].values())


def stage_of(share: Share) -> sql.Identifier:
    """Return the name of the temporary table for a table's rows."""
    return sql.Identifier(STAGE + share.name)


def read_head(path: Path, lock: Lock) -> dict[str, Any]:
    """Return what the archive says of itself. Raises ArchiveFault, also for another kind."""
    with opened(path, lock) as tar:
        return _ours(Reader(tar).head)


def _ours(head: dict[str, Any]) -> dict[str, Any]:
    if head.get("kind") != KIND:
        raise ArchiveFault(
            _l("This archive holds a whole database. Restore it with flask restore.")
        )
    return head


def require_fit(head: dict[str, Any], revision: str) -> None:
    """Raise Invalid unless the archive has this schema."""
    if head.get("format") != FORMAT or head["revision"] != revision:
        raise Invalid(
            _l(
                "The archive was made by release %(release)s (%(revision)s), which is newer than"
                " this one. Install that release first; an older archive is brought up by itself.",
                release=head.get("release", "?"),
                revision=head.get("revision", "?"),
            )
        )


@contextmanager
def staging(url: str) -> Iterator[Any]:
    """Yield a connection whose temporary tables are gone when it is closed."""
    connection = psycopg2.connect(url, connect_timeout=10, application_name="xiaokong-project")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
        yield connection
    finally:
        connection.close()


@dataclass
class _Parts:
    """What an archive holds beside rows and files."""

    sealed: bytes = b""
    references: bytes = b"{}"
    secrets: dict[tuple[str, str], bytes] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    files: int = 0


def fill_stage(
    connection: Any, path: Path, lock: Lock, files: Path, *, is_older: bool = False
) -> Staged:
    """Read the whole archive into the stage, its files into ``files``; commit.

    Nothing of the database is changed. Raises ArchiveFault for an archive that is not whole, not
    ours, or holds rows of another project. ``is_older``: its tables are those of then.
    """
    with connection, connection.cursor() as cursor:
        with opened(path, lock) as tar:
            reader = Reader(tar)
            staged, parts = Staged(_ours(reader.head)), _Parts()
            for stream in reader.streams():
                _take(cursor, stream, staged.head, parts, files, is_older)
        # From here on the manifest has proved every byte.
        if set(parts.loaded) != set(staged.head["tables"]):
            raise _strange()
        if not is_older and set(parts.loaded) != set(belonging.shares_by_name()):
            raise _strange()
        staged.references = json.loads(parts.references)
        staged.files = parts.files
        key = secrets.TravelKey(unsealed_keys(parts.sealed, lock, known=(KEY_NAME,))[KEY_NAME])
        for encrypted, share in secret_columns():
            lines = parts.secrets.pop((encrypted.table, encrypted.column), b"")
            _put_secrets(cursor, encrypted, share, lines, key)
        if parts.secrets:
            raise _strange()
        _check(cursor, staged)
    return staged


def _take(
    cursor: Any, stream: Stream, head: dict[str, Any], parts: _Parts, files: Path, is_older: bool
) -> None:
    name = stream.name
    if name.startswith(ROWS):
        parts.loaded.append(_load(cursor, stream, head, is_older))
    elif name.startswith(FILES):
        write_file(stream, files)
        parts.files += 1
    elif name.startswith(SECRETS):
        table, _dot, column = name.removeprefix(SECRETS).partition(".")
        parts.secrets[table, column] = b"".join(stream.pieces)
    elif name == REFERENCES:
        parts.references = b"".join(stream.pieces)
    elif name == KEYS:
        parts.sealed = b"".join(stream.pieces)
    elif name != AUDIT:
        raise _strange()


def _strange() -> ArchiveFault:
    return ArchiveFault(_l("The archive was not made by this program."))


class _Source(io.RawIOBase):
    """A stream of the archive as a file that is read once."""

    def __init__(self, stream: Stream) -> None:
        self._pieces = stream.pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        part = self._rest[: len(buffer)]
        self._rest = self._rest[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def _load(cursor: Any, stream: Stream, head: dict[str, Any], is_older: bool) -> str:
    name = stream.name.removeprefix(ROWS)
    share = belonging.shares_by_name().get(name)
    columns = head["tables"].get(name, {}).get("columns")
    if share is None or not columns or not (is_older or set(columns) == set(share.columns)):
        raise _strange()
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    cursor.execute(
        sql.SQL("CREATE TEMP TABLE {} AS SELECT {} FROM {} WITH NO DATA").format(
            stage_of(share), names, sql.Identifier(name)
        )
    )
    try:
        cursor.copy_expert(
            sql.SQL("COPY {} ({}) FROM STDIN").format(stage_of(share), names),
            io.BufferedReader(_Source(stream)),
        )
        cursor.execute(sql.SQL("CREATE UNIQUE INDEX ON {} (id)").format(stage_of(share)))
    except (psycopg2.DataError, psycopg2.IntegrityError) as error:
        raise _strange() from error
    cursor.execute(sql.SQL("ANALYZE {}").format(stage_of(share)))
    return name


def _put_secrets(
    cursor: Any, column: EncryptedColumn, share: Share, lines: bytes, key: secrets.TravelKey
) -> None:
    """Put the values under this deployment's key; what stands here already stays as it is."""
    opened_values = {}
    try:
        for line in lines.splitlines():
            row_id, cipher = json.loads(line)
            context = column.context(int(row_id))
            opened_values[int(row_id)] = key.decrypt(cipher, context=context)
    except (ValueError, InvalidTag) as error:
        raise _strange() from error
    cursor.execute(
        sql.SQL("SELECT id, {0} FROM {1} WHERE id = ANY(%s) AND {0} IS NOT NULL").format(
            sql.Identifier(column.column), sql.Identifier(share.name)
        ),
        (sorted(opened_values),),
    )
    present = dict(cursor.fetchall())
    hashed = (
        sql.SQL(", {} = %s").format(sql.Identifier(column.hash_column))
        if column.hash_column
        else sql.SQL("")
    )
    statement = sql.SQL("UPDATE {} SET {} = %s{} WHERE id = %s").format(
        stage_of(share), sql.Identifier(column.column), hashed
    )
    for row_id, plain in opened_values.items():
        context = column.context(row_id)
        cipher = _kept(present.get(row_id), plain, context)
        marks = [secrets.fingerprint(plain)] if column.hash_column else []
        cursor.execute(statement, [cipher, *marks, row_id])


def _kept(present: str | None, plain: str, context: str) -> str:
    """Return the ciphertext that stands here, if it says the same under the key in use."""
    is_same = (
        present is not None
        and secrets.is_current(present, context=context)
        and secrets.decrypt(present, context=context) == plain
    )
    return str(present) if is_same else secrets.encrypt(plain, context=context)


def _check(cursor: Any, staged: Staged) -> None:
    """Raise ArchiveFault for other counts than the head's, or rows of another project."""
    for name in staged.head["tables"]:
        share = belonging.shares_by_name()[name]
        cursor.execute(
            sql.SQL("SELECT count(*), count(*) FILTER (WHERE ({}) IS NOT TRUE) FROM {}").format(
                sql.SQL(share.where(staged.project_id, STAGE)), stage_of(share)
            )
        )
        count, others = cursor.fetchone()
        if count != staged.head["tables"][share.name]["rows"]:
            raise ArchiveFault(_l("The archive does not hold what its manifest says."))
        if others:
            raise _strange()

"""``flask project export``: all that belongs to one project, at one moment, in one locked file."""

from __future__ import annotations

import io
import json
import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flask_babel import lazy_gettext as _l
from psycopg2 import sql

from app.core import audit, clock, secrets
from app.core.actor import system_actor
from app.core.errors import Conflict, Invalid, NotFound
from app.core.key_rotation import EncryptedColumn, encrypted_columns
from app.core.uow import unit_of_work
from app.upkeep import belonging
from app.upkeep.archive import Lock, Writer, write_archive
from app.upkeep.backup import Summing, key_print, sealed_keys, snapshot
from app.upkeep.belonging import Share
from app.upkeep.project_references import read_references

ACTOR = system_actor("project-export")
KIND = "project"
FORMAT = 1
SUFFIX = ".xkp"
KEY_NAME = "PROJECT_KEY"
#: where the files of one project lie in DATA_DIR
FOLDERS = ("uploads/projects/{project}", "files/projects/{project}")
ROWS = "rows/"
SECRETS = "secrets/"
REFERENCES = "references.json"
AUDIT = "audit.jsonl"


@dataclass(frozen=True)
class ExportOrder:
    """Which project is written where, and for whom."""

    code: str
    url: str
    data: Path
    target: Path
    lock: Lock
    release: str
    field_key: str
    #: when the rows were taken, if that was not now
    made_at: str = ""


@dataclass(frozen=True)
class Exported:
    """A written archive."""

    path: Path
    rows: int
    tables: int
    sha256: str


def export_project(order: ExportOrder) -> Exported:
    """Write the archive; whatever happens, a file with the final name is whole.

    Raises Invalid without a key or for a place that does not exist, NotFound for an unknown code,
    Conflict where a file of that name stands already.
    """
    if not (order.lock.recipient or order.lock.passphrase):
        raise Invalid(
            _l(
                "Say whom the archive is locked for: BACKUP_RECIPIENT=age1…, --recipient, or a file"
                " with a passphrase. Nothing is written unlocked."
            )
        )
    order.lock.seal()
    made, project_id = write_archive_of(order)
    with unit_of_work(ACTOR):
        audit.record(
            "export",
            table_name=belonging.ROOT,
            row_id=project_id,
            project_id=project_id,
            note={
                "list": "project",
                "file": made.path.name,
                "rows": made.rows,
                "sha256": made.sha256,
            },
        )
    return made


def write_archive_of(order: ExportOrder) -> tuple[Exported, int]:
    """Write the archive; return it and the project's id. Raises as ``export_project``."""
    path = _place(order)
    draft = path.with_name(f".{path.name}.part")
    head: dict[str, Any] = {}
    try:
        # A draft of this name is what a killed export left.
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            sink = Summing(file)
            write_archive(sink, order.lock, lambda archive: _fill(archive, order, head))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        # A link is refused where a file came meanwhile; a rename would take its place.
        os.link(draft, path)
    except FileExistsError as error:
        raise _taken(path) from error
    finally:
        draft.unlink(missing_ok=True)
    digest = sink.digest.hexdigest()
    rows = sum(table["rows"] for table in head["tables"].values())
    return Exported(path, rows, len(head["tables"]), digest), int(head["project"]["id"])


def _place(order: ExportOrder) -> Path:
    path = order.target
    if path.is_dir():
        moment = clock.local(clock.now())
        safe = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in order.code)
        path /= f"project-{safe}-{moment:%Y%m%d-%H%M%S}{SUFFIX}"
    if not path.parent.is_dir():
        raise Invalid(_l("There is no folder %(folder)s.", folder=str(path.parent)))
    if path.exists():
        raise _taken(path)
    return path.absolute()


def _taken(path: Path) -> Conflict:
    return Conflict(_l("%(file)s is there already; choose another name.", file=str(path)))


def _fill(archive: Writer, order: ExportOrder, head: dict[str, Any]) -> None:
    key = secrets.TravelKey(b64encode(os.urandom(48)).decode())
    with snapshot(order.url) as (connection, _name):
        head |= _head(connection, order)
        project_id = head["project"]["id"]
        archive.put_json("head.json", head)
        for share in belonging.shares():
            with copied(connection, _select(share, project_id)) as rows:
                archive.put(ROWS + share.name, rows)
        for column, share in secret_columns():
            content = _travelling(connection, column, share.where(project_id), key)
            archive.put(f"{SECRETS}{column.table}.{column.column}", content)
        archive.put(REFERENCES, _document(read_references(connection, project_id)))
        with copied(connection, _audit_of(project_id)) as entries:
            archive.put(AUDIT, entries)
    for path, inside in list_project_files(order.data, project_id):
        with path.open("rb") as file:
            archive.put(f"data/{inside}", file)
    archive.put("keys.age", sealed_keys({KEY_NAME: key.secret}, order.lock))
    archive.put_json("manifest.json", {"streams": archive.sums})


def _head(connection: Any, order: ExportOrder) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code, name FROM estate_project WHERE code = %s", (order.code,))
        found = cursor.fetchone()
        if found is None:
            raise NotFound(_l("There is no project with the code %(code)s.", code=order.code))
        cursor.execute("SELECT version_num FROM alembic_version")
        revision = str(cursor.fetchone()[0])
        tables = {}
        for share in belonging.shares():
            cursor.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE " + share.where(found[0])).format(
                    sql.Identifier(share.name)
                )
            )
            tables[share.name] = {"columns": share.columns, "rows": int(cursor.fetchone()[0])}
    return {
        "format": FORMAT,
        "kind": KIND,
        "release": order.release,
        "made_at": order.made_at or clock.now().isoformat(),
        "revision": revision,
        "project": {"id": int(found[0]), "code": found[1], "name": found[2]},
        "tables": tables,
        "keys": {"FIELD_KEY": key_print(order.field_key)},
    }


def secret_columns() -> Iterator[tuple[EncryptedColumn, Share]]:
    """Yield the project's columns that hold ciphertext, and their tables."""
    for column in encrypted_columns():
        share = belonging.shares_by_name().get(column.table)
        if share is not None:
            yield column, share


def _select(share: Share, project_id: int) -> sql.Composable:
    """Return the statement for a table's rows; what is encrypted goes another way."""
    hidden = {
        name
        for column, _share in secret_columns()
        if column.table == share.name
        for name in (column.column, column.hash_column)
    }
    columns = sql.SQL(", ").join(
        sql.SQL("NULL") if name in hidden else sql.Identifier(name) for name in share.columns
    )
    return sql.SQL("COPY (SELECT {} FROM {} WHERE {} ORDER BY id) TO STDOUT").format(
        columns, sql.Identifier(share.name), sql.SQL(share.where(project_id))
    )


def _audit_of(project_id: int) -> sql.Composable:
    # CSV with signs that no JSON text holds: each line is the JSON itself.
    return sql.SQL(
        "COPY (SELECT to_jsonb(e) FROM core_audit_entry e WHERE project_id = {} ORDER BY id)"
        " TO STDOUT WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    ).format(sql.Literal(project_id))


@contextmanager
def copied(connection: Any, statement: sql.Composable) -> Iterator[IO[bytes]]:
    """Yield what COPY … TO STDOUT writes, as a file to be read to its end."""
    reading, writing = os.pipe()
    trouble: list[BaseException] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb") as sink, connection.cursor() as cursor:
                cursor.copy_expert(statement, sink)
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            trouble.append(error)

    thread = threading.Thread(target=write, name="copy")
    thread.start()
    try:
        with os.fdopen(reading, "rb") as source:
            yield source
    finally:
        thread.join()
    if trouble:
        raise trouble[0]


def _travelling(
    connection: Any, column: EncryptedColumn, where: str, key: secrets.TravelKey
) -> IO[bytes]:
    """Return the column's values under the travel key, one ``[id, ciphertext]`` a line."""
    lines = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT id, {} FROM {} WHERE {} AND {} IS NOT NULL ORDER BY id").format(
                sql.Identifier(column.column),
                sql.Identifier(column.table),
                sql.SQL(where),
                sql.Identifier(column.column),
            )
        )
        for row_id, cipher in cursor:
            context = column.context(row_id)
            again = key.encrypt(secrets.decrypt(cipher, context=context), context=context)
            lines.write(json.dumps([row_id, again]).encode() + b"\n")
    lines.seek(0)
    return lines


def _document(value: Any) -> IO[bytes]:
    return io.BytesIO(json.dumps(value, ensure_ascii=False, default=str).encode())


def list_project_files(data: Path, project_id: int) -> list[tuple[Path, str]]:
    """Return the files of the project, with their names within DATA_DIR."""
    found: list[tuple[Path, str]] = []
    for folder in FOLDERS:
        place = data / folder.format(project=project_id)
        found += [
            (path, path.relative_to(data).as_posix())
            for path in sorted(place.rglob("*"))
            if path.is_file() and not path.is_symlink()
        ]
    return found

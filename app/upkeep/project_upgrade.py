"""Brings the archive of an older release up: into a scratch database, migrated, written anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
import pyrage
from flask_babel import lazy_gettext as _l
from psycopg2 import sql

from app.core import clock
from app.core.errors import Invalid
from app.upkeep import belonging, restore
from app.upkeep.archive import Lock
from app.upkeep.project_export import SUFFIX, ExportOrder, write_archive_of
from app.upkeep.project_references import insert_as_it_was
from app.upkeep.project_staging import STAGE, Staged, fill_stage, staging
from app.upkeep.restoring import known_revisions, migrate_at


def revision_of(url: str) -> str:
    """Return the schema's version of the database."""
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


@contextmanager
def fitting(
    file: Path, lock: Lock, head: dict[str, Any], *, url: str, data: Path, field_key: str
) -> Iterator[tuple[Path, Lock]]:
    """Yield an archive of this database's schema and what opens it: itself, or one brought up.

    An archive of a newer release is yielded as it is, for the caller to refuse.
    """
    here = revision_of(url)
    if head["revision"] == here or head["revision"] not in known_revisions():
        yield file, lock
        return
    with TemporaryDirectory(dir=data, prefix=".restore-") as folder:
        yield _bring_up(file, lock, head, url=url, folder=Path(folder), field_key=field_key)


def _bring_up(
    file: Path, lock: Lock, head: dict[str, Any], *, url: str, folder: Path, field_key: str
) -> tuple[Path, Lock]:
    stamp = f"{clock.local(clock.now()):%Y%m%d%H%M%S}"
    name = f"{restore.database_name(url)}_restore_{stamp}"
    # What is written in between is for the next moment only, and so is its key.
    identity = pyrage.x25519.Identity.generate()
    with restore.scratch(url, name) as fresh:
        migrate_at(fresh, head["revision"])
        try:
            with staging(fresh) as connection:
                staged = fill_stage(connection, file, lock, folder, is_older=True)
                _insert(connection, staged)
        except psycopg2.Error as error:
            raise Invalid(
                _l(
                    "The archive of release %(release)s cannot be brought up: %(reason)s",
                    release=head.get("release", "?"),
                    reason=str(error).splitlines()[0],
                )
            ) from error
        migrate_at(fresh)
        made, _project_id = write_archive_of(
            ExportOrder(
                code=head["project"]["code"],
                url=fresh,
                data=folder,
                target=folder / f"brought-up{SUFFIX}",
                lock=Lock(recipient=str(identity.to_public())),
                release=head["release"],
                field_key=field_key,
                made_at=head["made_at"],
            )
        )
    restore.drop(url, name)
    return made.path, Lock(recipient=str(identity))


def _insert(connection: Any, staged: Staged) -> None:
    """Fill the tables of then: what is pointed to first, the closing last."""
    with connection, connection.cursor() as cursor:
        for table, rows in staged.references.items():
            insert_as_it_was(cursor, table, rows)
        tables = sorted(staged.head["tables"], key=lambda name: name == belonging.CLOSING)
        for table in tables:
            names = sql.SQL(", ").join(map(sql.Identifier, staged.head["tables"][table]["columns"]))
            cursor.execute(
                sql.SQL("INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM {2}").format(
                    sql.Identifier(table), names, sql.Identifier(STAGE + table)
                )
            )

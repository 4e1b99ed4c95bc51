"""Proves an archive: whole, restorable, with the same rows, books that add up, readable numbers."""

from __future__ import annotations

from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import create_engine, text, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import db
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.finance.ledger import PROOFS
from app.upkeep import restore, tools
from app.upkeep.archive import Lock
from app.upkeep.backup import ACTOR, LONGEST_ERROR, find_record
from app.upkeep.models import Backup
from app.upkeep.restoring import known_revisions, migrate_at
from config import sqlalchemy_url


def check(file: Path, lock: Lock) -> restore.Checked:
    """Prove the archive without restoring it. Raises ArchiveFault."""
    return restore.check_archive(file, lock)


def rehearse(file: Path, lock: Lock, *, url: str, keys: dict[str, str]) -> list[str]:
    """Restore into a scratch database and prove it; return lines. The outcome is written down.

    Raises DomainError with what is wrong; the scratch database is dropped either way.
    """
    try:
        lines = _rehearse(file, lock, url=url, keys=keys)
    except DomainError as error:
        _note(file, str(error.message))
        raise
    _note(file, None)
    return lines


def _rehearse(file: Path, lock: Lock, *, url: str, keys: dict[str, str]) -> list[str]:
    checked = restore.check_archive(file, lock)
    restore.require_fit(checked, known=known_revisions(), server=tools.server_major(url))
    for rest in restore.leftovers(url):
        restore.drop(url, rest)
    stamp = f"{clock.local(clock.now()):%Y%m%d%H%M%S}"
    name = f"{restore.database_name(url)}_rehearse_{stamp}"
    with restore.scratch(url, name) as fresh:
        restore.load(checked, lock, url=fresh)
        migrate_at(fresh)
        breaches = _breaches(fresh)
    restore.drop(url, name)
    if breaches:
        raise restore.RestoreFailed(
            _("The books in the archive do not add up: %(what)s", what="; ".join(breaches))
        )
    lines = [
        _("Restored into a scratch database and dropped again: %(rows)d rows in %(tables)d tables,"
          " all as the manifest says; the books add up.",
          rows=checked.rows, tables=len(checked.head["rows"]))
    ]  # fmt: skip
    others = restore.other_keys(checked, keys)
    if others:
        lines.append(
            _("Attention: %(names)s of this server differ from those of the archive.",
              names=", ".join(others))
        )  # fmt: skip
    return lines


def _breaches(url: str) -> list[str]:
    engine = create_engine(sqlalchemy_url(url))
    try:
        with Session(engine) as session:
            return [
                str(proof.claim) for proof in PROOFS if session.execute(text(proof.sql)).first()
            ]
    finally:
        engine.dispose()


def _note(file: Path, error: str | None) -> None:
    record = find_record(file)
    if record is None:
        return
    with unit_of_work(ACTOR):
        db.session.execute(
            update(Backup)
            .where(Backup.id == record.id)
            .values(
                rehearsed_at=clock.now(),
                checked_at=clock.now(),
                rehearsal_error=error[:LONGEST_ERROR] if error else None,
            )
        )

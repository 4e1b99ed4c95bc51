"""Reads what a check of a price list found of each room."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Invalid
from app.estate.models import RoomImport, RoomImportLine, RoomImportLineKind

READ_AT_ONCE: Final = 2000


def list_import_lines(
    record: RoomImport, *, kinds: Collection[str] = (), after: int = 0, limit: int
) -> list[RoomImportLine]:
    """Return lines of an import in the order of its list, behind the line ``after``.

    Raises Invalid for a kind that there is not.
    """
    known = {one.value for one in RoomImportLineKind}
    if not known.issuperset(kinds):
        sentence = _("kind is one of %(kinds)s.", kinds=", ".join(sorted(known)))
        raise Invalid(sentence, fields={"kind": sentence})
    statement = (
        select(RoomImportLine)
        .where(RoomImportLine.room_import_id == record.id, RoomImportLine.id > after)
        .order_by(RoomImportLine.id)
        .limit(limit)
    )
    if kinds:
        statement = statement.where(RoomImportLine.kind.in_(kinds))
    return list(db.session.scalars(statement))


def has_import_lines(record: RoomImport) -> bool:
    """Tell whether what a check found of each room is kept."""
    own = select(RoomImportLine.id).where(RoomImportLine.room_import_id == record.id).limit(1)
    return db.session.scalar(own) is not None


def iterate_import_lines(record: RoomImport) -> Iterator[Any]:
    """Yield kind, title, sheet, line and words of every line, in little memory."""
    line = RoomImportLine
    wanted = (line.kind, line.title, line.sheet, line.line, line.words)
    statement = select(*wanted).where(line.room_import_id == record.id).order_by(line.id)
    yield from db.session.execute(statement, execution_options={"yield_per": READ_AT_ONCE})

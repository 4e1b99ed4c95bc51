"""Adding, changing and removing a row, with the database's last word put into a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from app.core.db import Base, db
from app.core.errors import Conflict

Row = TypeVar("Row", bound=Base)

UNIQUE, FOREIGN = "23505", "23503"


def add_row(row: Row, *, taken: Any) -> Row:
    """Add the row. Raises Conflict with the sentence ``taken`` if there is such a row already."""
    _flush(lambda: db.session.add(row), UNIQUE, taken)
    return row


def change_row(row: Row, values: Mapping[str, Any], *, taken: Any) -> Row:
    """Give the row new values. Raises Conflict with ``taken`` if another row has them already."""

    def change() -> None:
        for name, value in values.items():
            setattr(row, name, value)

    _flush(change, UNIQUE, taken)
    return row


def remove_row(row: Base, *, used: Any) -> None:
    """Delete the row. Raises Conflict with the sentence ``used`` if other rows hang on it."""
    _flush(lambda: db.session.delete(row), FOREIGN, used)


def _flush(act: Any, state: str, sentence: Any) -> None:
    try:
        # A savepoint: the caller's transaction goes on after a refusal.
        with db.session.begin_nested():
            act()
            db.session.flush()
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) != state:
            raise
        raise Conflict(sentence, code="taken" if state == UNIQUE else "in_use") from error

"""Changing FIELD_KEY: every value under the old key is put under the new one, in small steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.core import secrets
from app.core.db import db

#: rows in one transaction: a step that fails or is stopped loses no more than these
BATCH = 200


@dataclass(frozen=True)
class EncryptedColumn:
    """A column that holds ciphertext bound to its row, and the column of its hash, if any."""

    table: str
    column: str
    hash_column: str = ""
    #: what stands between the column's name and the row's id in the context
    mark: str = ":"

    def context(self, row_id: int) -> str:
        """Return what the ciphertext of a row is bound to."""
        return f"{self.table}.{self.column}{self.mark}{row_id}"


_declared: dict[tuple[str, str], EncryptedColumn] = {}


def declare_encrypted(column: EncryptedColumn) -> EncryptedColumn:
    """Make a column known to ``flask keys rotate``; an area calls it beside its model."""
    _declared[column.table, column.column] = column
    return column


def encrypted_columns() -> list[EncryptedColumn]:
    """Return every column that holds ciphertext."""
    return [_declared[key] for key in sorted(_declared)]


def rotate_batch(column: EncryptedColumn, after: int) -> tuple[int, int] | None:
    """Put the next rows after the id ``after`` under the key in use.

    Returns the last id looked at and how many were changed, or None when there are no more. Rows
    that are under the key in use already are left alone, so the whole can be begun again at any
    time. Flushes; the caller commits. Raises InvalidTag for a value that neither key opens.
    """
    # The names are those of our own declarations, never of a user.
    rows = db.session.execute(
        text(
            f"SELECT id, {column.column} FROM {column.table}"
            f" WHERE id > :after AND {column.column} IS NOT NULL"
            " ORDER BY id LIMIT :batch FOR UPDATE"
        ),
        {"after": after, "batch": BATCH},
    ).all()
    if not rows:
        return None
    changed = list(_renewed(column, rows))
    hashed = f", {column.hash_column} = :hash" if column.hash_column else ""
    if changed:
        db.session.execute(
            text(f"UPDATE {column.table} SET {column.column} = :cipher{hashed} WHERE id = :id"),
            changed,
        )
    return rows[-1][0], len(changed)


def _renewed(column: EncryptedColumn, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row_id, cipher in rows:
        context = column.context(row_id)
        if secrets.is_current(cipher, context=context):
            continue
        plain = secrets.decrypt(cipher, context=context)
        found = {"id": row_id, "cipher": secrets.encrypt(plain, context=context)}
        if column.hash_column:
            found["hash"] = secrets.fingerprint(plain)
        yield found

"""Markup and formulas in every text that people can write, so that a page that trusts one shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from app.core.db import Model, db

#: an element of our own between the signs that end an attribute; ids follow where rows must differ
MARK = "'\"><b7>"
#: what it may never look like on a page
RAW = "<b7"
#: what it looks like there
ESCAPED = ("&lt;b7", "\\u003cb7")
#: rows that sign people in, that name code, or that nothing may change; no page trusts them
LEFT_ALONE = {"ab_api_key", "ab_permission", "ab_register_user", "ab_role", "ab_view_menu",
              "admin_password_history", "core_audit_entry", "core_audit_seal"}  # fmt: skip
#: words of the code, by column: a page would not know what to do with another
WORDS = {
    "kind", "state", "status", "code", "driver", "command", "event", "device_kind", "basis", "key",
    "due_rule", "duty", "channel", "action", "table_name", "role", "role_code", "decision", "light",
    "method", "origin", "once", "shape", "severity", "locale", "list_key", "link", "url", "query",
    "username", "password", "secret", "actor", "digest", "chain", "fingerprint", "sha256", "sex",
    "id_kind", "token_hash", "key_digest", "code_digest", "search_keys", "email", "mobile",
    "id_number_cipher", "id_number_hash", "subject_type", "purpose_code", "process", "outcome",
    "field", "media_type",
}  # fmt: skip


def free_texts() -> list[tuple[str, Column[Any]]]:
    """Return every column that holds what somebody wrote, with its table's name."""
    return [
        (table.name, column)
        for table in sorted(Model.metadata.tables.values(), key=lambda one: one.name)
        if table.name not in LEFT_ALONE
        for column in table.c
        if isinstance(column.type, String)
        and column.name not in WORDS
        and not column.foreign_keys
        and (column.type.length or 1000) > len(MARK) + 5
    ]


def plant(mark: str = MARK) -> list[str]:
    """Put the mark into every such column; return which could take it."""
    taken = []
    for table, column in free_texts():
        value = func.concat(mark, text("id")) if "id" in column.table.c else mark
        if _change(column, value):
            taken.append(f"{table}.{column.name}")
    for table, column in _documents():
        # Names and titles that notices, approvals and jobs have frozen.
        written = text(
            f"UPDATE {table} SET {column} = CAST(regexp_replace(CAST({column} AS text),"
            " '\"([^\"\\\\]*[一-龥][^\"\\\\]*)\"', :json, 'g') AS jsonb)"
        )
        if _try(written, json='"\\1<b7>"'):
            taken.append(f"{table}.{column}")
    db.session.commit()
    return taken


def _documents() -> list[tuple[str, str]]:
    return [
        (table.name, column.name)
        for table in Model.metadata.tables.values()
        if table.name not in LEFT_ALONE
        for column in table.c
        if isinstance(column.type, JSON | JSONB)
    ]


def _change(column: Column[Any], value: Any) -> bool:
    return _try(column.table.update().values({column: value}).where(column.is_not(None)))


def _try(statement: Any, **values: Any) -> bool:
    """Run a statement; tell whether the database's own rules allowed it."""
    try:
        with db.session.begin_nested():
            db.session.execute(statement, values)
    except DBAPIError:
        return False
    return True

"""Hand-written SQL on the session's own connection, past the ORM: for statements that are hot."""

from __future__ import annotations

import re
from typing import Any

import psycopg2
from sqlalchemy.exc import DBAPIError

from app.core.db import db

#: ``:name``, but neither ``::type`` nor a colon inside a word
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


class Sql:
    """One statement with ``:name`` parameters, made ready once.

    Costs about a tenth of the processor time of ``session.execute(text(…))``. It runs in the
    session's transaction, under the actor's name; like all raw SQL it must carry its own scope
    predicate. Database errors come as SQLAlchemy's, so that callers see one kind.
    """

    __slots__ = ("statement",)

    def __init__(self, statement: str) -> None:
        self.statement = _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))

    def rows(self, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run it and return its rows; none for a statement that returns nothing."""
        connection: Any = db.session.connection()
        raw: Any = connection.connection.dbapi_connection
        try:
            with raw.cursor() as cursor:
                if connection._has_events:  # noqa: SLF001 - whoever counts statements counts these
                    connection.dispatch.before_cursor_execute(
                        connection, cursor, self.statement, parameters, None, False
                    )
                cursor.execute(self.statement, parameters)
                if connection._has_events:  # noqa: SLF001 - as above
                    connection.dispatch.after_cursor_execute(
                        connection, cursor, self.statement, parameters, None, False
                    )
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            if raw.closed:
                connection.invalidate(error)
            raise DBAPIError.instance(
                self.statement,
                parameters,
                error,
                psycopg2.Error,
                connection_invalidated=bool(raw.closed),
            ) from error

    def row(self, **parameters: Any) -> tuple[Any, ...] | None:
        """Run it and return its first row, or None."""
        found = self.rows(**parameters)
        return found[0] if found else None

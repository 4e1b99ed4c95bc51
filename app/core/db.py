"""Session, base class and column types; the only core module that builds on Flask-AppBuilder."""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import psycopg2
from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Numeric,
    String,
    Text,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.pool import Pool

from app.core import clock
from app.core.actor import Actor, current_actor
from app.logs.trace import request_id

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Model.metadata.naming_convention = NAMING_CONVENTION

log = logging.getLogger("xiaokong.database")


class Database(SQLA):
    """The session and its engines; a connection that dies last of all spoils no answer."""

    def undo(self) -> None:
        """Roll back whatever is open; a session that cannot even do that is given up."""
        try:
            self.session.rollback()
        except DBAPIError:
            self._give_up("rolled back")

    def leave(self) -> None:
        """Give the session up at the end of a request or a job."""
        try:
            self.session.remove()
        except DBAPIError:
            self._give_up("closed")

    def _give_up(self, what: str) -> None:
        # The server has undone what was open when it lost the connection. Kept, the session would
        # be found again by a later request whose context has the same address in memory.
        log.warning("the connection was lost before the session was %s", what)
        self.session.registry.clear()

    def _teardown_session(self, exc: BaseException | None) -> None:  # noqa: ARG002 - Flask's
        self.leave()


db = Database()
db.metadatas[None] = Model.metadata

big_id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
money = Annotated[Decimal, mapped_column(Numeric(14, 2))]
unit_price = Annotated[Decimal, mapped_column(Numeric(14, 2))]
area = Annotated[Decimal, mapped_column(Numeric(10, 2))]
percent = Annotated[Decimal, mapped_column(Numeric(7, 2))]
moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
created_moment = Annotated[
    datetime, mapped_column(DateTime(timezone=True), server_default=func.now())
]
day = Annotated[date, mapped_column(Date)]
code_text = Annotated[str, mapped_column(String(40))]
name_text = Annotated[str, mapped_column(String(120))]
long_text = Annotated[str, mapped_column(Text)]
json_object = Annotated[dict[str, Any], mapped_column(JSONB)]
json_list = Annotated[list[Any], mapped_column(JSONB)]


class Base(Model):
    """The base of every table: typed, named by convention, never made behind Alembic's back."""

    __abstract__ = True
    __table_args__: Any = ()

    #: columns whose values the audit keeps only as "changed"
    __personal__: ClassVar[tuple[str, ...]] = ()
    #: False for hot technical tables that the audit leaves out
    __audited__: ClassVar[bool] = True

    id: Mapped[big_id]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


def traced_ref() -> Any:
    """Return a column for the id of the request that wrote the row; filled in by the database."""
    return mapped_column(
        String(64), server_default=text("nullif(current_setting('xiaokong.request_id', true), '')")
    )


def user_ref(*, nullable: bool = True) -> Any:
    """Return a column that points to a user (``_by_id`` and owner columns)."""
    return mapped_column(ForeignKey("ab_user.id"), nullable=nullable, index=True)


#: an SQL expression that core does not know by itself: what a user's access stands on
_ACCESS_SQL: list[str] = []


def register_access_source(expression: str) -> None:
    """Name the SQL expression that yields what a user's access stands on.

    It may use ``%(actor_id)s``, ``%(session)s`` (digest of the session's key, or NULL) and
    ``%(now)s``. It is read in the same statement that names the actor to the audit triggers, so
    that who-and-what-may costs one round trip; the value is left in the session's ``info``.
    """
    _ACCESS_SQL[:] = [expression]


def announce(session: Session, connection: Any, actor: Actor) -> None:
    """Name the actor to the audit triggers for the rest of the transaction."""
    columns = (
        "set_config('xiaokong.actor', %(actor)s, true),"
        " set_config('xiaokong.address', %(address)s, true),"
        " set_config('xiaokong.channel', %(channel)s, true),"
        " set_config('xiaokong.request_id', %(request_id)s, true)"
    )
    parameters: dict[str, Any] = {
        "actor": actor.key,
        "address": actor.address,
        "channel": actor.channel,
        "request_id": request_id(),
    }
    if actor.kind == "user" and _ACCESS_SQL:
        columns += f", {_ACCESS_SQL[0]}"
        parameters |= {
            "actor_id": actor.id,
            "session": actor.session or None,
            "now": clock.now(),
        }
    # The driver's own call: every transaction pays for this statement.
    row = connection.exec_driver_sql(f"SELECT {columns}", parameters).one()
    session.info["access"] = row[4] if len(row) > 4 else None  # noqa: PLR2004


#: seconds of idleness after which a pooled connection is asked whether it still lives
QUIET_SECONDS = 1.0


@event.listens_for(Pool, "checkin")
def _note_use(dbapi_connection: Any, record: Any) -> None:
    if dbapi_connection is not None:
        record.info["used_at"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _ask_whether_it_lives(dbapi_connection: Any, record: Any, _proxy: Any) -> None:
    # The pool's own pre-ping asks before every use, a round trip for each request. A busy
    # connection was alive a moment ago; if it is not, the caller is told to try again.
    used_at = record.info.get("used_at")
    if used_at is None or time.monotonic() - used_at < QUIET_SECONDS:
        return
    try:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        dbapi_connection.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError from error


@event.listens_for(Session, "after_begin")
def _name_the_actor(session: Session, transaction: Any, connection: Any) -> None:
    # Transaction-local: set once per request it would be lost at the first commit, session-wide
    # it would leak to the next user of the pooled connection.
    actor = current_actor()
    if actor is not None and not transaction.nested:
        announce(session, connection, actor)

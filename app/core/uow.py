"""The unit of work: the only place that commits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DBAPIError

from app.core.actor import Actor, acting, current_actor
from app.core.db import announce, db
from app.core.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterator


#: what the database answers to changes of somebody who has left (access_require_present)
LEFT_STATE = "XK002"


@contextmanager
def unit_of_work(actor: Actor) -> Iterator[Any]:
    """Run one business action as ``actor`` and commit once at its end, or roll all of it back.

    Units of work do not nest: an operation called by another one joins its caller's. Raises
    NotAllowed for an administrator who only looks through this actor, and for somebody who has
    been deactivated since his request began: he leaves nothing behind that a handover has missed.
    """
    session = db.session()
    watching = current_actor()
    through = watching is not None and watching.watched_by and actor.kind != "user"
    if actor.watched_by or through:
        raise NotAllowed(
            _l(
                "You look through the eyes of %(name)s. Nothing can be changed meanwhile; go back"
                " to yourself first.",
                name=(watching or actor).name,
            ),
            code="read_only",
        )
    if session.info.get("in_unit_of_work"):
        message = "units of work do not nest"
        raise RuntimeError(message)
    begun_for = current_actor() if session.in_transaction() else actor
    session.info["in_unit_of_work"] = True
    with acting(actor):
        try:
            if begun_for != actor:
                # What follows must not be audited under the name the transaction was begun for.
                announce(session, session.connection(), actor)
            yield session
            session.commit()
        except BaseException as error:
            session.rollback()
            if isinstance(error, DBAPIError) and has_left(error):
                raise _left() from error
            raise
        finally:
            session.info.pop("in_unit_of_work", None)


def has_left(error: DBAPIError) -> bool:
    """Tell whether the database refused because the actor has left, or is just leaving."""
    return getattr(error.orig, "pgcode", None) == LEFT_STATE


def _left() -> NotAllowed:
    return NotAllowed(
        _l(
            "Your account is not in use any more, or is being closed at this moment. Nothing of"
            " this has been saved; ask your administrator."
        ),
        code="left",
    )


@contextmanager
def beside(actor: Actor) -> Iterator[Any]:
    """Commit something small on a connection of its own while another unit of work goes on.

    For the progress of long work, which others must see before the work is done.
    """
    with acting(actor):
        session = db.session.session_factory()
        try:
            yield session
            session.commit()
        finally:
            session.close()

"""Tiles for administrators: accounts, and attempts to sign in that failed."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, cast, func, select

from app.admin.models import AppUser, SignInFailure
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.web.formats import moment_text
from app.web.tiles import MOST_ROWS, Figure, Figures, Row, Rows, Tile

#: an account that nobody has used for so long is worth a question
UNUSED = timedelta(days=30)


def accounts(actor: Actor) -> Figures:
    """Return how many accounts there are, and those to look after."""
    active = AppUser.active.is_(True)
    long_ago = (clock.now() - UNUSED).replace(tzinfo=None)
    row = db.session.execute(
        select(
            func.count().filter(active),
            func.count().filter(active, AppUser.must_change_password.is_(True)),
            func.count().filter(active, AppUser.last_login < long_ago),
            func.count().filter(active, ~AppUser.roles.any()),
        )
        .select_from(AppUser)
        .where(*_reached(actor))
    ).one()
    return Figures(
        [
            Figure(_("Active accounts"), row[0], url="/users/list/"),
            Figure(_("Password still to change"), row[1]),
            Figure(_("Not used for 30 days"), row[2], tone="warn" if row[2] else ""),
            Figure(_("Without a role"), row[3], tone="bad" if row[3] else ""),
        ]
    )


def failures(actor: Actor) -> Rows:
    """Return the names with most failed attempts to sign in within a day."""
    count = func.count()
    found = (
        select(SignInFailure.username, count, func.max(SignInFailure.at))
        .where(SignInFailure.at > clock.now() - timedelta(days=1), *_names(actor))
        .group_by(SignInFailure.username)
        .order_by(count.desc())
        .limit(MOST_ROWS)
    )
    return Rows(
        [
            Row(row[0], detail=_("%(n)s failed attempts", n=row[1]), aside=moment_text(row[2]))
            for row in db.session.execute(found)
        ],
        empty=_l("Nobody failed to sign in within a day."),
    )


def _reached(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the predicate "reaches a project of the actor's", or nothing for the whole group."""
    if actor.projects is None:
        return []
    wanted = cast(bindparam(None, sorted(actor.projects)), ARRAY(BigInteger))
    project = func.unnest(wanted).table_valued("id", name="project").render_derived()
    return [AppUser.id.in_(select(func.access_users(project.c.id)))]


def _names(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the predicate "is the name of somebody within reach"; a regional one sees no other."""
    reached = _reached(actor)
    if not reached:
        return []
    return [SignInFailure.username.in_(select(AppUser.username).where(*reached))]


TILES = [
    Tile(
        "accounts",
        _l("Users"),
        "admin.user:see",
        accounts,
        order=6,
        roles="U",
        size="wide",
        icon="user",
        url="/users/list/",
    ),
    Tile(
        "sign_in_failures",
        _l("Failed to sign in"),
        "admin.user:see",
        failures,
        order=26,
        roles="U",
        icon="key",
    ),
]

"""Brings a database to this release; closes and opens projects from the command line."""

from __future__ import annotations

import time
from typing import Any

import psycopg2
from flask_babel import gettext as _
from flask_migrate import upgrade as migrate
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.admin.operations import add_user
from app.admin.sync import sync_access
from app.core.actor import system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.uow import unit_of_work
from app.estate.models import Project
from app.upkeep import operations, tools
from app.upkeep.grants import grant, role_of

ACTOR = system_actor("upkeep")
OLDEST_SERVER = 16
#: a migration that does not get its lock within 5 s gives way and is tried again
TRIES = 5
WAIT_SECONDS = 3
LOCK_NOT_AVAILABLE = "55P03"
#: longest wait for transactions that began before a project was closed
SETTLE_SECONDS = 90


def bring_up(owner_url: str, app_url: str) -> list[str]:
    """Migrate, grant, write permissions, roles and flows; return what was done, a line each.

    Raises Invalid for a server that is too old, Conflict when people keep a table busy for too
    long; what was migrated so far stays, and the command may be repeated.
    """
    from app.workflows.sync import install_flows

    require_server(tools.server_major(owner_url))
    before = _revision(owner_url)
    _migrate_patiently()
    lines = [_("Schema: %(before)s → %(after)s", before=before, after=_revision(owner_url))]
    if grant(owner_url, role_of(app_url)):
        lines.append(_("Rights of %(role)s have been set.", role=role_of(app_url)))
    with unit_of_work(ACTOR):
        outcome = sync_access()
        flows = install_flows()
    lines.append(
        _(
            "%(permissions)d permissions, %(roles)d roles, %(flows)d new approval flows.",
            permissions=outcome.permissions,
            roles=outcome.roles,
            flows=flows,
        )
    )
    return lines


def require_server(major: int) -> None:
    """Raise Invalid for a PostgreSQL that is older than 16: Debian 12 brings 15."""
    if major < OLDEST_SERVER:
        raise Invalid(
            _(
                "This is PostgreSQL %(major)d, which is too old; nothing was changed. Use"
                " PostgreSQL 16, 17 or 18.",
                major=major,
            )
        )


def _revision(owner_url: str) -> str:
    # Asked as the owner: the application's role may not read a table before its rights are set.
    connection = psycopg2.connect(owner_url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('alembic_version')")
            if cursor.fetchone()[0] is None:
                return _("empty")
            cursor.execute("SELECT version_num FROM alembic_version")
            return str((cursor.fetchone() or (_("empty"),))[0])
    finally:
        connection.close()


def _migrate_patiently() -> None:
    for attempt in range(1, TRIES + 1):
        try:
            migrate()
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            if attempt == TRIES:
                raise Conflict(
                    _("A table is kept busy. Stop long reports and repeat; nothing is half done.")
                ) from error
            time.sleep(WAIT_SECONDS)
        else:
            return


def _project(code: str) -> Project:
    found: Project | None = db.session.scalar(select(Project).where(Project.code == code))
    if found is None:
        raise NotFound(_("There is no project with the code %(code)s.", code=code))
    return found


def freeze(code: str, reason: str) -> str:
    """Close the project, and return once nothing begun before can change it any more."""
    with unit_of_work(ACTOR):
        project = _project(code)
        name = project.name
        operations.close_project(project, reason=reason, actor=ACTOR)
        mark: Any = db.session.scalar(text("SELECT pg_current_xact_id()::text::bigint"))
    _settle(int(mark))
    return _("%(name)s is closed: it can be read, and nothing in it changed.", name=name)


def _settle(mark: int) -> None:
    """Wait for the transactions that could not yet see that the project is closed."""
    oldest = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    for _second in range(SETTLE_SECONDS):
        is_over = int(db.session.scalar(oldest) or 0) > mark
        db.session.rollback()
        if is_over:
            return
        time.sleep(1)
    raise Conflict(
        _(
            "The project is closed, but a transaction that began before is still open. Find it on"
            " the system page."
        )
    )


def thaw(code: str) -> str:
    """Open the project again."""
    with unit_of_work(ACTOR):
        project = _project(code)
        name = project.name
        operations.reopen_project(project, actor=ACTOR)
    return _("%(name)s can be changed again.", name=name)


def create_administrator(username: str, full_name: str, password: str) -> str:
    """Make a system administrator who reaches the whole group and chooses a password at once."""
    with unit_of_work(ACTOR):
        role = db.session.scalar(text("SELECT id FROM ab_role WHERE name = 'admin'"))
        if role is None:
            raise NotFound(_("There are no roles yet. Run flask upgrade first."))
        add_user(
            username=username,
            full_name=full_name,
            password=password,
            role_ids=[int(role)],
            whole_group=True,
            actor=ACTOR,
        )
    return _("%(name)s can sign in, and chooses another password then.", name=username)

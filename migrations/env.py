"""Alembic's environment: the owner's connection where there is one, the product's tables only."""

from __future__ import annotations

import os
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, make_url, pool, text

import app.models  # noqa: F401 - makes every table known
from app.core.db import Model
from app.core.grants import grant_application
from config import sqlalchemy_url


def _url() -> str:
    if current_app.config.get("MIGRATION_URL"):
        # A database that is being restored, beside the one that is in use.
        return sqlalchemy_url(str(current_app.config["MIGRATION_URL"]))
    for name in ("DATABASE_OWNER_URL", "DATABASE_DIRECT_URL"):
        if os.environ.get(name):
            return sqlalchemy_url(os.environ[name])
    return str(current_app.config["SQLALCHEMY_DATABASE_URI"])


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare: Any) -> bool:
    # procrastinate's tables come from its own schema file.
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def guard(connection: Any) -> None:
    """Let tables that a migration has just made refuse changes of closed projects too."""
    # What alembic has left is a look at the version table.
    connection.commit()
    with connection.begin():
        known = connection.execute(text("SELECT to_regprocedure('upkeep_guard_all()')")).scalar()
        if known:
            connection.execute(text("SELECT upkeep_guard_all()"))


def run() -> None:
    """Run the migrations in one transaction, waiting 5 s at most for any lock."""
    engine = create_engine(_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        # A migration that cannot get its lock gives way to the people who work, and is repeated.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SELECT set_config('xiaokong.actor', 'system:migration', false)"))
        # The guards of closed projects let the owner of their tables pass with it.
        connection.execute(text("SELECT set_config('xiaokong.migrating', 'on', false)"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Model.metadata,
            include_object=_ours,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        guard(connection)
        _grant(connection)
    engine.dispose()


def _grant(connection: Any) -> None:
    """Where the owner is another role than the application's, give the latter what it needs."""
    if not os.environ.get("DATABASE_OWNER_URL"):
        return
    application = make_url(str(current_app.config["SQLALCHEMY_DATABASE_URI"])).username
    if application and connection.scalar(text("SELECT to_regclass('core_audit_seal')")):
        grant_application(connection, application)
        connection.commit()


run()

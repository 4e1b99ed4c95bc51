"""The test database: one embedded server a run, one migrated template, clones of it."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from app.core import embedded

TEMPLATE = "xk_template"
KEYS = {"SECRET_KEY": "test-secret-key-of-32-characters!", "FIELD_KEY": "test-field-key"}
_numbers = itertools.count(1)


def with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def execute(url: str, sql: str) -> None:
    connection = psycopg2.connect(with_database(url, "postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()


class Server:
    """The run's server; started by the first process, told to the others by the environment."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xk-test-"))
        self.folder.chmod(0o755)
        self._running = embedded.running(
            self.folder, major=os.environ.get("PG", "18"), durable=False
        )
        self.cluster = self._running.__enter__()
        os.environ["XIAOKONG_TEST_DATABASE"] = self.cluster.url

    def stop(self) -> None:
        self._running.__exit__(None, None, None)
        os.environ.pop("XIAOKONG_TEST_DATABASE", None)
        shutil.rmtree(self.folder, ignore_errors=True)


def server_url() -> str:
    return os.environ["XIAOKONG_TEST_DATABASE"]


def make_template(url: str) -> None:
    """Migrate the template to head and sync access into it."""
    execute(url, f'CREATE DATABASE "{TEMPLATE}"')
    from flask_migrate import upgrade

    from app import create_app
    from app.admin.sync import sync_access
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work

    app = create_app({"DATABASE_URL": with_database(url, TEMPLATE), **KEYS})
    with app.app_context():
        upgrade()
        with unit_of_work(system_actor("template")):
            sync_access()
            if importlib.util.find_spec("app.workflows.sync"):
                importlib.import_module("app.workflows.sync").install_flows()
        db.session.remove()
        db.engine.dispose()


def clone(prefix: str, template: str = TEMPLATE) -> str:
    """Make a database like the template; return its URL."""
    name = f"{prefix}_{os.getpid()}_{next(_numbers)}"
    execute(server_url(), f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return with_database(server_url(), name)


def drop(url: str) -> None:
    name = urlsplit(url).path.lstrip("/")
    execute(server_url(), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def cloned(prefix: str, template: str = TEMPLATE):
    url = clone(prefix, template)
    try:
        yield url
    finally:
        drop(url)


ROLE = "xk_application"


def lesser(url: str) -> str:
    """Return the address of the same database for a role that may do what the application must.

    As with DATABASE_OWNER_URL: the migrations' end gives it its rights.
    """
    from sqlalchemy import create_engine

    from app.core.grants import grant_application
    from config import sqlalchemy_url

    execute(
        server_url(),
        f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
    )
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        grant_application(connection, ROLE)
    engine.dispose()
    return urlunsplit(urlsplit(url)._replace(netloc=f"{ROLE}@"))

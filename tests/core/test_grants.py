"""Two roles: the application works as the lesser one, and the audit is out of its reach."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg2
import pytest
from sqlalchemy import create_engine

from app.core.grants import SameRole, grant_application
from config import ROOT, sqlalchemy_url
from tests import database

ROLE = database.ROLE
pytestmark = pytest.mark.commit


@pytest.fixture(scope="module")
def two_roles():
    """A database and its address for the owner and for the application."""
    with database.cloned("xk_roles") as url:
        application = database.lesser(url)
        # Taken away again, so that it is the upgrade that gives it.
        attempt(url, f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app:create_app", "db", "upgrade"],
            cwd=ROOT,
            env={
                **os.environ,
                **database.KEYS,
                "DATABASE_URL": application,
                "DATABASE_OWNER_URL": url,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        yield url, application


def attempt(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.commit()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_audit_entry SET actor = 'x'",
        "DELETE FROM core_audit_entry",
        "TRUNCATE core_audit_entry",
        "DROP TABLE core_audit_entry",
        "ALTER TABLE core_audit_entry DISABLE TRIGGER audit_fixed",
        "ALTER TABLE core_audit_entry DROP COLUMN before",
        "ALTER TABLE estate_room DISABLE TRIGGER audit_update",
        "DROP TRIGGER audit_update ON estate_room",
        "DROP FUNCTION audit_rows() CASCADE",
        (
            "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NEW; END $$"
        ),
        "SET session_replication_role = replica",
        "UPDATE core_audit_seal SET entries = 0",
        "DELETE FROM core_audit_seal",
        "TRUNCATE core_audit_seal",
        "CREATE TABLE mine (id int)",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_the_application_cannot_touch_the_audit(two_roles, statement):
    _owner, application = two_roles
    with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.RaiseException)):
        attempt(application, statement)


def test_the_application_changes_rows_and_the_audit_tells(two_roles):
    owner, application = two_roles
    attempt(application, "INSERT INTO admin_organization (code, name) VALUES ('TWO', 'x')")
    connection = psycopg2.connect(owner)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT actor FROM core_audit_entry WHERE table_name = 'admin_organization'"
            " ORDER BY id DESC LIMIT 1"
        )
        assert cursor.fetchone() == (f"database:{ROLE}",)
    connection.close()


def test_one_role_for_both_is_refused_with_what_to_do(two_roles):
    owner, _application = two_roles
    engine = create_engine(sqlalchemy_url(owner))
    try:
        with engine.connect() as connection, pytest.raises(SameRole, match="CREATE ROLE"):
            grant_application(connection, urlsplit(owner).username)
    finally:
        engine.dispose()

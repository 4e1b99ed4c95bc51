"""The doctor: each check meets a fault that was planted for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta

import psycopg2
import pytest

from app.core import clock, secrets
from app.core.db import db
from app.core.errors import Invalid
from app.upkeep import upgrading
from app.upkeep.doctor import database as on_database
from app.upkeep.doctor import machine
from app.upkeep.doctor.checks import examine
from config import ROOT
from tests import database
from tests.factories.customers import make_customer
from tests.factories.people import make_project, make_user

LONG = "k" * 40


class Said:
    """A connection that answers what a test says."""

    server_version = 180004

    def __init__(self, *rows):
        self.rows = list(rows)

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_rest):
        return None

    def execute(self, _statement, _values=()):
        return None

    def fetchone(self):
        return self.rows.pop(0)

    def fetchall(self):
        return self.rows.pop(0)


def test_an_old_python():
    assert machine.check_python((3, 10, 2)).state == "bad"
    assert machine.check_python().state == "ok"


def test_packages_that_differ_from_the_lock(tmp_path):
    lock = tmp_path / "runtime.lock"
    lock.write_text("flask==0.1 \\\n    --hash=sha256:00\nno-such-package==1.0\n")
    found = machine.check_packages(lock)
    assert found.state == "bad"
    assert "flask" in str(found.sentence)
    assert machine.check_packages(tmp_path / "none").state == "warn"
    assert machine.check_packages().state == "ok", machine.check_packages().sentence


def test_a_data_folder_that_is_missing_open_or_closed(tmp_path):
    assert machine.check_data_dir(tmp_path / "none").state == "bad"
    tmp_path.chmod(0o777)
    assert machine.check_data_dir(tmp_path).state == "bad"
    tmp_path.chmod(0o750)
    assert machine.check_data_dir(tmp_path).state == "ok"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_is_not_ours(tmp_path):
    tmp_path.chmod(0o500)
    assert machine.check_data_dir(tmp_path).state == "bad"
    tmp_path.chmod(0o700)


def test_keys_that_are_short_the_same_or_open(tmp_path):
    good = {"SECRET_KEY": LONG, "FIELD_KEY": LONG + "x", "DATA_DIR": str(tmp_path)}
    assert machine.check_keys(good).state == "ok"
    assert machine.check_keys({**good, "FIELD_KEY": "short"}).state == "bad"
    assert machine.check_keys({**good, "FIELD_KEY": LONG}).state == "bad"
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys/field-key"
    key.write_text("x")
    key.chmod(0o644)
    assert machine.check_keys(good).state == "bad"
    key.chmod(0o600)
    assert machine.check_keys(good).state == "ok"


@pytest.mark.parametrize(("free", "state"), [(2, "bad"), (10, "warn"), (50, "ok")])
def test_a_full_disk(tmp_path, free, state):
    assert machine.check_disk(tmp_path / "deeper", (100, 100 - free, free)).state == state


def test_a_catalogue_that_is_missing_or_old(tmp_path):
    compiled, source = tmp_path / "messages.mo", tmp_path / "messages.po"
    assert machine.check_catalogue(compiled).state == "bad"
    compiled.write_text("")
    source.write_text("")
    os.utime(compiled, (1, 1))
    assert machine.check_catalogue(compiled).state == "warn"
    os.utime(source, (1, 1))
    assert machine.check_catalogue(compiled).state == "ok"


def test_ports_that_clash_or_stand_open(monkeypatch):
    ports = {"PORT": 8080, "LIVE_PORT": 8081, "TRUSTED_PROXIES": 0}
    assert machine.check_ports(ports).state == "ok"
    assert machine.check_ports({**ports, "LIVE_PORT": 8080}).state == "bad"
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104
    assert machine.check_ports(ports).state == "warn"


@pytest.mark.parametrize(
    ("secure", "proxies", "live", "state"),
    [
        (True, 1, "https://x/", "ok"),
        (True, 1, "http://x/", "bad"),
        (True, 0, "", "bad"),
        (False, 0, "", "warn"),
    ],
)
def test_https_that_is_half_done(secure, proxies, live, state):
    config = {"SESSION_COOKIE_SECURE": secure, "TRUSTED_PROXIES": proxies, "LIVE_URL": live}
    assert machine.check_https(config).state == state


def test_a_database_that_is_not_given_or_away():
    assert on_database.connect({"DATABASE_URL": ""})[0].state == "bad"
    away = {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none"}
    found, connection = on_database.connect(away)
    assert (found.state, connection) == ("bad", None)
    assert "secret" not in json.dumps(found.plain())


@pytest.mark.parametrize(
    ("number", "state"), [(150003, "bad"), (160014, "ok"), (180004, "ok"), (190000, "bad")]
)
def test_a_postgresql_that_is_too_old_or_too_new(number, state):
    assert on_database.check_version(Said(), number).state == state


def test_a_database_of_another_encoding():
    assert on_database.check_encoding(Said(("LATIN1",))).state == "bad"
    assert on_database.check_encoding(Said(("UTF8",))).state == "ok"


def test_a_clock_that_is_wrong():
    now = clock.now()
    assert on_database.check_clock(Said((now - timedelta(seconds=9),)), now).state == "bad"
    assert on_database.check_clock(Said((now,)), now).state == "ok"


def test_more_connections_than_the_server_allows(app, monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "8")
    assert on_database.check_connections(Said(("100",)), app.config).state == "bad"
    assert on_database.check_connections(Said(("500",)), app.config).state == "ok"
    monkeypatch.setenv("DATABASE_DIRECT_URL", "postgresql:///x")
    assert on_database.check_connections(Said(("100",)), app.config).state == "ok"


@pytest.fixture
def opened(committed):
    connection = psycopg2.connect(committed.url)
    connection.autocommit = True
    yield connection
    connection.close()


def run(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_role_that_may_too_much_or_too_little(committed, opened, monkeypatch):
    assert on_database.check_role(opened).state == "ok"
    monkeypatch.setenv("DATABASE_URL", committed.url)
    assert on_database.check_role(opened).state == "bad"  # a superuser
    run(opened, "DO $$ BEGIN CREATE ROLE xk_small NOLOGIN; EXCEPTION WHEN duplicate_object"
                " THEN NULL; END $$")  # fmt: skip
    run(opened, "SET ROLE xk_small")
    assert "xk_small" in str(on_database.check_role(opened).sentence)
    run(opened, "RESET ROLE")
    from app.upkeep.grants import grant

    assert grant(committed.url, "xk_small")
    run(opened, "SET ROLE xk_small")
    assert on_database.check_role(opened).state == "ok"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(opened, "DELETE FROM core_audit_entry")
    run(opened, "RESET ROLE")
    run(opened, "DROP OWNED BY xk_small")
    run(opened, "DROP ROLE xk_small")


def test_a_schema_that_is_behind_or_missing(opened):
    assert on_database.check_schema(opened).state == "ok"
    run(opened, "UPDATE alembic_version SET version_num = '5f740eacc867'")
    assert on_database.check_schema(opened).state == "bad"
    run(opened, "DROP TABLE alembic_version")
    assert on_database.check_schema(opened).state == "bad"


def test_permissions_that_are_not_synced(opened):
    assert on_database.check_access(opened).state == "ok"
    run(opened, "UPDATE ab_view_menu SET name = 'gone' WHERE name = 'upkeep.system'")
    assert on_database.check_access(opened).state == "bad"


def test_another_field_key(app, committed, opened):
    assert on_database.check_field_key(opened).state == "ok"
    make_customer(make_project(), make_user("consultant"))
    db.session.commit()
    assert on_database.check_field_key(opened).state == "ok"
    try:
        secrets.use_field_key("another key")
        assert on_database.check_field_key(opened).state == "bad"
    finally:
        secrets.use_field_key(app.config["FIELD_KEY"])
    assert committed.url


def test_a_server_that_writes_values_into_its_log():
    assert on_database.check_privacy(Said(("all",), ("terse",))).state == "warn"
    assert on_database.check_privacy(Said(("none",), ("default",))).state == "warn"
    assert on_database.check_privacy(Said(("none",), ("terse",))).state == "ok"


def test_processes_and_backups_that_are_missing(opened):
    run(opened, "DELETE FROM upkeep_sign_of_life")
    assert on_database.check_processes(opened).state == "bad"
    for process in ("web", "live", "worker"):
        run(opened, "INSERT INTO upkeep_sign_of_life (process, machine, pid, started_at, seen_at,"
                    f" version) VALUES ('{process}', 'm', 1, now(), now(), '1')")  # fmt: skip
    assert on_database.check_processes(opened).state == "ok"
    assert on_database.check_backup(opened).state == "bad"
    run(opened, "INSERT INTO upkeep_backup (machine, path, state, ended_at)"
                " VALUES ('m', '/x', 'done', now())")  # fmt: skip
    assert on_database.check_backup(opened).state == "warn"
    run(opened, "UPDATE upkeep_backup SET rehearsed_at = now()")
    assert on_database.check_backup(opened).state == "ok"
    run(opened, "UPDATE upkeep_backup SET ended_at = now() - interval '2 days'")
    assert on_database.check_backup(opened).state == "bad"
    assert on_database.check_agents(opened).state == "ok"


def test_agents_that_are_silent():
    assert on_database.check_agents(Said([("收银台",)])).state == "warn"


def test_without_a_database_the_rest_is_skipped(app):
    found = examine({**app.config, "DATABASE_URL": "postgresql://x@127.0.0.1:1/y"})
    states = {one.key: one.state for one in found}
    assert (states["database"], states["schema"], states["python"]) == ("bad", "skip", "ok")


def test_the_command_ends_with_1_and_speaks_json(committed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app:create_app", "doctor", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **database.KEYS, "DATABASE_URL": committed.url,
             "DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr[-2000:]
    found = {one["key"]: one for one in json.loads(done.stdout)}
    assert found["keys"]["state"] == "bad"  # the tests' keys are short
    assert found["schema"]["state"] == "ok"
    assert all(one["remedy"] for one in found.values() if one["state"] == "bad")


def test_it_leaves_nothing_behind_in_a_session_that_others_use_after_it(committed):
    # As PgBouncer hands it on: by transaction, without a reset.
    _reached, connection = on_database.connect({"DATABASE_URL": committed.url})
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone()[0] == "on"
            cursor.execute("SHOW default_transaction_read_only")
            assert cursor.fetchone()[0] == "off"
    finally:
        connection.close()


def test_an_upgrade_refuses_a_server_that_is_too_old():
    with pytest.raises(Invalid, match="15"):
        upgrading.require_server(15)
    for major in (16, 17, 18):
        upgrading.require_server(major)

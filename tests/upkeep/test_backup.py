"""Backup and restore, rehearsed: whole, locked, cut off, changed, killed, older, over."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pyrage
import pytest
from alembic.script import ScriptDirectory
from flask_migrate import upgrade
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Conflict, DomainError, Invalid
from app.live.reader import Reading
from app.upkeep import plan as plans
from app.upkeep import rehearsal, restore, restoring
from app.upkeep.archive import ArchiveFault, Lock
from app.upkeep.backup import Plan, _write, make_backup, remove_old
from app.upkeep.models import Backup
from app.upkeep.restoring import Order, carry_out
from config import ROOT, old_field_key
from tests import database

OFFICE = pyrage.x25519.Identity.generate()
LOCKS = Lock(recipient=str(OFFICE.to_public()))
OPENS = Lock(recipient=str(OFFICE))
KEYS = database.KEYS


def ask(url, statement, *values):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


@pytest.fixture
def office(committed, tmp_path):
    """A database with something in it, files beside it, and a folder for archives."""
    committed.actor("consultant")
    (tmp_path / "data/uploads/合同").mkdir(parents=True)
    (tmp_path / "data/uploads/合同/一.pdf").write_bytes(b"%PDF" + os.urandom(9_000_000))
    (tmp_path / "data/files").mkdir()
    (tmp_path / "data/files/empty").write_bytes(b"")
    db.session.remove()
    return committed


def plan(office, folder, **more):
    lock = more.pop("lock", LOCKS)
    return Plan(url=office.url, data=folder / "data", target=folder / "backups", lock=lock,
                keys=KEYS, release="0.1.0", **more)  # fmt: skip


def order(office, folder, file, **more):
    given = {
        "url": office.url if office else "",
        "data": folder / "restored",
        "keys": KEYS,
        "replace": False,
        "with_keys": False,
        "confirm": lambda _name: True,
        "lock": OPENS,
    }
    return Order(file=Path(file), **{**given, **more})


def drop_aside(office):
    name = urlsplit(office.url).path.lstrip("/")
    aside = ask(
        database.server_url(),
        "SELECT datname FROM pg_database WHERE datname LIKE %s",
        f"{name}_before_%",
    )
    database.drop(database.with_database(office.url, aside))


@pytest.fixture
def archive(office, tmp_path):
    return Path(make_backup(plan(office, tmp_path)).path)


@pytest.fixture
def empty():
    """An empty database on the same server."""
    name = f"xk_empty_{os.getpid()}_{time.monotonic_ns()}"
    database.execute(database.server_url(), f'CREATE DATABASE "{name}"')
    url = database.with_database(database.server_url(), name)
    yield url
    database.drop(url)


def test_a_backup_is_locked_recorded_and_whole(archive):
    assert archive.stat().st_mode & 0o777 == 0o600
    content = archive.read_bytes()
    for secret in (b"ab_user", b"%PDF", *(key.encode() for key in KEYS.values())):
        assert secret not in content
    made = db.session.scalars(select(Backup)).one()
    assert (made.state, made.size) == ("done", archive.stat().st_size)
    assert made.rows > 100
    checked = rehearsal.check(archive, OPENS)
    assert checked.rows == made.rows
    assert {"database.dump", "keys.age", "data/uploads/合同/一.pdf", "data/files/empty"} == set(
        checked.streams
    )


def test_it_is_restored_into_an_empty_database_with_files_and_keys(
    office, archive, empty, tmp_path
):
    before = ask(office.url, "SELECT count(*) FROM ab_permission_view_role")
    version = ask(office.url, "SELECT max(access_version) FROM ab_user")
    lines = list(carry_out(order(office, tmp_path, archive, url=empty, with_keys=True, keys={})))
    assert "Restored" in lines[-1] or "恢复" in lines[-1]
    assert ask(empty, "SELECT count(*) FROM ab_permission_view_role") == before
    assert ask(empty, "SELECT max(access_version) FROM ab_user") == version + 1
    for name in ("uploads/合同/一.pdf", "files/empty"):
        there = (tmp_path / "restored" / name).read_bytes()
        assert there == (tmp_path / "data" / name).read_bytes()
        assert (tmp_path / "restored" / name).stat().st_mode & 0o777 == 0o600
    for folder in ("uploads", "uploads/合同", "files"):
        assert (tmp_path / "restored" / folder).stat().st_mode & 0o777 == 0o700
    key = tmp_path / "restored/keys/field-key"
    assert key.read_text() == KEYS["FIELD_KEY"]
    assert key.stat().st_mode & 0o777 == 0o600


def test_keys_of_every_database_before_are_kept(office, archive, tmp_path):
    folder = tmp_path / "restored/keys"
    folder.mkdir(parents=True)
    (folder / "field-key").write_text("the first")
    wanted = order(office, tmp_path, archive, with_keys=True)
    checked = rehearsal.check(archive, OPENS)
    (folder / "field-key.before-restore").write_text("even before")
    restoring._write_keys(wanted, checked)
    assert (folder / "field-key.before-restore").read_text() == "even before"
    kept = {path.read_text() for path in folder.glob("field-key.*")}
    assert kept == {"even before", "the first"}


def test_an_archive_that_names_strange_keys_writes_no_file(office, tmp_path):
    crafted = replace(plan(office, tmp_path), keys={**KEYS, "../../escaped": "x"})
    made = make_backup(crafted)
    checked = rehearsal.check(Path(made.path), OPENS)
    with pytest.raises(ArchiveFault):
        restoring._write_keys(order(office, tmp_path, made.path, with_keys=True), checked)
    assert not (tmp_path / "escaped").exists()


def test_while_the_key_is_being_changed_both_go_along(office, tmp_path):
    keys = plans.keys({**KEYS, "FIELD_KEY_OLD": "the one of before"})
    made = make_backup(replace(plan(office, tmp_path), keys=keys))
    checked = rehearsal.check(Path(made.path), OPENS)
    assert restore.other_keys(checked, KEYS) == ["FIELD_KEY_OLD"]
    restoring._write_keys(order(office, tmp_path, made.path, with_keys=True), checked)
    assert old_field_key(tmp_path / "restored") == "the one of before"
    assert "FIELD_KEY_OLD" not in plans.keys({**KEYS, "FIELD_KEY_OLD": ""})


def test_a_database_that_is_not_empty_is_refused_and_left_alone(office, archive, tmp_path):
    before = ask(office.url, "SELECT count(*) FROM core_audit_entry")
    with pytest.raises(Conflict):
        list(carry_out(order(office, tmp_path, archive)))
    with pytest.raises(Invalid):
        list(carry_out(order(office, tmp_path, archive, replace=True, confirm=lambda _n: False)))
    assert ask(office.url, "SELECT count(*) FROM core_audit_entry") == before


def test_replace_swaps_and_keeps_the_old_one(office, archive, tmp_path):
    ask(office.url, "CREATE TABLE made_after_the_backup ()")
    db.session.remove()
    db.engine.dispose()
    lines = list(carry_out(order(office, tmp_path, archive, replace=True)))
    assert ask(office.url, "SELECT to_regclass('made_after_the_backup')") is None
    name = urlsplit(office.url).path.lstrip("/")
    aside = ask(
        database.server_url(), "SELECT datname FROM pg_database WHERE datname LIKE %s",
        f"{name}_before_%",
    )  # fmt: skip
    assert any(aside in line for line in lines)
    old = database.with_database(office.url, aside)
    assert ask(old, "SELECT to_regclass('made_after_the_backup')") is not None
    database.drop(old)


def test_replace_waits_for_nobody_who_is_connected(office, archive, tmp_path):
    db.session.remove()
    db.engine.dispose()
    other = psycopg2.connect(office.url)
    another = psycopg2.connect(office.url)
    try:
        with pytest.raises(Conflict):
            list(carry_out(order(office, tmp_path, archive, replace=True)))
    finally:
        other.close()
        another.close()
    assert restore.leftovers(office.url) == []


@pytest.mark.parametrize("spoil", ["cut in the middle", "cut at the end", "flipped", "not ours",
                                   "empty", "flipped head"])  # fmt: skip
def test_a_damaged_archive_is_refused_and_nothing_is_written(
    office, archive, empty, tmp_path, spoil
):
    content = bytearray(archive.read_bytes())
    if spoil == "cut in the middle":
        del content[len(content) // 2 :]
    elif spoil == "cut at the end":
        del content[-1:]
    elif spoil == "flipped":
        content[len(content) // 2] ^= 1
    elif spoil == "flipped head":
        content[200] ^= 1
    else:
        content = bytearray(b"PK\3\4 something else" if spoil == "not ours" else b"")
    bad = tmp_path / "bad.xkb"
    bad.write_bytes(content)
    with pytest.raises(ArchiveFault):
        rehearsal.check(bad, OPENS)
    with pytest.raises(ArchiveFault):
        list(carry_out(order(office, tmp_path, bad, url=empty)))
    assert restore.is_empty(empty)


@pytest.mark.parametrize(
    "lock",
    [
        Lock(recipient=str(pyrage.x25519.Identity.generate())),
        Lock(recipient="AGE-SECRET-KEY-1NONSENSE"),
        Lock(passphrase="guess"),
        Lock(),
    ],
    ids=["another key", "no key", "a passphrase", "nothing"],
)
def test_the_wrong_key_opens_nothing(archive, lock):
    with pytest.raises(ArchiveFault):
        rehearsal.check(archive, lock)


def test_a_passphrase_locks_too(office, empty, tmp_path):
    locked = Lock(passphrase="一个很长的口令 with spaces")
    made = make_backup(plan(office, tmp_path, lock=locked))
    with pytest.raises(ArchiveFault):
        rehearsal.check(Path(made.path), Lock(passphrase="another"))
    list(carry_out(order(office, tmp_path, made.path, url=empty, lock=locked, with_keys=True)))
    assert (tmp_path / "restored/keys/secret-key").read_text() == KEYS["SECRET_KEY"]


def test_nothing_is_written_unlocked_or_without_space(office, tmp_path, monkeypatch):
    with pytest.raises(Invalid):
        make_backup(plan(office, tmp_path, lock=Lock()))
    with pytest.raises(Invalid):
        make_backup(plan(office, tmp_path, lock=Lock(recipient="age1nonsense")))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9, 9, 0))
    with pytest.raises(Invalid):
        make_backup(plan(office, tmp_path))
    assert not list((tmp_path / "backups").glob("*.xkb"))


def test_a_failure_leaves_no_file_and_a_record(office, tmp_path, monkeypatch):
    monkeypatch.setattr("app.upkeep.backup.LEFT_OUT", ("upkeep_backup", "no such; table"))
    monkeypatch.setattr("app.upkeep.tools.find_program", lambda _name, _major: "/bin/false")
    with pytest.raises(DomainError):
        make_backup(plan(office, tmp_path))
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [".lock"]
    assert db.session.scalars(select(Backup.state)).one() == "failed"


def test_only_the_newest_are_kept(office, tmp_path):
    for _time in range(3):
        newest = make_backup(plan(office, tmp_path), keep=2)
    left = sorted((tmp_path / "backups").glob("*.xkb"))
    assert len(left) == 2
    assert Path(newest.path) in left
    db.session.expire_all()
    assert sorted(db.session.scalars(select(Backup.state))) == ["done", "done", "removed"]
    assert remove_old(tmp_path / "backups", keep=0) == []


def test_a_rehearsal_proves_and_leaves_nothing(office, archive, tmp_path):
    lines = rehearsal.rehearse(archive, OPENS, url=office.url, keys=KEYS)
    assert len(lines) == 1
    assert restore.leftovers(office.url) == []
    db.session.expire_all()
    made = db.session.scalars(select(Backup)).one()
    assert made.rehearsed_at is not None
    assert made.rehearsal_error is None
    lines = rehearsal.rehearse(archive, OPENS, url=office.url, keys={"FIELD_KEY": "another"})
    assert len(lines) == 2
    bad = tmp_path / "backups" / archive.name
    bad.write_bytes(archive.read_bytes()[:-9])
    with pytest.raises(ArchiveFault):
        rehearsal.rehearse(bad, OPENS, url=office.url, keys=KEYS)
    db.session.expire_all()
    assert db.session.scalars(select(Backup)).one().rehearsal_error


def test_another_field_key_is_refused_before_anything_is_done(office, archive, empty, tmp_path):
    keys = {**KEYS, "FIELD_KEY": "another-field-key"}
    with pytest.raises(Invalid):
        list(carry_out(order(office, tmp_path, archive, url=empty, keys=keys)))
    assert restore.is_empty(empty)


def test_a_newer_archive_is_refused(office, archive, empty, tmp_path, monkeypatch):
    monkeypatch.setattr(restoring, "known_revisions", lambda: {"5f740eacc867"})
    with pytest.raises(Invalid):
        list(carry_out(order(office, tmp_path, archive, url=empty)))
    assert restore.is_empty(empty)


def test_after_a_restore_no_cursor_of_before_is_covered(office, archive, tmp_path):
    now = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    before = int(ask(office.url, "SELECT pg_current_xact_id()::text::bigint"))
    db.session.remove()
    db.engine.dispose()
    list(carry_out(order(office, tmp_path, archive, replace=True)))
    oldest = ask(office.url, "SELECT min(xid) FROM estate_room_event")
    following = int(ask(office.url, now))
    reading = Reading(horizon=following, next=following, oldest=oldest, changes=())
    assert oldest is None
    assert not reading.covers(before)  # although the server's count goes on
    assert not reading.covers(following + 1000)  # of another server that had come further
    drop_aside(office)


# ---- killed in the middle ----


def environment(office, folder):
    return {
        **os.environ, **KEYS, "DATABASE_URL": office.url, "DATA_DIR": str(folder / "data"),
        "BACKUP_RECIPIENT": LOCKS.recipient, "BACKUP_DIR": str(folder / "backups"),
        "BACKUP_IDENTITY_FILE": str(folder / "key"), "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def flask(office, folder, *words, **more):
    (folder / "key").write_text(str(OFFICE))
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app:create_app", *words],
        cwd=ROOT, env={**environment(office, folder), **more.pop("env", {})},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **more,
    )  # fmt: skip


def until(met, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if met():
            return
        time.sleep(0.01)
    pytest.fail("it did not come about")


def test_kill_9_in_a_backup_leaves_nothing_that_looks_whole(office, tmp_path):
    (tmp_path / "data/files/big").write_bytes(os.urandom(64 * 1024 * 1024))
    process = flask(office, tmp_path, "backup")
    folder = tmp_path / "backups"
    until(lambda: any(path.stat().st_size > 1_000_000 for path in folder.glob(".*.part")))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not list(folder.glob("*.xkb"))
    made = make_backup(plan(office, tmp_path))
    assert made.state == "done"
    assert not list(folder.glob(".*.part"))
    states = db.session.scalars(select(Backup.state).order_by(Backup.id)).all()
    assert states == ["failed", "done"]


def test_kill_9_in_a_restore_leaves_the_database_empty_and_it_can_be_repeated(
    office, archive, empty, tmp_path
):
    env = {"DATABASE_URL": empty}
    process = flask(office, tmp_path, "restore", str(archive), env=env)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND xact_start IS NOT NULL"
    name = urlsplit(empty).path.lstrip("/")
    until(lambda: ask(database.server_url(), waiting, name) > 0)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    present = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    until(lambda: ask(database.server_url(), present, name) == 0)
    if not restore.is_empty(empty):
        # The load was over before the kill: then it is whole, and was not yet brought up.
        assert ask(empty, "SELECT count(*) FROM alembic_version") == 1
        return
    again = flask(office, tmp_path, "restore", str(archive), env=env)
    told = again.communicate(timeout=120)[0].decode()
    assert again.returncode == 0, told
    assert ask(empty, "SELECT count(*) FROM ab_user") == ask(
        office.url, "SELECT count(*) FROM ab_user"
    )


def test_kill_9_in_a_replacing_restore_leaves_the_present_database(office, archive, tmp_path):
    db.session.remove()
    db.engine.dispose()
    process = flask(office, tmp_path, "restore", str(archive), "--replace", "--yes")
    name = urlsplit(office.url).path.lstrip("/")
    beside = "SELECT count(*) FROM pg_database WHERE datname LIKE %s"
    until(lambda: ask(database.server_url(), beside, f"{name}_restore_%") > 0)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert ask(office.url, "SELECT count(*) FROM ab_user") > 0
    until(lambda: len(restore.leftovers(office.url)) == 1)
    again = flask(office, tmp_path, "restore", str(archive), "--replace", "--yes")
    told = again.communicate(timeout=120)[0].decode()
    assert again.returncode == 0, told
    assert restore.leftovers(office.url) == []
    aside = ask(database.server_url(), "SELECT datname FROM pg_database WHERE datname LIKE %s",
                f"{name}_before_%")  # fmt: skip
    database.drop(database.with_database(office.url, aside))


# ---- an older release ----


OLD_ROWS = """
INSERT INTO admin_organization (code, name) VALUES ('G', '集团');
INSERT INTO estate_project (code, name, organization_id, city)
  SELECT 'P', '老项目', id, '深圳' FROM admin_organization;
INSERT INTO estate_building (project_id, name, position)
  SELECT id, '1栋', 1 FROM estate_project;
INSERT INTO ab_user (id, first_name, last_name, username, email, active, password)
  VALUES (901, '老用户', '', 'old', 'old@localhost', true, 'x');
"""


def test_data_of_the_first_schema_is_brought_to_head(app, empty, monkeypatch):
    """The oldest schema with rows in it, then ``flask upgrade``: nothing is lost, it works."""
    monkeypatch.setitem(app.config, "MIGRATION_URL", empty)
    with app.app_context():
        upgrade(revision="5f740eacc867")
    ask(empty, OLD_ROWS)
    audited = ask(empty, "SELECT count(*) FROM core_audit_entry")
    with app.app_context():
        upgrade()
    head = ask(empty, "SELECT version_num FROM alembic_version")
    assert head == ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    assert ask(empty, "SELECT name FROM estate_project") == "老项目"
    assert ask(empty, "SELECT count(*) FROM core_audit_entry") >= audited > 0
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app:create_app", "upgrade"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **KEYS, "DATABASE_URL": empty},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert ask(empty, "SELECT count(*) FROM ab_role") >= 17


def test_an_archive_of_an_older_schema_is_brought_up(app, empty, tmp_path, monkeypatch):
    old = f"xk_old_{os.getpid()}_{time.monotonic_ns()}"
    database.execute(database.server_url(), f'CREATE DATABASE "{old}"')
    url = database.with_database(database.server_url(), old)
    written = Plan(url=url, data=tmp_path, target=tmp_path, lock=LOCKS, keys=KEYS, release="0.0.1")
    try:
        with app.app_context():
            monkeypatch.setitem(app.config, "MIGRATION_URL", url)
            upgrade(revision="5f740eacc867")
            ask(url, OLD_ROWS)
            path, facts = _write(written, 1)
            assert facts["revision"] == "5f740eacc867"
            list(carry_out(order(None, tmp_path, path, url=empty)))
    finally:
        database.drop(url)
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    assert ask(empty, "SELECT version_num FROM alembic_version") == head
    assert ask(empty, "SELECT name FROM estate_project") == "老项目"


def test_a_migration_gives_way_to_who_holds_the_table(app, empty, monkeypatch):
    from app.upkeep import upgrading

    monkeypatch.setitem(app.config, "MIGRATION_URL", empty)
    monkeypatch.setattr(upgrading, "TRIES", 1)
    with app.app_context():
        upgrade(revision="5f740eacc867")
        holder = psycopg2.connect(empty)
        try:
            with holder.cursor() as cursor:
                cursor.execute("LOCK TABLE devices_job, core_audit_entry, finance_account")
            with pytest.raises(Conflict):
                upgrading._migrate_patiently()
        finally:
            holder.close()
        upgrade()
    assert ask(empty, "SELECT to_regclass('upkeep_backup')") == "upkeep_backup"

"""Checks of the database: reachable, fit, at head, its clock, its roles, its keys, its backups."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg2
from alembic.script import ScriptDirectory
from cryptography.exceptions import InvalidTag
from flask_babel import gettext as _

from app.core import clock, secrets
from app.core.permissions import all_permissions
from app.upkeep.beat import SILENT_SECONDS
from app.upkeep.doctor.verdict import Verdict, bad, ok, warn
from app.upkeep.findings import BACKUP_DUE, REHEARSAL_DUE
from config import ROOT, libpq_url

MAJORS = range(16, 19)
MOST_SKEW = 5.0
#: pool_size + max_overflow of one web process, as config.py sets them
LIVE_AND_WORKER = 10


def one(connection: Any, statement: str, *values: Any) -> Any:
    """Return the first row of a statement, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()


def connect(config: Mapping[str, Any]) -> tuple[Verdict, Any]:
    """Return the verdict on reaching the database, and a connection or None."""
    title = _("Database")
    url = libpq_url(str(config["DATABASE_URL"]))
    if not url:
        return bad(
            "database",
            title,
            _("DATABASE_URL is not set, and no embedded server runs."),
            _("Set DATABASE_URL, or start the embedded one: make run."),
        ), None
    try:
        connection = psycopg2.connect(url, connect_timeout=5, application_name="xiaokong-doctor")
    except psycopg2.Error as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return bad(
            "database",
            title,
            _("It cannot be reached: %(reason)s", reason=reason),
            _(
                "Is the server running? Do host, port, name, user and password in DATABASE_URL fit,"
                " and does pg_hba.conf let this machine in?"
            ),
        ), None
    # By transaction, not by autocommit: that would set it for the session, which PgBouncer hands to
    # the next client as it is, and the office could not save anything any more.
    connection.set_session(readonly=True)
    return ok("database", title, _("It can be reached.")), connection


def check_version(connection: Any, version: int | None = None) -> Verdict:
    """PostgreSQL must be 16, 17 or 18."""
    title, number = _("PostgreSQL"), version or connection.server_version
    sentence = _(
        "This is PostgreSQL %(major)d.%(minor)d.", major=number // 10000, minor=number % 10000
    )
    if number // 10000 not in MAJORS:
        return bad("version", title, sentence, _("Use PostgreSQL 16, 17 or 18."))
    return ok("version", title, sentence)


def check_encoding(connection: Any) -> Verdict:
    """The database must be UTF8."""
    title = _("Encoding")
    found = one(
        connection,
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()",
    )[0]
    if found != "UTF8":
        return bad(
            "encoding",
            title,
            _("The database is %(name)s.", name=found),
            _("Make a new one: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."),
        )
    return ok("encoding", title, "UTF8")


def check_clock(connection: Any, here: Any = None) -> Verdict:
    """Our clock and the database's must agree: deadlines are told by both."""
    title = _("Clock")
    theirs = one(connection, "SELECT clock_timestamp()")[0]
    skew = abs(((here or clock.now()) - theirs).total_seconds())
    sentence = _("It differs from the database's by %(seconds)s s.", seconds=round(skew, 1))
    if skew > MOST_SKEW:
        return bad("clock", title, sentence, _("Let both machines keep time by NTP (chrony)."))
    return ok("clock", title, sentence)


def check_connections(connection: Any, config: Mapping[str, Any]) -> Verdict:
    """What our pools may open must fit into what the server allows."""
    title = _("Connections")
    allowed = int(one(connection, "SHOW max_connections")[0])
    pool: Any = config["SQLALCHEMY_ENGINE_OPTIONS"]
    workers = int(os.environ.get("WEB_CONCURRENCY", str(max(2, os.cpu_count() or 2))))
    wanted = workers * (pool["pool_size"] + pool["max_overflow"]) + LIVE_AND_WORKER
    sentence = _(
        "Ours may open %(wanted)d, the server allows %(allowed)d.", wanted=wanted, allowed=allowed
    )
    if wanted > allowed and not os.environ.get("DATABASE_DIRECT_URL"):
        return bad(
            "connections",
            title,
            sentence,
            _(
                "Raise max_connections, lower WEB_CONCURRENCY, or put PgBouncer in front and"
                " set DATABASE_DIRECT_URL."
            ),
        )
    return ok("connections", title, sentence)


def check_role(connection: Any) -> Verdict:
    """Our role must not be a superuser, and must be able to read and write our tables."""
    title = _("Database role")
    name, is_super = one(
        connection, "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    lacking = one(
        connection,
        "SELECT string_agg(t.relname, ', ') FROM (SELECT c.relname FROM pg_class c"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
        " AND c.relname <> 'alembic_version'"
        " AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT'))"
        " ORDER BY 1 LIMIT 5) t",
    )[0]
    if lacking:
        return bad(
            "role",
            title,
            _("%(name)s may not use %(tables)s.", name=name, tables=lacking),
            _("flask upgrade sets the rights of the role, with DATABASE_OWNER_URL."),
        )
    # The embedded server has one role and no network; there is nobody to protect it from.
    if is_super and os.environ.get("DATABASE_URL"):
        return bad(
            "role",
            title,
            _("%(name)s is a superuser.", name=name),
            _("ALTER ROLE %(name)s NOSUPERUSER, or a role of its own.", name=name),
        )
    owns = one(
        connection,
        "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        " AND tableowner = current_user",
    )[0]
    if owns and os.environ.get("DATABASE_URL"):
        return warn(
            "role",
            title,
            _(
                "%(name)s owns the tables: whoever breaks into the application could switch"
                " the audit off.",
                name=name,
            ),
            _("Another role as owner: DATABASE_OWNER_URL, then flask upgrade."),
        )
    return ok("role", title, _("%(name)s may do what it must.", name=name))


def check_schema(connection: Any) -> Verdict:
    """The schema must be at this release's head."""
    title = _("Schema")
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    known = one(connection, "SELECT to_regclass('alembic_version')")[0]
    found = one(connection, "SELECT version_num FROM alembic_version") if known else None
    if found is None:
        return bad("schema", title, _("The database is empty."), "flask upgrade")
    if found[0] != head:
        return bad(
            "schema",
            title,
            _(
                "The database is at %(found)s, this release needs %(head)s.",
                found=found[0],
                head=head,
            ),
            "flask upgrade",
        )
    return ok("schema", title, _("At head, %(head)s.", head=head))


def check_access(connection: Any) -> Verdict:
    """Every permission that the code asks for must be in the database."""
    title = _("Permissions")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.name || ':' || substr(p.name, 5) FROM ab_permission_view pv"
            " JOIN ab_permission p ON p.id = pv.permission_id"
            " JOIN ab_view_menu v ON v.id = pv.view_menu_id"
        )
        there = {row[0] for row in cursor.fetchall()}
    missing = sorted({permission.name for permission in all_permissions()} - there)
    if missing:
        return bad(
            "access",
            title,
            _(
                "%(count)d permissions are not in the database, such as %(name)s.",
                count=len(missing),
                name=missing[0],
            ),
            "flask access sync",
        )
    return ok("access", title, _("All are in the database."))


def check_field_key(connection: Any) -> Verdict:
    """FIELD_KEY must be the one that encrypted what is stored."""
    title = _("FIELD_KEY")
    found = one(
        connection,
        "SELECT id, id_number_cipher FROM customers_customer"
        " WHERE id_number_cipher IS NOT NULL ORDER BY id LIMIT 1",
    )
    if found is None:
        return ok("field_key", title, _("Nothing has been encrypted yet."))
    try:
        secrets.decrypt(found[1], context=f"customers_customer.id_number_cipher:{found[0]}")
    except (InvalidTag, ValueError):
        return bad(
            "field_key",
            title,
            _("It does not open the identity numbers that are stored."),
            _(
                "Set the FIELD_KEY with which this database was begun; it is also in every"
                " backup: flask restore --with-keys."
            ),
        )
    return ok("field_key", title, _("It opens what is stored."))


def check_privacy(connection: Any) -> Verdict:
    """The server's own log must not hold statements or rows."""
    title = _("Log of the database")
    statements = one(connection, "SHOW log_statement")[0]
    verbosity = one(connection, "SHOW log_error_verbosity")[0]
    if statements == "all" or verbosity != "terse":
        return warn(
            "privacy",
            title,
            _(
                "log_statement is %(statements)s and log_error_verbosity %(verbosity)s:"
                " names and numbers get into PostgreSQL's log.",
                statements=statements,
                verbosity=verbosity,
            ),
            "log_statement = none, log_error_verbosity = terse, log_min_error_statement = panic",
        )
    return ok("privacy", title, _("It keeps no values."))


def check_processes(connection: Any) -> Verdict:
    """Web, live and worker must have been heard a moment ago."""
    title = _("Processes")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT process FROM upkeep_sign_of_life WHERE seen_at > %s",
            (clock.now() - timedelta(seconds=SILENT_SECONDS),),
        )
        alive = {row[0] for row in cursor.fetchall()}
    missing = [name for name in ("web", "live", "worker") if name not in alive]
    if missing:
        return bad(
            "processes",
            title,
            _("Silent: %(names)s.", names=", ".join(missing)),
            _(
                "systemctl start xiaokong-web xiaokong-live xiaokong-worker, then read their"
                " log: journalctl -u xiaokong-web."
            ),
        )
    return ok("processes", title, _("web, live and worker were heard a moment ago."))


def check_agents(connection: Any) -> Verdict:
    """Agents of stations with devices should have been heard."""
    title = _("Counters")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.name FROM devices_station s JOIN devices_device d ON"
            " d.station_id = s.id AND d.is_active LEFT JOIN devices_device_status t"
            " ON t.device_id = d.id WHERE s.is_active GROUP BY s.id, s.name HAVING"
            " coalesce(max(t.seen_at), '-infinity') < %s ORDER BY 1",
            (clock.now() - timedelta(minutes=2),),
        )
        silent = [row[0] for row in cursor.fetchall()]
    if silent:
        return warn(
            "agents",
            title,
            _("Silent: %(names)s.", names=", ".join(silent)),
            _("On that PC: is the agent started, its token right, the server in reach?"),
        )
    return ok("agents", title, _("Every agent was heard."))


def check_backup(connection: Any) -> Verdict:
    """There must be a fresh backup, and restoring one must have been rehearsed."""
    title = _("Backup")
    last = one(connection, "SELECT max(ended_at) FROM upkeep_backup WHERE state = 'done'")[0]
    rehearsed = one(
        connection, "SELECT max(rehearsed_at) FROM upkeep_backup WHERE rehearsal_error IS NULL"
    )[0]
    if last is None:
        return bad(
            "backup",
            title,
            _("There is no backup yet."),
            _(
                "Set BACKUP_DIR and BACKUP_RECIPIENT; the worker then makes one every night."
                " At once: flask backup."
            ),
        )
    age = clock.now() - last
    if age > BACKUP_DUE:
        return bad(
            "backup",
            title,
            _("The last one is %(hours)d hours old.", hours=int(age.total_seconds() // 3600)),
            _("Find out in the log why none came; at once: flask backup."),
        )
    if rehearsed is None or clock.now() - rehearsed > REHEARSAL_DUE:
        return warn(
            "backup",
            title,
            _("Nobody has rehearsed restoring one within a month."),
            "flask backup rehearse FILE --identity KEY",
        )
    return ok("backup", title, _("Fresh, and restoring it has been rehearsed."))

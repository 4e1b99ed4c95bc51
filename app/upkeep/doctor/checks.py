"""All checks in the order in which one would mend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg2
from flask_babel import gettext as _

from app.core.pdf import pdf_problem
from app.upkeep.doctor import database, machine
from app.upkeep.doctor.verdict import Verdict, bad, skipped

#: each with the title to show when the database does not answer
OF_DATABASE: tuple[tuple[str, str, Callable[..., Verdict]], ...] = (
    ("version", "PostgreSQL", lambda c, _config: database.check_version(c)),
    ("encoding", "Encoding", lambda c, _config: database.check_encoding(c)),
    ("clock", "Clock", lambda c, _config: database.check_clock(c)),
    ("connections", "Connections", database.check_connections),
    ("role", "Database role", lambda c, _config: database.check_role(c)),
    ("schema", "Schema", lambda c, _config: database.check_schema(c)),
    ("access", "Permissions", lambda c, _config: database.check_access(c)),
    ("field_key", "FIELD_KEY", lambda c, _config: database.check_field_key(c)),
    ("privacy", "Log of the database", lambda c, _config: database.check_privacy(c)),
    ("processes", "Processes", lambda c, _config: database.check_processes(c)),
    ("agents", "Counters", lambda c, _config: database.check_agents(c)),
    ("backup", "Backup", lambda c, _config: database.check_backup(c)),
)


def examine(config: Mapping[str, Any]) -> list[Verdict]:
    """Return every verdict; a check that cannot be carried out says so and stops no other."""
    data = Path(config["DATA_DIR"])
    found = [
        machine.check_python(),
        machine.check_packages(),
        machine.check_catalogue(),
        machine.check_paper(pdf_problem()),
        machine.check_data_dir(data),
        machine.check_keys(config),
        machine.check_disk(data),
        machine.check_ports(config),
        machine.check_https(config),
    ]
    reached, connection = database.connect(config)
    found.append(reached)
    if connection is None:
        return found + [skipped(key, _(title)) for key, title, _check in OF_DATABASE]
    try:
        found += [
            _carefully(key, _(title), check, connection, config)
            for key, title, check in OF_DATABASE
        ]
    finally:
        connection.close()
    return found


def _carefully(
    key: str, title: str, check: Callable[..., Verdict], connection: Any, config: Mapping[str, Any]
) -> Verdict:
    try:
        return check(connection, config)
    except psycopg2.Error as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return bad(
            key,
            title,
            _("This could not be looked at: %(reason)s", reason=reason),
            _("Mend what is said above first, then look again."),
        )
    finally:
        # Else one check that fails would spoil those after it.
        connection.rollback()

"""PostgreSQL's own programs, in the release that fits the server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg2
from flask_babel import lazy_gettext as _l
from psycopg2.extensions import make_dsn, parse_dsn

from app.core.embedded import EmbeddedError, bin_folder
from app.core.errors import Invalid

#: where Debian and its relatives keep several releases beside each other
PLACES = ("/usr/lib/postgresql/{major}/bin", "/usr/pgsql-{major}/bin")


def server_major(url: str) -> int:
    """Return the server's major release. Raises psycopg2.Error."""
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        return int(connection.server_version) // 10000
    finally:
        connection.close()


def _folders(major: int) -> list[Path]:
    found = []
    for name in ("16", "18"):
        try:
            found.append(bin_folder(name))
        except EmbeddedError:
            continue
    found += [Path(place.format(major=major)) for place in PLACES]
    on_path = shutil.which("pg_dump")
    if on_path:
        found.append(Path(on_path).parent)
    return found


def program_major(program: Path) -> int:
    """Return the major release of one of the programs, 0 if it does not run."""
    try:
        told = subprocess.run(  # noqa: S603
            [str(program), "--version"], capture_output=True, text=True, check=False, timeout=20
        ).stdout
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", told)
    return int(found[1]) if found else 0


def find_program(name: str, major: int) -> str:
    """Return ``pg_dump`` or ``pg_restore`` of the server's release.

    A newer ``pg_dump`` reads an older server, but what it writes may not go back into one: so the
    release must be the same. Raises Invalid where there is none.
    """
    for folder in _folders(major):
        program = folder / name
        if program.exists() and program_major(program) == major:
            return str(program)
    raise Invalid(
        _l(
            "There is no %(name)s of PostgreSQL %(major)d on this machine. Install the package"
            " postgresql-client-%(major)d.",
            name=name,
            major=major,
        )
    )


def connection_of(url: str) -> tuple[str, dict[str, str]]:
    """Return the address without its password, and the environment that carries it.

    Everybody on a machine may read the arguments of a process; its environment only the owner.
    """
    parts: dict[str, Any] = parse_dsn(url)
    password = parts.pop("password", None)
    environment = {**os.environ, "PGAPPNAME": "xiaokong-backup"}
    if password:
        environment["PGPASSWORD"] = password
    return str(make_dsn(**parts)), environment


def start(command: list[str], environment: dict[str, str], **more: Any) -> subprocess.Popen[bytes]:
    """Start a program that ends when we do, in a language whose messages we can read."""
    prefix = ["setpriv", "--pdeathsig=TERM"] if shutil.which("setpriv") else []
    return subprocess.Popen(  # noqa: S603
        [*prefix, *command], env={**environment, "LC_ALL": "C"}, **more
    )

"""What the commands share: refusals as sentences, the embedded database, what opens archives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import psycopg2
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from app.core import embedded
from app.core.errors import DomainError


def told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Say a refusal as a sentence and end with 1; a database that is away, too."""

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DomainError as error:
            raise click.ClickException(str(error.message)) from error
        except (psycopg2.OperationalError, OperationalError) as error:
            reason = getattr(error, "orig", None) or error
            first = str(reason).strip().splitlines()[0]
            raise click.ClickException(
                _("The database cannot be reached: %(reason)s", reason=first)
            ) from error

    return call


def with_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Start the embedded server for the command where none is running, and stop it afterwards."""

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> Any:
        if current_app.config["DATABASE_URL"]:
            return command(*args, **kwargs)
        data = Path(current_app.config["DATA_DIR"])
        with embedded.running(data) as cluster:
            # The command itself runs anew: everything it imports has read where the database is.
            embedded.publish(data, cluster, os.getpid())
            try:
                flask = [sys.executable, "-m", "flask", "--app", "app:create_app"]
                status = subprocess.run([*flask, *sys.argv[_first_word() :]], check=False)  # noqa: S603
            finally:
                embedded.address_file(data).unlink(missing_ok=True)
        raise SystemExit(status.returncode)

    return call


def _first_word() -> int:
    """Return where in the arguments the command begins, past ``--app app:create_app``."""
    words = {"backup", "restore", "upgrade", "project", "admin", "doctor"}
    return next(i for i, word in enumerate(sys.argv) if i and word in words)


ARCHIVE = click.Path(exists=True, dir_okay=False, path_type=Path)
OPENS = (
    click.option("--identity", type=click.Path(exists=True, dir_okay=False),
                 help="File with the secret age key."),
    click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False)),
)  # fmt: skip


def opens(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in OPENS:
        command = option(command)
    return command

"""``flask worker``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import with_appcontext

from app.logs.setup import start_logging

if TYPE_CHECKING:
    from flask import Flask


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Do the background work: what ends by the clock, what takes long."""
    from app.jobs.worker import run_worker

    start_logging("worker")
    application: Any = current_app
    run_worker(application._get_current_object())  # noqa: SLF001 - the worker outlives the context


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(worker)

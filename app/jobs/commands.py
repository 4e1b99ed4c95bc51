"""``flask worker``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import with_appcontext

if TYPE_CHECKING:
    from flask import Flask


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Do the background work: what ends by the clock, what takes long."""
    from app.jobs.worker import run_worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    application: Any = current_app
    run_worker(application._get_current_object())  # noqa: SLF001 - the worker outlives the context


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(worker)

"""Binds upkeep to the application: figures, counted faults, signs of life."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app.upkeep import beat, faults, metrics
from app.web.process import on_process_start
from config import libpq_url

if TYPE_CHECKING:
    from flask import Flask


def direct_url(app: Flask) -> str:
    """Return the database's address past any pooler."""
    return libpq_url(os.environ.get("DATABASE_DIRECT_URL") or str(app.config["DATABASE_URL"]))


def init_app(app: Flask) -> None:
    """Add ``/metrics``, count faults, and let every web process say that it is alive."""
    metrics.init_app(app)
    faults.init_app(app)

    def begin(process: str) -> None:
        beat.start(process, direct_url(app))

    on_process_start(app, begin)

"""Handing work to the worker: a job row in the caller's own transaction."""

from __future__ import annotations

import logging
from typing import Any

from procrastinate import App
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.exceptions import AlreadyEnqueued

from app.core.db import db

log = logging.getLogger("xiaokong.jobs")

# Never opened: every job goes through the connection of the transaction that asks for it.
_queue = App(connector=SQLAlchemyPsycopg2Connector())


def defer(task: str, *, once: str = "", **arguments: Any) -> None:
    """Let the worker run ``task`` once this transaction has been committed.

    With ``once``, nothing is added while a job of that name waits. Not for hot operations:
    the job's notice takes a lock that all committing transactions share.
    """
    connection = db.session.connection()
    job = _queue.configure_task(task, queueing_lock=once or None, connection=connection)
    try:
        with connection.begin_nested():
            job.defer(**arguments)
    except AlreadyEnqueued:
        log.debug("%s waits already: %s", task, once)

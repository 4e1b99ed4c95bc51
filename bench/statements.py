"""The statements that the server logged for one request: the yardstick's script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bench.stage import KEYS, Stage


def logged_statements(stage: Stage, request: Callable[[Any], None]) -> list[str]:
    """Run ``request(client)`` in an application whose connections log all, and read the log."""
    from sqlalchemy import create_engine

    from app import create_app
    from app.core.db import db
    from config import sqlalchemy_url

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    engine = create_engine(
        sqlalchemy_url(stage.url), connect_args={"options": "-c log_statement=all"}
    )
    before = stage.server_log.stat().st_size
    with app.app_context():
        db._app_engines[app][None].dispose()
        db._app_engines[app][None] = engine
    client = app.test_client()
    # Once for SQLAlchemy's own questions on a first connection, once for the record.
    request(client)
    middle = stage.server_log.stat().st_size
    assert middle > before
    request(client)
    engine.dispose()
    with stage.server_log.open("rb") as log:
        log.seek(middle)
        return parse(log.read().decode())


def parse(text: str) -> list[str]:
    """Return the statements in a piece of PostgreSQL's log."""
    found: list[str] = []
    for line in text.splitlines():
        match = re.match(r"^\S+ \S+ \S+ \[\d+\] (\w+):  (?:statement: (.*))?", line)
        if match and match.group(2) is not None:
            found.append(match.group(2))
        elif line.startswith("\t") and found:
            found[-1] += "\n" + line[1:]
    return found

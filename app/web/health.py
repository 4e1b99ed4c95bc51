"""``/healthz``: whether this process can serve, for balancers and people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import db

if TYPE_CHECKING:
    from flask import Flask

#: seconds after which a writing transaction that holds back the grids' horizon is reported
OLD_HORIZON = 10

_CHECK = text(
    "SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::int FROM pg_stat_activity"
    " WHERE backend_xid IS NOT NULL AND datname = current_database()"
)


def healthz() -> Any:
    """Answer 200 when the database answers, else 503."""
    from app import __version__

    body: dict[str, Any] = {"status": "ok", "version": __version__, "database": "ok"}
    try:
        body["oldest_write_seconds"] = db.session.execute(_CHECK).scalar_one()
    except SQLAlchemyError:
        db.undo()
        body |= {"status": "unavailable", "database": "unavailable"}
        return jsonify(body), 503
    if body["oldest_write_seconds"] > OLD_HORIZON:
        body["grid"] = "behind"
    return jsonify(body)


def init_app(app: Flask) -> None:
    """Add the address."""
    app.add_url_rule("/healthz", "healthz", healthz)

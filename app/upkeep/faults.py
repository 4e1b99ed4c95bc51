"""Counts unexpected errors in the database, so that the system page shows them for all machines."""

from __future__ import annotations

import hashlib
import logging
import traceback
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import acting, system_actor
from app.core.db import db
from app.logs.shape import FACTS
from app.logs.trace import request_id

log = logging.getLogger("xiaokong.upkeep")

_COUNT = text(
    "INSERT INTO upkeep_fault (fingerprint, kind, place, during, first_at, last_at, count,"
    " last_request_id) VALUES (:fingerprint, :kind, :place, :during, :now, :now, 1, :request_id)"
    " ON CONFLICT (fingerprint) DO UPDATE SET last_at = excluded.last_at,"
    " count = upkeep_fault.count + 1, last_request_id = excluded.last_request_id"
)
ACTOR = system_actor("faults")


def place_of(error: BaseException) -> str:
    """Return the innermost place of ours where the error came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/app/" in frame.filename]
    if not (ours or frames):
        return "unknown"
    frame = (ours or frames)[-1]
    name = frame.filename.rpartition("/app/")[2] or frame.filename
    return f"{name}:{frame.lineno} {frame.name}"[:200]


class FaultHandler(logging.Handler):
    """Takes every ``log.error`` with an exception that is written inside the application."""

    def __init__(self, app: Flask) -> None:
        super().__init__(logging.ERROR)
        self.app = app

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or _is_outage(error):
            return
        facts: dict[str, Any] = getattr(record, FACTS, None) or {}
        kind = f"{type(error).__module__}.{type(error).__qualname__}"[:120]
        place = place_of(error)
        during = str(facts.get("endpoint") or facts.get("job") or record.name)[:120]
        values = {
            "fingerprint": hashlib.sha256(f"{kind} {place} {during}".encode()).hexdigest(),
            "kind": kind,
            "place": place,
            "during": during,
            "now": clock.now(),
            "request_id": request_id() or None,
        }
        try:
            with (
                self.app.app_context(),
                acting(ACTOR),
                Session(db.engine) as session,
                session.begin(),
            ):
                session.execute(_COUNT, values)
        except SQLAlchemyError as problem:
            # The line itself is in the log; that it is not counted is said beside it.
            log.warning("a fault is not counted: %s", type(problem).__name__)


def _is_outage(error: BaseException) -> bool:
    return bool(getattr(error, "connection_invalidated", False))


def init_app(app: Flask) -> None:
    """Listen to our own loggers; a second application takes the first one's place."""
    ours = logging.getLogger("xiaokong")
    for old in [one for one in ours.handlers if isinstance(one, FaultHandler)]:
        ours.removeHandler(old)
    ours.addHandler(FaultHandler(app))

"""Housekeeping of the room events that open screens read."""

from __future__ import annotations

from sqlalchemy import text

from app.core.db import db

#: hours for which a screen that was cut off can catch up; after that it gets the full grid
KEPT_HOURS = 24


def prune_events() -> int:
    """Delete events older than a day; return how many went."""
    result = db.session.execute(
        text(f"DELETE FROM estate_room_event WHERE at < now() - interval '{KEPT_HOURS} hours'")
    )
    count: int = getattr(result, "rowcount", 0)
    return count

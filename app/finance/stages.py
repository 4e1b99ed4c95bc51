"""Instalments that wait for a stage of the building: due from the day on which it is reached."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from app.core.db import db
from app.estate.signals import milestone_reached

# Not before the deal was made: who buys later owes from his own day on.
_DUE = text("""
UPDATE finance_receivable r
   SET due_on = CASE WHEN CAST(:on AS date) IS NOT NULL THEN
         greatest(CAST(:on AS date), (a.created_at AT TIME ZONE 'Asia/Shanghai')::date)
         + coalesce(r.due_days, 0) END
  FROM finance_account a JOIN estate_room m ON m.id = a.room_id
 WHERE r.account_id = a.id AND m.building_id = :building_id
   AND r.due_rule = 'stage' AND r.due_stage = :kind
   AND r.cancelled_at IS NULL AND a.closed_at IS NULL
""")


@milestone_reached.connect
def set_due_days(_sender: Any, *, building_id: int, kind: str, on: date | None) -> None:
    """Let what waits for the stage be due from its day, or wait again if it was none."""
    db.session.execute(_DUE, {"building_id": building_id, "kind": kind, "on": on})

"""What prices say when rooms are reshaped or taken back, and what then ends of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import gettext
from sqlalchemy import text

from app.core import clock
from app.core.db import db
from app.estate.signals import Obstacle, rooms_examined, rooms_reshaped

# The rows are those of rooms that the caller has read and locked within scope.
_PRICED = text("""
SELECT DISTINCT room_id FROM pricing_room_price WHERE room_id = ANY(:room_ids)
""")
_PLANNED = text("""
SELECT DISTINCT ON (r.room_id) r.room_id, p.number, p.state
  FROM pricing_price_plan_row r JOIN pricing_price_plan p ON p.id = r.plan_id
 WHERE r.room_id = ANY(:room_ids) AND (:any_state OR p.state IN ('in_approval', 'scheduled'))
 ORDER BY r.room_id, p.id DESC
""")
_END_PRICES = text("""
UPDATE pricing_room_price SET valid_to = greatest(:now, valid_from)
 WHERE room_id = ANY(:room_ids) AND valid_to IS NULL
""")
# What a draft said of the old shape is worth nothing; approved and effective plans are history.
_LEAVE_DRAFTS = text("""
WITH gone AS (
  DELETE FROM pricing_price_plan_row r USING pricing_price_plan p
   WHERE r.plan_id = p.id AND r.room_id = ANY(:room_ids) AND p.state IN ('draft', 'rejected')
  RETURNING r.plan_id)
UPDATE pricing_price_plan p SET version = p.version + 1
 WHERE p.id IN (SELECT plan_id FROM gone)
""")
# A plan that left the room alone while it was sold does not price its new shape.
_FORGET_SOLD = text("""
UPDATE pricing_price_plan_row SET left_because = 'overtaken'
 WHERE room_id = ANY(:room_ids) AND left_because = 'sold'
""")


def examine(
    _sender: Any, *, room_ids: Collection[int], keeps_rows: bool, **_more: Any
) -> list[Obstacle]:
    """Return what stands in the way: an asked or waiting plan; where rows would go, any price."""
    known = {"room_ids": list(room_ids), "any_state": not keeps_rows}
    found = [
        Obstacle(row.room_id, gettext("is in the price plan %(number)s", number=row.number))
        for row in db.session.execute(_PLANNED, known)
    ]
    if not keeps_rows:
        priced = db.session.execute(_PRICED, {"room_ids": list(room_ids)})
        found += [Obstacle(row.room_id, gettext("has a price")) for row in priced]
    return found


def end_prices(_sender: Any, *, room_ids: Collection[int], **_more: Any) -> None:
    """End the prices in force of reshaped rooms, as history; they are priced anew."""
    known = {"room_ids": list(room_ids), "now": clock.now()}
    db.session.execute(_END_PRICES, known)
    for statement in (_LEAVE_DRAFTS, _FORGET_SOLD):
        db.session.execute(statement, {"room_ids": list(room_ids)})


def listen() -> None:
    """Hear what happens to rooms."""
    rooms_examined.connect(examine)
    rooms_reshaped.connect(end_prices)

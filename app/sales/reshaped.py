"""What sales say when rooms are reshaped or taken back, and what then ends of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import gettext
from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.estate.signals import Obstacle, rooms_examined, rooms_reshaped
from app.sales.models import LIVE_SUBSCRIPTIONS
from app.sales.operations.holds import lift_control

# The rows are those of rooms that the caller has read and locked within scope. Being 销控 without a
# customer is the house's own reason and no obstacle, as long as the row stays.
_IN_THE_WAY = text("""
SELECT h.room_id, 'hold' AS what, u.first_name || coalesce(u.last_name, '') AS who
  FROM sales_hold h JOIN ab_user u ON u.id = h.holder_id
 WHERE h.room_id = ANY(:room_ids)
   AND (NOT :keeps_rows
        OR (h.state = 'live' AND (h.kind <> 'held' OR h.customer_id IS NOT NULL)))
UNION ALL
SELECT s.room_id, 'deal', s.number FROM sales_subscription s
 WHERE s.room_id = ANY(:room_ids) AND (NOT :keeps_rows OR s.state = ANY(:live))
UNION ALL
SELECT d.room_id, 'special', '' FROM sales_special_discount d
 WHERE d.room_id = ANY(:room_ids) AND NOT :keeps_rows
""")


def examine(
    _sender: Any, *, room_ids: Collection[int], keeps_rows: bool, **_more: Any
) -> list[Obstacle]:
    """Return what stands in the way: live holds and deals; where rows would go, any at all."""
    known = {
        "room_ids": list(room_ids),
        "keeps_rows": keeps_rows,
        "live": list(LIVE_SUBSCRIPTIONS),
    }
    return [
        Obstacle(row.room_id, _because(row.what, row.who))
        for row in db.session.execute(_IN_THE_WAY, known)
    ]


def _because(what: str, who: str) -> str:
    if what == "hold":
        return gettext("is held by %(name)s", name=who)
    if what == "deal":
        return gettext("has the deal %(number)s", number=who)
    return gettext("has a special discount")


def end_control(
    _sender: Any, *, room_ids: Collection[int], reason: str, actor: Actor, **_more: Any
) -> None:
    """End being 销控 of reshaped rooms: they are unreleased now and are released anew."""
    lift_control(room_ids, reason=reason, actor=actor)


def listen() -> None:
    """Hear what happens to rooms."""
    rooms_examined.connect(examine)
    rooms_reshaped.connect(end_control)

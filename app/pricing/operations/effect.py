"""Makes a price plan effective: the only code that writes prices of rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import WrongState
from app.core.states import transition
from app.pricing.models import PricePlan, PricePlanState
from app.pricing.queries import get_price_plan

# Rooms first, in the order of their ids: the order in which every step takes locks.
_LOCK_ROOMS = text("""
SELECT count(*) FROM (
  SELECT r.id FROM estate_room r
   WHERE r.id IN (SELECT p.room_id FROM pricing_price_plan_row p WHERE p.plan_id = :plan_id)
   ORDER BY r.id FOR NO KEY UPDATE) locked
""")
# Clocks of two machines differ by milliseconds; a price must not end before it began.
_LATEST = text("""
SELECT max(v.valid_from) FROM pricing_room_price v
  JOIN pricing_price_plan_row p ON p.room_id = v.room_id AND p.plan_id = :plan_id
 WHERE v.valid_to IS NULL
""")
_END_OLD = text("""
UPDATE pricing_room_price v SET valid_to = :moment
  FROM pricing_price_plan_row p
 WHERE p.plan_id = :plan_id AND v.room_id = p.room_id AND v.valid_to IS NULL
""")
_BEGIN_NEW = text("""
INSERT INTO pricing_room_price
       (project_id, room_id, plan_id, list_unit_price, list_total, floor_total, valid_from)
SELECT p.project_id, p.room_id, p.plan_id, p.list_unit_price, p.list_total, p.floor_total, :moment
  FROM pricing_price_plan_row p WHERE p.plan_id = :plan_id ORDER BY p.room_id
""")
# A trigger raises the version and tells the open screens; the row itself stays as it is.
_TELL_SCREENS = text("""
UPDATE estate_room r SET version = r.version
  FROM pricing_price_plan_row p WHERE p.plan_id = :plan_id AND r.id = p.room_id
""")


def lock_rooms_of_plan(plan_id: int) -> int:
    """Lock the plan's rooms to the end of the transaction; return how many there are."""
    return int(db.session.execute(_LOCK_ROOMS, {"plan_id": plan_id}).scalar_one())


def make_effective(plan: PricePlan, *, actor: Actor) -> int:
    """Put the prices of an approved plan in force now; return how many rooms it priced.

    The prices before stay as history with their end. Raises WrongState unless the plan is in
    approval. Called by the approval's last step, which is what allows it.
    """
    rooms = lock_rooms_of_plan(plan.id)
    locked = get_price_plan(plan.id, lock=True)
    if not rooms:
        raise WrongState(_l("%(plan)s has no rooms.", plan=str(locked)))
    transition(locked, PricePlanState.EFFECTIVE, actor=actor)
    locked.effective_at = _moment(plan.id)
    db.session.flush()
    known: dict[str, Any] = {"plan_id": plan.id, "moment": locked.effective_at}
    for statement in (_END_OLD, _BEGIN_NEW, _TELL_SCREENS):
        db.session.execute(statement, known)
    # These statements went past the session: what it has of prices and rooms is old.
    db.session.expire_all()
    return rooms


def _moment(plan_id: int) -> datetime:
    latest: datetime | None = db.session.execute(_LATEST, {"plan_id": plan_id}).scalar_one()
    return max(clock.now(), latest) if latest else clock.now()

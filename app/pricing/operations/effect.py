"""Makes price plans effective, at once or on their day: the only code that writes room prices.

Rooms that somebody has bought keep their price, unless they have none; the plan says which it left
alone, and prices such a room as soon as it is back. Of two approved plans for a room, the one that
was approved later decides (ADR 0019).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, String, bindparam, select, text

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, WrongState
from app.core.states import transition
from app.pricing import policies
from app.pricing.models import PricePlan, PricePlanState
from app.pricing.notices import tell_in_force, tell_overtaken
from app.pricing.queries import get_price_plan
from app.pricing.rules import SOLD

# Rooms first, in the order of their ids: the order in which every step takes locks.
_LOCK_ROOMS = text("""
SELECT count(*) FROM (
  SELECT r.id FROM estate_room r
   WHERE r.id IN (SELECT p.room_id FROM pricing_price_plan_row p WHERE p.plan_id = :plan_id)
   ORDER BY r.id FOR NO KEY UPDATE) locked
""")
_LEAVE_OVERTAKEN = text("""
UPDATE pricing_price_plan_row p SET left_because = 'overtaken'
  FROM pricing_room_price v JOIN pricing_price_plan n ON n.id = v.plan_id
 WHERE p.plan_id = :plan_id AND p.left_because IS NULL
   AND v.room_id = p.room_id AND v.valid_to IS NULL AND n.approved_at > :approved_at
""")
_LEAVE_SOLD = text("""
UPDATE pricing_price_plan_row p SET left_because = 'sold'
  FROM estate_room r
 WHERE p.plan_id = :plan_id AND p.left_because IS NULL AND r.id = p.room_id
   AND r.status = ANY(:sold)
   AND EXISTS (SELECT FROM pricing_room_price v WHERE v.room_id = p.room_id)
""").bindparams(bindparam("sold", type_=ARRAY(String)))
# A room that was left alone as sold and is back; what was approved later has the last word.
_TAKE_UP_RETURNED = text("""
UPDATE pricing_price_plan_row p
   SET left_because = CASE WHEN n.approved_at > :approved_at THEN 'overtaken' END
  FROM estate_room r
  JOIN pricing_room_price v ON v.room_id = r.id AND v.valid_to IS NULL
  JOIN pricing_price_plan n ON n.id = v.plan_id
 WHERE p.plan_id = :plan_id AND p.left_because = 'sold' AND r.id = p.room_id
   AND NOT r.status = ANY(:sold)
""").bindparams(bindparam("sold", type_=ARRAY(String)))
# What a plan still has to do: every row that it neither priced nor left alone.
_DUE = """
p.plan_id = :plan_id AND p.left_because IS NULL AND p.list_total IS NOT NULL
   AND NOT EXISTS (SELECT FROM pricing_room_price d
                    WHERE d.plan_id = p.plan_id AND d.room_id = p.room_id)"""
# Clocks of two machines differ by milliseconds; a price ends after it began.
_LATEST = text(f"""
SELECT count(*), max(v.valid_from) FROM pricing_price_plan_row p
  LEFT JOIN pricing_room_price v ON v.room_id = p.room_id AND v.valid_to IS NULL
 WHERE {_DUE}
""")
_END_OLD = text(f"""
UPDATE pricing_room_price v SET valid_to = :moment
  FROM pricing_price_plan_row p
 WHERE {_DUE} AND v.room_id = p.room_id AND v.valid_to IS NULL
""")
_BEGIN_NEW = text(f"""
INSERT INTO pricing_room_price (project_id, room_id, plan_id, price_basis, list_unit_price,
                                list_total, floor_total, valid_from)
SELECT p.project_id, p.room_id, p.plan_id, p.price_basis, p.list_unit_price, p.list_total,
       p.floor_total, :moment
  FROM pricing_price_plan_row p WHERE {_DUE} ORDER BY p.room_id
""")
# A trigger raises the version and tells the open screens; the row itself stays as it is.
_TELL_SCREENS = text("""
UPDATE estate_room r SET version = r.version
  FROM pricing_room_price v
 WHERE v.plan_id = :plan_id AND v.valid_from = :moment AND r.id = v.room_id
""")
_WITH_RETURNED = text("""
SELECT p.plan_id FROM pricing_price_plan_row p
  JOIN pricing_price_plan n ON n.id = p.plan_id AND n.state = 'effective'
  JOIN estate_room r ON r.id = p.room_id AND NOT r.status = ANY(:sold)
 WHERE p.left_because = 'sold'
 GROUP BY p.plan_id, n.approved_at ORDER BY n.approved_at, p.plan_id
""").bindparams(bindparam("sold", type_=ARRAY(String)))
STATUSES = list(SOLD)


def lock_rooms_of_plan(plan_id: int) -> int:
    """Lock the plan's rooms to the end of the transaction; return how many there are."""
    return int(db.session.execute(_LOCK_ROOMS, {"plan_id": plan_id}).scalar_one())


def put_in_force(plan: PricePlan, *, actor: Actor) -> int:
    """Take an approved plan to its end: in force now, or waiting for its day.

    Returns how many rooms it priced; 0 for one that waits. Raises as ``make_effective``.
    """
    if plan.takes_effect_on is None or plan.takes_effect_on <= clock.today():
        return make_effective(plan, actor=actor)
    lock_rooms_of_plan(plan.id)
    locked = get_price_plan(plan.id, lock=True)
    transition(locked, PricePlanState.SCHEDULED, actor=actor)
    locked.approved_at = clock.now()
    db.session.flush()
    return 0


def make_effective(plan: PricePlan, *, actor: Actor) -> int:
    """Put the prices of an approved plan in force now; return how many rooms it priced.

    The prices before stay as history with their end. Rooms sold meanwhile, and rooms whose price
    a plan approved later has set, are left alone and marked. Raises WrongState unless the plan is
    approved now or waits for its day, or where no room is left to price. Called by the approval's
    last step or on the plan's day, which is what allows it.
    """
    rooms = lock_rooms_of_plan(plan.id)
    locked = get_price_plan(plan.id, lock=True)
    if not rooms:
        raise WrongState(_l("%(plan)s has no rooms.", plan=str(locked)))
    locked.approved_at = locked.approved_at or clock.now()
    _leave_alone(locked)
    moment = _moment(locked)
    if moment is None:
        raise WrongState(
            _l(
                "All rooms of %(plan)s are sold or have got a newer price. There is nothing left"
                " to price; draft a new plan for rooms that are unsold.",
                plan=str(locked),
            )
        )
    transition(locked, PricePlanState.EFFECTIVE, actor=actor)
    locked.effective_at = moment
    return _price(locked, moment)


def find_due_plans() -> list[int]:
    """Return the plans whose day has come, in the order in which they are to take effect."""
    due = (
        select(PricePlan.id)
        .where(
            PricePlan.state == PricePlanState.SCHEDULED.value,
            PricePlan.takes_effect_on <= clock.today(),
        )
        .order_by(PricePlan.takes_effect_on, PricePlan.approved_at, PricePlan.id)
    )
    return list(db.session.scalars(due))


def carry_out_due_plan(plan_id: int, *, actor: Actor) -> int:
    """Put a plan in force whose day has come; return how many rooms it priced.

    Does nothing for one that another worker has carried out or somebody has cancelled: whoever
    comes first has the rooms. A plan that has no room left to price ends as overtaken. People who
    drafted it are told what it did.
    """
    lock_rooms_of_plan(plan_id)
    plan = get_price_plan(plan_id, lock=True)
    is_due = plan.takes_effect_on is not None and plan.takes_effect_on <= clock.today()
    if plan.state != PricePlanState.SCHEDULED.value or not is_due:
        return 0
    _leave_alone(plan)
    if _moment(plan) is None:
        transition(plan, PricePlanState.OVERTAKEN, actor=actor)
        db.session.flush()
        tell_overtaken(plan, actor=actor)
        return 0
    rooms = make_effective(plan, actor=actor)
    tell_in_force(get_price_plan(plan_id), rooms, actor=actor)
    return rooms


def cancel_scheduled_plan(plan: PricePlan, *, reason: str, actor: Actor) -> PricePlan:
    """Cancel an approved plan before its day; prices stay as they are.

    Raises NotAllowed, Invalid without a reason, WrongState for a plan that does not wait.
    """
    actor.require(f"{policies.PLAN}:cancel")
    if not reason.strip():
        raise Invalid(_l("Give a reason."), fields={"reason": _l("Give a reason.")})
    lock_rooms_of_plan(plan.id)
    locked = get_price_plan(plan.id, lock=True)
    transition(locked, PricePlanState.CANCELLED, actor=actor)
    locked.closing_note = reason.strip()[:300]
    db.session.flush()
    return locked


def price_returned_rooms(*, actor: Actor) -> int:
    """Give rooms that came back what an effective plan had for them; return how many.

    Such a room was left alone because it was sold. Where a plan approved later has priced it, it
    stays as it is.
    """
    plans = list(db.session.scalars(_WITH_RETURNED, {"sold": STATUSES}))
    return sum(_price_returned(plan_id, actor) for plan_id in plans)


def _price_returned(plan_id: int, actor: Actor) -> int:
    lock_rooms_of_plan(plan_id)
    plan = get_price_plan(plan_id, lock=True)
    known = {"plan_id": plan_id, "approved_at": plan.approved_at, "sold": STATUSES}
    db.session.execute(_TAKE_UP_RETURNED, known)
    moment = _moment(plan)
    if moment is None:
        return 0
    rooms = _price(plan, moment)
    note = {"rooms": rooms}
    audit.record("price_returned_rooms", table_name="pricing_price_plan", row_id=plan_id,
                 note=note, project_id=plan.project_id)  # fmt: skip
    del actor
    return rooms


def _leave_alone(plan: PricePlan) -> None:
    known: dict[str, Any] = {"plan_id": plan.id}
    if plan.state == PricePlanState.SCHEDULED.value:
        # A plan that takes effect with its last yes is the one that was approved latest.
        db.session.execute(_LEAVE_OVERTAKEN, {**known, "approved_at": plan.approved_at})
    db.session.execute(_LEAVE_SOLD, {**known, "sold": STATUSES})


def _moment(plan: PricePlan) -> datetime | None:
    """Return from when the plan's prices are to hold, or None where it has none to give."""
    count, latest = db.session.execute(_LATEST, {"plan_id": plan.id}).one()
    if not count:
        return None
    now = clock.now()
    return now if latest is None or latest < now else latest + timedelta(microseconds=1)


def _price(plan: PricePlan, moment: datetime) -> int:
    db.session.flush()
    known = {"plan_id": plan.id, "moment": moment}
    db.session.execute(_END_OLD, known)
    begun = db.session.execute(_BEGIN_NEW, known)
    db.session.execute(_TELL_SCREENS, known)
    # These statements went past the session: what it has of prices and rooms is old.
    db.session.expire_all()
    count: int = begun.rowcount
    return count

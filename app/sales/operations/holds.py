"""Holds 预留 / 销控: placed, given a customer, released, and ended by time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from app.core.settings import get_setting
from app.core.sql import Sql
from app.customers.models import Customer
from app.customers.policies import sees
from app.estate import operations as estate
from app.estate.models import RoomStatus
from app.estate.operations import TakenRoom
from app.estate.queries import get_room
from app.sales import notices, policies
from app.sales.models import HoldState
from app.sales.queries import user_name
from app.sales.refusals import room_refusal
from app.sales.settings import HOLD_DAYS

LONGEST_REASON: Final = 200
#: for 销控, which no role's days bound; a moment far beyond cannot be told on a Chinese clock
LONGEST_CONTROL: Final = timedelta(days=3650)
#: how many holds one run of the expiry ends
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class PlacedHold:
    """A hold as the statement that changed it returned it; ``app.sales.models.Hold`` is the row."""

    id: int
    room: TakenRoom
    kind: str
    reason: str
    state: str
    holder_id: int
    customer_id: int | None
    created_at: datetime
    until: datetime | None

    @property
    def room_id(self) -> int:
        return self.room.id


# The unique index over live holds is the last guard; without an exception, so that the refusal
# can still ask in this transaction who was first.
_PLACE = Sql("""
INSERT INTO sales_hold
       (project_id, room_id, customer_id, holder_id, kind, reason, created_at, until)
VALUES (:project_id, :room_id, :customer_id, :holder_id, :kind, :reason, :now, :until)
ON CONFLICT (room_id) WHERE state = 'live' DO NOTHING
RETURNING id
""")

_END = text("""
UPDATE sales_hold SET state = :state, state_at = :now, state_by_id = :by, end_reason = :reason
 WHERE room_id = :room_id AND state = 'live'
RETURNING id, kind, reason, state, holder_id, customer_id, created_at, until
""")


_LIFT = text("""
UPDATE sales_hold SET state = 'released', state_at = :now, state_by_id = :by, end_reason = :reason
 WHERE room_id = ANY(:room_ids) AND state = 'live' AND kind = 'held' AND customer_id IS NULL
RETURNING id
""")


def hold_room(
    room_id: int,
    *,
    reason: str,
    customer_id: int | None = None,
    until: datetime | None = None,
    actor: Actor,
) -> PlacedHold:
    """Take a room off the market for the actor; of many at the same moment exactly one gets it.

    For a customer, or by who may not 销控: ``reserved``, until at most the days of the actor's
    longest role. Otherwise ``held`` for a reason, with or without an end. Raises Conflict
    ``room_taken`` naming who has it, WrongState for a room that is not for sale, NotFound for room
    or customer outside scope, Invalid for a wrong reason or end.
    """
    actor.require(policies.ADD_HOLD)
    now = clock.now()
    kind = _kind(customer_id, actor)
    reason = _clean_reason(reason, kind)
    customer_project = None if customer_id is None else _project_of_customer(customer_id, actor)
    room = estate.take_room(room_id, to=kind, frm=(RoomStatus.AVAILABLE,), actor=actor)
    if room is None:
        raise room_refusal(room_id, actor)
    _require_same_project(customer_project, room.project_id)
    end = _end(until, kind, room.project_id, now, actor)
    values = {
        "project_id": room.project_id,
        "room_id": room_id,
        "customer_id": customer_id,
        "holder_id": actor.id,
        "kind": kind.value,
        "reason": reason,
        "now": now,
        "until": end,
    }
    placed = _PLACE.row(**values)
    if placed is None:
        raise room_refusal(room_id, actor)
    return PlacedHold(
        placed[0], room, kind.value, reason, "live", int(actor.id or 0), customer_id, now, end
    )


def release_hold(room_id: int, *, reason: str = "", actor: Actor) -> PlacedHold:
    """End the hold of a room and put the room back on sale.

    The holder himself may, and controller, manager and director. A room that is not held stays as
    it is. Raises NotFound outside scope, WrongState if there is no hold, NotAllowed naming whose.
    """
    actor.require(policies.ADD_HOLD)
    reason = _clean_reason(reason, RoomStatus.RESERVED)
    held = (RoomStatus.HELD, RoomStatus.RESERVED)
    room = estate.put_room(room_id, to=RoomStatus.AVAILABLE, frm=held, actor=actor)
    ended = _end_hold(room, HoldState.RELEASED, reason, actor) if room else None
    if ended is None:
        raise _not_held(room_id)
    if not policies.can_release(ended, actor):
        raise _not_yours(ended.holder_id)
    notices.tell_released(ended, reason, actor)
    return ended


def name_hold_customer(room_id: int, *, customer_id: int, actor: Actor) -> int:
    """Give a hold in one's own name its customer; return the hold's id. It ends when it would have.

    Raises NotFound for room or customer outside scope, WrongState if the room is not reserved in
    the actor's name or the hold has a customer already.
    """
    actor.require(policies.ADD_HOLD)
    room = get_room(room_id)
    _require_same_project(_project_of_customer(customer_id, actor), room.project_id)
    named = db.session.execute(
        text(
            "UPDATE sales_hold SET customer_id = :customer_id WHERE room_id = :room_id"
            " AND state = 'live' AND kind = 'reserved' AND customer_id IS NULL"
            " AND holder_id = :holder_id RETURNING id"
        ),
        {"room_id": room_id, "customer_id": customer_id, "holder_id": actor.id},
    ).scalar()
    if named is None:
        raise WrongState(
            _l(
                "%(room)s is not held in your own name without a customer.",
                room=room.title,
            )
        )
    return int(named)


def expire_holds(*, actor: Actor) -> int:
    """Put rooms back on sale whose hold has reached its end; return how many.

    For the system only. Rooms that somebody is working on are left to the next run, so it never
    waits and any number of runs may go on at once.
    """
    if actor.kind != "system":
        raise NotAllowed(_l("Only the system ends holds by time."))
    now = clock.now()
    rooms = db.session.scalars(
        text(
            "SELECT r.id FROM estate_room r JOIN sales_hold h ON h.room_id = r.id"
            " WHERE h.state = 'live' AND h.until <= :now ORDER BY h.until LIMIT :most"
            " FOR NO KEY UPDATE OF r SKIP LOCKED"
        ),
        {"now": now, "most": BATCH},
    ).all()
    # The rooms are locked now; a hold that ended in between is no longer live for this statement.
    due = db.session.execute(
        text(
            "UPDATE sales_hold SET state = 'lapsed', state_at = :now WHERE room_id = ANY(:rooms)"
            " AND state = 'live' AND until <= :now RETURNING room_id, id, holder_id"
        ),
        {"now": now, "rooms": list(rooms)},
    ).all()
    held = (RoomStatus.HELD, RoomStatus.RESERVED)
    ended = {row.room_id: row for row in due}
    freed = estate.set_status(list(ended), to=RoomStatus.AVAILABLE, frm=held, actor=actor)
    notices.tell_lapsed([(room, ended[room.id]) for room in freed], actor)
    return len(freed)


def lift_control(room_ids: Collection[int], *, reason: str, actor: Actor) -> int:
    """End being 销控 of rooms that were reshaped, whose status has changed by it; return how many.

    Called inside the step that reshapes them, which is what allows it; holds for customers stay.
    """
    ended = db.session.scalars(
        _LIFT,
        {
            "room_ids": list(room_ids),
            "now": clock.now(),
            "by": actor.id if actor.kind == "user" else None,
            "reason": reason[:LONGEST_REASON],
        },
    ).all()
    return len(ended)


def convert_hold(room: TakenRoom, *, actor: Actor) -> PlacedHold | None:
    """End the hold of a room that was just subscribed; None if there was none."""
    return _end_hold(room, HoldState.CONVERTED, "", actor)


def longest_hold(actor: Actor, project_id: int) -> timedelta:
    """Return for how long the actor may hold a room for a customer: his longest role's days."""
    by_role: dict[str, int] = get_setting(HOLD_DAYS, project_id)
    return timedelta(days=max((by_role.get(role, 0) for role in actor.roles), default=0))


def _kind(customer_id: int | None, actor: Actor) -> RoomStatus:
    if customer_id is None and actor.may(policies.CONTROL):
        return RoomStatus.HELD
    return RoomStatus.RESERVED


def _clean_reason(reason: str, kind: RoomStatus) -> str:
    cleaned = reason.strip()
    sentence = None
    if not cleaned and kind is RoomStatus.HELD:
        sentence = _l("Say why the room is taken off the market.")
    elif len(cleaned) > LONGEST_REASON:
        sentence = _l("At most %(most)d characters fit here.", most=LONGEST_REASON)
    if sentence is not None:
        raise Invalid(sentence, fields={"reason": sentence})
    return cleaned


def _project_of_customer(customer_id: int, actor: Actor) -> int:
    found = db.session.execute(
        select(Customer.project_id, Customer.owner_id).where(Customer.id == customer_id)
    ).first()
    if found is None or not sees(found.owner_id, found.project_id, actor):
        raise NotFound(_l("There is no such customer within your scope."))
    return int(found.project_id)


def _require_same_project(customer_project: int | None, project_id: int) -> None:
    if customer_project not in {None, project_id}:
        sentence = _l("This customer belongs to another project; register it in this one.")
        raise Invalid(sentence, fields={"customer_id": sentence})


def _end(
    until: datetime | None, kind: RoomStatus, project_id: int, now: datetime, actor: Actor
) -> datetime | None:
    """Return when the hold ends. Raises Invalid for a moment gone by or beyond the role's days."""
    if until is not None and until <= now:
        raise _wrong_end(_l("The hold would end in the past; choose a later moment."))
    if kind is RoomStatus.HELD:
        if until is not None and until > now + LONGEST_CONTROL:
            raise _wrong_end(_l("A hold ends within ten years; choose an earlier moment."))
        return until
    last = now + longest_hold(actor, project_id)
    if last == now:
        raise _wrong_end(_l("Your role may not hold rooms; ask for a special hold."))
    if until is not None and until > last:
        raise _wrong_end(
            _l(
                "Your role may hold a room until %(last)s at most. Choose an earlier end, or ask"
                " for a special hold.",
                last=clock.local(last).strftime("%Y-%m-%d %H:%M"),
            ),
            details={"latest": last.isoformat(), "remedy": "special_hold"},
        )
    return until or last


def _wrong_end(sentence: Any, details: dict[str, Any] | None = None) -> Invalid:
    return Invalid(sentence, fields={"until": sentence}, details=details)


def _end_hold(room: TakenRoom, state: HoldState, reason: str, actor: Actor) -> PlacedHold | None:
    row = db.session.execute(
        _END,
        {
            "room_id": room.id,
            "state": state.value,
            "now": clock.now(),
            "by": actor.id if actor.kind == "user" else None,
            "reason": reason or None,
        },
    ).first()
    return None if row is None else PlacedHold(row[0], room, *row[1:])


def _not_held(room_id: int) -> DomainError:
    room = get_room(room_id)
    return WrongState(
        _l(
            "%(room)s is not held, it is %(state)s.",
            room=room.title,
            state=RoomStatus(room.status).title,
        ),
        details={"status": room.status},
    )


def _not_yours(holder_id: int) -> NotAllowed:
    return NotAllowed(
        _l(
            "%(name)s holds this room. Only he himself, a controller or a manager can release it.",
            name=user_name(holder_id),
        ),
        details={"permission": policies.RELEASE_ANY},
    )

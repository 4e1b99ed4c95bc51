"""Why a room could not be had, in words: who has it and since when, or what keeps it off sale."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, DomainError, Invalid, WrongState
from app.estate.models import Room, RoomStatus
from app.estate.queries import get_room
from app.sales.queries import Taker, who_has


def room_refusal(room_id: int, actor: Actor) -> DomainError:
    """Return the error for a room that could not be taken.

    Conflict ``room_taken`` names who has it; WrongState says why a room is not for sale. Raises
    NotFound for a room outside the actor's scope.
    """
    room = get_room(room_id)
    taker = who_has(room_id)
    if taker is not None:
        return room_taken(room, taker, actor)
    return WrongState(
        _off_sale(room),
        code="room_not_for_sale",
        details={"status": room.status},
    )


def room_taken(room: Room, taker: Taker, actor: Actor) -> Conflict:
    """Return the Conflict that names who has the room, since when and as what."""
    since = clock.local(taker.since).strftime("%Y-%m-%d %H:%M:%S")
    if taker.user_id == actor.id:
        sentence = _l(
            "You have %(room)s yourself (%(what)s) since %(since)s.",
            room=room.title,
            what=taker.what,
            since=since,
        )
    else:
        sentence = _l(
            "%(room)s was taken by %(name)s (%(what)s) at %(since)s. Choose another room, or speak"
            " to %(name)s.",
            room=room.title,
            name=taker.name,
            what=taker.what,
            since=since,
        )
    return Conflict(sentence, code="room_taken", details=taker.as_details())


def _off_sale(room: Room) -> Any:
    title = room.title
    sentences = {
        RoomStatus.UNRELEASED.value: _l(
            "%(room)s is not on sale yet; the director has to release it.", room=title
        ),
        RoomStatus.REPRICING.value: _l(
            "%(room)s awaits a price; the manager has to confirm its present one.", room=title
        ),
        RoomStatus.QUEUED.value: _l("%(room)s is kept for a ticket of the queue.", room=title),
        RoomStatus.HANDED_OVER.value: _l("%(room)s has been handed over to its owner.", room=title),
    }
    moved = _l("%(room)s changed at this very moment. Load it again.", room=title)
    return sentences.get(room.status, moved)


def wrong_buyers(sentence: Any) -> Invalid:
    """Return the error for buyers or shares that do not fit."""
    return Invalid(sentence, code="buyers", fields={"buyers": sentence})

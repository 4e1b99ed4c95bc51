"""Puts rooms on sale and takes them off again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, WrongState
from app.estate import operations as estate
from app.estate.models import Room, RoomStatus
from app.estate.opening_gate import require_opening_ready
from app.estate.operations import TakenRoom
from app.estate.queries import buildings_that_may_not_sell, get_building, get_room, list_rooms
from app.pricing import policies
from app.pricing.queries import (
    get_current_price,
    rooms_whose_price_misfits,
    rooms_without_price,
)

ROOM_TABLE = "estate_room"


@dataclass(frozen=True, slots=True)
class RoomChoice:
    """Which rooms a bulk step is for: those named, or all of a building that are fit for it."""

    room_ids: tuple[int, ...] = ()
    building_id: int | None = None


def release_for_sale(
    *,
    room_ids: Collection[int] = (),
    building_id: int | None = None,
    reason: str,
    unready_reason: str | None = None,
    actor: Actor,
) -> list[TakenRoom]:
    """Put rooms on sale 放盘: those named, or all unreleased rooms of the building.

    ``unready_reason`` says why they go on sale before the opening checklist is complete; without
    it Invalid ``opening_not_ready`` names what is missing. Raises Invalid naming the building
    without a permit, or how many rooms have no price that fits them (and the first); without a
    reason; WrongState naming rooms that are not off the market, NotFound outside scope. All or
    none.
    """
    actor.require(f"{policies.SALE}:release")
    frm = (RoomStatus.UNRELEASED,)
    rooms = _rooms(RoomChoice(tuple(room_ids), building_id), reason, frm)
    _require_permit(rooms)
    _require_price([room.id for room in rooms])
    require_opening_ready({room.building for room in rooms}, unready_reason)
    said = reason if not unready_reason else f"{reason.strip()} · {unready_reason.strip()}"
    return _move(rooms, RoomStatus.AVAILABLE, frm, "release_for_sale", said, actor)


def withdraw_from_sale(
    *,
    room_ids: Collection[int] = (),
    building_id: int | None = None,
    reason: str,
    actor: Actor,
) -> list[TakenRoom]:
    """Take rooms off the market 收盘: those named, or all of the building that are for sale.

    Rooms awaiting a price can be withdrawn too. Raises WrongState naming rooms that somebody
    holds or has bought; Invalid without a reason. All or none.
    """
    actor.require(f"{policies.SALE}:withdraw")
    frm = (RoomStatus.AVAILABLE, RoomStatus.REPRICING)
    rooms = _rooms(RoomChoice(tuple(room_ids), building_id), reason, frm)
    return _move(rooms, RoomStatus.UNRELEASED, frm, "withdraw_from_sale", reason, actor)


def confirm_price(room_id: int, *, actor: Actor) -> TakenRoom:
    """Take a room that awaits a price back on sale at its present price; audited.

    Raises WrongState if it does not await one; Invalid without a price or permit.
    """
    actor.require(f"{policies.SALE}:confirm_price")
    room = get_room(room_id)
    price = get_current_price(room_id)
    _require_price([room_id])
    _require_permit([room])
    taken = estate.put_room(
        room_id, to=RoomStatus.AVAILABLE, frm=(RoomStatus.REPRICING,), actor=actor
    )
    if taken is None:
        db.session.refresh(room)
        raise WrongState(
            _l(
                "%(room)s is %(state)s; only a room that awaits a price can be confirmed.",
                room=room.title,
                state=RoomStatus(room.status).title,
            )
        )
    note = {"list_total": str(price.list_total) if price else None}
    audit.record("confirm_price", table_name=ROOM_TABLE, row_id=room_id, note=note)
    return taken


def _rooms(choice: RoomChoice, reason: str, frm: Collection[RoomStatus]) -> list[Room]:
    if not reason.strip():
        raise Invalid(_l("Give a reason."), fields={"reason": _l("Give a reason.")})
    if bool(choice.room_ids) == (choice.building_id is not None):
        raise Invalid(_l("Name either rooms or one building."))
    if choice.building_id is not None:
        return _rooms_of_building(choice.building_id, frm)
    rooms = list_rooms(choice.room_ids)
    if len(rooms) < len(set(choice.room_ids)):
        raise NotFound(_l("There is no such room within your scope."))
    _require_status(rooms, frm)
    return rooms


def _rooms_of_building(building_id: int, frm: Collection[RoomStatus]) -> list[Room]:
    building = get_building(building_id)
    wanted = select(Room.id).where(
        Room.building_id == building_id, Room.status.in_([status.value for status in frm])
    )
    rooms = list_rooms(list(db.session.scalars(wanted)))
    if not rooms:
        raise WrongState(
            _l(
                "%(building)s has no room that is %(state)s.",
                building=building.name,
                state=next(iter(frm)).title,
            )
        )
    return rooms


def _require_status(rooms: Sequence[Room], frm: Collection[RoomStatus]) -> None:
    fit = {status.value for status in frm}
    others = [room for room in rooms if room.status not in fit]
    if others:
        raise WrongState(
            _l(
                "%(count)d rooms are in another state, the first is %(room)s: %(state)s.",
                count=len(others),
                room=others[0].title,
                state=RoomStatus(others[0].status).title,
            ),
            details={"room_ids": [room.id for room in others]},
        )


def _require_permit(rooms: Sequence[Room]) -> None:
    lacking = buildings_that_may_not_sell({room.building_id for room in rooms})
    if lacking:
        raise Invalid(
            _l(
                "%(building)s has neither a pre-sale permit nor a completion record. Enter the"
                " permit first.",
                building="、".join(building.name for building in lacking),
            ),
            code="permit_missing",
            details={"building_ids": [building.id for building in lacking]},
        )


def _require_price(room_ids: Collection[int]) -> None:
    misfits = rooms_whose_price_misfits(room_ids)
    if misfits:
        raise Invalid(
            _l(
                "%(count)d rooms changed their area after they were priced, the first is %(room)s."
                " Get a price plan approved for them first.",
                count=len(misfits),
                room=misfits[0].title,
            ),
            code="price_outdated",
            details={"room_ids": [room.id for room in misfits]},
        )
    lacking = rooms_without_price(room_ids)
    if lacking:
        raise Invalid(
            _l(
                "%(count)d rooms have no price, the first is %(room)s. Get a price plan approved"
                " first.",
                count=len(lacking),
                room=lacking[0].title,
            ),
            code="price_missing",
            details={"room_ids": [room.id for room in lacking]},
        )


def _move(
    rooms: Sequence[Room],
    to: RoomStatus,
    frm: Collection[RoomStatus],
    action: str,
    reason: str,
    actor: Actor,
) -> list[TakenRoom]:
    wanted = [room.id for room in rooms]
    taken = estate.set_status(wanted, to=to, frm=frm, actor=actor)
    if len(taken) < len(wanted):
        raise Conflict(_l("Somebody changed one of these rooms just now. Load them again."))
    audit.record(
        action,
        table_name=ROOM_TABLE,
        row_id=wanted[0] if len(wanted) == 1 else None,
        note={"reason": reason.strip(), "room_ids": wanted},
    )
    return taken

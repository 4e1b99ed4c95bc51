"""Rooms merged with a neighbour and split back, with their lineage kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, WrongState
from app.core.money import FEN
from app.estate import policies
from app.estate.locks import lock_building, lock_rooms
from app.estate.models import Room, RoomLineage, RoomStatus
from app.estate.operations.records import add_row, change_row
from app.estate.operations.status import set_status
from app.estate.queries import get_room
from app.estate.room_checks import check_areas
from app.estate.shapes import (
    RoomPart,
    floors_of,
    part_of,
    read_back,
    require_off_market,
    standing_floors,
    write_down,
)
from app.estate.signals import rooms_reshaped

ROOM_TABLE = "estate_room"


class Side(StrEnum):
    """Where the neighbour lies that a room is merged with."""

    RIGHT = "right"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class PartWish:
    """What a part shall be called and how large it is; None takes the proposal."""

    number: str | None = None
    gross_area: Decimal | None = None
    inside_area: Decimal | None = None


def merge_rooms(room_id: int, *, side: Side, actor: Actor) -> Room:
    """Merge a room with its right or lower neighbour; return it, as large as both.

    The room keeps its identity and number; the neighbour is merged away, with its history kept.
    Areas add up. The result is unreleased and has no price in force, so it is priced and released
    anew; being 销控 ends for both. Raises WrongState for a room on the market, Conflict for one
    with a hold, deal or plan in the way, Invalid without a neighbour of the same height or width,
    NotAllowed, NotFound outside scope.
    """
    room = _open(room_id, actor)
    neighbour = _neighbour(room, side)
    room, neighbour, *accessories = _locked(room, neighbour)
    if _neighbour(room, side).id != neighbour.id:
        raise Conflict(_l("Somebody changed one of these rooms just now. Load them again."))
    require_off_market([room, neighbour])
    db.session.add(
        RoomLineage(
            project_id=room.project_id,
            kind="merge",
            room_id=room.id,
            source_id=neighbour.id,
            source=write_down(neighbour),
            before=write_down(room),
            created_by_id=_person(actor),
        )
    )
    merged = _merged(room, neighbour, side)
    for accessory in accessories:
        accessory.main_room_id = room.id
    # The neighbour gives its place up before the room takes it.
    set_status([neighbour.id], to=RoomStatus.MERGED, frm=_OFF, actor=actor)
    _reshape(room, merged, actor)
    title = neighbour.title
    _tell(
        [room, neighbour], _l("merged: %(room)s and %(other)s", room=room.title, other=title), actor
    )
    audit.record(
        "merge_rooms",
        table_name=ROOM_TABLE,
        row_id=room.id,
        note={"with": title, "room_ids": [room.id, neighbour.id]},
        project_id=room.project_id,
    )
    return room


def propose_parts(room_id: int, *, actor: Actor) -> list[RoomPart]:
    """Return into what a room can be split: what it was merged from, else single cells.

    Raises WrongState for a room of one cell that was never merged; NotAllowed, NotFound.
    """
    policies.require_room_change(actor, get_room(room_id).project_id, "reshape")
    room = get_room(room_id)
    merge = _last_merge(room)
    parts = _unmerged(room, merge) if merge else _single_cells(room)
    if len(parts) < 2:  # noqa: PLR2004 - one part is no splitting
        raise WrongState(
            _l("%(room)s is a single cell and was not merged; it cannot be split.", room=room.title)
        )
    return parts


def split_room(room_id: int, *, wishes: Sequence[PartWish] = (), actor: Actor) -> list[Room]:
    """Split a room back; the left or top cell keeps its identity, the others are new rooms.

    ``wishes`` give numbers and areas of the parts in the order of ``propose_parts``; the areas must
    add up to the room's. Everything is unreleased and without a price afterwards. Raises Invalid,
    Conflict for a number that is taken, and as ``merge_rooms``.
    """
    room = _open(room_id, actor)
    (room,) = _locked(room)
    require_off_market([room])
    merge = _last_merge(room)
    parts = _wished(propose_parts(room_id, actor=actor), wishes)
    _check_sum(room, parts)
    before = write_down(room)
    old_title = room.title
    if merge:
        merge.undone_at = clock.now()
    _reshape(room, parts[0], actor)
    new = [_add_part(room, part, before, actor) for part in parts[1:]]
    _tell([room], _l("split: %(room)s", room=old_title), actor)
    made = [one.id for one in new]
    audit.record(
        "split_room",
        table_name=ROOM_TABLE,
        row_id=room.id,
        note={"room_ids": [room.id, *made]},
        project_id=room.project_id,
    )
    return [room, *new]


_OFF = (RoomStatus.UNRELEASED, RoomStatus.HELD)


def _open(room_id: int, actor: Actor) -> Room:
    room = get_room(room_id)
    policies.require_room_change(actor, room.project_id, "reshape")
    lock_building(room.building_id)
    return room


def _locked(*rooms: Room) -> list[Room]:
    """Lock these rooms, and the accessories of all but the first, by id; return them in order."""
    ids = [room.id for room in rooms]
    hanging = select(Room.id).where(Room.main_room_id.in_(ids[1:])).order_by(Room.id)
    accessories = [one for one in db.session.scalars(hanging) if one not in ids]
    found = {room.id: room for room in lock_rooms([*ids, *accessories])}
    if any(one not in found for one in ids):
        raise NotFound(_l("There is no such room within your scope."))
    return [found[one] for one in (*ids, *accessories) if one in found]


def _neighbour(room: Room, side: Side) -> Room:
    found = _right_of(room) if side is Side.RIGHT else _below(room)
    if found is not None:
        return found
    sentence = (
        _l("Right of %(room)s there is no room of the same height to merge with.", room=room.title)
        if side is Side.RIGHT
        else _l("Below %(room)s there is no room of the same width to merge with.", room=room.title)
    )
    raise Invalid(sentence, code="no_neighbour")


def _standing(room: Room, floor: int | None, column: int) -> Room | None:
    """Return the room of the same entrance that begins in a cell."""
    found: Room | None = db.session.scalar(
        select(Room).where(
            Room.building_id == room.building_id,
            Room.entrance_id.is_not_distinct_from(room.entrance_id),
            Room.floor == floor,
            Room.column == column,
            Room.status != RoomStatus.MERGED.value,
        )
    )
    return found


def _right_of(room: Room) -> Room | None:
    other = _standing(room, room.floor, room.column + room.column_span)
    # By their order: names of one floor may be written in two ways.
    return other if other is not None and _orders(other) == _orders(room) else None


def _orders(room: Room) -> list[int]:
    return [order for order, _name in floors_of(room)]


def _below(room: Room) -> Room | None:
    lowest = floors_of(room)[-1][0]
    floors = [order for order in standing_floors(room.building_id) if order < lowest]
    other = _standing(room, max(floors, default=None), room.column)
    return other if other is not None and other.column_span == room.column_span else None


def _merged(room: Room, other: Room, side: Side) -> RoomPart:
    inside = None
    if room.inside_area is not None and other.inside_area is not None:
        inside = room.inside_area + other.inside_area
    part = replace(part_of(room), gross_area=room.gross_area + other.gross_area, inside_area=inside)
    if side is Side.RIGHT:
        return replace(part, column_span=room.column_span + other.column_span)
    return replace(part, lower_floors=(*part.lower_floors, *floors_of(other)))


def _reshape(room: Room, part: RoomPart, actor: Actor) -> None:
    """Give a locked room its new shape; it is unreleased afterwards."""
    if room.status == RoomStatus.HELD.value:
        set_status([room.id], to=RoomStatus.UNRELEASED, frm=(RoomStatus.HELD,), actor=actor)
    taken = _l("There is a room %(number)s in this entrance already.", number=part.number)
    change_row(room, part.values(), taken=taken)


def _last_merge(room: Room) -> RoomLineage | None:
    """Return the last merge that made the room what it is, or what it was before a split."""
    looked, room_id = set(), room.id
    while room_id is not None and room_id not in looked:
        looked.add(room_id)
        merge: RoomLineage | None = db.session.scalar(
            select(RoomLineage)
            .where(
                RoomLineage.room_id == room_id,
                RoomLineage.kind == "merge",
                RoomLineage.undone_at.is_(None),
            )
            .order_by(RoomLineage.id.desc())
            .limit(1)
        )
        if merge is not None:
            return merge
        # A room that came back by a split is what it had been before it was merged away.
        room_id = db.session.scalar(
            select(RoomLineage.restores_id).where(
                RoomLineage.room_id == room_id, RoomLineage.kind == "split"
            )
        )
    return None


def _unmerged(room: Room, merge: RoomLineage) -> list[RoomPart]:
    own = read_back(merge.before or {})
    other = read_back(merge.source, restores_id=merge.source_id)
    # Columns may have come and gone to the left since.
    moved = room.column - own.column
    own = replace(own, column=room.column, number=room.number)
    return [own, replace(other, column=other.column + moved)]


def _single_cells(room: Room) -> list[RoomPart]:
    floors, whole = floors_of(room), part_of(room)
    places = [(floor, room.column + right) for floor in floors for right in range(room.column_span)]
    gross = _shared_out(room.gross_area, len(places))
    inside = _shared_out(room.inside_area, len(places))
    return [
        replace(
            whole,
            floor=floor[0],
            floor_name=floor[1],
            lower_floors=(),
            column=column,
            column_span=1,
            number=room.number if at == 0 else f"{floor[1]}{column:02d}",
            gross_area=gross[at] or room.gross_area,
            inside_area=inside[at],
        )
        for at, (floor, column) in enumerate(places)
    ]


def _shared_out(area: Decimal | None, count: int) -> list[Decimal | None]:
    """Return equal shares with two decimals; the last takes the rest."""
    if area is None:
        return [None] * count
    share = (area / count).quantize(FEN)
    return [*[share] * (count - 1), area - share * (count - 1)]


def _wished(parts: Sequence[RoomPart], wishes: Sequence[PartWish]) -> list[RoomPart]:
    if wishes and len(wishes) != len(parts):
        raise Invalid(
            _l("There are %(parts)d parts, not %(count)d.", parts=len(parts), count=len(wishes))
        )
    given = wishes or [PartWish()] * len(parts)
    return [_one_wished(part, wish) for part, wish in zip(parts, given, strict=True)]


def _one_wished(part: RoomPart, wish: PartWish) -> RoomPart:
    number = (wish.number or "").strip() or part.number
    gross = part.gross_area if wish.gross_area is None else wish.gross_area
    inside = part.inside_area if wish.inside_area is None else wish.inside_area
    check_areas(gross, inside)
    return replace(part, number=number, gross_area=gross, inside_area=inside)


def _check_sum(room: Room, parts: Sequence[RoomPart]) -> None:
    gross = sum((part.gross_area for part in parts), Decimal(0))
    if gross != room.gross_area:
        raise Invalid(
            _l(
                "The gross areas of the parts come to %(sum)s m²; %(room)s has %(area)s m².",
                sum=gross,
                room=room.title,
                area=room.gross_area,
            ),
            fields={"gross_area": _l("They must add up to %(area)s m².", area=room.gross_area)},
        )
    known = [part.inside_area for part in parts if part.inside_area is not None]
    if room.inside_area is not None and len(known) == len(parts):
        inside = sum(known, Decimal(0))
        if inside != room.inside_area:
            raise Invalid(
                _l(
                    "The inside areas of the parts come to %(sum)s m²; %(room)s has %(area)s m².",
                    sum=inside,
                    room=room.title,
                    area=room.inside_area,
                ),
                fields={
                    "inside_area": _l("They must add up to %(area)s m².", area=room.inside_area)
                },
            )


def _add_part(room: Room, part: RoomPart, before: dict[str, Any], actor: Actor) -> Room:
    new = Room(
        project_id=room.project_id,
        building_id=room.building_id,
        entrance_id=room.entrance_id,
        usage=room.usage,
        is_accessory=room.is_accessory,
        **part.values(),
    )
    add_row(
        new, taken=_l("There is a room %(number)s in this entrance already.", number=part.number)
    )
    db.session.add(
        RoomLineage(
            project_id=room.project_id,
            kind="split",
            room_id=new.id,
            source_id=room.id,
            restores_id=part.restores_id,
            source=before,
            created_by_id=_person(actor),
        )
    )
    return new


def _tell(rooms: Sequence[Room], reason: Any, actor: Actor) -> None:
    """Let the areas above end what rested on the old shapes, after everything is written."""
    db.session.flush()
    rooms_reshaped.send(None, room_ids=[room.id for room in rooms], reason=str(reason), actor=actor)
    for room in rooms:
        db.session.refresh(room)


def _person(actor: Actor) -> int | None:
    return actor.id if actor.kind == "user" else None

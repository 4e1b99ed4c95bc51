"""Single rooms: added, changed and deleted by hand. Their status changes elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, WrongState
from app.core.gathering import check_all
from app.estate import policies
from app.estate.models import (
    Building,
    Entrance,
    Room,
    RoomStatus,
)
from app.estate.operations.records import add_row, change_row, remove_row
from app.estate.queries import get_building
from app.estate.room_checks import (
    FURTHER,
    check_areas,
    check_house_type,
    check_market,
    clean_further,
)


def add_room(  # noqa: PLR0913 - a room is as wide as its form
    *,
    building_id: int,
    entrance_id: int | None = None,
    number: str,
    floor: int,
    floor_name: str | None = None,
    column: int,
    gross_area: Decimal,
    inside_area: Decimal | None = None,
    house_type_id: int | None = None,
    orientation: str | None = None,
    actor: Actor,
    **more: Any,
) -> Room:
    """Add an unreleased room without a price; ``more`` are the columns of ``FURTHER``.

    Raises NotFound for a building outside scope, Invalid for areas or places that do not fit,
    Conflict if the number is taken within the entrance.
    """
    actor.require(f"{policies.ROOM}:add")
    building = get_building(building_id)
    policies.require_room_change(actor, building.project_id, "add")
    check_all(
        lambda: _check_places(building, entrance_id, house_type_id),
        lambda: check_areas(gross_area, inside_area),
        lambda: clean_further(more, building.project_id),
    )
    further = clean_further(more, building.project_id)
    room = Room(
        project_id=building.project_id,
        building_id=building_id,
        entrance_id=entrance_id,
        house_type_id=house_type_id,
        number=number,
        floor=floor,
        floor_name=floor_name or str(floor),
        column=column,
        gross_area=gross_area,
        inside_area=inside_area,
        orientation=orientation,
        **further,
    )
    return add_row(room, taken=_number_taken(number))


def edit_room(room: Room, *, actor: Actor, **values: Any) -> Room:
    """Change a room.

    Number and areas change only off the market: raises WrongState otherwise. A changed gross area
    asks for the price again before the room can be released. Other errors as ``add_room``.
    """
    policies.require_room_change(actor, room.project_id, "edit")
    locked: Room = db.session.scalars(
        select(Room)
        .where(Room.id == room.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    further = {name: values[name] for name in FURTHER if name in values}
    values = {**values, **clean_further(further, locked.project_id, room=locked)}
    changed = {name: value for name, value in values.items() if getattr(locked, name) != value}
    check_market(locked, changed)
    _check_places(
        locked.building,
        changed.get("entrance_id", locked.entrance_id),
        changed.get("house_type_id", locked.house_type_id),
        locked.house_type_id,
    )
    check_areas(
        changed.get("gross_area", locked.gross_area), changed.get("inside_area", locked.inside_area)
    )
    if "floor_name" in changed and not changed["floor_name"]:
        changed["floor_name"] = str(changed.get("floor", locked.floor))
    return change_row(locked, changed, taken=_number_taken(values.get("number", locked.number)))


def delete_room(room: Room, *, actor: Actor) -> None:
    """Delete an unreleased room that was never priced. Raises WrongState or Conflict otherwise."""
    policies.require_room_change(actor, room.project_id, "delete")
    if room.status != RoomStatus.UNRELEASED.value:
        raise WrongState(
            _l(
                "%(room)s is %(state)s; only an unreleased room can be deleted.",
                room=room.title,
                state=RoomStatus(room.status).title,
            )
        )
    sentence = _l("%(room)s has prices or deals and cannot be deleted.", room=room.title)
    remove_row(room, used=sentence)


def _check_places(
    building: Building,
    entrance_id: int | None,
    house_type_id: int | None,
    kept: int | None = None,
) -> None:
    if entrance_id is not None:
        owner = db.session.scalar(select(Entrance.building_id).where(Entrance.id == entrance_id))
        if owner != building.id:
            sentence = _l("Choose an entrance of %(building)s.", building=building.name)
            raise Invalid(sentence, fields={"entrance_id": sentence})
    check_house_type(house_type_id, building.project_id, kept=kept)


def _number_taken(number: str) -> Any:
    return _l("There is a room %(number)s in this entrance already.", number=number)

"""What must hold of a room whatever step changes it; every check names the field."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Invalid, WrongState
from app.estate.models import FitOut, HouseType, Room, RoomStatus, RoomUsage

#: what may not change while somebody can buy the room or has bought it
FIXED_ON_MARKET = ("building_id", "entrance_id", "number", "gross_area", "inside_area")
#: what a room is besides its place, type and areas
FURTHER = ("structure", "view", "fit_out_id", "usage", "is_accessory", "main_room_id")


def check_areas(gross: Decimal, inside: Decimal | None) -> None:
    """Raise Invalid unless 0 < inside ≤ gross; an inside area that is not known is no fault."""
    if gross <= 0:
        sentence = _l("The gross area must be above 0.")
        raise Invalid(sentence, fields={"gross_area": sentence})
    if inside is not None and not 0 < inside <= gross:
        sentence = _l("The inside area is above 0 and at most the gross area.")
        raise Invalid(sentence, fields={"inside_area": sentence})


def check_usage(usage: str | None) -> None:
    """Raise Invalid for a 租售类型 that there is not; None is no choice of one's own."""
    if usage not in {None, *(known.value for known in RoomUsage)}:
        sentence = _l("Choose for sale, to let, or either.")
        raise Invalid(sentence, fields={"usage": sentence})


def check_market(room: Room, changed: Mapping[str, Any]) -> None:
    """Raise WrongState if what changes is fixed while the room is on the market."""
    if changed and room.status == RoomStatus.MERGED.value:
        raise WrongState(
            _l("%(room)s has been merged away and does not change any more.", room=room.title)
        )
    if "floor" in changed and room.lower_floors:
        raise WrongState(
            _l("%(room)s reaches over several floors; split it before it moves.", room=room.title)
        )
    off_market = (RoomStatus.UNRELEASED.value, RoomStatus.REPRICING.value)
    if room.status not in off_market and any(name in changed for name in FIXED_ON_MARKET):
        raise WrongState(
            _l(
                "%(room)s is %(state)s; its number and areas change only off the market."
                " Withdraw it from sale first.",
                room=room.title,
                state=RoomStatus(room.status).title,
            )
        )


def check_house_type(
    house_type_id: int | None, project_id: int, *, kept: int | None = None
) -> None:
    """Raise Invalid unless the house type is the project's and in use; None is none.

    ``kept`` is the type that the room has already, which it may keep.
    """
    if house_type_id is None:
        return
    found = db.session.execute(
        select(HouseType.project_id, HouseType.name, HouseType.is_active).where(
            HouseType.id == house_type_id
        )
    ).first()
    if found is None or found.project_id != project_id:
        raise _wrong("house_type_id", _l("Choose a house type of this project."))
    if not found.is_active and house_type_id != kept:
        raise _wrong("house_type_id", _l("%(name)s is switched off.", name=found.name))


def clean_further(
    given: Mapping[str, Any], project_id: int, *, room: Room | None = None
) -> dict[str, Any]:
    """Return what a room is besides, checked, with what follows from it.

    Raises Invalid for a fit-out or main room of another project, a fit-out that is switched off,
    an unknown usage, and a main room that is an accessory itself.
    """
    values = derive_further(given)
    check_usage(values.get("usage"))
    _check_fit_out(values.get("fit_out_id"), project_id, room)
    _check_main_room(values.get("main_room_id"), project_id, room)
    return values


def derive_further(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a room is besides: a main room makes an accessory, and no accessory has none."""
    unknown = set(given) - set(FURTHER)
    if unknown:
        message = f"a room has no {', '.join(sorted(unknown))}"
        raise TypeError(message)
    values = {name: None if value == "" else value for name, value in given.items()}
    if "is_accessory" in values:
        values["is_accessory"] = bool(values["is_accessory"])
    if values.get("main_room_id") is not None:
        values["is_accessory"] = True
    elif values.get("is_accessory") is False:
        values["main_room_id"] = None
    return values


def _check_fit_out(fit_out_id: int | None, project_id: int, room: Room | None) -> None:
    if fit_out_id is None or (room is not None and room.fit_out_id == fit_out_id):
        return
    fit_out = db.session.scalar(
        select(FitOut).where(FitOut.id == fit_out_id, FitOut.project_id == project_id)
    )
    if fit_out is None:
        raise _wrong("fit_out_id", _l("Choose a fit-out of this project."))
    if not fit_out.is_active:
        raise _wrong("fit_out_id", _l("%(name)s is switched off.", name=fit_out.name))


def _check_main_room(main_room_id: int | None, project_id: int, room: Room | None) -> None:
    if main_room_id is None or (room is not None and room.main_room_id == main_room_id):
        return
    main = db.session.scalar(
        select(Room).where(Room.id == main_room_id, Room.project_id == project_id)
    )
    if main is None or main.status == RoomStatus.MERGED.value:
        raise _wrong("main_room_id", _l("Choose a main room of this project."))
    if main.is_accessory or (room is not None and main.id == room.id):
        raise _wrong(
            "main_room_id",
            _l("%(room)s cannot be the main room: it is an accessory itself.", room=main.title),
        )


def _wrong(field: str, sentence: Any) -> Invalid:
    return Invalid(sentence, fields={field: sentence})

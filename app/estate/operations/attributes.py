"""Sets what many rooms are at one stroke: orientation, view, house type, fit-out, accessory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.estate import policies
from app.estate.locks import lock_rooms
from app.estate.models import FitOut, HouseType, Room, RoomStatus, RoomUsage
from app.estate.queries import get_project
from app.estate.room_checks import (
    FURTHER,
    check_areas,
    check_house_type,
    check_market,
    clean_further,
    derive_further,
)

#: of these, what names other records or is one of a few words
REFERRING = ("house_type_id", "fit_out_id", "main_room_id", "usage")
#: rooms that one step changes at most
MOST_ROOMS = 20_000
#: columns that can be set; areas follow a house type, or are given
SETTABLE = ("house_type_id", "orientation", "gross_area", "inside_area", *FURTHER)
#: groups of one field that a summary tells apart
SHOWN = 12


@dataclass(frozen=True, slots=True)
class RoomSetting:
    """What some rooms shall be: names of ``SETTABLE`` with their values; None empties."""

    room_ids: tuple[int, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """How many rooms change from what to what, in words."""

    field: str
    before: str
    after: str
    rooms: int


@dataclass(frozen=True, slots=True)
class SettingSummary:
    """What a step does: rooms that change, from what to what, and the areas before and after."""

    rooms: int
    changes: tuple[FieldChange, ...]
    gross_before: Decimal
    gross_after: Decimal
    #: rooms whose gross area changes; if they have a price, it is asked for again
    resized: int


def set_rooms(
    settings: Sequence[RoomSetting],
    *,
    project_id: int,
    versions: Mapping[int, int] | None = None,
    dry_run: bool = False,
    actor: Actor,
) -> SettingSummary:
    """Give rooms of a project new values, all or none, as one step; return what changes.

    Later settings win over earlier ones of the same room. With ``versions`` (room id → version that
    was looked at) a room that changed meanwhile refuses all: Conflict names it. Raises WrongState
    for areas of a room on the market, Invalid naming room and fault, NotFound for a room outside
    the project or scope, NotAllowed. ``dry_run`` writes nothing.
    """
    policies.require_room_change(actor, project_id, "edit")
    get_project(project_id)
    wanted = _wanted(settings)
    rooms = _locked(wanted, project_id)
    _require_same(rooms, versions or {})
    found = {room: _changed(room, wanted[room.id]) for room in rooms}
    changed = {room: values for room, values in found.items() if values}
    _check_references(changed, project_id)
    summary = _summarize(changed)
    if not dry_run and changed:
        _write(changed)
        audit.record(
            "set_rooms",
            table_name="estate_project",
            row_id=project_id,
            note={"room_ids": sorted(room.id for room in changed)},
            project_id=project_id,
        )
    return summary


def _wanted(settings: Iterable[RoomSetting]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for setting in settings:
        unknown = set(setting.values) - set(SETTABLE)
        if unknown:
            sentence = _l("%(names)s cannot be set here.", names="、".join(sorted(unknown)))
            raise Invalid(sentence)
        for room_id in setting.room_ids:
            found.setdefault(room_id, {}).update(setting.values)
    if not found:
        raise Invalid(_l("Choose rooms and say what they shall be."))
    if len(found) > MOST_ROOMS:
        raise Invalid(_l("At most %(most)d rooms are changed in one go.", most=MOST_ROOMS))
    return found


def _locked(wanted: Mapping[int, Any], project_id: int) -> list[Room]:
    rooms = lock_rooms(list(wanted))
    if len(rooms) < len(wanted) or any(room.project_id != project_id for room in rooms):
        raise NotFound(_l("There is no such room within your scope."))
    gone = next((room for room in rooms if room.status == RoomStatus.MERGED.value), None)
    if gone is not None:
        raise Conflict(_l("%(room)s has been merged away. Load the page again.", room=gone.title))
    return rooms


def _require_same(rooms: Sequence[Room], versions: Mapping[int, int]) -> None:
    moved = [room for room in rooms if versions.get(room.id, room.version) != room.version]
    if moved:
        raise Conflict(
            _l(
                "%(count)d rooms have changed meanwhile, the first is %(room)s. Load the page"
                " again; nothing was written.",
                count=len(moved),
                room=moved[0].title,
            ),
            details={"room_ids": [room.id for room in moved]},
        )


def _check_references(changed: Mapping[Room, Mapping[str, Any]], project_id: int) -> None:
    """Raise Invalid for what rooms cannot be given; each value is looked at once, not by room."""
    seen: set[tuple[str, Any]] = set()
    for room, values in changed.items():
        if values.get("main_room_id") == room.id:
            raise _named(room, Invalid(_l("A room is not its own main room.")))
        new = {(name, values[name]) for name in REFERRING if values.get(name) is not None} - seen
        seen |= new
        wanted = dict(new)
        try:
            check_house_type(wanted.pop("house_type_id", None), project_id)
            clean_further(wanted, project_id)
        except Invalid as error:
            raise _named(room, error) from error


def _named(room: Room, error: Invalid) -> Invalid:
    sentence = _l("%(room)s: %(fault)s", room=room.title, fault=error.message)
    return Invalid(sentence, fields=error.fields, details={"room_ids": [room.id]})


def _changed(room: Room, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changes of a room. Raises Invalid and WrongState naming it."""
    further = {name: wanted[name] for name in FURTHER if name in wanted}
    values = {**wanted, **derive_further(further)}
    changed = {name: value for name, value in values.items() if getattr(room, name) != value}
    if {"gross_area", "inside_area"} & set(changed):
        gross = changed.get("gross_area", room.gross_area)
        try:
            check_areas(gross or Decimal(0), changed.get("inside_area", room.inside_area))
        except Invalid as error:
            raise _named(room, error) from error
    check_market(room, changed)
    return changed


def _summarize(changed: Mapping[Room, Mapping[str, Any]]) -> SettingSummary:
    words = _Words(changed)
    counted: Counter[tuple[str, str, str]] = Counter()
    for room, values in changed.items():
        for name, value in values.items():
            counted[name, words.of(name, getattr(room, name)), words.of(name, value)] += 1
    order = {name: place for place, name in enumerate(SETTABLE)}
    most: Counter[str] = Counter()
    changes = []
    for (name, before, after), rooms in sorted(
        counted.items(), key=lambda one: (order[one[0][0]], -one[1])
    ):
        most[name] += 1
        if most[name] <= SHOWN:
            changes.append(FieldChange(name, before, after, rooms))
    resized = [room for room, values in changed.items() if "gross_area" in values]
    return SettingSummary(
        rooms=len(changed),
        changes=tuple(changes),
        gross_before=sum((room.gross_area for room in changed), Decimal(0)),
        gross_after=sum(
            (values.get("gross_area", room.gross_area) for room, values in changed.items()),
            Decimal(0),
        ),
        resized=len(resized),
    )


class _Words:
    """Puts values of rooms into words; names are read at once."""

    def __init__(self, changed: Mapping[Room, Mapping[str, Any]]) -> None:
        self.names = {
            "house_type_id": self._read(HouseType, "house_type_id", changed),
            "fit_out_id": self._read(FitOut, "fit_out_id", changed),
            "main_room_id": self._read(Room, "main_room_id", changed),
        }

    def of(self, name: str, value: Any) -> str:
        """Return a value in words; nothing for an empty one."""
        if value is None or value == "":
            return ""
        if name in self.names:
            return self.names[name].get(value, f"#{value}")
        if name == "usage":
            return str(RoomUsage(value).title)
        if isinstance(value, bool):
            return str(gettext("yes") if value else gettext("no"))
        return f"{value:,.2f}" if isinstance(value, Decimal) else str(value)

    @staticmethod
    def _read(model: Any, name: str, changed: Mapping[Room, Mapping[str, Any]]) -> dict[int, str]:
        ids = {getattr(room, name) for room, values in changed.items() if name in values}
        ids |= {values[name] for values in changed.values() if name in values}
        found = db.session.scalars(select(model).where(model.id.in_(ids - {None})))
        return {row.id: str(row) for row in found}


def _write(changed: Mapping[Room, Mapping[str, Any]]) -> None:
    """Write rooms that become alike by one statement."""
    alike: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for room, values in changed.items():
        alike.setdefault(tuple(sorted(values.items())), []).append(room.id)
    for same, room_ids in alike.items():
        db.session.execute(
            update(Room)
            .where(Room.id.in_(room_ids))
            .values(dict(same))
            .execution_options(synchronize_session=False)
        )
    for room in changed:
        db.session.expire(room)

"""Drawings of a project, and what is placed on them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.estate import policies
from app.estate.drawings import MEDIA_TYPE, DrawingKind, Picture, read_picture, read_points
from app.estate.models import (
    Building,
    Drawing,
    DrawingFile,
    DrawingSpot,
    HouseType,
    Room,
    RoomStatus,
)
from app.estate.queries import get_building, get_project

#: drawings that one project has at most
MOST_DRAWINGS = 300


def add_drawing(
    *,
    project_id: int,
    kind: str,
    name: str = "",
    content: bytes,
    building_id: int | None = None,
    house_type_id: int | None = None,
    actor: Actor,
) -> Drawing:
    """Take a picture in: the site plan, a building's floor, a house type, or the project itself.

    A new site plan takes the old one's place and keeps what is placed on it. Raises NotAllowed,
    NotFound outside scope, Invalid for a kind, picture or record that does not fit.
    """
    actor.require(f"{policies.DRAWING}:edit")
    policies.require_reach(actor, project_id)
    get_project(project_id)
    picture = read_picture(content)
    title = _title_of(project_id, kind, building_id, house_type_id)
    _require_room_for_one(project_id)
    drawing = _site_plan(project_id) if kind == DrawingKind.SITE.value else None
    if drawing is None:
        drawing = Drawing(
            project_id=project_id,
            kind=kind,
            building_id=building_id,
            house_type_id=house_type_id,
            created_by_id=actor.id,
        )
        db.session.add(drawing)
    drawing.name = name.strip()[:120] or title
    _keep(drawing, picture)
    return drawing


def rename_drawing(drawing: Drawing, *, name: str, actor: Actor) -> Drawing:
    """Give a drawing another name. Raises Invalid without one."""
    _require_edit(drawing, actor)
    if not name.strip():
        sentence = _l("Give it a name.")
        raise Invalid(sentence, fields={"name": sentence})
    drawing.name = name.strip()[:120]
    db.session.flush()
    return drawing


def delete_drawing(drawing: Drawing, *, actor: Actor) -> None:
    """Delete a drawing with everything that is placed on it."""
    _require_edit(drawing, actor)
    db.session.delete(drawing)
    db.session.flush()


def place_on_drawing(
    drawing: Drawing,
    *,
    points: Any,
    building_id: int | None = None,
    room_id: int | None = None,
    moved_from: Any = None,
    actor: Actor,
) -> DrawingSpot:
    """Place a building on the site plan, or a room on a floor plan, or move it there.

    ``points`` is one [x, y], or the corners of an outline, in parts of width and height.
    ``moved_from`` is the place at which one saw it, empty where it had none. Raises Invalid for a
    place outside, Conflict for a record that this drawing cannot hold, and for one that somebody
    has moved since.
    """
    _require_edit(drawing, actor)
    corners = read_points(points)
    seen = read_points(moved_from) if moved_from else moved_from
    # One at a time on a drawing: two people who place the same room move it, and make no second.
    db.session.execute(select(Drawing.id).where(Drawing.id == drawing.id).with_for_update())
    _check_record(drawing, building_id, room_id)
    spot = _spot_of(drawing, building_id, room_id)
    if seen is not None and seen != (spot.points if spot else []):
        raise _moved_since(drawing, building_id, room_id)
    if spot is None:
        spot = DrawingSpot(
            project_id=drawing.project_id,
            drawing_id=drawing.id,
            building_id=building_id,
            room_id=room_id,
        )
        db.session.add(spot)
    spot.points = corners
    db.session.flush()
    return spot


def take_off_drawing(
    drawing: Drawing,
    *,
    building_id: int | None = None,
    room_id: int | None = None,
    actor: Actor,
) -> None:
    """Take a building or room off a drawing. Raises NotFound if it is not on it."""
    _require_edit(drawing, actor)
    spot = _spot_of(drawing, building_id, room_id)
    if spot is None:
        raise NotFound(_l("It is not on this drawing."))
    db.session.delete(spot)
    db.session.flush()


def _moved_since(drawing: Drawing, building_id: int | None, room_id: int | None) -> Conflict:
    record = db.session.get(Building, building_id) if building_id else db.session.get(Room, room_id)
    return Conflict(
        _l(
            "Somebody else has moved %(record)s on %(drawing)s meanwhile. Load the page again.",
            record=str(record),
            drawing=drawing.name,
        )
    )


def _spot_of(drawing: Drawing, building_id: int | None, room_id: int | None) -> DrawingSpot | None:
    found: DrawingSpot | None = db.session.scalar(
        select(DrawingSpot).where(
            DrawingSpot.drawing_id == drawing.id,
            DrawingSpot.building_id.is_not_distinct_from(building_id),
            DrawingSpot.room_id.is_not_distinct_from(room_id),
        )
    )
    return found


def _title_of(
    project_id: int, kind: str, building_id: int | None, house_type_id: int | None
) -> str:
    """Return how a drawing without a name is called. Raises Invalid for what does not fit."""
    if kind not in {known.value for known in DrawingKind}:
        sentence = _l("Say what the picture shows: the site, a floor, a house type or the project.")
        raise Invalid(sentence, fields={"kind": sentence})
    if kind == DrawingKind.FLOOR.value:
        building = get_building(building_id) if building_id is not None else None
        if building is None or building.project_id != project_id or house_type_id is not None:
            sentence = _l("Choose a building of this project.")
            raise Invalid(sentence, fields={"building_id": sentence})
        return building.name
    if kind == DrawingKind.HOUSE_TYPE.value:
        wanted = select(HouseType).where(
            HouseType.id == house_type_id, HouseType.project_id == project_id
        )
        house_type: HouseType | None = db.session.scalar(wanted)
        if house_type is None or building_id is not None:
            sentence = _l("Choose a house type of this project.")
            raise Invalid(sentence, fields={"house_type_id": sentence})
        return house_type.name
    if building_id is not None or house_type_id is not None:
        raise Invalid(_l("Such a picture is of the whole project."))
    return str(DrawingKind(kind).title)


def _require_room_for_one(project_id: int) -> None:
    known = db.session.scalars(
        select(Drawing.id).where(Drawing.project_id == project_id).limit(MOST_DRAWINGS)
    ).all()
    if len(known) >= MOST_DRAWINGS:
        raise Conflict(
            _l("A project has at most %(most)d drawings. Delete one first.", most=MOST_DRAWINGS)
        )


def _site_plan(project_id: int) -> Drawing | None:
    found: Drawing | None = db.session.scalar(
        select(Drawing).where(
            Drawing.project_id == project_id, Drawing.kind == DrawingKind.SITE.value
        )
    )
    return found


def _keep(drawing: Drawing, picture: Picture) -> None:
    drawing.width, drawing.height = picture.width, picture.height
    drawing.media_type, drawing.sha256 = MEDIA_TYPE, picture.sha256
    db.session.flush()
    file = db.session.scalar(select(DrawingFile).where(DrawingFile.drawing_id == drawing.id))
    if file is None:
        file = DrawingFile(project_id=drawing.project_id, drawing_id=drawing.id)
        db.session.add(file)
    file.content = picture.content
    db.session.flush()
    audit.record(
        "picture",
        table_name=Drawing.__tablename__,
        row_id=drawing.id,
        note={"file": drawing.name},
        project_id=drawing.project_id,
    )


def _check_record(drawing: Drawing, building_id: int | None, room_id: int | None) -> None:
    if drawing.kind == DrawingKind.SITE.value and building_id is not None and room_id is None:
        building = get_building(building_id)
        if building.project_id == drawing.project_id:
            return
    elif drawing.kind == DrawingKind.FLOOR.value and room_id is not None and building_id is None:
        room = db.session.scalar(select(Room).where(Room.id == room_id))
        if room is None:
            raise NotFound(_l("There is no such room within your scope."))
        if room.building_id == drawing.building_id and room.status != RoomStatus.MERGED.value:
            return
    raise Conflict(
        _l("Buildings are placed on the site plan, rooms on a floor plan of their building.")
    )


def _require_edit(drawing: Drawing, actor: Actor) -> None:
    actor.require(f"{policies.DRAWING}:edit")
    policies.require_reach(actor, drawing.project_id)

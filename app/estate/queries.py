"""Reads projects, buildings and rooms."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import joinedload

from app.admin.models import AppUser
from app.core import clock
from app.core.db import db
from app.core.errors import NotFound
from app.core.settings import get_setting
from app.estate.models import (
    Building,
    Entrance,
    FitOut,
    HouseType,
    Milestone,
    PermitBuilding,
    Project,
    Room,
    RoomGeneration,
    RoomImport,
    RoomStatus,
    Zone,
)
from app.estate.settings import SELL_WITHOUT_PERMIT

Row = TypeVar("Row")

#: a room with what its title is made of
_NAMED_ROOM = select(Room).options(joinedload(Room.building), joinedload(Room.entrance))


def get_project(project_id: int) -> Project:
    """Return the project. Raises NotFound if there is none within scope."""
    found: Project | None = db.session.scalar(select(Project).where(Project.id == project_id))
    return _there(found, _l("There is no such project within your scope."))


def list_projects() -> list[Project]:
    """Return the projects within scope, by code."""
    return list(db.session.scalars(select(Project).order_by(Project.code)))


def get_building(building_id: int) -> Building:
    """Return the building. Raises NotFound if there is none within scope."""
    found: Building | None = db.session.scalar(select(Building).where(Building.id == building_id))
    return _there(found, _l("There is no such building within your scope."))


def list_buildings(project_id: int) -> list[Building]:
    """Return the buildings of a project in the order of the grid."""
    found = select(Building).where(Building.project_id == project_id)
    return list(db.session.scalars(found.order_by(Building.position, Building.id)))


def get_entrance(entrance_id: int) -> Entrance:
    """Return the entrance. Raises NotFound if there is none within scope."""
    found: Entrance | None = db.session.scalar(select(Entrance).where(Entrance.id == entrance_id))
    return _there(found, _l("There is no such entrance within your scope."))


def find_house_type(project_id: int, name: str | None) -> HouseType | None:
    """Return the project's house type of that name; None without a name. Raises NotFound."""
    if not name:
        return None
    found: HouseType | None = db.session.scalar(
        select(HouseType).where(HouseType.project_id == project_id, HouseType.name == name)
    )
    return _there(found, _l("This project has no house type %(name)s.", name=name))


def list_house_types(project_id: int) -> list[HouseType]:
    """Return the house types of a project, by name."""
    found = select(HouseType).where(HouseType.project_id == project_id)
    return list(db.session.scalars(found.order_by(HouseType.name)))


def list_fit_outs(project_id: int) -> list[FitOut]:
    """Return the fit-outs of a project that may be given, by name."""
    found = select(FitOut).where(FitOut.project_id == project_id, FitOut.is_active.is_(True))
    return list(db.session.scalars(found.order_by(FitOut.name)))


def get_room(room_id: int) -> Room:
    """Return the room with its building and entrance. Raises NotFound outside scope."""
    found: Room | None = db.session.scalar(_NAMED_ROOM.where(Room.id == room_id))
    return _there(found, _l("There is no such room within your scope."))


def list_rooms(room_ids: Collection[int]) -> list[Room]:
    """Return the rooms within scope, by id, with building and entrance."""
    found = _NAMED_ROOM.where(Room.id.in_(room_ids))
    return list(db.session.scalars(found.order_by(Room.id)))


def get_generation(generation_id: int) -> RoomGeneration:
    """Return the generation of rooms. Raises NotFound if there is none within scope."""
    found: RoomGeneration | None = db.session.scalar(
        select(RoomGeneration).where(RoomGeneration.id == generation_id)
    )
    return _there(found, _l("There is no such generation of rooms within your scope."))


def get_room_import(import_id: int) -> RoomImport:
    """Return the import. Raises NotFound if there is none within scope."""
    found: RoomImport | None = db.session.scalar(
        select(RoomImport).where(RoomImport.id == import_id)
    )
    return _there(found, _l("There is no such import within your scope."))


def get_user(user_id: int) -> AppUser:
    """Return an active user. Raises NotFound."""
    found: AppUser | None = db.session.scalar(
        select(AppUser).where(AppUser.id == user_id, AppUser.active.is_(True))
    )
    return _there(found, _l("There is no such user, or he has left."))


def buildings_that_may_not_sell(building_ids: Collection[int]) -> list[Building]:
    """Return those buildings that have neither a permit nor a completion record, by position.

    Source: 城市房地产管理法 §45; the setting ``estate.sell_without_permit`` lets a project off.
    """
    lacking = (
        select(Building)
        .where(
            Building.id.in_(building_ids),
            Building.completed_on.is_(None) | (Building.completed_on > clock.today()),
            ~exists().where(PermitBuilding.building_id == Building.id),
        )
        .order_by(Building.position, Building.id)
    )
    return [
        building
        for building in db.session.scalars(lacking)
        if not get_setting(SELL_WITHOUT_PERMIT, building.project_id)
    ]


def buildings_in_zones(zone_ids: Collection[int]) -> Select[int]:
    """Return the statement for the ids of buildings in these zones, and in zones inside them."""
    inside = select(Zone.id).where(Zone.id.in_(zone_ids)).cte("inside_zones", recursive=True)
    inside = inside.union(select(Zone.id).where(Zone.parent_id == inside.c.id))
    return select(Building.id).where(Building.zone_id.in_(select(inside.c.id)))


def rooms_of(project_id: int, building_ids: Collection[int] = ()) -> ColumnElement[bool]:
    """Return the condition on rooms that stand in these buildings, none for the whole project."""
    stand = and_(Room.project_id == project_id, Room.status != RoomStatus.MERGED.value)
    return and_(stand, Room.building_id.in_(building_ids)) if building_ids else stand


def building_may_sell(building_id: int) -> bool:
    """Tell whether rooms of the building may be put on sale. Raises NotFound outside scope."""
    get_building(building_id)
    return not buildings_that_may_not_sell([building_id])


def _there(row: Row | None, sentence: Any) -> Row:
    if row is None:
        raise NotFound(sentence)
    return row


def reached_stages(building_id: int) -> dict[str, date]:
    """Return the stages that a building has reached, with their days."""
    rows = db.session.execute(
        select(Milestone.kind, Milestone.actual_on).where(
            Milestone.building_id == building_id, Milestone.actual_on.is_not(None)
        )
    )
    return {row[0]: row[1] for row in rows}

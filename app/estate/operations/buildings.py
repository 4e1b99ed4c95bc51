"""Permits, buildings, entrances and house types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict
from app.estate import policies
from app.estate.base_data import require_unlocked
from app.estate.building_checks import clean_code, keep_sellable, record_completion
from app.estate.drawings import FirstView
from app.estate.entries import (
    check_building,
    check_house_type_entry,
    check_permit,
    taken_sentence,
)
from app.estate.models import (
    Building,
    Entrance,
    HouseType,
    Permit,
    PermitBuilding,
    Room,
    RoomUsage,
)
from app.estate.operations.records import add_row, change_row, remove_row
from app.estate.queries import get_building


def add_building(  # noqa: PLR0913 - a building is as wide as its form
    *,
    project_id: int,
    name: str,
    code: str | None = None,
    position: int | None = None,
    completed_on: date | None = None,
    usage: str | None = None,
    zone_id: int | None = None,
    product_type_id: int | None = None,
    first_view: str | None = None,
    actor: Actor,
) -> Building:
    """Add a building; its rooms are for sale unless ``usage`` says otherwise.

    Raises Conflict if the project has one of that name or code, Invalid for a zone of another
    project, a product type that is switched off or a completion record to come.
    """
    actor.require(f"{policies.BUILDING}:add")
    policies.require_reach(actor, project_id)
    check_building(
        {
            "project_id": project_id,
            "name": name,
            "code": code,
            "completed_on": completed_on,
            "usage": usage,
            "zone_id": zone_id,
            "product_type_id": product_type_id,
            "first_view": first_view,
        }
    )
    code = clean_code(code, name=name, project_id=project_id)
    building = Building(
        project_id=project_id,
        name=name,
        code=code,
        position=position or 0,
        completed_on=completed_on,
        usage=usage or RoomUsage.SALE.value,
        zone_id=zone_id,
        product_type_id=product_type_id,
        first_view=first_view or FirstView.GRID.value,
    )
    add_row(building, taken=taken_sentence(Building, name))
    record_completion(building)
    return building


def edit_building(building: Building, *, actor: Actor, **values: Any) -> Building:
    """Change a building.

    Raises Conflict if the name or the code is taken, or if without its completion record the
    building may not be sold any more while rooms of it are on sale.
    """
    actor.require(f"{policies.BUILDING}:edit")
    policies.require_reach(actor, building.project_id)
    if "position" in values:
        values["position"] = values["position"] or 0
    check_building(values, row=building)
    if "usage" in values:
        values["usage"] = values["usage"] or RoomUsage.SALE.value
    if "first_view" in values:
        values["first_view"] = values["first_view"] or FirstView.GRID.value
    name, code = values.get("name", building.name), values.get("code", building.code)
    if (name, code or None) != (building.name, building.code):
        require_unlocked(building.project_id)
        values["code"] = clean_code(
            code, name=name, project_id=building.project_id, building_id=building.id
        )
    change_row(building, values, taken=taken_sentence(Building, name))
    if "completed_on" in values:
        record_completion(building)
    keep_sellable([building.id])
    return building


def delete_building(building: Building, *, actor: Actor) -> None:
    """Delete a building without rooms. Raises Conflict while anything hangs on it."""
    actor.require(f"{policies.BUILDING}:delete")
    policies.require_reach(actor, building.project_id)
    require_unlocked(building.project_id)
    sentence = _l("%(name)s has rooms or stands on a permit and cannot be deleted.",
                  name=building.name)  # fmt: skip
    remove_row(building, used=sentence)


def add_entrance(
    *, building_id: int, name: str, position: int | None = None, actor: Actor
) -> Entrance:
    """Add an entrance to a building. Raises NotFound outside scope, Conflict for a taken name."""
    actor.require(f"{policies.ENTRANCE}:add")
    building = get_building(building_id)
    entrance = Entrance(
        project_id=building.project_id, building_id=building_id, name=name, position=position or 0
    )
    return add_row(entrance, taken=_l("There is an entrance %(name)s already.", name=name))


def edit_entrance(
    entrance: Entrance, *, name: str, position: int | None = None, actor: Actor
) -> Entrance:
    """Change an entrance's name or place. Raises Conflict for a taken name."""
    actor.require(f"{policies.ENTRANCE}:edit")
    policies.require_reach(actor, entrance.project_id)
    if name != entrance.name:
        require_unlocked(entrance.project_id)
    values = {"name": name, "position": position or 0}
    taken = _l("There is an entrance %(name)s already.", name=name)
    return change_row(entrance, values, taken=taken)


def delete_entrance(entrance: Entrance, *, actor: Actor) -> None:
    """Delete an entrance without rooms. Raises Conflict while it has some."""
    actor.require(f"{policies.ENTRANCE}:delete")
    policies.require_reach(actor, entrance.project_id)
    require_unlocked(entrance.project_id)
    sentence = _l("%(name)s has rooms and cannot be deleted.", name=entrance.name)
    remove_row(entrance, used=sentence)


def add_house_type(
    *,
    project_id: int,
    name: str,
    structure: str | None = None,
    gross_area: Decimal | None = None,
    inside_area: Decimal | None = None,
    actor: Actor,
) -> HouseType:
    """Add a house type with the structure and areas that it proposes.

    Raises Conflict for a taken name, Invalid for areas that do not fit each other.
    """
    actor.require(f"{policies.HOUSE_TYPE}:add")
    policies.require_reach(actor, project_id)
    check_house_type_entry(
        {
            "project_id": project_id,
            "name": name,
            "gross_area": gross_area,
            "inside_area": inside_area,
        }
    )
    house_type = HouseType(
        project_id=project_id,
        name=name,
        structure=structure,
        gross_area=gross_area,
        inside_area=inside_area,
    )
    return add_row(house_type, taken=taken_sentence(HouseType, name))


def edit_house_type(house_type: HouseType, *, actor: Actor, **values: Any) -> HouseType:
    """Change a house type or switch it off; rooms that are of it stay as they are.

    Raises as ``add_house_type``, and Conflict for another name while rooms are of it.
    """
    actor.require(f"{policies.HOUSE_TYPE}:edit")
    policies.require_reach(actor, house_type.project_id)
    require_unlocked(house_type.project_id)
    check_house_type_entry(values, row=house_type)
    name = values.get("name", house_type.name)
    if name != house_type.name and _has_rooms(house_type):
        sentence = _l(
            "Rooms are of the type %(name)s, so it keeps its name. Add another, or switch it off.",
            name=house_type.name,
        )
        raise Conflict(sentence, fields={"name": sentence}, code="in_use")
    return change_row(house_type, values, taken=taken_sentence(HouseType, name))


def _has_rooms(house_type: HouseType) -> bool:
    used = select(Room.id).where(Room.house_type_id == house_type.id).limit(1)
    return db.session.scalar(used) is not None


def delete_house_type(house_type: HouseType, *, actor: Actor) -> None:
    """Delete a house type that no room has. Raises Conflict while one has it."""
    actor.require(f"{policies.HOUSE_TYPE}:delete")
    policies.require_reach(actor, house_type.project_id)
    require_unlocked(house_type.project_id)
    sentence = _l("Rooms are of the type %(name)s; switch it off instead.", name=house_type.name)
    remove_row(house_type, used=sentence)


def add_permit(
    *,
    project_id: int,
    number: str,
    granted_on: date,
    building_ids: Sequence[int] = (),
    actor: Actor,
) -> Permit:
    """Enter a pre-sale permit with its buildings. Raises Conflict for a number entered already."""
    actor.require(f"{policies.PERMIT}:add")
    policies.require_reach(actor, project_id)
    check_permit({"project_id": project_id, "number": number, "building_ids": building_ids})
    permit = add_row(
        Permit(project_id=project_id, number=number, granted_on=granted_on),
        taken=taken_sentence(Permit, number),
    )
    _put_buildings(permit, building_ids)
    return permit


def edit_permit(
    permit: Permit,
    *,
    number: str,
    granted_on: date,
    building_ids: Sequence[int] = (),
    actor: Actor,
) -> Permit:
    """Change a permit and its buildings.

    Raises Conflict if a building would lose its only permit while rooms of it are on sale.
    """
    actor.require(f"{policies.PERMIT}:edit")
    policies.require_reach(actor, permit.project_id)
    check_permit({"number": number, "building_ids": building_ids}, row=permit)
    before = [building.id for building in permit.buildings]
    taken = taken_sentence(Permit, number)
    change_row(permit, {"number": number, "granted_on": granted_on}, taken=taken)
    db.session.execute(delete(PermitBuilding).where(PermitBuilding.permit_id == permit.id))
    _put_buildings(permit, building_ids)
    keep_sellable(before)
    return permit


def delete_permit(permit: Permit, *, actor: Actor) -> None:
    """Delete a permit. Raises Conflict if rooms on sale rest on it alone."""
    actor.require(f"{policies.PERMIT}:delete")
    policies.require_reach(actor, permit.project_id)
    before = [building.id for building in permit.buildings]
    db.session.execute(delete(PermitBuilding).where(PermitBuilding.permit_id == permit.id))
    keep_sellable(before)
    db.session.expire(permit, ["buildings"])
    remove_row(permit, used=_l("Other records still use this one."))


def _put_buildings(permit: Permit, building_ids: Sequence[int]) -> None:
    # By rows of our own: the relation's table also carries the project, for the scope.
    db.session.add_all(
        PermitBuilding(permit_id=permit.id, building_id=building_id, project_id=permit.project_id)
        for building_id in dict.fromkeys(building_ids)
    )
    db.session.flush()
    db.session.expire(permit, ["buildings"])

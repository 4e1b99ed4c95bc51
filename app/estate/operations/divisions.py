"""Zones of a project and product types of the group."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.estate import policies
from app.estate.entries import check_zone_entry, taken_sentence
from app.estate.locks import lock_project
from app.estate.models import Building, ProductType, Zone
from app.estate.operations.records import add_row, change_row, remove_row


def add_zone(
    *,
    project_id: int,
    name: str,
    parent_id: int | None = None,
    position: int | None = None,
    actor: Actor,
) -> Zone:
    """Add a zone, on its own or inside another of the project.

    Raises Conflict for a taken name, Invalid for a zone of another project.
    """
    actor.require(f"{policies.ZONE}:add")
    policies.require_reach(actor, project_id)
    check_zone_entry({"project_id": project_id, "name": name, "parent_id": parent_id})
    zone = Zone(project_id=project_id, name=name, parent_id=parent_id, position=position or 0)
    return add_row(zone, taken=taken_sentence(Zone, name))


def edit_zone(zone: Zone, *, actor: Actor, **values: Any) -> Zone:
    """Change a zone or switch it off.

    Raises Conflict for a taken name, and for another name while buildings lie in it; Invalid for a
    zone inside itself.
    """
    actor.require(f"{policies.ZONE}:edit")
    policies.require_reach(actor, zone.project_id)
    if "position" in values:
        values["position"] = values["position"] or 0
    if values.get("parent_id") is not None:
        # Two who each put one zone into the other would close a ring.
        lock_project(zone.project_id)
    check_zone_entry(values, row=zone)
    if values.get("parent_id") is not None:
        _check_nesting(zone, values["parent_id"])
    name = values.get("name", zone.name)
    if name != zone.name and _has_buildings(zone):
        sentence = _l(
            "Buildings lie in %(name)s, so it keeps its name. Add another zone, or switch it off.",
            name=zone.name,
        )
        raise Conflict(sentence, fields={"name": sentence}, code="in_use")
    return change_row(zone, values, taken=taken_sentence(Zone, name))


def delete_zone(zone: Zone, *, actor: Actor) -> None:
    """Delete an empty zone. Raises Conflict while buildings or zones hang on it."""
    actor.require(f"{policies.ZONE}:delete")
    policies.require_reach(actor, zone.project_id)
    sentence = _l(
        "Buildings or zones lie in %(name)s. Move them to another zone first.", name=zone.name
    )
    remove_row(zone, used=sentence)


def add_product_type(*, name: str, position: int | None = None, actor: Actor) -> ProductType:
    """Add a product type for the whole group. Raises Conflict for a taken name."""
    actor.require(f"{policies.PRODUCT_TYPE}:add")
    found = ProductType(name=name, position=position or 0)
    return add_row(found, taken=_product_taken(name))


def edit_product_type(found: ProductType, *, actor: Actor, **values: Any) -> ProductType:
    """Change a product type or switch it off.

    Raises Conflict for a taken name, and for another name while buildings have it.
    """
    actor.require(f"{policies.PRODUCT_TYPE}:edit")
    if "position" in values:
        values["position"] = values["position"] or 0
    name = values.get("name", found.name)
    if name != found.name and _is_used(found):
        sentence = _l(
            "Buildings are %(name)s, so it keeps its name. Add another type, or switch it off.",
            name=found.name,
        )
        raise Conflict(sentence, fields={"name": sentence}, code="in_use")
    return change_row(found, values, taken=_product_taken(name))


def delete_product_type(found: ProductType, *, actor: Actor) -> None:
    """Delete a product type that no building has. Raises Conflict while one has it."""
    actor.require(f"{policies.PRODUCT_TYPE}:delete")
    sentence = _l("Buildings are %(name)s; switch it off instead.", name=found.name)
    remove_row(found, used=sentence)


def _check_nesting(zone: Zone, parent_id: int) -> None:
    upwards: int | None = parent_id
    seen: set[int] = set()
    while upwards is not None and upwards not in seen:
        if upwards == zone.id:
            sentence = _l("A zone cannot lie inside itself.")
            raise Invalid(sentence, fields={"parent_id": sentence})
        seen.add(upwards)
        upwards = db.session.scalar(select(Zone.parent_id).where(Zone.id == upwards))


def _has_buildings(zone: Zone) -> bool:
    used = select(Building.id).where(Building.zone_id == zone.id).limit(1)
    return db.session.scalar(used) is not None


def _is_used(found: ProductType) -> bool:
    used = select(Building.id).where(Building.product_type_id == found.id).limit(1)
    return db.session.scalar(used) is not None


def _product_taken(name: str) -> Any:
    return _l("There is a product type %(name)s already.", name=name)

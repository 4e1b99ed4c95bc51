"""Factories: buildings, entrances, permits and rooms."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.db import db
from app.estate.models import (
    Building,
    Entrance,
    FitOut,
    HouseType,
    Permit,
    PermitBuilding,
    Project,
    Room,
)

_numbers = itertools.count(1)


def make_building(project: Project, *, permit: bool = True, **values: Any) -> Building:
    """A building that may be sold unless ``permit`` is False."""
    number = next(_numbers)
    values = {"name": f"{number}栋", "position": number, **values}
    building = Building(project_id=project.id, **values)
    db.session.add(building)
    db.session.flush()
    if permit:
        make_permit(project, [building])
    return building


def make_permit(project: Project, buildings: list[Building], **values: Any) -> Permit:
    values = {
        "number": f"深房许字(2026)第{next(_numbers):04d}号",
        "granted_on": date(2026, 1, 8),
        **values,
    }
    permit = Permit(project_id=project.id, **values)
    db.session.add(permit)
    db.session.flush()
    db.session.add_all(
        PermitBuilding(permit_id=permit.id, building_id=building.id, project_id=project.id)
        for building in buildings
    )
    db.session.flush()
    return permit


def make_entrance(building: Building, **values: Any) -> Entrance:
    number = next(_numbers)
    values = {"name": f"{number}单元", "position": number, **values}
    entrance = Entrance(project_id=building.project_id, building_id=building.id, **values)
    db.session.add(entrance)
    db.session.flush()
    return entrance


def make_house_type(project: Project, **values: Any) -> HouseType:
    values = {"name": f"户型{next(_numbers)}", **values}
    house_type = HouseType(project_id=project.id, **values)
    db.session.add(house_type)
    db.session.flush()
    return house_type


def make_room(
    building: Building | None = None, *, project: Project | None = None, **values: Any
) -> Room:
    """A room of 125.53 m² in a building with a permit; unreleased unless a status is given."""
    if building is None:
        assert project is not None, "give a building or a project"
        building = make_building(project)
    number = next(_numbers)
    values = {
        "floor": number,
        "floor_name": str(number),
        "column": 1,
        "number": f"{number}01",
        "gross_area": Decimal("125.53"),
        "inside_area": Decimal("100.05"),
        "status": "unreleased",
        **values,
    }
    room = Room(project_id=building.project_id, building_id=building.id, **values)
    db.session.add(room)
    db.session.flush()
    return room


def make_fit_out(project: Project, **values: Any) -> FitOut:
    values = {"name": f"装修{next(_numbers)}", "unit_price": Decimal("3000.00"), **values}
    fit_out = FitOut(project_id=project.id, **values)
    db.session.add(fit_out)
    db.session.flush()
    return fit_out

"""An application with the sample views beside the product's own."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.core.db import db
from app.estate.models import Building, Entrance, HouseType, Room
from app.web import menu
from tests.conftest import application
from tests.web import sample


@pytest.fixture(scope="session")
def app():
    with application() as app:
        with app.app_context():
            for view in sample.VIEWS:
                app.appbuilder.add_view_no_menu(view)
            for resource in sample.RESOURCES:
                app.appbuilder.add_api(resource)
            menu.keep([*app.extensions[menu.EXTENSION], *sample.MENU])
        yield app


@pytest.fixture
def building(project):
    return make_building(project)


@pytest.fixture
def rooms(building):
    return make_rooms(building, 30)


def make_building(project, name="3栋", **values):
    building = Building(project_id=project.id, name=name, **values)
    db.session.add(building)
    db.session.flush()
    return building


def make_rooms(building, count, **values):
    entrance = Entrance(project_id=building.project_id, building_id=building.id, name="1单元")
    house_type = HouseType(project_id=building.project_id, name=f"三房{building.id}")
    db.session.add_all([entrance, house_type])
    db.session.flush()
    rooms = [
        Room(
            **{
                "project_id": building.project_id,
                "building_id": building.id,
                "entrance_id": entrance.id,
                "house_type_id": house_type.id,
                "floor": number,
                "floor_name": f"{number}F",
                "column": 1,
                "number": f"{number}01",
                "gross_area": Decimal(100 + number),
                "status": "available" if number % 2 else "held",
                **values,
            }
        )
        for number in range(1, count + 1)
    ]
    db.session.add_all(rooms)
    db.session.flush()
    return rooms


@pytest.fixture
def steward(client, user_for, sign_in):
    """A client that may do everything with the sample's records of the test's project."""
    return sign_in(client, user_for("steward"))


@pytest.fixture
def consultant(client, user_for, sign_in):
    """A client that may only see them."""
    return sign_in(client, user_for("consultant"))

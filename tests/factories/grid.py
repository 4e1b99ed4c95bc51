"""Factories: a small building on the grid, and reading it as a screen does."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from app.core.actor import Actor, acting
from app.estate.models import Building, Project, Room
from app.grid.queries import read_changes, read_grid
from tests.factories.estate import make_building, make_entrance, make_room
from tests.factories.pricing import price_rooms


def make_tower(project: Project, *, floors: int = 3, columns: int = 2, **values: Any) -> list[Room]:
    """A building of one entrance; rooms for sale at 5,000,000.00 each, lowest floor first."""
    building: Building = make_building(project)
    entrance = make_entrance(building)
    rooms = [
        make_room(
            building,
            entrance_id=entrance.id,
            floor=floor,
            floor_name=f"{floor}F",
            column=column,
            number=f"{floor}{column:02d}",
            gross_area=Decimal("100.00"),
            **{"status": "available", "inside_area": Decimal("80.00"), **values},
        )
        for floor in range(1, floors + 1)
        for column in range(1, columns + 1)
    ]
    price_rooms(rooms)
    return rooms


def grid_of(project_id: int, actor: Actor, **options: Any) -> dict[str, Any]:
    """The grid as the actor sees it, read as REST sends it."""
    with acting(actor):
        reading = (
            read_changes(project_id, actor=actor, **options)
            if "since" in options
            else read_grid(project_id, actor=actor, **options)
        )
    found: dict[str, Any] = json.loads(reading.json)
    return found

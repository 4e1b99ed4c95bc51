"""Finds the buildings and entrances that a price list names, and adds those that are new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from app.core.db import db
from app.estate.models import Building, Entrance, Project
from app.estate.operations.staging import Place
from app.estate.sheets import SheetRow

_PLACE = text("""
UPDATE price_list_row SET building_id = :building_id, entrance_id = :entrance_id
 WHERE building_id = :old_building AND entrance_id IS NOT DISTINCT FROM :old_entrance
""")


def list_building_names(project_id: int) -> set[str]:
    """Return the names of a project's buildings."""
    return set(db.session.scalars(select(Building.name).where(Building.project_id == project_id)))


class Places:
    """Buildings and entrances that a list names; those that are not there yet have ids below 0."""

    def __init__(self, project: Project, rows: Sequence[SheetRow]) -> None:
        self.project = project
        self.ids: dict[Place, tuple[int, int | None]] = {}
        self.names: dict[int, str] = {}
        self.new_buildings: dict[int, str] = {}
        self.new_entrances: dict[int, tuple[int, str]] = {}
        self._known_buildings = self._read_buildings()
        self._known_entrances = self._read_entrances()
        for row in rows:
            if (row.building, row.entrance) not in self.ids:
                building_id = self._building(row)
                self.ids[row.building, row.entrance] = (
                    building_id,
                    self._entrance(building_id, row),
                )

    def create_missing(self) -> list[int]:
        """Add what is not there yet, in the order of the list, and place the rows there.

        Returns the ids of the new buildings.
        """
        buildings = self._create_buildings()
        entrances = self._create_entrances(buildings)
        for old_building, old_entrance in set(self.ids.values()):
            building_id = buildings.get(old_building, old_building)
            entrance_id = old_entrance and entrances.get(old_entrance, old_entrance)
            if (building_id, entrance_id) != (old_building, old_entrance):
                place = {
                    "building_id": building_id,
                    "entrance_id": entrance_id,
                    "old_building": old_building,
                    "old_entrance": old_entrance,
                }
                db.session.execute(_PLACE, place)
        return list(buildings.values())

    def _read_buildings(self) -> dict[str, int]:
        rows = db.session.execute(
            select(Building.name, Building.id).where(Building.project_id == self.project.id)
        )
        return {row.name: row.id for row in rows}

    def _read_entrances(self) -> dict[tuple[int, str], int]:
        rows = db.session.execute(
            select(Entrance.building_id, Entrance.name, Entrance.id).where(
                Entrance.project_id == self.project.id
            )
        )
        return {(row.building_id, row.name): row.id for row in rows}

    def _building(self, row: SheetRow) -> int:
        name = row.building
        if name not in self._known_buildings:
            worded = {_plain_key(known)[0]: known for known in self._known_buildings}
            # 3栋 and 3号楼 of one project are the same building.
            twin = worded.get(row.key[0])
            if twin is None:
                self._known_buildings[name] = -1 - len(self.new_buildings)
                self.new_buildings[self._known_buildings[name]] = name
            else:
                self._known_buildings[name] = self._known_buildings[twin]
        building_id = self._known_buildings[name]
        self.names.setdefault(building_id, name)
        return building_id

    def _entrance(self, building_id: int, row: SheetRow) -> int | None:
        if row.entrance is None:
            return None
        key = (building_id, row.entrance)
        if key not in self._known_entrances:
            same = {
                _plain_key("", name)[1]: entrance_id
                for (owner, name), entrance_id in self._known_entrances.items()
                if owner == building_id
            }
            known = same.get(row.key[1])
            if known is None:
                known = -1 - len(self.new_entrances)
                self.new_entrances[known] = key
            self._known_entrances[key] = known
        return self._known_entrances[key]

    def _create_buildings(self) -> dict[int, int]:
        last = _last_position(select(Building.position), Building.project_id == self.project.id)
        made = {
            old: Building(project_id=self.project.id, name=name, position=last + place)
            for place, (old, name) in enumerate(self.new_buildings.items(), 1)
        }
        db.session.add_all(made.values())
        db.session.flush()
        return {old: building.id for old, building in made.items()}

    def _create_entrances(self, buildings: dict[int, int]) -> dict[int, int]:
        made: dict[int, Entrance] = {}
        positions: dict[int, int] = {}
        for old, (owner, name) in self.new_entrances.items():
            building_id = buildings.get(owner, owner)
            if building_id not in positions:
                mine = Entrance.building_id == building_id
                positions[building_id] = _last_position(select(Entrance.position), mine)
            positions[building_id] += 1
            made[old] = Entrance(
                project_id=self.project.id,
                building_id=building_id,
                name=name,
                position=positions[building_id],
            )
        db.session.add_all(made.values())
        db.session.flush()
        return {old: entrance.id for old, entrance in made.items()}


def _plain_key(building: str, entrance: str = "") -> tuple[str, str]:
    """Return names as the list's keys have them, without 栋, 幢, 单元 and the like."""
    row = SheetRow(
        sheet="", line=0, building=building, entrance=entrance, floor=0, floor_name="", column=0,
        number="", house_type=None, gross_area=None, inside_area=None, unit_price=None, total=None,
    )  # fmt: skip
    return row.key[0], row.key[1]


def _last_position(wanted: Any, condition: Any) -> int:
    return max(db.session.scalars(wanted.where(condition)), default=0)

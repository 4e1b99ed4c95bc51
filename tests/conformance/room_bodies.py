"""Bodies of the calls that make and reshape rooms, with rows of one project, for the walk."""

from __future__ import annotations

from typing import Any

from tests.conformance.office import Office


def _generation(office: Office) -> dict[str, Any]:
    entrance = {"name": "越界", "columns": [{"gross_area": "88.00"}]}
    return {"building_id": office.ids["estate_building"], "floors": ["77"],
            "entrances": [entrance]}  # fmt: skip


def _column(office: Office) -> dict[str, Any]:
    return {"entrance_id": office.ids["estate_entrance"], "column": 1}


def _set(office: Office) -> dict[str, Any]:
    values = {"house_type_id": office.ids["estate_house_type"]}
    return {"changes": [{"room_ids": [office.ids["room"]], "values": values}]}


def _building_spot(office: Office) -> dict[str, Any]:
    return {"building_id": office.ids["estate_building"], "points": [[0.5, 0.5]]}


ROOM_BODIES = {
    "DrawingApi.add": lambda _office: {},
    "DrawingApi.place": _building_spot,
    "DrawingApi.rename": lambda _office: {"name": "越界"},
    "DrawingApi.take_off": lambda office: {"building_id": office.ids["estate_building"]},
    "DrawingView.add": lambda _office: {"kind": "site", "file": b"no picture"},
    "DrawingView.delete": lambda _office: {},
    "BuildingLayoutApi.delete_column": _column,
    "BuildingLayoutApi.insert_column": _column,
    "RoomGenerationApi.undo": lambda _office: {},
    "RoomGeneratorApi.generate": _generation,
    "RoomGeneratorApi.preview": _generation,
    "RoomSettingsApi.set_rooms": _set,
    "RoomShapeApi.merge": lambda _office: {"side": "right"},
    "RoomShapeApi.split": lambda _office: {"parts": []},
}

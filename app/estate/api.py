"""REST of rooms made and reshaped by hand; what is generated from pages is beside the pages."""

from __future__ import annotations

from app.estate.drawing_api import DrawingApi
from app.estate.generator_api import RoomGenerationApi, RoomGeneratorApi
from app.estate.layout_api import BuildingLayoutApi, RoomSettingsApi, RoomShapeApi

RESOURCES = [
    RoomGeneratorApi,
    RoomGenerationApi,
    BuildingLayoutApi,
    RoomShapeApi,
    RoomSettingsApi,
    DrawingApi,
]

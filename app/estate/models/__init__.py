"""Projects, permits, buildings, rooms and what happens to their status."""

from app.estate.models.base_data import BaseDataEntry, BaseDataLock
from app.estate.models.drawings import Drawing, DrawingFile, DrawingSpot
from app.estate.models.imports import RoomImport, RoomImportFile, RoomImportLine, RoomImportRun
from app.estate.models.opening import OpeningItem
from app.estate.models.places import (
    Building,
    Entrance,
    Permit,
    PermitBuilding,
    ProductType,
    Project,
    ProjectMember,
    Zone,
)
from app.estate.models.progress import LaunchBatch, LaunchBatchBuilding, Milestone
from app.estate.models.rooms import FitOut, HouseType, Room, RoomEvent, RoomGeneration, RoomLineage
from app.estate.room_states import (
    ROOM_MARKS,
    RoomGenerationState,
    RoomImportLineKind,
    RoomImportState,
    RoomStatus,
    RoomUsage,
)

__all__ = [
    "ROOM_MARKS",
    "BaseDataEntry",
    "BaseDataLock",
    "Building",
    "Drawing",
    "DrawingFile",
    "DrawingSpot",
    "Entrance",
    "FitOut",
    "HouseType",
    "LaunchBatch",
    "LaunchBatchBuilding",
    "Milestone",
    "OpeningItem",
    "Permit",
    "PermitBuilding",
    "ProductType",
    "Project",
    "ProjectMember",
    "Room",
    "RoomEvent",
    "RoomGeneration",
    "RoomGenerationState",
    "RoomImport",
    "RoomImportFile",
    "RoomImportLine",
    "RoomImportLineKind",
    "RoomImportRun",
    "RoomImportState",
    "RoomLineage",
    "RoomStatus",
    "RoomUsage",
    "Zone",
]

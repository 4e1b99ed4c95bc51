"""How drawings are told to programs and scripts."""

from __future__ import annotations

from typing import Any

from app.estate.models import Drawing, DrawingSpot


def spot_answer(spot: DrawingSpot) -> dict[str, Any]:
    """Return where a building or room is on a drawing."""
    return {"building_id": spot.building_id, "room_id": spot.room_id, "points": spot.points}


def drawing_answer(drawing: Drawing) -> dict[str, Any]:
    """Return a drawing with what is placed on it, as programs and scripts read it."""
    return {
        "id": drawing.id,
        "project_id": drawing.project_id,
        "kind": drawing.kind,
        "name": drawing.name,
        "building_id": drawing.building_id,
        "house_type_id": drawing.house_type_id,
        "width": drawing.width,
        "height": drawing.height,
        "url": drawing_address(drawing),
        "spots": [spot_answer(spot) for spot in drawing.spots],
    }


def drawing_address(drawing: Drawing) -> str:
    """Return the address of a drawing's picture, which names its version."""
    return f"/drawings/{drawing.id}/file?v={drawing.sha256[:12]}"

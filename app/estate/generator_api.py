"""REST: rooms drawn and generated from a specification, generations shown and taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request
from flask_appbuilder import expose

from app.core.money import plain
from app.estate import operations
from app.estate.generation_forms import GenerationBody, request_of
from app.estate.models import RoomGeneration
from app.estate.operations import GenerationRequest, Preview
from app.estate.policies import ROOM, ROOM_GENERATION
from app.estate.queries import get_generation
from app.web.rest import RestApi, current, endpoint


class RoomGeneratorApi(RestApi):
    """Rooms of a project made at one stroke."""

    resource_name = "projects"
    openapi_spec_tag = "room-generations"

    @expose("/<int:project_id>/rooms/preview", methods=["POST"])
    @endpoint(f"{ROOM}:generate", body=GenerationBody)
    def preview(self, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Draw the rooms of a specification, and tell every fault; nothing is written.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: floors lowest first, entrances, rooms as lists, rooms that stand in the
                building already, faults
        """
        return _preview_answer(
            operations.preview_rooms(_request(body), project_id=project_id, actor=current())
        )

    @expose("/<int:project_id>/rooms/generate", methods=["POST"])
    @endpoint(f"{ROOM}:generate", status=201, body=GenerationBody)
    def generate(self, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Make the rooms of a specification, all or none; they are unreleased and have no price.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            201:
              description: the generation
            422:
              description: every fault, each naming floor, entrance and column; nothing was written
        """
        generation = operations.generate_rooms(
            _request(body), project_id=project_id, actor=current()
        )
        return generation_answer(generation)


class RoomGenerationApi(RestApi):
    """Generations of rooms."""

    resource_name = "room-generations"

    @expose("/<int:generation_id>", methods=["GET"])
    @endpoint(f"{ROOM_GENERATION}:see")
    def get(self, generation_id: int) -> dict[str, Any]:
        """Show a generation.

        ---
        get:
          parameters:
          - {in: path, name: generation_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: what was made, and whether it was taken back
        """
        return generation_answer(get_generation(generation_id))

    @expose("/<int:generation_id>/undo", methods=["POST"])
    @endpoint(f"{ROOM}:generate")
    def undo(self, generation_id: int) -> dict[str, Any]:
        """Remove the rooms of a generation, as long as nothing has happened to them.

        ---
        post:
          parameters:
          - {in: path, name: generation_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the generation, taken back
            409:
              description: what stands in the way, by room
        """
        generation = get_generation(generation_id)
        return generation_answer(operations.undo_generation(generation, actor=current()))


def _request(body: dict[str, Any]) -> GenerationRequest:
    return request_of(body, request.get_json(silent=True) or {})


def _preview_answer(preview: Preview) -> dict[str, Any]:
    drawing = preview.drawing
    return {
        "floors": [list(floor) for floor in drawing.floors],
        "entrances": [list(entrance) for entrance in drawing.entrances],
        "rooms": [
            [
                room.floor, room.entrance, room.column, room.row_span, room.column_span,
                room.number, room.house_type, _area(room.gross_area), _area(room.inside_area),
                room.orientation,
            ]
            for room in drawing.rooms
        ],
        "standing": [
            [
                room.floor, room.floor_name, room.lower_floors, room.entrance, room.column,
                room.column_span, room.number, room.house_type, _area(room.gross_area), room.status,
            ]
            for room in preview.standing
        ],
        "count": preview.rooms,
        "gross_area": plain(drawing.gross_area),
        "faults": [
            {
                "message": str(fault.sentence),
                "floor": fault.floor,
                "entrance": fault.entrance,
                "column": fault.column,
                "missing": fault.is_missing,
            }
            for fault in preview.faults[:MOST_FAULTS]
        ],
        "fault_count": len(preview.faults),
    }  # fmt: skip


#: faults that an answer carries
MOST_FAULTS = 200


def _area(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def generation_answer(generation: RoomGeneration) -> dict[str, Any]:
    """Return a generation as REST shows it."""
    return {
        "id": generation.id,
        "number": generation.number,
        "project_id": generation.project_id,
        "mode": generation.mode,
        "buildings": generation.buildings,
        "rooms": generation.rooms,
        "state": generation.state,
        "created_at": generation.created_at.isoformat(),
        "undone_at": generation.state_at.isoformat() if generation.state_at else None,
    }

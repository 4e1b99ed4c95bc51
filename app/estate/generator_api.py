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
from app.web.rest import RestApi, current, endpoint, read_body


class RoomGeneratorApi(RestApi):
    """Rooms of a project made at one stroke."""

    resource_name = "projects"
    openapi_spec_tag = "room-generations"

    @expose("/<int:project_id>/rooms/preview", methods=["POST"])
    @endpoint(f"{ROOM}:generate")
    def preview(self, project_id: int) -> dict[str, Any]:
        """Draw the rooms of a specification, and tell every fault; nothing is written.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    mode: {type: string, enum: [grid, list, villa], default: grid}
                    building_id: {type: integer, nullable: true}
                    building:
                      type: string
                      description: a new building's name; in the mode villa a list such as V1-V12
                    floors:
                      type: array
                      items: {type: string}
                      description: names, lowest first; or else floor_names
                    floor_names:
                      type: object
                      properties:
                        above: {type: integer}
                        below: {type: integer}
                        avoided: {type: array, items: {type: integer}}
                        by_letter: {type: boolean, description: 3A for 4}
                        basement: {type: string, enum: [B, "-"]}
                    entrances:
                      type: array
                      description: >-
                        name, and columns with house_type, gross_area, inside_area, orientation
                      items: {type: object}
                    rule:
                      type: string
                      enum: [column, across_entrance, down_entrance, across_building]
                    digits: {type: integer, nullable: true}
                    cells:
                      type: array
                      description: >-
                        what is different about single cells; floor and entrance count from 0,
                        column from 1
                      items: {type: object}
                    numbers: {type: string, description: "mode list: A001-A120, B1"}
                    column: {type: object, description: "modes list and villa: as in columns"}
          responses:
            200:
              description: floors lowest first, entrances, rooms as lists, faults
        """
        return _preview_answer(
            operations.preview_rooms(_request(), project_id=project_id, actor=current())
        )

    @expose("/<int:project_id>/rooms/generate", methods=["POST"])
    @endpoint(f"{ROOM}:generate", status=201)
    def generate(self, project_id: int) -> dict[str, Any]:
        """Make the rooms of a specification, all or none; they are unreleased and have no price.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          requestBody:
            required: true
            description: the specification as for the preview
            content: {application/json: {schema: {type: object}}}
          responses:
            201:
              description: the generation
            422:
              description: every fault, each naming floor, entrance and column; nothing was written
        """
        generation = operations.generate_rooms(_request(), project_id=project_id, actor=current())
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


def _request() -> GenerationRequest:
    return request_of(read_body(GenerationBody), request.get_json())


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
        "count": preview.rooms,
        "gross_area": plain(drawing.gross_area),
        "faults": [
            {
                "message": str(fault.sentence),
                "floor": fault.floor,
                "entrance": fault.entrance,
                "column": fault.column,
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

"""REST: buildings as they stand, rooms merged, split and set, columns put in and taken out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.core.errors import Invalid
from app.core.money import plain
from app.estate import operations
from app.estate.generation_forms import ColumnBody, column_of
from app.estate.layout import read_layout
from app.estate.models import Room, RoomUsage
from app.estate.operations import ColumnPlace, PartWish, RoomSetting, SettingSummary, Side
from app.estate.operations.attributes import MOST_ROOMS
from app.estate.policies import ROOM
from app.estate.shapes import RoomPart
from app.web.rest import Body, Id, RestApi, Truth, Yuan, current, endpoint

RESHAPE = f"{ROOM}:reshape"


class MergeBody(Body):
    side = fields.String(required=True, metadata={"enum": [side.value for side in Side]})


class PartBody(Body):
    number = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=30))
    gross_area = Yuan(load_default=None, allow_none=True)
    inside_area = Yuan(load_default=None, allow_none=True)


class SplitBody(Body):
    parts = fields.List(
        fields.Nested(PartBody), load_default=list, validate=validate.Length(max=1000)
    )


class ColumnPlaceBody(Body):
    entrance_id = Id(load_default=None, allow_none=True)
    column = Id(required=True)


class NewColumnBody(ColumnPlaceBody, ColumnBody):
    suffix = fields.String(load_default="", validate=validate.Length(max=10))


class ValuesBody(Body):
    """What rooms shall be; what is left out stays, null empties."""

    house_type_id = Id(allow_none=True)
    structure = fields.String(allow_none=True, validate=validate.Length(max=40))
    gross_area = Yuan()
    inside_area = Yuan(allow_none=True)
    orientation = fields.String(allow_none=True, validate=validate.Length(max=20))
    view = fields.String(allow_none=True, validate=validate.Length(max=40))
    fit_out_id = Id(allow_none=True)
    usage = fields.String(
        allow_none=True, validate=validate.OneOf([usage.value for usage in RoomUsage])
    )
    is_accessory = Truth()
    main_room_id = Id(allow_none=True)


class ChangeBody(Body):
    room_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_ROOMS))
    values = fields.Nested(ValuesBody, required=True)


class SettingsBody(Body):
    changes = fields.List(
        fields.Nested(ChangeBody), required=True, validate=validate.Length(min=1, max=MOST_ROOMS)
    )
    versions = fields.Dict(
        keys=fields.Integer(),
        values=fields.Integer(),
        load_default=dict,
        metadata={"description": "room id to the version looked at"},
    )
    dry_run = Truth(load_default=False)


class BuildingLayoutApi(RestApi):
    """Buildings as they stand."""

    resource_name = "buildings"
    openapi_spec_tag = "layouts"

    @expose("/<int:building_id>/layout", methods=["GET"])
    @endpoint(f"{ROOM}:see")
    def layout(self, building_id: int) -> dict[str, Any]:
        """Show a building's floors, entrances and rooms with all that can be set of them.

        ---
        get:
          parameters:
          - {in: path, name: building_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: >-
                floors lowest first; a room's floor and entrance are places among them, from 0
        """
        return read_layout(building_id)

    @expose("/<int:building_id>/columns/insert", methods=["POST"])
    @endpoint(RESHAPE, status=201, body=NewColumnBody)
    def insert_column(self, building_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Put a column in; with a suffix, each floor gets a room there, numbered floor + suffix.

        ---
        post:
          parameters:
          - {in: path, name: building_id, required: true, schema: {type: integer}}
          responses:
            201:
              description: how many rooms are new
        """
        place = ColumnPlace(building_id, body["entrance_id"], body["column"])
        made = operations.insert_column(
            place, suffix=body["suffix"], plan=column_of(body), actor=current()
        )
        return {"rooms": made}

    @expose("/<int:building_id>/columns/delete", methods=["POST"])
    @endpoint(RESHAPE, body=ColumnPlaceBody)
    def delete_column(self, building_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take a column out with its unreleased rooms.

        ---
        post:
          parameters:
          - {in: path, name: building_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: how many rooms went
        """
        place = ColumnPlace(building_id, body["entrance_id"], body["column"])
        return {"rooms": operations.delete_column(place, actor=current())}


class RoomShapeApi(RestApi):
    """Rooms merged with a neighbour and split back."""

    resource_name = "rooms"
    openapi_spec_tag = "layouts"

    @expose("/<int:room_id>/merge", methods=["POST"])
    @endpoint(RESHAPE, body=MergeBody)
    def merge(self, room_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Merge a room off the market with its right or lower neighbour.

        ---
        post:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the room, as large as both; it is to be priced anew
            409:
              description: a room is on the market, held for a customer, in a deal or a price plan
        """
        side = _side(body["side"])
        return _shape(operations.merge_rooms(room_id, side=side, actor=current()))

    @expose("/<int:room_id>/parts", methods=["GET"])
    @endpoint(RESHAPE)
    def parts(self, room_id: int) -> dict[str, Any]:
        """Show into what a room would be split back.

        ---
        get:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the parts, the one that keeps the room's identity first
        """
        return {"parts": [_part(one) for one in operations.propose_parts(room_id, actor=current())]}

    @expose("/<int:room_id>/split", methods=["POST"])
    @endpoint(RESHAPE, status=201, body=SplitBody)
    def split(self, room_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Split a room back; parts as shown, with other numbers and areas if wished.

        ---
        post:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            201:
              description: the rooms; the first is the one that was split
        """
        wishes = [
            PartWish(one["number"], one["gross_area"], one["inside_area"]) for one in body["parts"]
        ]
        rooms = operations.split_room(room_id, wishes=wishes, actor=current())
        return {"rooms": [_shape(room) for room in rooms]}


class RoomSettingsApi(RestApi):
    """Many rooms set at one stroke."""

    resource_name = "projects"
    openapi_spec_tag = "layouts"

    @expose("/<int:project_id>/rooms/set", methods=["POST"])
    @endpoint(f"{ROOM}:edit", body=SettingsBody)
    def set_rooms(self, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Give rooms values, all or none; with ``dry_run`` only tell what would change.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: what changes, from what to what
            409:
              description: a room has changed meanwhile, or is on the market
        """
        summary = operations.set_rooms(
            [RoomSetting(tuple(one["room_ids"]), one["values"]) for one in body["changes"]],
            project_id=project_id,
            versions=body["versions"],
            dry_run=body["dry_run"],
            actor=current(),
        )
        return _summary(summary)


def _side(given: str) -> Side:
    try:
        return Side(given)
    except ValueError as error:
        sentence = _("Choose the right or the lower neighbour.")
        raise Invalid(sentence, fields={"side": sentence}) from error


def _shape(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "title": room.title,
        "number": room.number,
        "status": room.status,
        "column": room.column,
        "column_span": room.column_span,
        "row_span": room.row_span,
        "gross_area": plain(room.gross_area),
        "inside_area": _area(room.inside_area),
        "version": room.version,
    }


def _part(part: RoomPart) -> dict[str, Any]:
    return {
        "number": part.number,
        "floor": part.floor_name,
        "column": part.column,
        "column_span": part.column_span,
        "row_span": 1 + len(part.lower_floors),
        "gross_area": plain(part.gross_area),
        "inside_area": _area(part.inside_area),
    }


def _summary(summary: SettingSummary) -> dict[str, Any]:
    return {
        "rooms": summary.rooms,
        "changes": [
            {"field": one.field, "before": one.before, "after": one.after, "rooms": one.rooms}
            for one in summary.changes
        ],
        "gross_before": plain(summary.gross_before),
        "gross_after": plain(summary.gross_after),
        "resized": summary.resized,
    }


def _area(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)

"""REST: drawings of a project, their pictures, and what is placed on them."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_appbuilder import expose
from flask_babel import lazy_gettext as _l
from marshmallow import fields

from app.core.errors import Invalid
from app.estate import policies
from app.estate.drawing_answers import drawing_answer, spot_answer
from app.estate.drawing_file import send_picture
from app.estate.drawing_queries import get_drawing, list_drawings
from app.estate.operations.drawings import (
    add_drawing,
    delete_drawing,
    place_on_drawing,
    rename_drawing,
    take_off_drawing,
)
from app.estate.queries import get_project
from app.web.rest import Body, Id, RestApi, current, endpoint, whole, whole_of

SEE, EDIT = f"{policies.DRAWING}:see", f"{policies.DRAWING}:edit"


class SpotBody(Body):
    building_id = Id(load_default=None, allow_none=True)
    room_id = Id(load_default=None, allow_none=True)
    points = fields.List(fields.List(fields.Float()), required=True)
    moved_from = fields.List(fields.List(fields.Float()), load_default=None, allow_none=True)


class TakeOffBody(Body):
    building_id = Id(load_default=None, allow_none=True)
    room_id = Id(load_default=None, allow_none=True)


class NameBody(Body):
    name = fields.String(required=True)


class DrawingApi(RestApi):
    """Site plans, floor plans and pictures, with the places of buildings and rooms on them."""

    resource_name = "drawings"

    @expose("/", methods=["GET"])
    @endpoint(SEE)
    def list(self) -> dict[str, Any]:
        """List a project's drawings with what is placed on them.

        ---
        get:
          parameters:
          - {in: query, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the site plan, floors and pictures
            422:
              description: no project was named
        """
        project_id = whole("project_id")
        if project_id is None:
            sentence = _l("Name the project.")
            raise Invalid(sentence, fields={"project_id": sentence})
        get_project(project_id)
        return {"result": [drawing_answer(one) for one in list_drawings(project_id)]}

    @expose("/", methods=["POST"])
    @endpoint(EDIT, status=201)
    def add(self) -> dict[str, Any]:
        """Take a picture in: PNG, JPEG or WebP, at most 15 MB.

        ---
        post:
          requestBody:
            content:
              multipart/form-data:
                schema:
                  type: object
                  properties:
                    project_id: {type: integer}
                    kind: {type: string, enum: [site, floor, house_type, picture]}
                    name: {type: string}
                    building_id: {type: integer}
                    house_type_id: {type: integer}
                    file: {type: string, format: binary}
          responses:
            201:
              description: the drawing
            422:
              description: that is no picture, or it does not fit
        """
        form, file = request.form, request.files.get("file")
        project_id = whole_of("project_id", form.get("project_id", ""))
        drawing = add_drawing(
            project_id=project_id,
            kind=form.get("kind", ""),
            name=form.get("name", ""),
            content=file.read() if file is not None else b"",
            building_id=_id_of("building_id"),
            house_type_id=_id_of("house_type_id"),
            actor=current(),
        )
        return drawing_answer(drawing)

    @expose("/<int:drawing_id>", methods=["GET"])
    @endpoint(SEE)
    def get(self, drawing_id: int) -> dict[str, Any]:
        """Show a drawing with what is placed on it.

        ---
        get:
          parameters:
          - {in: path, name: drawing_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the drawing
        """
        return drawing_answer(get_drawing(drawing_id))

    @expose("/<int:drawing_id>", methods=["PUT"])
    @endpoint(EDIT, body=NameBody)
    def rename(self, drawing_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Give a drawing another name.

        ---
        put:
          parameters:
          - {in: path, name: drawing_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the drawing
        """
        return drawing_answer(rename_drawing(get_drawing(drawing_id), actor=current(), **body))

    @expose("/<int:drawing_id>", methods=["DELETE"])
    @endpoint(EDIT)
    def delete(self, drawing_id: int) -> dict[str, Any]:
        """Delete a drawing with everything that is placed on it.

        ---
        delete:
          parameters:
          - {in: path, name: drawing_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: deleted
        """
        delete_drawing(get_drawing(drawing_id), actor=current())
        return {"id": drawing_id}

    @expose("/<int:drawing_id>/file", methods=["GET"])
    @endpoint(SEE)
    def file(self, drawing_id: int) -> Response:
        """Send the picture as WebP.

        ---
        get:
          parameters:
          - {in: path, name: drawing_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the picture
              content:
                image/webp:
                  schema: {type: string, format: binary}
            304:
              description: the caller has it already
        """
        return send_picture(get_drawing(drawing_id))

    @expose("/<int:drawing_id>/spots", methods=["PUT"])
    @endpoint(EDIT, body=SpotBody)
    def place(self, drawing_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Place a building on the site plan or a room on its floor plan, or move it there.

        ``points`` is one [x, y], or the corners of an outline, in parts of width and height.
        ``moved_from`` is the place at which the caller saw it, empty where it had none.

        ---
        put:
          parameters:
          - {in: path, name: drawing_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the place
            409:
              description: this drawing cannot hold that, or somebody moved it since
            422:
              description: that is no place within the drawing
        """
        return spot_answer(place_on_drawing(get_drawing(drawing_id), actor=current(), **body))

    @expose("/<int:drawing_id>/take-off", methods=["POST"])
    @endpoint(EDIT, body=TakeOffBody)
    def take_off(self, drawing_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take a building or room off a drawing.

        ---
        post:
          parameters:
          - {in: path, name: drawing_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: it is off
            404:
              description: it is not on it
        """
        take_off_drawing(get_drawing(drawing_id), actor=current(), **body)
        return {"id": drawing_id}


def _id_of(name: str) -> int | None:
    typed = request.form.get(name, "").strip()
    return whole_of(name, typed) if typed else None

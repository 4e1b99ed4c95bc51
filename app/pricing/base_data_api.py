"""REST: how base data stand, their review, and what is done with their changes."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_appbuilder import expose
from marshmallow import fields, validate

from app.estate.base_data import find_lock
from app.estate.queries import get_project
from app.pricing import operations, policies
from app.pricing.base_data_views import REVIEWS, SEE, send_scan
from app.pricing.models import BaseDataChange
from app.pricing.queries.base_data import (
    base_data_figures,
    get_base_data_change,
    list_base_data_entries,
)
from app.web.rest import Body, RestApi, current, endpoint
from app.web.uploads import clean_name, kind_of

EXECUTE = f"{policies.BASE_DATA_CHANGE}:execute"


class ReviewBody(Body):
    side = fields.String(required=True, validate=validate.Length(max=10))
    seen = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))


class TakeBackBody(Body):
    side = fields.String(required=True, validate=validate.Length(max=10))
    reason = fields.String(required=True, validate=validate.Length(max=300))


class NoteBody(Body):
    note = fields.String(required=True, validate=validate.Length(max=300))


class ReasonBody(Body):
    reason = fields.String(required=True, validate=validate.Length(max=300))


class BaseDataApi(RestApi):
    """Base data of a project: figures, reviews, lock and log."""

    resource_name = "base-data"

    @expose("/<int:project_id>", methods=["GET"])
    @endpoint(SEE)
    def get(self, project_id: int) -> dict[str, Any]:
        """Say what the project's base data come to, who has reviewed them, and what happened.

        ---
        get:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: figures, reviews, lock and log
        """
        get_project(project_id)
        return _answer(project_id)

    @expose("/<int:project_id>/review", methods=["POST"])
    @endpoint(SEE, body=ReviewBody)
    def review(self, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Sign the base data for a side; with both sides they are locked.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: how they stand now
            409:
              description: they have changed since, or are locked
            422:
              description: there is nothing to review
        """
        operations.review_base_data(project_id, actor=current(), **body)
        return _answer(project_id)

    @expose("/<int:project_id>/take-back", methods=["POST"])
    @endpoint(SEE, body=TakeBackBody)
    def take_back(self, project_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take a side's review back before the data are locked.

        ---
        post:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: how they stand now
            409:
              description: they are locked
        """
        operations.take_back_review(project_id, actor=current(), **body)
        return _answer(project_id)


class BaseDataChangeApi(RestApi):
    """What is done with changes of locked base data; rows are answered as of every record."""

    resource_name = "base-data-changes"

    @expose("/<int:pk>/scan", methods=["GET"])
    @endpoint(f"{policies.BASE_DATA_CHANGE}:see")
    def scan(self, pk: int) -> Response:
        """Send the scan of the signed paper.

        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: the file
              content:
                application/octet-stream:
                  schema: {type: string, format: binary}
        """
        return send_scan(get_base_data_change(pk), current())

    @expose("/<int:pk>/scan", methods=["POST"])
    @endpoint(f"{policies.BASE_DATA_CHANGE}:edit", status=201)
    def put_scan(self, pk: int) -> dict[str, Any]:
        """Take the scan of the signed paper: PDF, PNG or JPEG, at most 10 MB.

        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          requestBody:
            content:
              multipart/form-data:
                schema:
                  type: object
                  properties:
                    file: {type: string, format: binary}
          responses:
            201:
              description: kept
            422:
              description: that is no scan
        """
        file = request.files.get("file")
        content = file.read() if file is not None else b""
        scan = operations.put_scan(
            get_base_data_change(pk),
            name=clean_name(file.filename if file else ""),
            media_type=kind_of(content),
            content=content,
            actor=current(),
        )
        return {"id": pk, "file_name": scan.file_name, "size": scan.size, "sha256": scan.sha256}

    @expose("/<int:pk>/execute", methods=["POST"])
    @endpoint(EXECUTE)
    def execute(self, pk: int) -> dict[str, Any]:
        """Carry an approved change out by its lines.

        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: carried out
            409:
              description: a record stands otherwise than the approvers saw, or the state is wrong
        """
        return _state(operations.execute_change(get_base_data_change(pk), actor=current()))

    @expose("/<int:pk>/open", methods=["POST"])
    @endpoint(EXECUTE)
    def open(self, pk: int) -> dict[str, Any]:
        """Open the base data for an approved change that is carried out by hand.

        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: they are open
            409:
              description: they are open for another one, or the state is wrong
        """
        return _state(operations.open_for_change(get_base_data_change(pk), actor=current()))

    @expose("/<int:pk>/finish", methods=["POST"])
    @endpoint(EXECUTE, body=NoteBody)
    def finish(self, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        """Lock the base data again and say what was done.

        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: locked again
            409:
              description: they are not open for it
        """
        return _state(operations.finish_change(get_base_data_change(pk), actor=current(), **body))

    @expose("/<int:pk>/cancel", methods=["POST"])
    @endpoint(EXECUTE, body=ReasonBody)
    def cancel(self, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        """Give an approved change up.

        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: cancelled
            409:
              description: the state is wrong
        """
        change = get_base_data_change(pk)
        return _state(operations.cancel_base_data_change(change, actor=current(), **body))


def _state(change: BaseDataChange) -> dict[str, Any]:
    return {"id": change.id, "number": change.number, "state": change.state}


def _moment(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


def _answer(project_id: int) -> dict[str, Any]:
    lock, found = find_lock(project_id), base_data_figures(project_id)
    return {
        "project_id": project_id,
        "is_locked": bool(lock and lock.locked_at and not lock.opened_for),
        "locked_at": _moment(lock.locked_at) if lock else None,
        "opened_for": lock.opened_for if lock else None,
        "reviews": {
            side: {
                "at": _moment(getattr(lock, f"{side}_reviewed_at")) if lock else None,
                "by": str(getattr(lock, f"{side}_reviewed_by") or "") if lock else "",
            }
            for side in REVIEWS
        },
        "figures": {
            "buildings": found.buildings,
            "rooms": found.rooms,
            "gross_area": str(found.gross_area),
            "without_house_type": found.without_house_type,
            "without_inside_area": found.without_inside_area,
            "house_types": found.house_types,
            "payment_methods": found.methods,
            "discounts": found.discounts,
        },
        "digest": found.digest,
        "log": [
            {
                "kind": entry.kind,
                "at": _moment(entry.happened_at),
                "by": str(entry.by or ""),
                "change_number": entry.change_number,
                "note": entry.note,
            }
            for entry in list_base_data_entries(project_id)
        ],
    }

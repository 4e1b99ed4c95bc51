"""REST: published price lists 一房一价, as data and as papers."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.core.errors import Invalid
from app.core.money import plain
from app.estate.queries import get_project
from app.pricing import operations, policies
from app.pricing.models import PricePublication, PricePublicationRow
from app.pricing.publication_paper import send_paper, send_sheet
from app.pricing.publication_sheet import approvers_of
from app.pricing.queries.publications import (
    get_publication,
    list_publication_rows,
    list_publications,
    posted_on,
)
from app.pricing.reading import read_day
from app.web.rest import Body, Id, RestApi, clamp_limit, current, endpoint, whole


class PublishBody(Body):
    building_id = Id(required=True)
    remarks = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class PricePublicationApi(RestApi):
    """Published price lists: versions by building that never change."""

    resource_name = "published-prices"

    @expose("/", methods=["GET"])
    @endpoint(f"{policies.PUBLICATION}:see")
    def list(self) -> dict[str, Any]:
        """List published price lists within scope, the newest first.

        With ``project_id`` and ``on`` what was posted in the project when that day ended: the last
        version of each building, not paged.

        ---
        get:
          parameters:
          - {in: query, name: project_id, schema: {type: integer}}
          - {in: query, name: building_id, schema: {type: integer}}
          - {in: query, name: "on", description: "a day, such as 2026-11-21",
             schema: {type: string, format: date}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: integer}}
          responses:
            200:
              description: lists without their rooms
            422:
              description: that is no day
        """
        project_id = whole("project_id")
        if "on" in request.args:
            return _posted(project_id)
        limit = clamp_limit()
        found = list_publications(
            project_id=project_id,
            building_id=whole("building_id"),
            before=whole("cursor"),
            limit=limit + 1,
        )
        return {
            "result": [_answer(one) for one in found[:limit]],
            "next": str(found[limit - 1].id) if len(found) > limit else None,
        }

    @expose("/", methods=["POST"])
    @endpoint(f"{policies.PUBLICATION}:publish", status=201, body=PublishBody)
    def publish(self, body: dict[str, Any]) -> dict[str, Any]:
        """Publish what a building's rooms cost now as its next version.

        ---
        post:
          responses:
            201:
              description: the version
            409:
              description: nothing has changed since the last version
            422:
              description: no permit or completion record, or no room has a price
        """
        return _answer(operations.publish_price_list(actor=current(), **body))

    @expose("/<int:pk>", methods=["GET"])
    @endpoint(f"{policies.PUBLICATION}:see")
    def get(self, pk: int) -> dict[str, Any]:
        """Show a list with a page of its rooms, in the order in which they were posted.

        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, description: "from after this position",
             schema: {type: integer}}
          responses:
            200:
              description: the list and its rooms
        """
        published, limit = get_publication(pk), clamp_limit()
        rows = list_publication_rows(pk, after=whole("cursor") or 0, limit=limit + 1)
        return {
            **_answer(published),
            "rows": [_row(one) for one in rows[:limit]],
            "next": str(rows[limit - 1].position) if len(rows) > limit else None,
        }

    @expose("/<int:pk>/list.pdf", methods=["GET"])
    @endpoint(f"{policies.PUBLICATION}:export")
    def pdf(self, pk: int) -> Response:
        """Send the list as PDF; written into the audit.

        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: the paper
              content:
                application/pdf:
                  schema: {type: string, format: binary}
            422:
              description: too many rooms for one paper
            503:
              description: this server cannot draw PDF
        """
        return send_paper(get_publication(pk), current())

    @expose("/<int:pk>/list.xlsx", methods=["GET"])
    @endpoint(f"{policies.PUBLICATION}:export")
    def sheet(self, pk: int) -> Response:
        """Send the list as an Excel sheet; written into the audit.

        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: an Excel sheet
              content:
                application/vnd.openxmlformats-officedocument.spreadsheetml.sheet:
                  schema: {type: string, format: binary}
        """
        return send_sheet(get_publication(pk), current())


def _posted(project_id: int | None) -> dict[str, Any]:
    if project_id is None:
        raise Invalid(_("Say which project."), fields={"project_id": _("Say which project.")})
    posted = posted_on(get_project(project_id).id, read_day(request.args["on"]))
    return {"result": [_answer(one) for one in posted], "next": None}


def _answer(published: PricePublication) -> dict[str, Any]:
    return {
        "id": published.id,
        "project_id": published.project_id,
        "building_id": published.building_id,
        "building": published.building_name,
        "version": published.version,
        "published_at": published.published_at.isoformat(),
        "rooms": published.rooms,
        "list_total": plain(published.list_total),
        "permits": published.permits,
        "approvers": approvers_of(published),
        "remarks": published.remarks,
        "digest": published.digest,
    }


def _row(row: PricePublicationRow) -> dict[str, Any]:
    areas = {name: getattr(row, name) for name in ("gross_area", "inside_area", "shared_area")}
    return {
        "room_id": row.room_id,
        "position": row.position,
        "entrance": row.entrance,
        "floor": row.floor_name,
        "number": row.number,
        "house_type": row.house_type,
        **{name: None if area is None else plain(area) for name, area in areas.items()},
        "price_basis": row.price_basis,
        "list_unit_price": plain(row.list_unit_price),
        "list_total": plain(row.list_total),
        "status": row.status,
    }

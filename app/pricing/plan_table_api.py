"""REST: the table of a price plan, read whole and saved cell by cell in one operation."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_appbuilder import expose
from marshmallow import fields, validate

from app.core.errors import Conflict
from app.core.money import plain
from app.pricing import operations, policies
from app.pricing.operations import CellDraft, PlanRowDraft, SeenRow
from app.pricing.policies import can_see_floor
from app.pricing.queries import RoomSelection, get_price_plan
from app.pricing.queries.plan_table import plan_table
from app.pricing.terms import PriceBasis
from app.web.rest import Body, Id, RestApi, Yuan, current, endpoint

#: as many rows as one plan may have
MOST_ROWS = 100_000


class SeenBody(Body):
    list_total = Yuan(load_default=None, allow_none=True)
    list_unit_price = Yuan(load_default=None, allow_none=True)
    floor_total = Yuan(load_default=None, allow_none=True)


class CellBody(Body):
    room_id = Id(required=True)
    price_basis = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([basis.value for basis in PriceBasis]),
    )
    list_unit_price = Yuan(load_default=None, allow_none=True)
    list_total = Yuan(load_default=None, allow_none=True)
    floor_total = Yuan(load_default=None, allow_none=True)
    seen = fields.Nested(SeenBody, required=True)


class CellsBody(Body):
    rows = fields.List(
        fields.Nested(CellBody), required=True, validate=validate.Length(1, MOST_ROWS)
    )


class RoomIdsBody(Body):
    room_ids = fields.List(Id(), required=True, validate=validate.Length(1, MOST_ROWS))


class MoreRoomsBody(Body):
    building_ids = fields.List(Id(), load_default=list)
    room_ids = fields.List(Id(), load_default=list)


class ReasonBody(Body):
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class PlanTableApi(RestApi):
    """The table of a price plan."""

    resource_name = "price-plans"
    openapi_spec_tag = "price-plans"

    @expose("/<int:plan_id>/table", methods=["GET"])
    @endpoint(f"{policies.PLAN}:see")
    def table(self, plan_id: int) -> Any:
        """Give all rooms of a plan with before and after, each row an array.

        ---
        get:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: version of the plan and its rows
        """
        plan, actor = get_price_plan(plan_id), current()
        rows = plan_table(plan_id, floors=can_see_floor(actor), actor=actor)
        answer = f'{{"version":{plan.version},"rows":{rows}}}'
        return Response(answer, content_type="application/json")

    @expose("/<int:plan_id>/cells", methods=["PATCH"])
    @endpoint(f"{policies.PLAN}:edit", body=CellsBody)
    def cells(self, plan_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Save changed rows of an open plan; what a row leaves out is worked out.

        ---
        patch:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the rows as they were written, and the plan's version
            409:
              description: somebody changed some of them meanwhile; what they are now
            422:
              description: every cell that is wrong, with its sentence
        """
        plan, actor = get_price_plan(plan_id), current()
        cells = [_cell(row) for row in body["rows"]]
        try:
            written = operations.save_plan_cells(plan, cells=cells, actor=actor)
        except Conflict as error:
            if "rows" in error.details:
                error.details["rows"] = _moved(error.details["rows"], floors=can_see_floor(actor))
            raise
        return {
            "version": get_price_plan(plan_id).version,
            "rows": [_row(row, floors=can_see_floor(actor)) for row in written],
        }

    @expose("/<int:plan_id>/rooms", methods=["POST"])
    @endpoint(f"{policies.PLAN}:edit", body=MoreRoomsBody)
    def add_rooms(self, plan_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Put unsold rooms of buildings, or named ones, into an open plan.

        ---
        post:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: how many were added
        """
        plan = get_price_plan(plan_id)
        selection = RoomSelection(
            plan.project_id, tuple(body["building_ids"]), room_ids=tuple(body["room_ids"])
        )
        count = operations.add_plan_rooms(plan, selection=selection, actor=current())
        return {"count": count}

    @expose("/<int:plan_id>/rooms/remove", methods=["POST"])
    @endpoint(f"{policies.PLAN}:edit", body=RoomIdsBody)
    def remove_rooms(self, plan_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take rooms out of an open plan.

        ---
        post:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: how many were taken out
        """
        plan = get_price_plan(plan_id)
        count = operations.remove_plan_rooms(plan, room_ids=body["room_ids"], actor=current())
        return {"count": count}

    @expose("/<int:plan_id>/cancel", methods=["POST"])
    @endpoint(f"{policies.PLAN}:cancel", body=ReasonBody)
    def cancel(self, plan_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Cancel an approved plan before its day.

        ---
        post:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the plan is cancelled; prices stay as they are
            409:
              description: it does not wait for a day
        """
        plan = operations.cancel_scheduled_plan(
            get_price_plan(plan_id), reason=body["reason"], actor=current()
        )
        return {"id": plan.id, "state": plan.state}


def _cell(row: dict[str, Any]) -> CellDraft:
    basis = PriceBasis(row["price_basis"]) if row["price_basis"] else None
    draft = PlanRowDraft(
        row["room_id"], row["list_total"], row["list_unit_price"], row["floor_total"], basis
    )
    return CellDraft(draft, SeenRow(**row["seen"]))


def _row(row: Any, *, floors: bool) -> dict[str, Any]:
    shown = {"room_id": row["room_id"], "price_basis": row["price_basis"]}
    names = ("list_unit_price", "list_total", *(("floor_total",) if floors else ()))
    return shown | {name: None if row[name] is None else plain(row[name]) for name in names}


def _moved(rows: dict[int, Any], *, floors: bool) -> dict[str, Any]:
    return {
        str(room_id): None if row is None else _row(row._mapping, floors=floors)  # noqa: SLF001
        for room_id, row in rows.items()
    }

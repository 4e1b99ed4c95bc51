"""REST: price plans, rooms put on sale and taken off; the index of all that prices answer."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from marshmallow import fields, validate

from app.estate.operations import TakenRoom
from app.estate.queries import get_room
from app.pricing import operations, policies
from app.pricing.answers import (
    figures_answer,
    plan_answer,
    plan_line_answer,
    price_answer,
    room_answer,
)
from app.pricing.base_data_api import BaseDataApi, BaseDataChangeApi
from app.pricing.import_api import ProjectImportApi, RoomImportApi
from app.pricing.loan_api import LoanScheduleApi
from app.pricing.operations import PlanRowDraft
from app.pricing.plan_table_api import PlanTableApi
from app.pricing.publication_api import PricePublicationApi
from app.pricing.queries import (
    count_plans,
    get_price_plan,
    list_plan_lines,
    list_plans,
    list_prices,
    plan_figures,
    price_at_end_of,
)
from app.pricing.quote_api import DiscountApi, PaymentMethodApi, QuoteApi
from app.pricing.reading import read_day
from app.pricing.terms import PriceBasis
from app.web.rest import Body, Id, RestApi, Yuan, clamp_limit, current, endpoint, whole

MOST_ROWS = 100_000


class PlanRowBody(Body):
    room_id = Id(required=True)
    list_unit_price = Yuan(load_default=None, allow_none=True)
    list_total = Yuan(load_default=None, allow_none=True)
    floor_total = Yuan(load_default=None, allow_none=True)
    price_basis = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([basis.value for basis in PriceBasis]),
    )


class PlanBody(Body):
    project_id = Id(required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=120))
    takes_effect_on = fields.Date(load_default=None, allow_none=True)
    rows = fields.List(
        fields.Nested(PlanRowBody), required=True, validate=validate.Length(min=1, max=MOST_ROWS)
    )


class PlanChangeBody(Body):
    name = fields.String(load_default=None, validate=validate.Length(min=1, max=120))
    takes_effect_on = fields.Date(allow_none=True)
    rows = fields.List(
        fields.Nested(PlanRowBody), load_default=None, validate=validate.Length(1, MOST_ROWS)
    )


class PricePlanApi(RestApi):
    """Price plans: a draft is sent for approval, and takes effect with the last yes."""

    resource_name = "price-plans"

    @expose("/", methods=["GET"])
    @endpoint(f"{policies.PLAN}:see")
    def list(self) -> dict[str, Any]:
        """List price plans within scope, the newest first.

        ---
        get:
          parameters:
          - {in: query, name: project_id, schema: {type: integer}}
          - {in: query, name: state, schema: {type: string}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: integer}}
          responses:
            200:
              description: plans without their rows
        """
        wanted: dict[str, Any] = {
            "project_id": whole("project_id"),
            "state": request.args.get("state"),
        }
        limit, before = clamp_limit(), whole("cursor")
        plans = list_plans(**wanted, before=before, limit=limit + 1)
        count, more = count_plans(**wanted)
        return {
            "result": [plan_answer(plan) for plan in plans[:limit]],
            "next": str(plans[limit - 1].id) if len(plans) > limit else None,
            "count": f"{count}+" if more else count,
        }

    @expose("/", methods=["POST"])
    @endpoint(f"{policies.PLAN}:add", status=201, body=PlanBody)
    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """Draft a plan with its rows; what a row leaves out is worked out.

        ---
        post:
          responses:
            201:
              description: the plan and what it comes to
            422:
              description: the first row that is wrong
        """
        plan = operations.create_price_plan(
            project_id=body["project_id"],
            name=body["name"],
            rows=_rows(body["rows"]),
            origin="rest",
            takes_effect_on=body["takes_effect_on"],
            actor=current(),
        )
        return {**plan_answer(plan), "figures": figures_answer(plan_figures(plan.id), current())}

    @expose("/<int:plan_id>", methods=["GET"])
    @endpoint(f"{policies.PLAN}:see")
    def get(self, plan_id: int) -> dict[str, Any]:
        """Show a plan, what it comes to, and a page of its rooms with before and after.

        ---
        get:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: integer}}
          responses:
            200:
              description: the plan
        """
        plan, actor = get_price_plan(plan_id), current()
        limit = clamp_limit(default=200)
        after = whole("cursor") or 0
        lines = list_plan_lines(plan_id, after=after, limit=limit + 1)
        figures = plan_figures(plan_id)
        return {
            **plan_answer(plan),
            "figures": figures_answer(figures, actor),
            "rows": [plan_line_answer(line, actor) for line in lines[:limit]],
            "count": figures.rooms,
            "next": str(lines[limit - 1].row_id) if len(lines) > limit else None,
        }

    @expose("/<int:plan_id>", methods=["PATCH"])
    @endpoint(f"{policies.PLAN}:edit", body=PlanChangeBody)
    def edit(self, plan_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Rename an open plan, give it another day, or put other rows in place of its rows.

        ---
        patch:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the plan
            409:
              description: it is in approval or in force
        """
        plan = get_price_plan(plan_id)
        if body["name"] is not None or "takes_effect_on" in body:
            operations.edit_price_plan(
                plan,
                name=body["name"] or plan.name,
                takes_effect_on=body.get("takes_effect_on", plan.takes_effect_on),
                actor=current(),
            )
        if body["rows"] is not None:
            operations.replace_plan_rows(plan, rows=_rows(body["rows"]), actor=current())
        return {**plan_answer(plan), "figures": figures_answer(plan_figures(plan_id), current())}

    @expose("/<int:plan_id>", methods=["DELETE"])
    @endpoint(f"{policies.PLAN}:delete")
    def delete(self, plan_id: int) -> dict[str, Any]:
        """Delete a draft that was never sent.

        ---
        delete:
          parameters:
          - {in: path, name: plan_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: it is gone
        """
        operations.delete_price_plan(get_price_plan(plan_id), actor=current())
        return {"id": plan_id, "deleted": True}


def _rows(rows: list[dict[str, Any]]) -> list[PlanRowDraft]:
    return [
        PlanRowDraft(**{**row, "price_basis": PriceBasis(row["price_basis"])})
        if row["price_basis"]
        else PlanRowDraft(**row)
        for row in rows
    ]


class SaleBody(Body):
    room_ids = fields.List(Id(), load_default=list, validate=validate.Length(max=MOST_ROWS))
    building_id = Id(load_default=None, allow_none=True)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class ReleaseBody(SaleBody):
    unready_reason = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(max=500)
    )


class RoomSaleApi(RestApi):
    """Rooms put on sale and taken off again, and what they cost when."""

    resource_name = "rooms"
    openapi_spec_tag = "sale"

    @expose("/release-for-sale", methods=["POST"])
    @endpoint(f"{policies.SALE}:release", body=ReleaseBody)
    def release_for_sale(self, body: dict[str, Any]) -> dict[str, Any]:
        """Put the named rooms, or a building's unreleased rooms, on sale.

        ---
        post:
          responses:
            200:
              description: the rooms that are for sale now
            422:
              description: no permit, no price, no reason, or an opening checklist that is not
                complete and no ``unready_reason`` (``opening_not_ready``)
        """
        return _moved(operations.release_for_sale(actor=current(), **body))

    @expose("/withdraw", methods=["POST"])
    @endpoint(f"{policies.SALE}:withdraw", body=SaleBody)
    def withdraw(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take the named rooms, or a building's rooms that are for sale, off the market.

        ---
        post:
          responses:
            200:
              description: the rooms that are off the market now
        """
        return _moved(operations.withdraw_from_sale(actor=current(), **body))

    @expose("/<int:room_id>/confirm-price", methods=["POST"])
    @endpoint(f"{policies.SALE}:confirm_price")
    def confirm_price(self, room_id: int) -> dict[str, Any]:
        """Take a room that awaits a price back on sale at its present price.

        ---
        post:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the room
        """
        return room_answer(operations.confirm_price(room_id, actor=current()))

    @expose("/<int:room_id>/prices", methods=["GET"])
    @endpoint(f"{policies.ROOM_PRICE}:see")
    def prices(self, room_id: int) -> dict[str, Any]:
        """List what the room cost from when to when, the newest first.

        ---
        get:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: prices
        """
        get_room(room_id)
        return {"result": [price_answer(price, current()) for price in list_prices(room_id)]}

    @expose("/<int:room_id>/price", methods=["GET"])
    @endpoint(f"{policies.ROOM_PRICE}:see")
    def price(self, room_id: int) -> dict[str, Any]:
        """Say what the room cost at the end of a day, or costs now.

        ---
        get:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          - {in: query, name: "on", description: "a day, such as 2026-11-21; today without",
             schema: {type: string, format: date}}
          responses:
            200:
              description: the price, or null for a room that had none yet
            422:
              description: that is no day
        """
        get_room(room_id)
        day = read_day(request.args.get("on"))
        price = price_at_end_of(room_id, day)
        answer = None if price is None else price_answer(price, current())
        return {"room_id": room_id, "on": day.isoformat(), "price": answer}


def _moved(rooms: list[TakenRoom]) -> dict[str, Any]:
    return {"count": len(rooms), "rooms": [room_answer(room) for room in rooms]}


RESOURCES = [
    ProjectImportApi,
    RoomImportApi,
    PricePlanApi,
    PlanTableApi,
    RoomSaleApi,
    PaymentMethodApi,
    DiscountApi,
    QuoteApi,
    LoanScheduleApi,
    PricePublicationApi,
    BaseDataApi,
    BaseDataChangeApi,
]

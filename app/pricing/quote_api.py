"""REST: what may be chosen today, and quotations."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose
from flask_babel import gettext as _
from marshmallow import fields, validate

from app.core import clock
from app.core.errors import Invalid
from app.estate.queries import get_project
from app.pricing import operations, policies
from app.pricing.answers import discount_answer, method_answer
from app.pricing.explained import explained
from app.pricing.grantors import may_grant
from app.pricing.operations import LineDraft
from app.pricing.queries import get_payment_method, list_discounts, list_payment_methods
from app.pricing.quoting import quote_data, resolve_special
from app.web.rest import Body, Id, RestApi, Truth, Whole, Yuan, current, endpoint, whole


class LineBody(Body):
    kind = fields.String(required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=60))
    basis = fields.String(required=True)
    value = Yuan(load_default=None, allow_none=True)
    due_rule = fields.String(load_default="contract")
    due_days = Whole(load_default=None, allow_none=True)
    due_on = fields.Date(load_default=None, allow_none=True)
    due_stage = fields.String(load_default=None, allow_none=True)
    round_down_to = Yuan(load_default=None, allow_none=True)


class MethodChangeBody(Body):
    name = fields.String(validate=validate.Length(min=1, max=60))
    discount_percent = Yuan()
    position = Whole()
    is_active = Truth()
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)
    building_ids = fields.List(Id(), validate=validate.Length(max=1000))
    lines = fields.List(fields.Nested(LineBody), validate=validate.Length(min=1, max=50))


class MethodBody(MethodChangeBody):
    project_id = Id(required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=60))
    lines = fields.List(
        fields.Nested(LineBody), required=True, validate=validate.Length(min=1, max=50)
    )


class PaymentMethodApi(RestApi):
    """Payment methods that may be chosen today."""

    resource_name = "payment-methods"

    @expose("/", methods=["GET"])
    @endpoint(f"{policies.PAYMENT_METHOD}:see")
    def list(self) -> dict[str, Any]:
        """List a project's payment methods with their lines, in their order.

        ---
        get:
          parameters:
          - {in: query, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: methods that are in use and valid today
        """
        found = list_payment_methods(_project_asked(), on=clock.today())
        return {"result": [method_answer(method) for method in found], "next": None}

    @expose("/<int:pk>", methods=["GET"])
    @endpoint(f"{policies.PAYMENT_METHOD}:see")
    def get(self, pk: int) -> dict[str, Any]:
        """Show a payment method with its lines.

        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: the method
        """
        return method_answer(get_payment_method(pk))

    @expose("/", methods=["POST"])
    @endpoint(f"{policies.PAYMENT_METHOD}:add", status=201, body=MethodBody)
    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add a payment method with its lines.

        ---
        post:
          responses:
            201:
              description: the method
            422:
              description: the line that is wrong
        """
        method = operations.add_payment_method(actor=current(), **_method_values(body))
        return method_answer(get_payment_method(method.id))

    @expose("/<int:pk>", methods=["PUT"])
    @endpoint(f"{policies.PAYMENT_METHOD}:edit", body=MethodChangeBody)
    def edit(self, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        """Change a payment method; what the body does not name stays, lines are given whole.

        ---
        put:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: the method
        """
        method = get_payment_method(pk)
        operations.edit_payment_method(method, actor=current(), **_method_values(body))
        return method_answer(get_payment_method(pk))


def _method_values(body: dict[str, Any]) -> dict[str, Any]:
    if "lines" not in body:
        return body
    return body | {"lines": [LineDraft(**line) for line in body["lines"]]}


class DiscountApi(RestApi):
    """Discounts that may be chosen today."""

    resource_name = "discounts"

    @expose("/", methods=["GET"])
    @endpoint(f"{policies.DISCOUNT}:see")
    def list(self) -> dict[str, Any]:
        """List a project's discounts in their order.

        ---
        get:
          parameters:
          - {in: query, name: project_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: discounts that are in use and valid today
        """
        found = list_discounts(_project_asked(), on=clock.today())
        actor = current()
        return {
            "result": [
                discount_answer(one) | {"may_grant": may_grant(one, actor)} for one in found
            ],
            "next": None,
        }


def _project_asked() -> int:
    project_id = whole("project_id")
    if project_id is None:
        raise Invalid(_("Say which project."), fields={"project_id": _("Say which project.")})
    return get_project(project_id).id


class QuoteBody(Body):
    room_id = Id(required=True)
    payment_method_id = Id(required=True)
    discount_ids = fields.List(Id(), load_default=list, validate=validate.Length(max=50))
    special_discount_id = Id(load_default=None, allow_none=True)


class QuoteApi(RestApi):
    """Quotations; nothing is written."""

    resource_name = "quotes"

    @expose("/", methods=["POST"])
    @endpoint(f"{policies.QUOTE}:see", body=QuoteBody)
    def calculate(self, body: dict[str, Any]) -> dict[str, Any]:
        """Calculate what a room costs, step by step, and what is to be paid when.

        ---
        post:
          responses:
            200:
              description: steps, deal_total, deal_unit_price, receivables
            422:
              description: the terms do not go together, or the room has no price
        """
        actor = current()
        special = None
        if body["special_discount_id"] is not None:
            special = resolve_special(
                body["special_discount_id"], room_id=body["room_id"], actor=actor
            )
        found = operations.quote(
            room_id=body["room_id"],
            payment_method_id=body["payment_method_id"],
            discount_ids=body["discount_ids"],
            special_percent=special.percent if special else None,
            special_name=special.name if special else "",
            actor=actor,
        )
        data = quote_data(found)
        sentences = explained(data["steps"])
        for step, sentence in zip(data["steps"], sentences, strict=True):
            step["explained"] = sentence
        return {"room_id": body["room_id"], **data}

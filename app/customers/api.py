"""REST: customers, found, registered, changed and uncovered."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask_appbuilder import expose
from flask_babel import lazy_gettext as _l
from marshmallow import fields

from app.core.errors import Invalid
from app.customers import operations
from app.customers.answers import customer_answer
from app.customers.policies import ADD, CHOOSE, EDIT, SEE, can_reveal
from app.customers.queries import count_customers, get_customer, search_customers
from app.web.rest import Body, Id, RestApi, clamp_limit, current, endpoint, whole


class DetailsBody(Body):
    sex = fields.String(allow_none=True)
    birthday = fields.Date(allow_none=True)
    address = fields.String(allow_none=True)
    source = fields.String(allow_none=True)
    remark = fields.String(allow_none=True)
    consent = fields.Boolean()


class RegisterBody(DetailsBody):
    project_id = Id()
    consent = fields.Boolean(
        metadata={
            "description": "true: the person agrees that the data are kept, which is written down;"
            " left out: whoever calls has asked him; false is refused"
        },
    )
    kind = fields.String(load_default="person")
    name = fields.String(required=True)
    mobile = fields.String(required=True)
    id_kind = fields.String(load_default=None, allow_none=True)
    id_number = fields.String(load_default=None, allow_none=True)


class EditBody(DetailsBody):
    name = fields.String()
    mobile = fields.String()
    id_kind = fields.String(allow_none=True)
    id_number = fields.String(allow_none=True)


class CustomerApi(RestApi):
    """Customers within scope."""

    resource_name = "customers"

    @expose("/", methods=["GET"])
    @endpoint((SEE, CHOOSE))
    def search(self) -> dict[str, Any]:
        """Find customers by a part of the name, phone, its tail, or a document's number.

        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: project_id, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: integer}}
          responses:
            200:
              description: customers, the newest first; phones masked but for one's own
        """
        q = request.args.get("q", "")
        project_id = whole("project_id")
        limit = clamp_limit()
        found = search_customers(
            q,
            project_id=project_id,
            limit=limit + 1,
            before=whole("cursor"),
        )
        count, more = count_customers(q, project_id=project_id)
        return {
            "result": [customer_answer(one, current()) for one in found[:limit]],
            "next": str(found[limit - 1].id) if len(found) > limit else None,
            "count": f"{count}+" if more else count,
        }

    @expose("/", methods=["POST"])
    @endpoint(ADD, status=201, body=RegisterBody)
    def register(self, body: dict[str, Any]) -> dict[str, Any]:
        """Register a customer; 409 ``duplicate`` if phone or document are known in the project.

        ---
        post:
          responses:
            201:
              description: the customer
            409:
              description: duplicate, with customer_id if it is the caller's to see
            422:
              description: what is wrong, by field
        """
        body.setdefault("project_id", _only_project())
        customer = operations.register_customer(actor=current(), **body)
        return customer_answer(customer, current())

    @expose("/<int:customer_id>", methods=["GET"])
    @endpoint((SEE, CHOOSE))
    def get(self, customer_id: int) -> dict[str, Any]:
        """Give one customer.

        ---
        get:
          parameters:
          - {in: path, name: customer_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the customer
        """
        return customer_answer(get_customer(customer_id), current())

    @expose("/<int:customer_id>", methods=["PATCH"])
    @endpoint(EDIT, body=EditBody)
    def edit(self, customer_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Change what is named in the body; the rest stays.

        ---
        patch:
          parameters:
          - {in: path, name: customer_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the customer
        """
        customer = get_customer(customer_id)
        operations.edit_customer(customer, actor=current(), **body)
        return customer_answer(customer, current())

    @expose("/<int:customer_id>/reveal", methods=["POST"])
    @endpoint((SEE, CHOOSE))
    def reveal(self, customer_id: int) -> Any:
        """Give phone and identity number in full; it is written down who saw them.

        ---
        post:
          parameters:
          - {in: path, name: customer_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: mobile and id_number
        """
        customer = get_customer(customer_id)
        mobile = operations.reveal_mobile(customer, actor=current())
        number = None
        if customer.has_document and can_reveal(customer, current()):
            number = operations.reveal_identity_number(customer, actor=current())
        # As a Response, which no Idempotency-Key keeps: the number is stored nowhere in plain.
        return jsonify(mobile=mobile, id_number=number)


def _only_project() -> int:
    """Return the one project that the caller reaches. Raises Invalid if he has to name one."""
    reached = current().projects
    if reached is None or len(reached) != 1:
        sentence = _l("Name the project.")
        raise Invalid(sentence, fields={"project_id": sentence})
    return next(iter(reached))


RESOURCES = [CustomerApi]

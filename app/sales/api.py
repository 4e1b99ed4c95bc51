"""REST: holding and releasing rooms, subscriptions."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from marshmallow import fields, validate

from app.core import clock
from app.sales import operations
from app.sales.answers import hold_answer, subscription_answer, subscription_rows
from app.sales.operations import SubscriptionOrder
from app.sales.policies import ADD_HOLD, ADD_SUBSCRIPTION, SEE_SUBSCRIPTIONS
from app.sales.queries import count_subscriptions, get_subscription, list_subscriptions
from app.web.rest import Body, Id, RestApi, Yuan, clamp_limit, current, endpoint, whole


class HoldBody(Body):
    reason = fields.String(load_default="")
    customer_id = Id(load_default=None, allow_none=True)
    until = fields.AwareDateTime(
        load_default=None, allow_none=True, default_timezone=clock.BUSINESS_ZONE
    )


class ReleaseBody(Body):
    reason = fields.String(load_default="")


class HoldCustomerBody(Body):
    customer_id = Id(required=True)


class BuyerBody(Body):
    customer_id = Id(required=True)
    share = Yuan(required=True)


class SubscribeBody(Body):
    room_id = Id(required=True)
    payment_method_id = Id(required=True)
    discount_ids = fields.List(Id(), load_default=list)
    special_discount_id = Id(load_default=None, allow_none=True)
    buyers = fields.List(
        fields.Nested(BuyerBody), required=True, validate=validate.Length(min=1, max=20)
    )


class HoldApi(RestApi):
    """Rooms off the market: held, given a customer, released."""

    resource_name = "rooms"
    openapi_spec_tag = "holds"

    @expose("/<int:room_id>/hold", methods=["POST"])
    @endpoint(ADD_HOLD, status=201, body=HoldBody)
    def hold(self, room_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take a room off the market, for a customer or for a reason.

        ---
        post:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            201:
              description: the hold
            409:
              description: room_taken with who, since and kind
        """
        hold = operations.hold_room(room_id, actor=current(), **body)
        return hold_answer(hold)

    @expose("/<int:room_id>/hold/customer", methods=["POST"])
    @endpoint(ADD_HOLD, body=HoldCustomerBody)
    def name_customer(self, room_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Give a hold in one's own name its customer.

        ---
        post:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the hold's id and its customer
        """
        customer_id = body["customer_id"]
        hold_id = operations.name_hold_customer(room_id, customer_id=customer_id, actor=current())
        return {"id": hold_id, "room_id": room_id, "customer_id": customer_id}

    @expose("/<int:room_id>/release", methods=["POST"])
    @endpoint(ADD_HOLD, body=ReleaseBody)
    def release(self, room_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """End the hold of a room and put it back on sale.

        ---
        post:
          parameters:
          - {in: path, name: room_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the hold that ended
        """
        reason = body["reason"]
        return hold_answer(operations.release_hold(room_id, reason=reason, actor=current()))


class SubscriptionApi(RestApi):
    """Subscriptions."""

    resource_name = "subscriptions"

    @expose("/", methods=["GET"])
    @endpoint(SEE_SUBSCRIPTIONS)
    def list(self) -> dict[str, Any]:
        """List subscriptions within scope, the newest first.

        ---
        get:
          parameters:
          - {in: query, name: project_id, schema: {type: integer}}
          - {in: query, name: state, description: may repeat, schema: {type: string}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: integer}}
          responses:
            200:
              description: subscriptions with what has been received on each
        """
        project_id = whole("project_id")
        states = request.args.getlist("state")
        limit = clamp_limit()
        found = list_subscriptions(
            project_id=project_id,
            states=states,
            before=whole("cursor"),
            limit=limit + 1,
        )
        count, more = count_subscriptions(project_id=project_id, states=states)
        return {
            "result": subscription_rows(found[:limit], current()),
            "next": str(found[limit - 1].id) if len(found) > limit else None,
            "count": f"{count}+" if more else count,
        }

    @expose("/", methods=["POST"])
    @endpoint(ADD_SUBSCRIPTION, status=201, key="required", body=SubscribeBody)
    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Subscribe a room for its buyers; needs an Idempotency-Key.

        ---
        post:
          responses:
            201:
              description: the subscription with price steps and receivables
            409:
              description: room_taken with who, since and kind
            422:
              description: wrong shares or buyers, or below_floor
        """
        buyers = [(one["customer_id"], one["share"]) for one in body.pop("buyers")]
        made = operations.subscribe(SubscriptionOrder(buyers=buyers, **body), actor=current())
        return subscription_answer(made, current())

    @expose("/<int:subscription_id>", methods=["GET"])
    @endpoint(SEE_SUBSCRIPTIONS)
    def get(self, subscription_id: int) -> dict[str, Any]:
        """Give one subscription with price steps, receivables and what is paid.

        ---
        get:
          parameters:
          - {in: path, name: subscription_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: the subscription
        """
        return subscription_answer(get_subscription(subscription_id), current())


RESOURCES = [HoldApi, SubscriptionApi]

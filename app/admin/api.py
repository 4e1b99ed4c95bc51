"""REST: signing in."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from marshmallow import fields

from app.admin import operations
from app.admin.operations import WrongPassword
from app.core.actor import system_actor
from app.core.uow import unit_of_work
from app.web.rest import Body, RestApi, read_body
from app.web.security import issue_token


class SignInBody(Body):
    """Name and password; ``provider`` is always ``db`` here."""

    username = fields.String(required=True)
    password = fields.String(required=True)
    provider = fields.String(load_default="db")
    otp = fields.String(load_default="")


class SecurityApi(RestApi):
    """Tokens for programs."""

    resource_name = "security"

    @expose("/login", methods=["POST"])
    def login(self) -> Any:
        """Give a bearer token.
        ---
        post:
          responses:
            200:
              description: a token, valid for 15 minutes
        """
        body = read_body(SignInBody)
        user_id, version = check_sign_in(body["username"], body["password"])
        token, seconds = issue_token(user_id, version)
        return self.response(200, access_token=token, token_type="Bearer", expires_in=seconds)


def check_sign_in(username: str, password: str) -> tuple[int, int]:
    """Return user id and access version; count a failure in a transaction of its own."""
    address = request.remote_addr or ""
    actor = system_actor("sign-in")
    try:
        with unit_of_work(actor):
            user = operations.sign_in(username, password, address)
            return user.id, user.access_version
    except WrongPassword:
        with unit_of_work(actor):
            operations.record_failure(username, address)
        raise


RESOURCES = [SecurityApi]

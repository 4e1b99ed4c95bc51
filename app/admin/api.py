"""REST: signing in."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose
from marshmallow import fields

from app.admin.security import issue_token
from app.admin.sign_in import check_sign_in
from app.web.rest import Body, RestApi, read_body


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
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return self.response(200, **answer)


RESOURCES = [SecurityApi]

"""REST: signing in."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose
from marshmallow import fields

from app.admin.directory import directory
from app.admin.entering import enter
from app.admin.security import TOKEN_LIFE, caller, issue_token
from app.web.rest import Body, RestApi, read_body, takes


class SignInBody(Body):
    """Name and password; ``provider`` is always ``db`` here."""

    username = fields.String(required=True)
    password = fields.String(required=True)
    provider = fields.String(load_default="db")
    otp = fields.String(load_default="", allow_none=True)


class SecurityApi(RestApi):
    """Tokens for programs."""

    resource_name = "security"

    @expose("/login", methods=["POST"])
    @takes(SignInBody)
    def login(self) -> Any:
        """Give a bearer token.

        ---
        post:
          responses:
            200:
              description: a token, valid for 15 minutes
            429:
              description: too many attempts; Retry-After says when to come back
        """
        body = read_body(SignInBody)
        opened = enter(
            body["username"],
            body["password"],
            otp=body["otp"] or "",
            caller=caller("program"),
            life=TOKEN_LIFE,
            directory=directory(),
        )
        token, seconds = issue_token(opened)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return self.response(200, **answer)


RESOURCES = [SecurityApi]

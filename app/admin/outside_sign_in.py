"""Signing in with what the company has already: its directory (LDAP) or its OAuth provider."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from flask import Blueprint, Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_appbuilder.const import AUTH_LDAP
from flask_babel import gettext as _
from requests.exceptions import RequestException

from app.admin import entering, security
from app.admin.queries import find_user
from app.admin.second_factor import CodeNeeded
from app.admin.sign_in import arrive, ask_for_code
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.web.addresses import safe_next

log = logging.getLogger("xiaokong.sign_in")

blueprint = Blueprint("outside", __name__)

#: claims that may hold the sign-in name, unless the provider's declaration names one
USUAL_CLAIMS = ("preferred_username", "username", "email")
LDAP_MISSING = (
    "AUTH_TYPE=ldap needs python-ldap, which is published as source only. Install what it is built"
    " with (apt install build-essential python3-dev libldap2-dev libsasl2-dev), then"
    " .venv/bin/pip install python-ldap, or set AUTH_TYPE=db."
)


def _remote(provider: str) -> Any:
    if provider not in {one["name"] for one in security.providers()}:
        abort(404)
    return current_app.extensions["appbuilder"].sm.oauth_remotes[provider]


@blueprint.get("/login/with/<provider>")
def leave(provider: str) -> Any:
    """Send the browser to the provider."""
    remote = _remote(provider)
    target = safe_next(request.args.get("next"))
    try:
        answer = remote.authorize_redirect(
            url_for("outside.arrive_from", provider=provider, _external=True)
        )
    except (OAuthError, RequestException) as error:
        return _refused(provider, error)
    session["outside_next"] = target
    return answer


@blueprint.get("/oauth-authorized/<provider>")
def arrive_from(provider: str) -> Any:
    """Take the provider's word for who it is, if the account is ours and in use."""
    remote = _remote(provider)
    target = safe_next(session.pop("outside_next", "/"))
    try:
        claims = _claims(remote, remote.authorize_access_token())
    except (OAuthError, RequestException) as error:
        return _refused(provider, error)
    username = _username(provider, claims)
    try:
        opened = _enter(username)
    except CodeNeeded as needed:
        return ask_for_code(needed.user_id, needed.access_version, target)
    except DomainError as error:
        flash(str(error.message), "danger")
        return redirect(url_for("door.enter", next=target))
    return arrive(opened, target)


def _claims(remote: Any, token: dict[str, Any]) -> dict[str, Any]:
    # An identity token has been checked by Authlib; a provider without one is asked.
    return dict(token.get("userinfo") or remote.userinfo(token=token))


def _username(provider: str, claims: dict[str, Any]) -> str:
    declared = next(one for one in current_app.config["OAUTH_PROVIDERS"] if one["name"] == provider)
    wanted = [declared["username_claim"]] if declared.get("username_claim") else USUAL_CLAIMS
    return next((str(claims[name]) for name in wanted if claims.get(name)), "")


def _enter(username: str) -> Any:
    caller = security.caller()
    with unit_of_work(entering.door(caller)):
        user = find_user(username) if username else None
        user_id = user.id if user is not None else None
    return entering.enter_known(user_id, caller=caller)


def _refused(provider: str, error: Exception) -> Any:
    log.warning("signing in with %s failed: %s", provider, type(error).__name__)
    title = next(
        (one["title"] for one in security.providers() if one["name"] == provider), provider
    )
    flash(_("Signing in with %(provider)s did not work. Try again.", provider=title), "danger")
    return redirect(url_for("door.enter"))


def init_app(app: Flask) -> None:
    """Open the side doors; say at once what a directory lacks."""
    if app.config["AUTH_TYPE"] == AUTH_LDAP and importlib.util.find_spec("ldap") is None:
        raise RuntimeError(LDAP_MISSING)
    app.register_blueprint(blueprint)

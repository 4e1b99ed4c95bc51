"""Who is signed in: cookie or token to actor, in one query; Flask-AppBuilder asks us."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
from flask import Flask, current_app, g, request, session
from flask_appbuilder.security.sqla.manager import SecurityManager as FrameworkSecurityManager
from flask_login import AnonymousUserMixin

from app.admin.models import AppUser
from app.admin.principal import load_principal
from app.core import clock
from app.core.actor import Actor, set_actor
from app.core.db import db

TOKEN_LIFE = timedelta(minutes=15)
TOKEN_ALGORITHM = "HS256"  # noqa: S105 - the name of a method, no secret


class SignedInUser:
    """What templates and Flask-Login see of the person who is signed in."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, actor: Actor, facts: dict[str, Any]) -> None:
        self.actor = actor
        self.id = actor.id
        self.username = facts["username"]
        self.full_name = actor.name
        self.first_name = actor.name
        self.last_name = ""
        self.must_change_password = facts["must_change_password"]

    @property
    def roles(self) -> list[Any]:
        """Return nothing: rights come from the actor, never from role rows."""
        return []

    def get_id(self) -> str:
        return str(self.id)

    def get_full_name(self) -> str:
        return self.full_name


class SecurityManager(FrameworkSecurityManager):
    """Flask-AppBuilder's manager with our user table, our principal and none of its views."""

    user_model = AppUser

    def register_views(self) -> None:
        """Register none of the framework's own security pages; app.web and app.admin have ours."""
        self.auth_view = None
        self.user_view = None

    def create_db(self) -> None:
        """Leave tables and permissions to the migrations and to ``flask access sync``."""

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Tell whether the signed-in actor holds ``can_x`` on ``area.entity``."""
        actor = getattr(g, "actor", None)
        if actor is None:
            return False
        return bool(actor.may(f"{view_name}:{permission_name.removeprefix('can_')}"))

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """Show every menu item that was declared; app.web.menu asks for the permission itself."""
        return set(menu_names or ())

    def load_user(self, pk: int) -> Any:  # noqa: ARG002 - the signature is Flask-Login's
        """Return whom ``authenticate`` found; Flask-Login's own loading is not used."""
        return g.get("_login_user")


def issue_token(user_id: int, access_version: int) -> tuple[str, int]:
    """Return a bearer token and its life in seconds; it dies with the access version."""
    now = clock.now()
    claims = {"sub": str(user_id), "v": access_version, "iat": now, "exp": now + TOKEN_LIFE}
    token = jwt.encode(claims, current_app.config["SECRET_KEY"], algorithm=TOKEN_ALGORITHM)
    return token, int(TOKEN_LIFE.total_seconds())


#: tokens whose signature this process has checked → (user id, access version, end of life)
_checked: dict[str, tuple[int, int, float]] = {}
MOST_CHECKED = 10_000


def _from_bearer(header: str) -> tuple[int, int] | None:
    token = header.removeprefix("Bearer ").strip()
    known = _checked.get(token)
    if known is None:
        known = _check_token(token)
        if known is None:
            return None
        if len(_checked) >= MOST_CHECKED:
            _checked.clear()
        _checked[token] = known
    user_id, version, ends = known
    return (user_id, version) if clock.now().timestamp() < ends else None


def _check_token(token: str) -> tuple[int, int, float] | None:
    try:
        claims = jwt.decode(token, current_app.config["SECRET_KEY"], algorithms=[TOKEN_ALGORITHM])
        return int(claims["sub"]), int(claims["v"]), float(claims["exp"])
    except (jwt.InvalidTokenError, KeyError, ValueError):
        return None


def _claimed_identity() -> tuple[int, int] | None:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        # A cookie beside a token is ignored: the caller chose the token.
        g.by_token = True
        return _from_bearer(header)
    if "uid" in session:
        return int(session["uid"]), int(session["v"])
    return None


def authenticate() -> None:
    """Find out who calls, before anything else runs; leaves ``g.actor`` None for a stranger."""
    g.actor = None
    g.by_token = False
    g._login_user = AnonymousUserMixin()  # noqa: SLF001 - Flask-Login reads it from there
    set_actor(None)
    if is_agent_call():
        # Only the station's own token counts there, so there is no cookie that could be abused.
        g.by_token = True
        return
    if request.endpoint in ("static", "appbuilder.static"):
        return
    claimed = _claimed_identity()
    if claimed is None:
        return
    user_id, version = claimed
    address = request.remote_addr or ""
    # The transaction begins under this name; its first statement also reads the access version.
    channel = "rest" if request.path.startswith("/api/") else "page"
    stranger = Actor(kind="user", id=user_id, name="", projects=frozenset(), address=address)
    set_actor(replace(stranger, channel=channel))
    db.session.connection()
    if db.session().info.get("access_version") != version:
        _forget_session()
        return
    found = load_principal(user_id, version)
    if found is None:
        _forget_session()
        return
    actor = replace(found[0], address=address, channel=channel)
    g.actor = actor
    g._login_user = SignedInUser(actor, found[1])  # noqa: SLF001 - as above
    set_actor(actor)


def is_agent_call() -> bool:
    """Tell whether a station's agent calls; its token is checked by app.devices."""
    return request.path.startswith("/api/v1/agent/")


def _forget_session() -> None:
    set_actor(None)
    db.session.rollback()
    if not g.by_token:
        session.pop("uid", None)
        session.pop("v", None)


def sign_in(user_id: int, access_version: int) -> None:
    """Begin a browser session as this user; the old session's content is dropped."""
    locale = session.get("locale")
    session.clear()
    session["uid"] = user_id
    session["v"] = access_version
    if locale:
        session["locale"] = locale


def sign_out() -> None:
    """End the browser session."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def init_app(app: Flask) -> None:
    """Put authentication in front of everything; must run before Flask-AppBuilder is bound."""
    app.before_request(authenticate)
    app.teardown_request(lambda _error: set_actor(None))

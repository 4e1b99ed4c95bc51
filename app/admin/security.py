"""Who is signed in: cookie or token to actor, in one query; Flask-AppBuilder asks us."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import jwt
from flask import Flask, Response, current_app, g, request, session
from flask_appbuilder.const import AUTH_LDAP, AUTH_OAUTH
from flask_appbuilder.security.sqla.manager import SecurityManager as FrameworkSecurityManager
from flask_login import AnonymousUserMixin

from app.admin.models import AppUser
from app.admin.principal import Access, load_principal, read_access
from app.admin.sessions import (
    SEEN_EVERY,
    Caller,
    Opened,
    device_words,
    digest_of,
    end_present,
    touch_session,
    why_ended,
)
from app.admin.view_as import try_seen_as
from app.core import clock
from app.core.actor import Actor, set_actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.web.addresses import AGENTS

TOKEN_LIFE = timedelta(minutes=15)
TOKEN_ALGORITHM = "HS256"  # noqa: S105 - the name of a method, no secret


class SignedInUser:
    """What templates and Flask-Login see of the person who is signed in."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, actor: Actor, facts: dict[str, Any], access: Access) -> None:
        self.actor = actor
        self.id = actor.id
        self.username = facts["username"]
        self.full_name = actor.name
        self.first_name = actor.name
        self.last_name = ""
        self.session_id = access.session_id
        self.duty = access.duty

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

    def update_user_auth_stat(self, user: AppUser, success: bool = True) -> None:
        """Leave counting to app.admin.entering: this would commit."""

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


def issue_token(opened: Opened) -> tuple[str, int]:
    """Return a bearer token and its life in seconds; it dies with its session."""
    now = clock.now()
    claims = {
        "sub": str(opened.user_id),
        "v": opened.access_version,
        "key": opened.key,
        "iat": now,
        "exp": now + TOKEN_LIFE,
    }
    token = jwt.encode(claims, current_app.config["SECRET_KEY"], algorithm=TOKEN_ALGORITHM)
    return token, int(TOKEN_LIFE.total_seconds())


class Claim(NamedTuple):
    """Who a cookie or token says to be; worth nothing until its session has been read."""

    user_id: int
    digest: str


#: tokens whose signature this process has checked → (claim, end of life)
_checked: dict[str, tuple[Claim, float]] = {}
MOST_CHECKED = 10_000


def _from_bearer(header: str) -> Claim | None:
    token = header.removeprefix("Bearer ").strip()
    known = _checked.get(token)
    if known is None:
        known = _check_token(token)
        if known is None:
            return None
        if len(_checked) >= MOST_CHECKED:
            _checked.clear()
        _checked[token] = known
    claim, ends = known
    return claim if clock.now().timestamp() < ends else None


def _check_token(token: str) -> tuple[Claim, float] | None:
    try:
        claims = jwt.decode(token, current_app.config["SECRET_KEY"], algorithms=[TOKEN_ALGORITHM])
        claim = Claim(int(claims["sub"]), digest_of(str(claims["key"])))
        return claim, float(claims["exp"])
    except (jwt.InvalidTokenError, KeyError, ValueError):
        return None


def _claimed_identity() -> Claim | None:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        # A cookie beside a token is ignored: the caller chose the token.
        g.by_token = True
        return _from_bearer(header)
    if "uid" in session and "key" in session:
        return Claim(int(session["uid"]), digest_of(str(session["key"])))
    return None


def authenticate() -> None:
    """Find out who calls, before anything else runs; leaves ``g.actor`` None for a stranger."""
    g.actor = g.real_actor = None
    g.by_token = False
    g._login_user = AnonymousUserMixin()  # noqa: SLF001 - Flask-Login reads it from there
    set_actor(None)
    if is_agent_call():
        # Only the station's own token counts there, so there is no cookie that could be abused.
        g.by_token = True
        return
    if request.endpoint in ("static", "appbuilder.static"):
        return
    claim = _claimed_identity()
    if claim is None:
        return
    address = request.remote_addr or ""
    channel = "rest" if request.path.startswith("/api/") else "page"
    # The transaction begins under this name; its first statement also reads the session.
    stranger = Actor(kind="user", id=claim.user_id, name="", address=address)
    set_actor(replace(stranger, channel=channel, session=claim.digest))
    db.session.connection()
    access = read_access()
    found = load_principal(claim.user_id, access.version) if access else None
    if access is None or found is None:
        _forget_session(claim.digest)
        return
    actor = replace(found[0], address=address, channel=channel, session=claim.digest)
    set_actor(actor)
    g.real_actor = actor
    actor = _looked_through(actor)
    g.actor = actor
    g._login_user = SignedInUser(actor, found[1], access)  # noqa: SLF001 - as above
    set_actor(actor)
    # Under his own name, also while he looks through another's eyes.
    _note_use(access, g.real_actor)


#: addresses that open pages ask by themselves: nobody is at work there
BACKGROUND = frozenset(
    {
        "work.counts",
        "NoticeApi.list",
        "NoticeApi.stream",
        "ProjectGridApi.grid",
        "ProjectGridApi.stream",
    }
)


def _note_use(access: Access, actor: Actor) -> None:
    idle = clock.now().timestamp() - access.seen_at
    if g.by_token or idle < SEEN_EVERY.total_seconds():
        return
    if request.endpoint in BACKGROUND or request.headers.get("X-Background") == "1":
        return
    with unit_of_work(actor):
        touch_session(access.session_id, actor.address)


def _looked_through(actor: Actor) -> Actor:
    """Return the actor whose view the administrator has chosen to see, else himself."""
    chosen = None if g.by_token else session.get("view_as")
    if not chosen:
        return actor
    seen = try_seen_as(chosen, actor)
    if seen is None:
        session.pop("view_as", None)
        return actor
    return replace(seen, channel=actor.channel)


def is_agent_call() -> bool:
    """Tell whether a station's agent calls; its token is checked by app.devices."""
    return request.path.startswith(AGENTS)


def _forget_session(digest: str) -> None:
    set_actor(None)
    reason = "" if g.by_token else why_ended(digest)
    db.session.rollback()
    if not g.by_token:
        empty_cookie()
        # The door says why.
        session["ended"] = reason


def empty_cookie() -> None:
    """Drop what the cookie holds but the language."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def keep_in_cookie(opened: Opened) -> None:
    """Begin a browser session; nothing of the one before is kept, so no draft and no form of it."""
    empty_cookie()
    session["uid"], session["key"] = opened.user_id, opened.key
    session.permanent = False


def has_outside() -> bool:
    """Tell whether people can sign in with something of the company's own."""
    return current_app.config["AUTH_TYPE"] in (AUTH_LDAP, AUTH_OAUTH)


def providers() -> list[dict[str, str]]:
    """Return the OAuth providers to be offered at the door."""
    if current_app.config["AUTH_TYPE"] != AUTH_OAUTH:
        return []
    return [
        {"name": one["name"], "title": one.get("title") or one["name"]}
        for one in current_app.config["OAUTH_PROVIDERS"]
    ]


def caller(kind: str = "browser") -> Caller:
    """Return from where this request comes."""
    address, words = request.remote_addr or "", device_words(request.headers.get("User-Agent", ""))
    key = _browser_key() if kind == "browser" else f"{kind}:{address}:{words}"
    return Caller(address, words, kind, digest_of(key))


#: how long a browser is known again, in seconds
KNOWN_FOR = 400 * 24 * 3600


def _browser_name() -> str:
    prefix = "__Host-" if current_app.config["SESSION_COOKIE_SECURE"] else ""
    return f"{prefix}xiaokong-browser"


def _browser_key() -> str:
    """Return what this browser is known by; one that has nothing is given a key."""
    known = request.cookies.get(_browser_name()) or g.get("browser_key")
    if not known:
        known = g.browser_key = secrets.token_urlsafe(24)
    return str(known)


def _keep_browser_key(response: Response) -> Response:
    key = g.get("browser_key")
    if key:
        response.set_cookie(
            _browser_name(),
            key,
            max_age=KNOWN_FOR,
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
            httponly=True,
            samesite="Lax",
        )
    return response


def sign_out(reason: str) -> None:
    """End the session of this request, here and wherever its cookie was copied to."""
    # Whoever looks through another's eyes signs himself out.
    actor = g.get("real_actor")
    if actor is not None:
        with unit_of_work(actor):
            end_present(reason, actor=actor)
    g.actor = g.real_actor = None
    set_actor(None)
    empty_cookie()


def init_app(app: Flask) -> None:
    """Put authentication in front of everything; must run before Flask-AppBuilder is bound."""
    app.before_request(authenticate)
    app.after_request(_keep_browser_key)
    app.teardown_request(lambda _error: set_actor(None))

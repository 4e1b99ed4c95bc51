"""Who may open a page: signed in and holding the permission, else the door or a refusal."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import g, redirect, request, url_for
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.errors import NotAllowed
from app.web.addresses import safe_next


def signed_in() -> Actor | None:
    """Return who is signed in, or None."""
    actor: Actor | None = g.get("actor")
    return actor


def to_the_door() -> Any:
    """Send a stranger to the sign-in page, and back here afterwards."""
    return redirect(url_for("door.enter", next=_way_back()))


def _way_back() -> str:
    """Return the page to come back to: for something posted, the page of its form.

    The browser kept what was typed and puts it in again (form.js).
    """
    rule = request.url_rule
    if request.method == "GET" or (rule is not None and "GET" in (rule.methods or ())):
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return "/"
    return safe_next(urlunsplit(("", "", came_from.path, came_from.query, "")))


def require_any(actor: Actor, permissions: tuple[str, ...]) -> None:
    """Raise NotAllowed unless the actor holds one of the permissions."""
    if not actor.may_any(*permissions):
        raise NotAllowed(
            _("You may not do this. Ask your administrator for the right to it."),
            details={"permission": permissions[0]},
        )


def needs(*permissions: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a page method run only for a signed-in person with one of the permissions.

    Without a permission, being signed in is enough. A stranger goes to the door.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            actor = signed_in()
            if actor is None:
                return to_the_door()
            if permissions:
                require_any(actor, permissions)
            return method(*args, **kwargs)

        call.permissions = permissions  # type: ignore[attr-defined]
        call._permission_name = method.__name__  # type: ignore[attr-defined]  # noqa: SLF001
        return call

    return decorate


def guarded(action: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a method of a CrudView run for a signed-in person who holds ``<permission>:<action>``."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            actor = signed_in()
            if actor is None:
                return to_the_door()
            require_any(actor, (self.right(action),))
            return method(self, *args, actor=actor, **kwargs)

        call.__name__, call.__doc__ = method.__name__, method.__doc__
        call._permission_name = action  # type: ignore[attr-defined]  # noqa: SLF001
        return call

    return decorate

"""Who acts: a user, the system or a device; held in a context variable."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from flask_babel import lazy_gettext as _l

from app.core.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterator

ActorKind = Literal["user", "system", "device"]


@dataclass(frozen=True)
class Actor:
    """Who acts, what they may do and which projects they reach.

    ``permissions`` holds ``"area.entity:action"``; ``projects`` the ids within scope, ``None``
    for all. ``roles`` are the codes of the roles held. ``followed`` are pairs of project and user
    whose customers and deals he sees beside his own: those below him in his team, or the whole
    team where the project shares. A system actor may do everything.
    """

    kind: ActorKind
    id: int | None
    name: str
    permissions: frozenset[str] = frozenset()
    projects: frozenset[int] | None = frozenset()
    roles: frozenset[str] = frozenset()
    followed: frozenset[tuple[int, int]] = frozenset()
    address: str = ""
    access_version: int = 0
    #: name of the administrator who looks through this actor: then nothing may be changed
    watched_by: str = ""
    #: by which way the call came: ``page``, ``rest``; empty where the kind says it
    channel: str = field(default="", compare=False)
    #: digest of the key of the sign-in session that the actor came by; empty outside a request
    session: str = field(default="", compare=False, repr=False)
    extra: dict[str, str] = field(default_factory=dict, compare=False, hash=False)

    @property
    def key(self) -> str:
        """Name the actor for audit and idempotency: ``user:7``, ``system:worker``, ``device:3``."""
        return f"{self.kind}:{self.id if self.id is not None else self.name}"

    def may(self, permission: str) -> bool:
        """Tell whether the actor holds ``area.entity:action``."""
        return self.kind == "system" or permission in self.permissions

    def may_any(self, *permissions: str) -> bool:
        """Tell whether the actor holds at least one of them."""
        return any(self.may(name) for name in permissions)

    def reaches(self, project_id: int) -> bool:
        """Tell whether the project is within the actor's scope."""
        return self.projects is None or project_id in self.projects

    def owners_in(self, project_id: int) -> list[int]:
        """Return the users whose own rows of a project he sees: himself and whom he follows."""
        return sorted({self.id or 0, *(who for of, who in self.followed if of == project_id)})

    def follows(self, user_id: int) -> bool:
        """Tell whether he sees that user's rows in some project."""
        return any(who == user_id for _project, who in self.followed)

    def require(self, permission: str) -> None:
        """Raise NotAllowed unless the actor holds the permission."""
        if not self.may(permission):
            raise NotAllowed(
                _l("You may not do this. Ask your administrator for the right to it."),
                details={"permission": permission},
            )


def system_actor(name: str) -> Actor:
    """Return the actor for work that no person started: worker, command line, migration."""
    return Actor(kind="system", id=None, name=name, projects=None)


_current: ContextVar[Actor | None] = ContextVar("xiaokong_actor", default=None)


def current_actor() -> Actor | None:
    """Return who acts now, or None outside any action."""
    return _current.get()


def set_actor(actor: Actor | None) -> None:
    """Set who acts for the rest of this context (a request sets and clears it)."""
    _current.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Let ``actor`` act inside the block."""
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)

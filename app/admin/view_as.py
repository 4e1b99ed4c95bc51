"""Seeing the product as a role or a user sees it: read only, until one goes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin import policies, queries
from app.admin.models import AppUser
from app.admin.principal import read_actor
from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound

VIEW_AS = "admin.user:view_as"


def begin_viewing(*, role_id: int | None, user_id: int | None, actor: Actor) -> Actor:
    """Return the actor that the administrator looks through, and write down that he looks.

    Raises NotAllowed for a role with rights that he may not give, and for a user whom he does not
    govern; NotFound for neither.
    """
    seen = seen_as(role_id=role_id, user_id=user_id, actor=actor)
    table, key = ("ab_role", role_id) if role_id is not None else ("ab_user", user_id)
    audit.record("view_as", table_name=table, row_id=key, note={"name": seen.name})
    return seen


def end_viewing(*, actor: Actor) -> None:
    """Write down that the administrator is himself again."""
    audit.record("view_as_end", table_name="ab_user", row_id=actor.id)


def seen_as(*, role_id: int | None, user_id: int | None, actor: Actor) -> Actor:
    """Return the read-only actor for a role or a user. Raises as ``begin_viewing``."""
    actor.require(VIEW_AS)
    if actor.watched_by:
        raise NotAllowed(_l("Go back to yourself first."))
    seen = _as_user(user_id, actor) if user_id is not None else _as_role(role_id, actor)
    policies.require_in_hand(seen.permissions, actor)
    return replace(seen, watched_by=actor.name, address=actor.address)


def try_seen_as(chosen: Any, actor: Actor) -> Actor | None:
    """Return the actor that a session looks through, or None if that is no longer allowed."""
    try:
        return seen_as(role_id=chosen.get("role"), user_id=chosen.get("user"), actor=actor)
    except DomainError:
        return None


def _as_user(user_id: int, actor: Actor) -> Actor:
    user = db.session.scalar(select(AppUser).where(AppUser.id == user_id))
    if user is None or not user.active:
        raise NotFound(_l("There is no such user, or he has left."))
    if user.id == actor.id:
        raise Invalid(_l("This is yourself."))
    policies.require_governed(user, actor)
    seen = read_actor(user.id)
    if seen is None:
        raise NotFound(_l("There is no such user, or he has left."))
    return seen


def _as_role(role_id: int | None, actor: Actor) -> Actor:
    """Return the administrator within his own scope, with the role's rights instead of his."""
    role = next((one for one in queries.list_roles() if one.id == role_id), None)
    if role is None:
        raise NotFound(_l("There is no such role."))
    return replace(
        actor,
        name=role.title,
        permissions=role.rights,
        roles=frozenset({role.code}),
        followed=frozenset(),
    )

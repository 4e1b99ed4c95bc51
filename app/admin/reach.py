"""How far an administrator reaches: the nodes below his own, and the people of no other."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    all_,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    text,
)

from app.admin.models import AppUser
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowed

_IS_BELOW = text("SELECT EXISTS (SELECT FROM access_nodes(:user) n WHERE n = :node)")
_REACHED = text("SELECT p FROM access_projects(:user) p")


def reaches_node(user_id: int, organization_id: int) -> bool:
    """Tell whether the user belongs to the node of the tree or to one above it."""
    known = {"user": user_id, "node": organization_id}
    return bool(db.session.scalar(_IS_BELOW, known))


def require_node(organization_id: int | None, actor: Actor) -> None:
    """Raise NotAllowed unless the node is one of the actor's own or below it.

    The tree's top (None) belongs to who reaches the whole group.
    """
    if actor.projects is None:
        return
    if organization_id is None or not reaches_node(int(actor.id or 0), organization_id):
        raise NotAllowed(
            _l("This organization is not within your scope. Choose one that you belong to.")
        )


def require_governed(user: AppUser, actor: Actor) -> None:
    """Raise NotAllowed for a user who reaches further than the actor: he is others' to change."""
    if actor.projects is None:
        return
    reached = set(db.session.scalars(_REACHED, {"user": user.id}))
    if user.whole_group or not reached <= actor.projects:
        raise NotAllowed(
            _l(
                "%(name)s reaches projects that you do not. Ask an administrator who does.",
                name=user.full_name,
            )
        )


def governed_users(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the predicate "a user whom the actor may administer"; as ``require_governed``."""
    if actor.projects is None:
        return []
    reached = func.access_projects(AppUser.id).table_valued("id", name="reached").render_derived()
    beyond = select(reached.c.id).where(reached.c.id != all_(_wanted(actor)))
    governed = and_(AppUser.whole_group.is_(False), ~beyond.exists())
    return [or_(AppUser.id == actor.id, governed)]


def _wanted(actor: Actor) -> Any:
    return cast(bindparam(None, sorted(actor.projects or ())), ARRAY(BigInteger))


def users_offered(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the predicate "a colleague": who reaches a project of the actor's, and he himself.

    None for who reaches the whole group. Who administers users is offered those he governs too.
    """
    if actor.projects is None:
        return []
    project = func.unnest(_wanted(actor)).table_valued("id", name="project").render_derived()
    colleagues = select(func.access_users(project.c.id))
    own = [AppUser.id == actor.id, AppUser.whole_group.is_(True), AppUser.id.in_(colleagues)]
    if actor.may("admin.user:see"):
        own += governed_users(actor)
    return [or_(*own)]


# admin stands below estate and names its table in SQL instead of importing its model.
_BEYOND = text("SELECT EXISTS (SELECT FROM estate_project WHERE NOT id = ANY(:projects))")


def require_whole_group(actor: Actor) -> None:
    """Raise NotAllowed unless the actor reaches every project: what he changes holds for all."""
    if actor.projects is None:
        return
    if db.session.scalar(_BEYOND, {"projects": sorted(actor.projects)}):
        raise NotAllowed(
            _l("This holds for every project of the group. Ask somebody who reaches all of them.")
        )

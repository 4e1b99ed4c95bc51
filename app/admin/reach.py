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

from app.admin.models import AppUser, Organization
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowed

_IS_BELOW = text("SELECT EXISTS (SELECT FROM access_nodes(:user) n WHERE n = :node)")
_REACHES_BEYOND = text(
    "SELECT EXISTS (SELECT FROM access_claims(:user) p WHERE NOT p = ANY(:projects))"
    " OR EXISTS (SELECT FROM access_node_claims(:user) n"
    "             WHERE NOT n IN (SELECT access_nodes(:actor)))"
)


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


def nodes_within(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the predicate "a node that the actor belongs to, or one below it"."""
    if actor.projects is None:
        return []
    return [Organization.id.in_(select(func.access_nodes(actor.id)))]


def is_within(user: AppUser, actor: Actor) -> bool:
    """Tell whether the account reaches, now or later, nothing that the actor does not."""
    if actor.projects is None or user.id == actor.id:
        return True
    if user.whole_group or user.id is None:
        return not user.whole_group
    known = {"user": user.id, "actor": actor.id, "projects": sorted(actor.projects)}
    return not db.session.scalar(_REACHES_BEYOND, known)


def users_within(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the predicate "an account within the actor's reach"; as ``is_within``."""
    if actor.projects is None:
        return []
    reached = func.access_claims(AppUser.id).table_valued("id", name="reached").render_derived()
    beyond = select(reached.c.id).where(reached.c.id != all_(_wanted(actor)))
    nodes = func.access_node_claims(AppUser.id).table_valued("id", name="node").render_derived()
    own = select(func.access_nodes(actor.id))
    elsewhere = select(nodes.c.id).where(nodes.c.id.not_in(own))
    within = and_(AppUser.whole_group.is_(False), ~beyond.exists(), ~elsewhere.exists())
    return [or_(AppUser.id == actor.id, within)]


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
        own += users_within(actor)
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

"""What administrators do: users, roles, the organization tree and its members, settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from werkzeug.security import generate_password_hash

from app.admin import notices, queries
from app.admin.models import AppUser, Organization, OrganizationMember
from app.admin.passwords import check_password
from app.admin.reach import require_governed, require_node, require_whole_group
from app.admin.sessions import touch_access
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.settings import set_setting


def add_user(
    *, username: str, full_name: str, password: str, role_ids: list[int], actor: Actor, **more: Any
) -> AppUser:
    """Make a user, who chooses a password of his own when he first signs in.

    Raises Conflict if the name is taken, Invalid for a weak password, NotAllowed if he would reach
    the whole group and the actor does not, or hold rights that such an actor does not hold.
    """
    actor.require("admin.user:add")
    if more.get("whole_group") and actor.projects is not None:
        raise NotAllowed(_l("Only who reaches the whole group can let others reach it."))
    taken = select(AppUser.id).where(AppUser.username == username)
    if db.session.scalar(taken) is not None:
        sentence = _l("The user name %(name)s is taken.", name=username)
        raise Conflict(sentence, fields={"username": sentence})
    check_password(password, username=username)
    user = AppUser(
        username=username,
        first_name=full_name,
        last_name="",
        email=more.get("email") or f"{username}@localhost",
        active=True,
        password=generate_password_hash(password),
        whole_group=bool(more.get("whole_group")),
        must_change_password=True,
        password_changed_at=clock.now(),
    )
    user.roles = _roles(role_ids, [], actor)
    db.session.add(user)
    db.session.flush()
    return user


def edit_user(
    user: AppUser, *, full_name: str, active: bool, role_ids: list[int], actor: Actor
) -> AppUser:
    """Change a user; whoever loses or gains rights signs in again.

    Raises NotAllowed for a user who reaches further than the actor, and for a new role with rights
    that the actor, unless he reaches the whole group, does not hold himself; Invalid while a
    leaving user still has work, and if nobody were left who administers.
    """
    # They build on this module.
    from app.admin import handover, roles

    actor.require("admin.user:edit")
    require_governed(user, actor)
    if user.id == actor.id and not active:
        raise Invalid(_l("You cannot deactivate yourself."))
    if user.active and not active and handover.has_work(user.id):
        sentence = _l(
            "%(name)s still has customers, deals or tasks. Hand them over: that deactivates him"
            " too.",
            name=user.full_name,
        )
        raise Invalid(sentence, fields={"active": sentence})
    with roles.administrators_remain():
        user.first_name = full_name
        user.active = active
        before = set(user.roles)
        user.roles = _roles(role_ids, user.roles, actor)
        touch_access(user)
    if active and set(user.roles) != before:
        notices.tell_roles(user, actor)
    return user


def _roles(role_ids: list[int], present: Sequence[Any], actor: Actor) -> list[Any]:
    """Return the roles; those beyond ``present`` must hold nothing that the actor may not give."""
    from flask_appbuilder.security.sqla.models import Role

    found = list(db.session.scalars(select(Role).where(Role.id.in_(role_ids))))
    if len(found) != len(set(role_ids)):
        raise NotFound(_l("One of the roles is not there any more. Load the page again."))
    if actor.projects is not None:
        for role in found:
            if role not in present:
                _require_rights_of(role, actor)
    return found


def _require_rights_of(role: Any, actor: Actor) -> None:
    if not all(actor.may(name) for name in queries.rights_of(role.id)):
        raise NotAllowed(
            _l(
                "The role %(role)s holds rights that you do not hold yourself. Ask an administrator"
                " who reaches the whole group to give it.",
                role=queries.title_of_role(role.name),
            )
        )


def join_organization(*, user_id: int, organization_id: int, actor: Actor) -> OrganizationMember:
    """Attach a user to a node of the tree: he reaches every project below it.

    Raises NotAllowed for a node outside the actor's own.
    """
    actor.require("admin.organization:edit")
    require_node(organization_id, actor)
    user = db.session.get(AppUser, user_id)
    if user is None or db.session.get(Organization, organization_id) is None:
        raise NotFound(_l("There is no such user or organization."))
    there = select(OrganizationMember).where(
        OrganizationMember.user_id == user_id,
        OrganizationMember.organization_id == organization_id,
    )
    member: OrganizationMember | None = db.session.scalar(there)
    if member is None:
        member = OrganizationMember(user_id=user_id, organization_id=organization_id)
        db.session.add(member)
        touch_access(user)
    return member


def leave_organization(member: OrganizationMember, *, actor: Actor) -> None:
    """Detach a user from a node of the tree; his sessions end."""
    actor.require("admin.organization:edit")
    require_node(member.organization_id, actor)
    user = member.user
    db.session.delete(member)
    touch_access(user)


def add_organization(*, code: str, name: str, parent_id: int | None, actor: Actor) -> Organization:
    """Add a node to the tree. Raises Conflict if the code is taken."""
    actor.require("admin.organization:add")
    require_node(parent_id, actor)
    _check_code_is_free(code)
    organization = Organization(code=code, name=name, parent_id=parent_id)
    db.session.add(organization)
    db.session.flush()
    return organization


def edit_organization(
    organization: Organization, *, code: str, name: str, parent_id: int | None, actor: Actor
) -> Organization:
    """Change a node. Raises Conflict if the code is taken, Invalid if it would hang under itself.

    Moving it changes what its members reach, so whoever is a member in the tree signs in again.
    """
    actor.require("admin.organization:edit")
    require_node(organization.id, actor)
    if code != organization.code:
        _check_code_is_free(code)
    if parent_id != organization.parent_id:
        require_node(parent_id, actor)
        _check_parent(organization, parent_id)
        organization.parent_id = parent_id
        touch_access(*db.session.scalars(select(AppUser).join(_MEMBERSHIP).distinct()))
    organization.code, organization.name = code, name
    db.session.flush()
    return organization


_MEMBERSHIP = OrganizationMember.__table__


def delete_organization(organization: Organization, *, actor: Actor) -> None:
    """Delete a node. Raises Conflict while anything hangs under it."""
    actor.require("admin.organization:delete")
    require_node(organization.id, actor)
    hanging = text(
        "SELECT EXISTS (SELECT FROM admin_organization WHERE parent_id = :id)"
        " OR EXISTS (SELECT FROM admin_organization_member WHERE organization_id = :id)"
        " OR EXISTS (SELECT FROM estate_project WHERE organization_id = :id)"
    )
    if db.session.scalar(hanging, {"id": organization.id}):
        raise Conflict(
            _l(
                "Organizations, projects or members still belong to %(name)s. Move them first.",
                name=organization.name,
            )
        )
    db.session.delete(organization)
    db.session.flush()


def _check_code_is_free(code: str) -> None:
    if db.session.scalar(select(Organization.id).where(Organization.code == code)) is not None:
        sentence = _l("The code %(code)s is taken.", code=code)
        raise Conflict(sentence, fields={"code": sentence})


def _check_parent(organization: Organization, parent_id: int | None) -> None:
    above = text(
        "WITH RECURSIVE up AS (SELECT id, parent_id FROM admin_organization WHERE id = :parent"
        " UNION SELECT o.id, o.parent_id FROM admin_organization o JOIN up ON o.id = up.parent_id)"
        " SELECT EXISTS (SELECT FROM up WHERE id = :id)"
    )
    if db.session.scalar(above, {"parent": parent_id, "id": organization.id}):
        sentence = _l("An organization cannot hang under itself.")
        raise Invalid(sentence, fields={"parent_id": sentence})


def change_setting(name: str, value: Any, *, actor: Actor) -> Any:
    """Store the group's value of a setting; return it cleaned.

    Raises NotAllowed unless the actor reaches every project, Invalid for an unfit value.
    """
    actor.require("admin.setting:edit")
    require_whole_group(actor)
    return set_setting(name, value)

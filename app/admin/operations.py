"""What administrators do: users, roles, the organization tree and its members, settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, text
from werkzeug.security import generate_password_hash

from app.admin import memberships, notices, policies, queries, rights
from app.admin.models import AppUser, EntrustedRole, Organization, OrganizationMember
from app.admin.passwords import check_password
from app.admin.reach import require_node, require_whole_group
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
    the whole group and the actor does not, or hold rights that the actor may not give.
    """
    actor.require("admin.user:add")
    if more.get("whole_group") and actor.projects is not None:
        raise NotAllowed(
            _l(
                "Only who reaches the whole group can let others reach it. Ask %(names)s.",
                names=policies.who_can(),
            )
        )
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

    Deactivating asks for the actor's scope alone. Raises NotAllowed for a user who reaches further
    than the actor; for renaming or letting in again one who holds rights that the actor may not
    give; for a role, given or taken, with such rights. Invalid while a leaving user still has
    work, and if nobody were left who administers.
    """
    # They build on this module.
    from app.admin import handover, roles

    actor.require("admin.user:edit")
    policies.require_reached(user, actor)
    if full_name != user.full_name or (active and not user.active):
        policies.require_rights_covered(user, actor)
    if user.id == actor.id and not active:
        raise Invalid(_l("You cannot deactivate yourself."))
    if user.active and not active:
        handover.close_account(user)
    if user.active and not active and handover.has_work(user.id):
        sentence = _l(
            "%(name)s still has customers, deals or tasks. Hand them over: that deactivates him"
            " too.",
            name=user.full_name,
        )
        raise Invalid(sentence, fields={"active": sentence})
    named, opened = user.full_name, active and not user.active
    with roles.administrators_remain():
        user.first_name = full_name
        user.active = active
        before = set(user.roles)
        user.roles = _roles(role_ids, user.roles, actor)
        if user.id == actor.id:
            new = [queries.rights_of(role.id) for role in {*user.roles} - before]
            policies.require_own(set().union(*new), actor)
        touch_access(user)
    if opened:
        notices.tell_account(user, "account_opened", actor=actor)
    if active and set(user.roles) != before:
        notices.tell_roles(user, actor)
    if active and named != user.full_name:
        words = {"before": named, "now": user.full_name}
        notices.tell_account(user, "account_named", actor=actor, **words)
    return user


def _roles(role_ids: list[int], present: Sequence[Any], actor: Actor) -> list[Any]:
    """Return the roles; those that come or go hold nothing that the actor may not give."""
    from flask_appbuilder.security.sqla.models import Role

    found = list(db.session.scalars(select(Role).where(Role.id.in_(role_ids))))
    if len(found) != len(set(role_ids)):
        raise NotFound(_l("One of the roles is not there any more. Load the page again."))
    for role in {*found} ^ {*present}:
        _require_role_in_hand(role, actor)
    return found


def _require_role_in_hand(role: Any, actor: Actor) -> None:
    if policies.administers_group(actor):
        return
    beyond = queries.rights_of(role.id) - policies.rights_in_hand(actor)
    if beyond:
        raise NotAllowed(
            _l(
                "The role %(role)s holds rights that you neither hold nor may give: %(rights)s."
                " Ask an administrator of the whole group to give or take it: %(names)s.",
                role=queries.title_of_role(role.name),
                rights=policies.name_rights(beyond),
                names=policies.who_can(),
            )
        )


def entrust_roles(user: AppUser, *, role_ids: list[int], actor: Actor) -> None:
    """Put exactly these roles in an administrator's hands: he may give them.

    He administers who holds them, and gets none of their rights by it. Raises NotAllowed unless
    the actor administers the whole group, Invalid for somebody who changes no users.
    """
    actor.require("admin.user:edit")
    if not policies.administers_group(actor):
        raise NotAllowed(
            _l(
                "Roles are put in somebody's hands by an administrator of the whole group:"
                " %(names)s.",
                names=policies.who_can(),
            )
        )
    if role_ids and "admin.user:edit" not in rights.rights_of_user(user.id):
        raise Invalid(
            _l(
                "%(name)s changes no users. Give him a role that does first.",
                name=user.full_name,
            )
        )
    roles = _roles(role_ids, [], actor)
    db.session.execute(delete(EntrustedRole).where(EntrustedRole.user_id == user.id))
    db.session.add_all(EntrustedRole(user_id=user.id, role_id=role.id) for role in roles)
    db.session.flush()
    notices.tell_entrusted(user, actor)


def join_organization(
    *,
    user_id: int,
    organization_id: int,
    from_on: date | None = None,
    until_on: date | None = None,
    actor: Actor,
) -> OrganizationMember:
    """Attach a user to a node of the tree: he reaches every project below it on these days.

    Without days it counts from now on until further notice; somebody attached already gets the
    new days. Raises NotAllowed for a node outside the actor's own, and for a user whose rights he
    may not give; Invalid for an end before the beginning.
    """
    actor.require("admin.organization:edit")
    require_node(organization_id, actor)
    user = db.session.get(AppUser, user_id)
    if user is None or db.session.get(Organization, organization_id) is None:
        raise NotFound(_l("There is no such user or organization."))
    policies.require_rights_covered(user, actor)
    there = select(OrganizationMember).where(
        OrganizationMember.user_id == user_id,
        OrganizationMember.organization_id == organization_id,
    )
    member: OrganizationMember | None = db.session.scalar(there)
    if member is None:
        member = OrganizationMember(user_id=user_id, organization_id=organization_id)
        db.session.add(member)
    elif (member.from_on, member.until_on) == (from_on, until_on):
        return member
    memberships.give_days(member, from_on, until_on, actor=actor)
    return member


def edit_organization_member(
    member: OrganizationMember, *, from_on: date | None, until_on: date | None, actor: Actor
) -> OrganizationMember:
    """Change the days on which a membership counts. Raises as ``join_organization``."""
    actor.require("admin.organization:edit")
    require_node(member.organization_id, actor)
    policies.require_rights_covered(member.user, actor)
    memberships.give_days(member, from_on, until_on, actor=actor)
    return member


def leave_organization(member: OrganizationMember, *, actor: Actor) -> None:
    """Detach a user from a node of the tree; his sessions end."""
    actor.require("admin.organization:edit")
    require_node(member.organization_id, actor)
    user, place = member.user, memberships.place_of(member)
    memberships.take_person(user)
    db.session.delete(member)
    touch_access(user)
    notices.tell_taken(user.id, place, actor=actor)


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

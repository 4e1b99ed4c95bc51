"""What administrators and people signing in do: signing in, users, roles, membership."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text, update
from werkzeug.security import check_password_hash, generate_password_hash

from app.admin.models import AppUser, Organization, OrganizationMember, SignInFailure
from app.admin.reach import require_governed, require_node, require_whole_group
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from app.core.permissions import ROLE_TITLES
from app.core.settings import set_setting

#: failures of a name or of an address within the window, after which nobody gets in
FAILURES_ALLOWED = 10
FAILURE_WINDOW = timedelta(minutes=15)
SHORTEST_PASSWORD = 10
#: a hash that fits no password: an unknown name takes as long as a wrong password
_NOBODY = generate_password_hash("nobody has this password")


class WrongPassword(DomainError):
    """The name or the password is wrong; which of them is not told."""

    status = 401
    default_code = "wrong_password"


class TooManyFailures(DomainError):
    """The name or the address has failed too often."""

    status = 429
    default_code = "too_many_requests"


def sign_in(username: str, password: str, address: str) -> AppUser:
    """Return the user whose name and password these are, and write down the attempt.

    Raises WrongPassword, or TooManyFailures after ten failures of the name or of the address
    within 15 minutes. The failure is written by the caller's unit of work through
    ``record_failure``, since the refusal rolls this one back.
    """
    _check_failures(username, address)
    user = find_user(username)
    stored = user.password if user is not None and user.password else _NOBODY
    matches = check_password_hash(stored, password)
    if user is None or not matches or not user.active:
        raise WrongPassword(_l("The user name or the password is wrong."))
    user.last_login = clock.now().replace(tzinfo=None)
    user.login_count = (user.login_count or 0) + 1
    audit.record("sign_in", table_name="ab_user", row_id=user.id)
    return user


def _check_failures(username: str, address: str) -> None:
    since = clock.now() - FAILURE_WINDOW
    counts = db.session.execute(
        text(
            "SELECT count(*) FILTER (WHERE username = :username),"
            " count(*) FILTER (WHERE address = :address) FROM admin_sign_in_failure"
            " WHERE at > :since AND forgiven_at IS NULL"
            " AND (username = :username OR address = :address)"
        ),
        {"username": username, "address": address, "since": since},
    ).one()
    if max(counts) >= FAILURES_ALLOWED:
        raise TooManyFailures(
            _l("Too many failed attempts. Wait 15 minutes, or ask your administrator."),
            details={"retry_after": int(FAILURE_WINDOW.total_seconds())},
        )


def record_failure(username: str, address: str) -> None:
    """Write down a failed attempt."""
    db.session.add(SignInFailure(username=username[:128], address=address[:64], at=clock.now()))
    db.session.flush()


def change_password(*, current: str, password: str, actor: Actor) -> AppUser:
    """Let the actor choose a new password; his other sessions end.

    Raises Invalid if the present one is wrong, the new one weak, or both the same.
    """
    user: AppUser = db.session.get_one(AppUser, actor.id)
    if not check_password_hash(user.password or _NOBODY, current):
        sentence = _l("This is not your present password.")
        raise Invalid(sentence, fields={"current": sentence})
    if current == password:
        sentence = _l("Choose another password than the present one.")
        raise Invalid(sentence, fields={"password": sentence})
    set_password(user, password)
    user.must_change_password = False
    audit.record("password_change", table_name="ab_user", row_id=user.id)
    return user


def reset_password(user: AppUser, *, password: str, actor: Actor) -> None:
    """Give a user a new password that he must change; his sessions end, his lock is opened.

    Raises NotAllowed for a user who reaches further than the actor.
    """
    actor.require("admin.user:edit")
    require_governed(user, actor)
    set_password(user, password)
    user.must_change_password = True
    forgive_failures(user, actor=actor)


def forgive_failures(user: AppUser, *, actor: Actor) -> None:
    """Let a locked user in again."""
    actor.require("admin.user:edit")
    require_governed(user, actor)
    db.session.execute(
        update(SignInFailure)
        .where(SignInFailure.username == user.username, SignInFailure.forgiven_at.is_(None))
        .values(forgiven_at=clock.now())
    )


def check_password(password: str) -> None:
    """Raise Invalid unless the password is long and mixed enough."""
    kinds = sum(
        any(test(letter) for letter in password)
        for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    )
    if len(password) < SHORTEST_PASSWORD or kinds < 2:  # noqa: PLR2004 - two kinds of characters
        sentence = _l("A password has at least 10 characters of two kinds.")
        raise Invalid(sentence, fields={"password": sentence})


def set_password(user: AppUser, password: str) -> None:
    """Store a new password and end every session of the user."""
    check_password(password)
    user.password = generate_password_hash(password)
    touch_access(user)


def touch_access(*users: AppUser) -> None:
    """Raise the access version: sessions and tokens of these users end."""
    for user in users:
        user.access_version = (user.access_version or 0) + 1
    db.session.flush()


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
    check_password(password)
    user = AppUser(
        username=username,
        first_name=full_name,
        last_name="",
        email=more.get("email") or f"{username}@localhost",
        active=True,
        password=generate_password_hash(password),
        whole_group=bool(more.get("whole_group")),
        must_change_password=True,
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
    that the actor, unless he reaches the whole group, does not hold himself.
    """
    actor.require("admin.user:edit")
    require_governed(user, actor)
    if user.id == actor.id and not active:
        raise Invalid(_l("You cannot deactivate yourself."))
    user.first_name = full_name
    user.active = active
    user.roles = _roles(role_ids, user.roles, actor)
    touch_access(user)
    return user


def edit_role(role: Any, *, permissions: list[str], actor: Actor) -> None:
    """Let a role hold exactly these permissions; whoever holds the role signs in again.

    Raises NotAllowed if a permission is given that the actor, unless he administers the whole
    group, does not hold himself.
    """
    actor.require("admin.role:edit")
    held = {row[0] for row in db.session.execute(_HELD, {"role": role.id})}
    given, taken = set(permissions) - held, held - set(permissions)
    beyond = sorted(name for name in given if not actor.may(name))
    if beyond and actor.projects is not None:
        raise NotAllowed(
            _l(
                "You can only give rights that you hold yourself: %(names)s.",
                names=", ".join(beyond),
            )
        )
    db.session.execute(_TAKE, {"role": role.id, "names": list(taken)})
    db.session.execute(_GIVE, {"role": role.id, "names": list(given)})
    touch_access(*db.session.scalars(select(AppUser).where(AppUser.roles.any(id=role.id))))


_RIGHT = (
    "ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id"
    " JOIN ab_view_menu v ON v.id = pv.view_menu_id"
)
_HELD = text(
    f"SELECT v.name || ':' || substr(p.name, 5) FROM {_RIGHT}"
    " JOIN ab_permission_view_role r ON r.permission_view_id = pv.id"
    " WHERE r.role_id = :role AND p.name LIKE 'can\\_%'"
)
_TAKE = text(
    "DELETE FROM ab_permission_view_role r WHERE r.role_id = :role AND r.permission_view_id IN"
    f" (SELECT pv.id FROM {_RIGHT} WHERE v.name || ':' || substr(p.name, 5) = ANY(:names))"
)
_GIVE = text(
    "INSERT INTO ab_permission_view_role (role_id, permission_view_id)"
    f" SELECT :role, pv.id FROM {_RIGHT} WHERE p.name LIKE 'can\\_%'"
    " AND v.name || ':' || substr(p.name, 5) = ANY(:names)"
)


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
    held = set(db.session.scalars(_HELD, {"role": role.id}))
    if not all(actor.may(name) for name in held):
        raise NotAllowed(
            _l(
                "The role %(role)s holds rights that you do not hold yourself. Ask an administrator"
                " who reaches the whole group to give it.",
                role=ROLE_TITLES.get(role.name, role.name),
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


def prune_failures() -> int:
    """Delete attempts older than a month; return how many went."""
    result = db.session.execute(
        text("DELETE FROM admin_sign_in_failure WHERE at < now() - interval '30 days'")
    )
    return int(result.rowcount)


def find_user(username: str) -> AppUser | None:
    """Return the user of this name, or None."""
    found: AppUser | None = db.session.scalar(select(AppUser).where(AppUser.username == username))
    return found


def change_setting(name: str, value: Any, *, actor: Actor) -> Any:
    """Store the group's value of a setting; return it cleaned.

    Raises NotAllowed unless the actor reaches every project, Invalid for an unfit value.
    """
    actor.require("admin.setting:edit")
    require_whole_group(actor)
    return set_setting(name, value)

"""What administrators do with roles: change, copy, describe, restore, delete."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select, text

from app.admin import policies, queries
from app.admin.models import AppUser, EntrustedRole, RoleProfile
from app.admin.policies import ADMINISTER
from app.admin.sessions import touch_access
from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.permissions import ROLE_TITLES, all_permissions


def preset_rights(code: str) -> frozenset[str]:
    """Return what a preset role holds by the specification; nothing for an own role."""
    return frozenset(one.name for one in all_permissions() if code in one.role_codes)


def edit_role(
    role: Any, *, permissions: Collection[str], seen: Collection[str] | None = None, actor: Actor
) -> None:
    """Let a role hold exactly these permissions; whoever holds the role signs in again.

    ``seen`` is what the administrator saw it hold. Raises Conflict if that is no longer so,
    NotAllowed for a role that binds people beyond the actor's scope or a right, given or taken,
    that he may not give; Invalid if nobody were left who administers.
    """
    actor.require("admin.role:edit")
    _lock(role)
    _require_role_governed(role, actor)
    held = queries.rights_of(role.id)
    if seen is not None and set(seen) != held:
        raise Conflict(
            _l("Somebody has changed this role in the meantime. Look at it again and repeat.")
        )
    given, taken = set(permissions) - held, held - set(permissions)
    policies.require_in_hand(given | taken, actor)
    if role.name in actor.roles:
        policies.require_own(given, actor)
    with administrators_remain():
        _write(role, given=given, taken=taken)


def copy_role(role: Any, *, title: str, description: str | None = None, actor: Actor) -> Any:
    """Make a role of one's own with the rights of another one, and return it.

    Raises NotAllowed for rights that the actor may not give, Conflict for a title in use.
    """
    actor.require("admin.role:add")
    rights = queries.rights_of(role.id)
    policies.require_in_hand(rights, actor)
    _require_free_title(title, None)
    # The framework's class, which this layer does not import.
    made = (
        inspect(AppUser)
        .relationships["roles"]
        .mapper.class_(name=f"own_{db.session.scalar(text('SELECT gen_random_uuid()'))}"[:60])
    )
    db.session.add(made)
    db.session.flush()
    made.name = f"own_{made.id}"
    db.session.add(
        RoleProfile(
            role_id=made.id,
            code=made.name,
            title=title.strip(),
            description=description or None,
            is_preset=False,
            granted=[],
        )
    )
    db.session.flush()
    _write(made, given=rights, taken=set())
    return made


def describe_role(
    role: Any, *, title: str, description: str | None = None, actor: Actor
) -> RoleProfile:
    """Rename an own role, and say what a role is for; a preset keeps its name.

    Raises Conflict for a title in use, Invalid for another name of a preset.
    """
    actor.require("admin.role:edit")
    _require_role_governed(role, actor)
    profile = db.session.scalars(select(RoleProfile).where(RoleProfile.role_id == role.id)).one()
    title = title.strip()
    if profile.is_preset and title != str(ROLE_TITLES.get(role.name, profile.title)):
        sentence = _l("A preset role keeps its name. Copy it and name the copy.")
        raise Invalid(sentence, fields={"title": sentence})
    if not profile.is_preset:
        _require_free_title(title, role.id)
        profile.title = title
    profile.description = description or None
    db.session.flush()
    return profile


def delete_role(role: Any, *, actor: Actor) -> None:
    """Delete an own role. Raises Conflict for a preset, and while somebody holds it."""
    actor.require("admin.role:delete")
    _lock(role)
    _require_role_governed(role, actor)
    if role.name in ROLE_TITLES:
        raise Conflict(_l("A preset role is not deleted. Take it away from its people instead."))
    held = "SELECT count(*) FROM ab_user_role WHERE role_id = :role"
    people = db.session.scalar(text(held), {"role": role.id})
    if people:
        raise Conflict(
            _l("%(count)s people hold this role. Give them another one first.", count=people)
        )
    audit.record("delete", table_name="ab_role", row_id=role.id, note={"name": role.name})
    db.session.execute(
        text("DELETE FROM ab_permission_view_role WHERE role_id = :role"), {"role": role.id}
    )
    db.session.execute(
        text("DELETE FROM admin_role_profile WHERE role_id = :role"), {"role": role.id}
    )
    db.session.execute(text("DELETE FROM ab_role WHERE id = :role"), {"role": role.id})
    db.session.expire_all()


def restore_preset(role: Any, *, actor: Actor) -> None:
    """Give a preset role exactly what the specification says. Raises Conflict for an own role."""
    if role.name not in ROLE_TITLES:
        raise Conflict(_l("This role is your own; there is no preset to bring back."))
    wanted = preset_rights(role.name)
    edit_role(role, permissions=wanted, actor=actor)
    profile = db.session.scalars(select(RoleProfile).where(RoleProfile.role_id == role.id)).one()
    profile.granted = sorted(wanted)
    db.session.flush()


@contextmanager
def administrators_remain() -> Iterator[None]:
    """Let something be changed, and raise Invalid if nobody could administer afterwards."""
    # Two administrators who take the right from each other wait here for one another.
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('administrators remain', 7))")
    )
    before = queries.has_administrator(ADMINISTER)
    yield
    db.session.flush()
    if before and not queries.has_administrator(ADMINISTER):
        raise Invalid(
            _l(
                "Nobody would be left who may change users and roles. Give another person that"
                " right first."
            )
        )


def _lock(role: Any) -> None:
    db.session.execute(text("SELECT FROM ab_role WHERE id = :id FOR UPDATE"), {"id": role.id})


def _require_free_title(title: str, except_id: int | None) -> None:
    cleaned = title.strip()
    if not cleaned:
        sentence = _l("Give the role a name.")
        raise Invalid(sentence, fields={"title": sentence})
    others = select(RoleProfile.role_id, RoleProfile.title)
    taken = {found for key, found in db.session.execute(others) if key != except_id}
    if cleaned in taken | {str(one) for one in ROLE_TITLES.values()}:
        sentence = _l("There is a role called %(name)s already.", name=cleaned)
        raise Conflict(sentence, fields={"title": sentence})


def _require_role_governed(role: Any, actor: Actor) -> None:
    """Raise NotAllowed for a role that binds people beyond the actor's scope."""
    if policies.administers_group(actor):
        return
    if role.name in ROLE_TITLES:
        raise NotAllowed(
            _l(
                "Preset roles hold for the whole group and are changed by its administrators:"
                " %(names)s. Copy a role that you may give, and change the copy.",
                names=policies.who_can(),
            )
        )
    keepers = select(EntrustedRole.user_id).where(EntrustedRole.role_id == role.id)
    bound = select(AppUser).where(AppUser.roles.any(id=role.id) | AppUser.id.in_(keepers))
    for user in db.session.scalars(bound):
        policies.require_reached(user, actor)
    policies.require_in_hand(queries.rights_of(role.id), actor)


def why_fixed(role: Any, actor: Actor) -> str:
    """Return why the actor may not change the role, or nothing."""
    try:
        _require_role_governed(role, actor)
    except NotAllowed as error:
        return str(error.message)
    return ""


def _write(role: Any, *, given: set[str], taken: set[str]) -> None:
    db.session.execute(_TAKE, {"role": role.id, "names": list(taken)})
    db.session.execute(_GIVE, {"role": role.id, "names": list(given)})
    touch_access(*db.session.scalars(select(AppUser).where(AppUser.roles.any(id=role.id))))


_RIGHT = (
    "ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id"
    " JOIN ab_view_menu v ON v.id = pv.view_menu_id"
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

"""What accounts may do by their roles, and what was put in whose hands; reads of the rule."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from app.core.db import db

_RIGHTS_OF_USER = text(
    "SELECT DISTINCT v.name || ':' || substr(p.name, 5) FROM ab_user_role u"
    " JOIN ab_permission_view_role r ON r.role_id = u.role_id"
    " JOIN ab_permission_view pv ON pv.id = r.permission_view_id"
    " JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"
    " WHERE u.user_id = :user AND p.name LIKE 'can\\_%'"
)
_ENTRUSTED_RIGHTS = text(
    "SELECT DISTINCT v.name || ':' || substr(p.name, 5) FROM admin_entrusted_role e"
    " JOIN ab_permission_view_role r ON r.role_id = e.role_id"
    " JOIN ab_permission_view pv ON pv.id = r.permission_view_id"
    " JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"
    " WHERE e.user_id = :user AND p.name LIKE 'can\\_%'"
)
_GROUP_ADMINISTRATORS = text(
    "SELECT u.first_name || coalesce(u.last_name, '') FROM ab_user u"
    " WHERE u.active AND u.whole_group AND (SELECT count(DISTINCT v.name || ':' || p.name)"
    "   FROM ab_user_role ur JOIN ab_permission_view_role h ON h.role_id = ur.role_id"
    "   JOIN ab_permission_view pv ON pv.id = h.permission_view_id"
    "   JOIN ab_permission p ON p.id = pv.permission_id"
    "   JOIN ab_view_menu v ON v.id = pv.view_menu_id"
    "  WHERE ur.user_id = u.id AND v.name || ':' || substr(p.name, 5) = ANY(:rights)) = :wanted"
    " ORDER BY u.id LIMIT 3"
)


def rights_of_user(user_id: int) -> set[str]:
    """Return all that an account may do by its roles, whether it is in use or not."""
    return set(db.session.scalars(_RIGHTS_OF_USER, {"user": user_id}))


def entrusted_rights(user_id: int | None) -> frozenset[str]:
    """Return the rights of the roles that were put in an administrator's hands."""
    return frozenset(db.session.scalars(_ENTRUSTED_RIGHTS, {"user": user_id}))


def names_of_group_administrators(rights: Sequence[str]) -> list[str]:
    """Return the names of at most three active people who reach all and hold all of the rights."""
    known = {"rights": list(rights), "wanted": len(rights)}
    return list(db.session.scalars(_GROUP_ADMINISTRATORS, known))

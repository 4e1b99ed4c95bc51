"""Reads of the system pages: what roles hold and who holds them."""

from __future__ import annotations

from sqlalchemy import text

from app.core.db import db

_COUNTS = text(
    "SELECT r.id, (SELECT count(*) FROM ab_user_role u JOIN ab_user a ON a.id = u.user_id"
    " WHERE u.role_id = r.id AND a.active),"
    " (SELECT count(*) FROM ab_permission_view_role p WHERE p.role_id = r.id) FROM ab_role r"
)
_RIGHTS = text(
    "SELECT v.name || ':' || substr(p.name, 5) FROM ab_permission_view_role r"
    " JOIN ab_permission_view pv ON pv.id = r.permission_view_id"
    " JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"
    " WHERE r.role_id = :role AND p.name LIKE 'can\\_%'"
)
_PEOPLE = text(
    "SELECT a.id, a.first_name || a.last_name"
    " FROM ab_user a JOIN ab_user_role u ON u.user_id = a.id"
    " WHERE u.role_id = :role AND a.active ORDER BY 2 LIMIT 200"
)


def role_counts() -> dict[int, tuple[int, int]]:
    """Return for each role how many active people and how many permissions it has.

    Kept for the rest of the session's transaction: a page of roles asks once for each row.
    """
    info = db.session().info
    kept: tuple[object, dict[int, tuple[int, int]]] | None = info.get("role_counts")
    transaction = db.session().get_transaction()
    if kept is None or kept[0] is not transaction:
        found = {row[0]: (row[1], row[2]) for row in db.session.execute(_COUNTS)}
        kept = (db.session().get_transaction(), found)
        info["role_counts"] = kept
    return kept[1]


def rights_of(role_id: int) -> set[str]:
    """Return the permissions ``area.entity:action`` of a role."""
    return set(db.session.scalars(_RIGHTS, {"role": role_id}))


def names_with_role(role_id: int) -> list[tuple[int, str]]:
    """Return id and name of the active people who hold a role, at most 200."""
    return [(row[0], row[1]) for row in db.session.execute(_PEOPLE, {"role": role_id})]

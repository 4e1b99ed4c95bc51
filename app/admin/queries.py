"""Reads of the system pages: what roles hold and who holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, text

from app.admin.models import AppUser
from app.core.db import db
from app.core.permissions import ROLE_TITLES

#: people named at a role
MOST_NAMES = 200
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
_MATRIX = text(
    "SELECT r.id, r.name, coalesce(pr.title, r.name), pr.description,"
    " (SELECT count(*) FROM ab_user_role u JOIN ab_user a ON a.id = u.user_id"
    "   WHERE u.role_id = r.id AND a.active),"
    " ARRAY(SELECT v.name || ':' || substr(p.name, 5) FROM ab_permission_view_role h"
    "        JOIN ab_permission_view pv ON pv.id = h.permission_view_id"
    "        JOIN ab_permission p ON p.id = pv.permission_id"
    "        JOIN ab_view_menu v ON v.id = pv.view_menu_id"
    "       WHERE h.role_id = r.id AND p.name LIKE 'can\\_%')"
    " FROM ab_role r LEFT JOIN admin_role_profile pr ON pr.role_id = r.id ORDER BY r.id"
)
_ADMINISTRATOR = text(
    "SELECT EXISTS (SELECT FROM ab_user u WHERE u.active AND (u.whole_group OR EXISTS ("
    "  SELECT FROM admin_organization_member m JOIN admin_organization o"
    "    ON o.id = m.organization_id WHERE m.user_id = u.id AND o.parent_id IS NULL))"
    " AND (SELECT count(DISTINCT v.name || ':' || substr(p.name, 5)) FROM ab_user_role ur"
    "        JOIN ab_permission_view_role h ON h.role_id = ur.role_id"
    "        JOIN ab_permission_view pv ON pv.id = h.permission_view_id"
    "        JOIN ab_permission p ON p.id = pv.permission_id"
    "        JOIN ab_view_menu v ON v.id = pv.view_menu_id"
    "       WHERE ur.user_id = u.id AND v.name || ':' || substr(p.name, 5) = ANY(:rights))"
    "     = :wanted)"
)
_TITLES = text("SELECT code, title FROM admin_role_profile WHERE NOT is_preset")


@dataclass(frozen=True)
class RoleSummary:
    """A role with all that it holds."""

    id: int
    code: str
    own_title: str
    description: str | None
    people: int
    rights: frozenset[str]

    @property
    def is_preset(self) -> bool:
        """Tell whether the specification knows the role."""
        return self.code in ROLE_TITLES

    @property
    def title(self) -> str:
        """Return the role's name in the reader's language."""
        return str(ROLE_TITLES.get(self.code, self.own_title))


def list_roles() -> list[RoleSummary]:
    """Return every role with its rights in one query, presets in the order of the table."""
    found = [
        RoleSummary(key, code, title, description, people, frozenset(rights))
        for key, code, title, description, people, rights in db.session.execute(_MATRIX)
    ]
    order = list(ROLE_TITLES)
    return sorted(found, key=lambda one: order.index(one.code) if one.is_preset else len(order))


def has_administrator(rights: Sequence[str]) -> bool:
    """Tell whether an active user who reaches a whole tree holds all of the rights."""
    known = {"rights": list(rights), "wanted": len(rights)}
    return bool(db.session.scalar(_ADMINISTRATOR, known))


def title_of_role(code: str) -> Any:
    """Return what a role is called; the titles of own roles are kept for the transaction."""
    if code in ROLE_TITLES:
        return ROLE_TITLES[code]
    info = db.session().info
    kept = info.get("role_titles")
    if kept is None or kept[0] is not db.session().get_transaction():
        found = {row[0]: row[1] for row in db.session.execute(_TITLES)}
        kept = info["role_titles"] = (db.session().get_transaction(), found)
    return kept[1].get(code, code)


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


def entrusted_roles(user_id: int) -> list[str]:
    """Return the codes of the roles that were put in an administrator's hands."""
    found = text(
        "SELECT r.name FROM admin_entrusted_role e JOIN ab_role r ON r.id = e.role_id"
        " WHERE e.user_id = :user ORDER BY r.id"
    )
    return list(db.session.scalars(found, {"user": user_id}))


def names_with_role(role_id: int, *within: ColumnElement[bool]) -> list[tuple[int, str]]:
    """Return id and name of the active people who hold a role, at most 200."""
    name = AppUser.first_name + func.coalesce(AppUser.last_name, "")
    found = select(AppUser.id, name).where(AppUser.roles.any(id=role_id), AppUser.active, *within)
    return [(row[0], row[1]) for row in db.session.execute(found.order_by(name).limit(MOST_NAMES))]


_TEAM_SIZES = text(
    "SELECT m.team_id, count(*) FROM admin_team_member m WHERE access_today() BETWEEN m.from_on"
    " AND coalesce(m.until_on, 'infinity') GROUP BY m.team_id"
)
_TEAM_PEOPLE = text(
    "SELECT o.id, o.name, o.superior_id, o.template_id,"
    " coalesce(array_agg(ARRAY[u.id::text, m.id::text, u.first_name || u.last_name]"
    "                    ORDER BY m.from_on, u.id) FILTER (WHERE u.id IS NOT NULL), '{}')"
    " FROM admin_post o"
    " LEFT JOIN admin_team_member m ON m.post_id = o.id AND :today >= m.from_on"
    "      AND (m.until_on IS NULL OR :today <= m.until_on)"
    " LEFT JOIN ab_user u ON u.id = m.user_id"
    " WHERE o.team_id = :team GROUP BY o.id ORDER BY o.id"
)


def team_sizes() -> dict[int, int]:
    """Return for each team how many people it has today; kept for the session's transaction."""
    info = db.session().info
    kept = info.get("team_sizes")
    if kept is None or kept[0] is not db.session().get_transaction():
        found = {row[0]: row[1] for row in db.session.execute(_TEAM_SIZES)}
        kept = info["team_sizes"] = (db.session().get_transaction(), found)
    return dict(kept[1])


def team_chart(team_id: int, today: date) -> list[dict[str, Any]]:
    """Return a team's posts as a tree, each with the people who hold it."""
    nodes: dict[int, dict[str, Any]] = {}
    above: dict[int, int | None] = {}
    for key, name, superior_id, template_id, people in db.session.execute(
        _TEAM_PEOPLE, {"team": team_id, "today": today}
    ):
        nodes[key] = {
            "id": key,
            "name": name,
            "follows": template_id is not None,
            "people": [
                {"id": int(one), "member": int(row), "name": who} for one, row, who in people
            ],
            "below": [],
        }
        above[key] = superior_id
    top: list[dict[str, Any]] = []
    for key, node in nodes.items():
        parent = nodes.get(above[key] or 0)
        (top if parent is None else parent["below"]).append(node)
    return top


_FACTORS = text(
    "SELECT r.id, r.name, count(a.id), count(f.id) FROM ab_role r"
    " LEFT JOIN ab_user_role u ON u.role_id = r.id"
    " LEFT JOIN ab_user a ON a.id = u.user_id AND a.active"
    " LEFT JOIN admin_second_factor f ON f.user_id = a.id AND f.confirmed_at IS NOT NULL"
    " GROUP BY r.id, r.name ORDER BY r.id"
)


class RoleFactors(NamedTuple):
    """A role: how many people hold it, how many of them have a second factor."""

    id: int
    name: str
    people: int
    have: int


def roles_and_factors() -> list[RoleFactors]:
    """Return for every role how many of its people have a second factor."""
    return [RoleFactors(*row) for row in db.session.execute(_FACTORS)]


# admin stands below estate and names its table in SQL instead of importing its model.
_PROJECTS = text("SELECT name FROM estate_project WHERE id = ANY(:projects) ORDER BY code")


def names_of_projects(ids: list[int]) -> list[str]:
    """Return the names of projects that the caller reaches."""
    return list(db.session.scalars(_PROJECTS, {"projects": ids}))


def find_user(username: str) -> AppUser | None:
    """Return the user of this name, or None."""
    found: AppUser | None = db.session.scalar(select(AppUser).where(AppUser.username == username))
    return found

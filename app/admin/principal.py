"""Who somebody is and what he may: one query, kept per process until his access version changes."""

from __future__ import annotations

import time
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db, register_access_source

#: seconds after which a process reads a principal again although its version has not changed:
#: projects added below a node of the tree reach people without anybody touching their accounts
KEPT_SECONDS = 30.0
LARGEST_CACHE = 5000

# The session counts while nothing has ended it, neither a clock nor a change of rights.
register_access_source(
    "(SELECT ARRAY[u.access_version::text, s.id::text, s.duty,"
    " extract(epoch FROM s.seen_at)::bigint::text]"
    " FROM ab_user u LEFT JOIN admin_sign_in_session s ON s.key_digest = %(session)s"
    " AND s.user_id = u.id AND s.access_version = u.access_version AND s.ended_at IS NULL"
    " AND least(s.idle_until, s.ends_at) > %(now)s"
    " WHERE u.id = %(actor_id)s AND u.active)"
)


class Access(NamedTuple):
    """What a signed-in request stands on, read with the statement that opens its transaction."""

    version: int
    session_id: int
    #: what must be done before anything else: ``password``, ``second_factor`` or nothing
    duty: str
    seen_at: int


def read_access() -> Access | None:
    """Return what this transaction's user may build on; None if his session has ended."""
    found = db.session().info.get("access")
    if not found or found[1] is None:
        return None
    return Access(int(found[0]), int(found[1]), found[2], int(found[3]))


class Kept(NamedTuple):
    """A principal as it was read: of which version, when, and on which day."""

    version: int
    read_at: float
    day: date
    actor: Actor
    facts: dict[str, Any]


_cache: dict[int, Kept] = {}

_READ = text("""
SELECT u.username, u.first_name || coalesce(u.last_name, '') AS full_name, u.access_version,
       u.whole_group,
       coalesce((SELECT array_agg(DISTINCT coalesce(p.code, r.name))
                   FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id
                   LEFT JOIN admin_role_profile p ON p.role_id = r.id
                  WHERE ur.user_id = u.id), '{}') AS roles,
       coalesce((SELECT array_agg(DISTINCT vm.name || ':' || substr(pe.name, 5))
                   FROM ab_user_role ur
                   JOIN ab_permission_view_role pvr ON pvr.role_id = ur.role_id
                   JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
                   JOIN ab_permission pe ON pe.id = pv.permission_id
                   JOIN ab_view_menu vm ON vm.id = pv.view_menu_id
                  WHERE ur.user_id = u.id AND pe.name LIKE 'can\\_%'), '{}') AS permissions,
       coalesce((SELECT array_agg(p) FROM access_projects(u.id) p), '{}')
         AS projects,
       coalesce((SELECT array_agg(ARRAY[f.project_id, f.user_id]) FROM access_followed(u.id) f),
                '{}') AS followed
  FROM ab_user u
 WHERE u.id = :id AND u.active
""")


def load_principal(user_id: int, version: int) -> tuple[Actor, dict[str, Any]] | None:
    """Return the actor and the facts pages show of him, or None if he may not work any more.

    ``version`` is the access version just read from the database; another one drops what is kept,
    and so does another day: memberships begin and end at midnight.
    """
    kept, today = _cache.get(user_id), clock.today()
    fits = kept is not None and (kept.version, kept.day) == (version, today)
    if kept is not None and fits and time.monotonic() - kept.read_at < KEPT_SECONDS:
        return kept.actor, kept.facts
    found = _read(user_id)
    if found is None:
        _cache.pop(user_id, None)
        return None
    if len(_cache) > LARGEST_CACHE:
        _cache.clear()
    actor, facts = found
    _cache[user_id] = Kept(actor.access_version, time.monotonic(), today, actor, facts)
    return actor, facts


def read_actor(user_id: int) -> Actor | None:
    """Return the actor as the database has him now, past any cache."""
    found = _read(user_id)
    return None if found is None else found[0]


def _read(user_id: int) -> tuple[Actor, dict[str, Any]] | None:
    row = db.session.execute(_READ, {"id": user_id}).mappings().one_or_none()
    if row is None:
        return None
    actor = Actor(
        kind="user",
        id=user_id,
        name=row["full_name"],
        permissions=frozenset(row["permissions"]),
        projects=None if row["whole_group"] else frozenset(row["projects"]),
        roles=frozenset(row["roles"]),
        followed=frozenset((project, who) for project, who in row["followed"]),
        access_version=row["access_version"],
    )
    return actor, {"username": row["username"]}


def forget_principals() -> None:
    """Drop what this process remembers (tests)."""
    _cache.clear()

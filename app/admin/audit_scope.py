"""How far a reader of the audit sees: everything, or his projects and his people."""

from __future__ import annotations

from sqlalchemy import text

from app.core.actor import Actor
from app.core.audit import AuditScope
from app.core.db import db

# Who reaches nothing beyond the reader's projects, and at least one of them.
_GOVERNED = text("""
SELECT u.id FROM ab_user u
 WHERE NOT u.whole_group
   AND u.id IN (SELECT access_users(p) FROM unnest(CAST(:projects AS bigint[])) p)
   AND NOT EXISTS (SELECT FROM access_projects(u.id) p WHERE NOT p = ANY(:projects))
""")


def audit_scope(actor: Actor) -> AuditScope | None:
    """Return what the actor may read of the audit; None for all of it.

    The administrator of a region reads what belongs to its projects, and of what belongs to no
    project that which his people did or which was done to their accounts.
    """
    if actor.projects is None:
        return None
    users = frozenset(db.session.scalars(_GOVERNED, {"projects": sorted(actor.projects)}))
    if actor.id is not None:
        users |= {actor.id}
    return AuditScope(actor.projects, frozenset(f"user:{one}" for one in users), users)

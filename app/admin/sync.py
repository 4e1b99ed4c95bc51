"""``flask access sync``: the only place that writes permissions and preset roles."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from app.admin.queries import rights_of
from app.admin.sessions import read_access_anew
from app.core.db import db
from app.core.permissions import PRESET_ROLES, all_permissions


@dataclass(frozen=True)
class SyncOutcome:
    """What the sync did."""

    permissions: int
    roles: int
    granted: int
    taken: int = 0
    #: codes of preset roles that keep an administrator's changes
    changed: tuple[str, ...] = ()


def sync_access() -> SyncOutcome:
    """Write permissions and preset roles.

    A preset role that nobody has changed becomes what this release says. One that an administrator
    has changed keeps his changes: it gets what is new since the last sync, and nothing is taken
    from it; the outcome names it. Sign-ins go on unless a right is taken. Runs under an advisory
    lock: two deployments at once do the work once.
    """
    session = db.session
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('access sync', 7))"))
    permissions = all_permissions()
    for permission in permissions:
        session.execute(
            text("INSERT INTO ab_permission (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"),
            {"name": f"can_{permission.action}"},
        )
        session.execute(
            text("INSERT INTO ab_view_menu (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"),
            {"name": permission.entity},
        )
        session.execute(
            text(
                "INSERT INTO ab_permission_view (permission_id, view_menu_id)"
                " SELECT p.id, v.id FROM ab_permission p, ab_view_menu v"
                " WHERE p.name = :action AND v.name = :entity"
                " ON CONFLICT (permission_id, view_menu_id) DO NOTHING"
            ),
            {"action": f"can_{permission.action}", "entity": permission.entity},
        )
    done = {code: _sync_role(code, str(title)) for code, title in PRESET_ROLES.values()}
    return SyncOutcome(
        permissions=len(permissions),
        roles=len(PRESET_ROLES),
        granted=sum(given for given, _taken, _own in done.values()),
        taken=sum(taken for _given, taken, _own in done.values()),
        changed=tuple(code for code, (_given, _taken, own) in done.items() if own),
    )


def _sync_role(code: str, title: str) -> tuple[int, int, bool]:
    """Return how many rights were given, how many taken, and whether the role keeps changes."""
    session = db.session
    session.execute(
        text("INSERT INTO ab_role (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"),
        {"name": code},
    )
    session.execute(
        text(
            "INSERT INTO admin_role_profile (role_id, code, title, granted)"
            " SELECT id, :code, :title, '[]' FROM ab_role WHERE name = :code"
            " ON CONFLICT (code) DO NOTHING"
        ),
        {"code": code, "title": title},
    )
    profile = session.execute(
        text("SELECT role_id, granted FROM admin_role_profile WHERE code = :code"), {"code": code}
    ).one()
    wanted = sorted(p.name for p in all_permissions() if code in p.role_codes)
    held, granted = rights_of(profile.role_id), set(profile.granted)
    new = sorted(set(wanted) - granted)
    own = held != granted
    # What this release no longer grants goes only where nobody has decided otherwise.
    gone = [] if own else sorted(granted - set(wanted))
    if new or gone:
        _write_rights(profile.role_id, new, gone)
        session.execute(
            text(
                "UPDATE admin_role_profile SET granted = to_jsonb(CAST(:names AS text[]))"
                " WHERE code = :code"
            ),
            {"names": sorted((granted | set(new)) - set(gone)), "code": code},
        )
    return len(new), len(gone), own and bool(granted)


def _write_rights(role_id: int, new: list[str], gone: list[str]) -> None:
    session = db.session
    session.execute(
        text(
            "INSERT INTO ab_permission_view_role (permission_view_id, role_id)"
            " SELECT pv.id, :role FROM ab_permission_view pv"
            " JOIN ab_permission p ON p.id = pv.permission_id"
            " JOIN ab_view_menu v ON v.id = pv.view_menu_id"
            " WHERE v.name || ':' || substr(p.name, 5) = ANY(:names)"
            " ON CONFLICT (permission_view_id, role_id) DO NOTHING"
        ),
        {"role": role_id, "names": new},
    )
    session.execute(
        text(
            "DELETE FROM ab_permission_view_role h USING ab_permission_view pv, ab_permission p,"
            " ab_view_menu v WHERE h.role_id = :role AND pv.id = h.permission_view_id"
            " AND p.id = pv.permission_id AND v.id = pv.view_menu_id"
            " AND v.name || ':' || substr(p.name, 5) = ANY(:names)"
        ),
        {"role": role_id, "names": gone},
    )
    holders = session.scalars(
        text("SELECT user_id FROM ab_user_role WHERE role_id = :role"), {"role": role_id}
    )
    if not gone:
        # A release that gives more throws nobody out.
        read_access_anew(holders.all())
        return
    session.execute(
        text("UPDATE ab_user SET access_version = access_version + 1 WHERE id = ANY(:holders)"),
        {"holders": list(holders)},
    )

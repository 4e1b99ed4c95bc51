"""``flask access sync``: the only place that writes permissions and preset roles."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from app.core.db import db
from app.core.permissions import PRESET_ROLES, all_permissions


@dataclass(frozen=True)
class SyncOutcome:
    """What the sync did."""

    permissions: int
    roles: int
    granted: int


def sync_access() -> SyncOutcome:
    """Write permissions and preset roles; give new permissions to presets, take none away.

    A preset role that an administrator has edited keeps his edits: only permissions that did not
    exist at the last sync are added to it. Runs under an advisory lock: two deployments at once
    do the work once.
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
    granted = sum(_sync_role(code, str(title)) for code, title in PRESET_ROLES.values())
    return SyncOutcome(permissions=len(permissions), roles=len(PRESET_ROLES), granted=granted)


def _sync_role(code: str, title: str) -> int:
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
    new = [name for name in wanted if name not in set(profile.granted)]
    if not new:
        return 0
    session.execute(
        text(
            "INSERT INTO ab_permission_view_role (permission_view_id, role_id)"
            " SELECT pv.id, :role FROM ab_permission_view pv"
            " JOIN ab_permission p ON p.id = pv.permission_id"
            " JOIN ab_view_menu v ON v.id = pv.view_menu_id"
            " WHERE v.name || ':' || substr(p.name, 5) = ANY(:names)"
            " ON CONFLICT (permission_view_id, role_id) DO NOTHING"
        ),
        {"role": profile.role_id, "names": new},
    )
    session.execute(
        text(
            "UPDATE admin_role_profile SET granted = to_jsonb(CAST(:names AS text[]))"
            " WHERE code = :code"
        ),
        {"names": sorted({*profile.granted, *new}), "code": code},
    )
    session.execute(
        text(
            "UPDATE ab_user SET access_version = access_version + 1 WHERE id IN"
            " (SELECT user_id FROM ab_user_role WHERE role_id = :role)"
        ),
        {"role": profile.role_id},
    )
    return len(new)

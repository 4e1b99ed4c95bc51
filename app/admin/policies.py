"""Who may administer: permissions of the system pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.permissions import Permission, declare_permissions

declare_permissions(
    Permission("admin.user:see", _l("See users"), "U"),
    Permission("admin.user:add", _l("Add users"), "U"),
    Permission("admin.user:edit", _l("Change users, reset passwords"), "U"),
    Permission("admin.session:see", _l("See who is signed in"), "U"),
    Permission("admin.session:end", _l("End sign-ins of others"), "U"),
    Permission("admin.user:hand_over", _l("Hand over the work of leaving staff"), "U"),
    Permission("admin.user:view_as", _l("See the product as a role or user sees it"), "U"),
    Permission("admin.role:see", _l("See roles and permissions"), "U"),
    Permission("admin.role:edit", _l("Change roles"), "U"),
    Permission("admin.role:add", _l("Copy roles"), "U"),
    Permission("admin.role:delete", _l("Delete roles that nobody holds"), "U"),
    Permission("admin.team:see", _l("See teams and posts"), "SMDU"),
    Permission("admin.team:add", _l("Add teams"), "U"),
    Permission("admin.team:edit", _l("Change teams, posts and their members"), "U"),
    Permission("admin.team:delete", _l("Delete teams"), "U"),
    Permission("admin.post_template:see", _l("See template posts"), "U"),
    Permission("admin.post_template:edit", _l("Change template posts"), "U"),
    Permission("admin.organization:see", _l("See the organization tree"), "UO"),
    Permission("admin.organization:add", _l("Add organizations"), "U"),
    Permission("admin.organization:edit", _l("Change organizations and their members"), "U"),
    Permission("admin.organization:delete", _l("Delete organizations"), "U"),
    Permission("admin.audit:see", _l("Read the audit"), "U"),
    Permission("admin.audit:export", _l("Export the audit"), "U"),
    Permission("admin.setting:see", _l("See settings"), "OU"),
    Permission("admin.setting:edit", _l("Change settings"), "OU"),
)

"""Who may share a view of a list with others."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.permissions import Permission, declare_permissions

SHARE = "lists.view:share"

declare_permissions(
    Permission(SHARE, _l("Share views of lists with a role or a project"), "KSMDAFXOLU"),
)

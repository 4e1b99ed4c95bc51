"""Who may look at how the system runs, sign the daily check and keep the incident log."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.permissions import Permission, declare_permissions

declare_permissions(
    Permission("upkeep.system:see", _l("See how the system runs"), "U"),
    Permission("upkeep.system:retry", _l("Retry and discard failed jobs"), "U"),
    Permission("upkeep.check:see", _l("See daily checks"), "U"),
    Permission("upkeep.check:sign", _l("Sign the daily check"), "U"),
    Permission("upkeep.incident:see", _l("See incidents"), "U"),
    Permission("upkeep.incident:add", _l("Record incidents"), "U"),
    Permission("upkeep.incident:edit", _l("Change incidents"), "U"),
    Permission("upkeep.incident:delete", _l("Delete incidents"), "U"),
)

"""The extensions, unbound; the factory binds them."""

from __future__ import annotations

from flask_appbuilder import AppBuilder
from flask_migrate import Migrate

migrate = Migrate()


def make_appbuilder() -> AppBuilder:
    """Return a fresh AppBuilder: it remembers its views, so two applications need two."""
    return AppBuilder(update_perms=False)

"""The extensions, unbound; the factory binds them."""

from __future__ import annotations

from flask_appbuilder import AppBuilder
from flask_migrate import Migrate

appbuilder = AppBuilder()
migrate = Migrate()

"""销控 Xiaokong: an open back office for selling and letting homes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """Build the application; ``config`` overrides what ``config.Config`` read."""
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from app import cli, models, views, web
    from app.admin import account_views, outside_sign_in, security, sign_in
    from app.core import secrets, slow
    from app.core.db import db
    from app.extensions import make_appbuilder, migrate
    from app.upkeep import wiring
    from app.web import tracing
    from app.workflows.kinds import load_definitions
    from config import ROOT, Config

    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.from_object(Config(config))
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    provider: Any = app.json
    provider.ensure_ascii = False
    secrets.use_field_key(app.config["FIELD_KEY"], app.config["FIELD_KEY_OLD"])
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    del models
    # What goes on gets its id first; then who calls is found out, before anything else looks.
    tracing.init_app(app)
    security.init_app(app)
    web.init_app(app)
    sign_in.init_app(app)
    account_views.init_app(app)
    outside_sign_in.init_app(app)
    with app.app_context():
        slow.watch(db.engine, milliseconds=app.config["SLOW_QUERY_MS"])
        appbuilder = make_appbuilder()
        appbuilder.init_app(app, db.session)
        views.register(appbuilder)
    load_definitions()
    wiring.init_app(app)
    cli.register(app)
    return app

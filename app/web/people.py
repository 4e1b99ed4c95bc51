"""The names behind the keys of actors, as histories show them."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import text

from app.core.db import db

_NAMES = text("SELECT id, first_name || coalesce(last_name, '') FROM ab_user WHERE id = ANY(:ids)")


def names_of_actors(keys: set[str]) -> dict[str, str]:
    """Return the names behind ``user:7`` and ``system:demo``; other actors keep their keys."""
    ids = [int(key.removeprefix("user:")) for key in keys if key.startswith("user:")]
    rows = db.session.execute(_NAMES, {"ids": ids}) if ids else ()
    return {
        **{f"user:{row[0]}": row[1] for row in rows},
        **{key: _("by itself") for key in keys if key.startswith("system:")},
    }

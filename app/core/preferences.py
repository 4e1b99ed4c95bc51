"""What one person has chosen for himself, by name; no business hangs on it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.actor import Actor
from app.core.db import Base, db, user_ref

#: letters of a value as JSON; nobody's taste needs more
LONGEST_VALUE = 20_000


class Preference(Base):
    """个人设置: one thing that one user has chosen; read and written by his own id only."""

    __tablename__ = "core_preference"
    __audited__ = False
    __table_args__ = (Index("uq_core_preference", "user_id", "name", unique=True),)

    user_id: Mapped[int] = user_ref(nullable=False)
    name: Mapped[str] = mapped_column(String(60))
    value: Mapped[Any] = mapped_column(JSONB)


_GET = text("SELECT value FROM core_preference WHERE user_id = :user AND name = :name")
_SET = text("""
INSERT INTO core_preference (user_id, name, value) VALUES (:user, :name, cast(:value AS jsonb))
ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value
""")
_FORGET = text("DELETE FROM core_preference WHERE user_id = :user AND name = :name")


def get_preference(name: str, *, actor: Actor, default: Any = None) -> Any:
    """Return what the actor has chosen, or the default."""
    if actor.kind != "user":
        return default
    found = db.session.execute(_GET, {"user": actor.id, "name": name}).first()
    return default if found is None else found[0]


def set_preference(name: str, value: Any, *, actor: Actor) -> None:
    """Keep what the actor has chosen; None forgets it. Raises ValueError for a value too large."""
    if value is None:
        db.session.execute(_FORGET, {"user": actor.id, "name": name})
        return
    written = json.dumps(value, ensure_ascii=False)
    if len(written) > LONGEST_VALUE:
        message = f"preference {name} has {len(written)} letters"
        raise ValueError(message)
    db.session.execute(_SET, {"user": actor.id, "name": name, "value": written})

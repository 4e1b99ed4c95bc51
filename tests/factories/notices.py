"""Factories: something that somebody was told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.core.actor import system_actor
from app.core.db import db
from app.notices.models import Notice
from app.notices.operations import News, tell

SYSTEM = system_actor("test")


def make_notice(user_id: int, **values: Any) -> Notice:
    """The person was told that a hold of his ended."""
    values = {
        "kind": "hold_lapsed",
        "link": "/sales/holds/show/1",
        "words": {"room": "3栋-101"},
    } | values
    assert tell(News(**values), [user_id], actor=SYSTEM) == 1
    found = select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc()).limit(1)
    return db.session.scalars(found.execution_options(whole_group=True)).one()

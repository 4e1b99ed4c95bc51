"""Whether rooms may go on sale: what is still missing on the opening checklists."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Invalid
from app.estate.models import LaunchBatch, OpeningItem
from app.estate.opening import ORDER, OpeningKind


def list_missing_items(project_ids: Collection[int]) -> list[OpeningItem]:
    """Return what is not ready in batches that are not on the market yet, in its order."""
    found = db.session.scalars(
        select(OpeningItem)
        .join(LaunchBatch, LaunchBatch.id == OpeningItem.batch_id)
        .where(
            OpeningItem.project_id.in_(project_ids),
            OpeningItem.done_at.is_(None),
            LaunchBatch.launched_on.is_(None),
        )
    )
    return sorted(found, key=lambda item: (item.batch_id, ORDER[item.kind]))


def require_opening_ready(project_ids: Collection[int], unready_reason: str | None) -> None:
    """Let a release pass when every checklist is complete, or somebody says why it goes ahead.

    A project whose batches have no checklist is not held up. Raises Invalid with field
    ``unready_reason`` naming what is missing.
    """
    if (unready_reason or "").strip():
        return
    missing = list_missing_items(project_ids)
    if missing:
        sentence = _l(
            "Not ready for opening: %(items)s. Finish them, or say why rooms go on sale before.",
            items="、".join(str(OpeningKind(item.kind).title) for item in missing),
        )
        raise Invalid(sentence, fields={"unready_reason": sentence}, code="opening_not_ready")


def has_checklist(batch_id: int) -> bool:
    """Tell whether a batch has its checklist."""
    wanted = select(OpeningItem.id).where(OpeningItem.batch_id == batch_id).limit(1)
    return db.session.scalar(wanted) is not None

"""Whether rooms may go on sale: what is still missing on the opening checklists."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from app.core.db import db
from app.core.errors import Invalid
from app.estate.models import Building, LaunchBatch, OpeningItem
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
        .options(contains_eager(OpeningItem.batch).selectinload(LaunchBatch.buildings))
    )
    return sorted(found, key=lambda item: (item.batch_id, ORDER[item.kind]))


def holds_up(item: OpeningItem, building_id: int) -> bool:
    """Tell whether an item that is not ready holds up the release of a building."""
    named = {building.id for building in item.batch.buildings}
    return not named or building_id in named


def require_opening_ready(buildings: Collection[Building], unready_reason: str | None) -> None:
    """Let a release pass when the checklists that these buildings wait for are complete.

    Otherwise somebody says why it goes ahead. A batch without buildings is of the whole project;
    one without a checklist holds nothing up. Raises Invalid with field
    ``unready_reason`` naming what is missing.
    """
    if (unready_reason or "").strip():
        return
    missing = [
        item
        for item in list_missing_items({building.project_id for building in buildings})
        if any(
            building.project_id == item.project_id and holds_up(item, building.id)
            for building in buildings
        )
    ]
    if missing:
        sentence = _l(
            "Not ready for opening: %(items)s. Finish them, or say why rooms go on sale before.",
            items=items_in_words(missing),
        )
        raise Invalid(sentence, fields={"unready_reason": sentence}, code="opening_not_ready")


def items_in_words(items: Collection[OpeningItem]) -> str:
    """Return what the items are about, each once."""
    return "、".join(dict.fromkeys(str(OpeningKind(item.kind).title) for item in items))


def has_checklist(batch_id: int) -> bool:
    """Tell whether a batch has its checklist."""
    wanted = select(OpeningItem.id).where(OpeningItem.batch_id == batch_id).limit(1)
    return db.session.scalar(wanted) is not None

"""Published price lists: a version, its rooms, what was posted on a day, what differs today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.estate.models import Building, Room
from app.pricing.models import PricePublication, PricePublicationRow, RoomPrice
from app.pricing.queries.found import there

#: rows read at a time where all of them are wanted
BATCH = 2000


def get_publication(publication_id: int) -> PricePublication:
    """Return the published list. Raises NotFound outside scope."""
    found: PricePublication | None = db.session.scalar(
        select(PricePublication).where(PricePublication.id == publication_id)
    )
    return there(found, _l("There is no such published price list within your scope."))


def list_publications(
    *,
    project_id: int | None = None,
    building_id: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[PricePublication]:
    """Return published lists within scope, the newest first, from before the id ``before``."""
    wanted = select(PricePublication).order_by(PricePublication.id.desc()).limit(limit)
    if project_id is not None:
        wanted = wanted.where(PricePublication.project_id == project_id)
    if building_id is not None:
        wanted = wanted.where(PricePublication.building_id == building_id)
    if before is not None:
        wanted = wanted.where(PricePublication.id < before)
    return list(db.session.scalars(wanted))


def list_publication_rows(
    publication_id: int, *, after: int = 0, limit: int | None = None
) -> list[PricePublicationRow]:
    """Return the rooms of a published list in its order, from after position ``after``."""
    wanted = (
        select(PricePublicationRow)
        .where(
            PricePublicationRow.publication_id == publication_id,
            PricePublicationRow.position > after,
        )
        .order_by(PricePublicationRow.position)
        .limit(limit)
    )
    return list(db.session.scalars(wanted))


def iterate_publication_rows(publication_id: int) -> Iterator[PricePublicationRow]:
    """Yield every room of a published list, read in batches so that memory stays flat."""
    after = 0
    while batch := list_publication_rows(publication_id, after=after, limit=BATCH):
        yield from batch
        after = batch[-1].position
        for row in batch:
            db.session.expunge(row)


def posted_on(project_id: int, day: date) -> list[PricePublication]:
    """Return what was posted when the business day ended: the last version of each building."""
    before = clock.start_of(day + timedelta(days=1))
    latest = (
        select(PricePublication.building_id, func.max(PricePublication.version).label("version"))
        .where(PricePublication.project_id == project_id, PricePublication.published_at < before)
        .group_by(PricePublication.building_id)
        .subquery()
    )
    wanted = (
        select(PricePublication)
        .join(
            latest,
            (latest.c.building_id == PricePublication.building_id)
            & (latest.c.version == PricePublication.version),
        )
        .join(Building, Building.id == PricePublication.building_id)
        .order_by(Building.position, Building.id)
    )
    return list(db.session.scalars(wanted))


def count_changes_since(publication: PricePublication) -> int:
    """Return how many of its rooms have another price or status today than it says."""
    row = PricePublicationRow
    wanted = (
        select(func.count())
        .select_from(row)
        .join(Room, Room.id == row.room_id)
        .outerjoin(RoomPrice, (RoomPrice.room_id == row.room_id) & RoomPrice.valid_to.is_(None))
        .where(
            row.publication_id == publication.id,
            RoomPrice.list_total.is_distinct_from(row.list_total) | (Room.status != row.status),
        )
    )
    return int(db.session.scalar(wanted) or 0)


def is_latest(publication: PricePublication) -> bool:
    """Tell whether no later version of the building has been published."""
    later = select(PricePublication.id).where(
        PricePublication.building_id == publication.building_id,
        PricePublication.version > publication.version,
    )
    return db.session.scalar(later.limit(1)) is None

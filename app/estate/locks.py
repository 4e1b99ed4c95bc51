"""Locks of the layout of buildings, always taken in the order project, building, rooms by id."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, text

from app.core.db import db
from app.estate.models import Building, Room

# Holds and sales of the rooms go on meanwhile: nothing that only points here waits.
_LOCK_PROJECT = text("SELECT id FROM estate_project WHERE id = :project_id FOR NO KEY UPDATE")


def lock_project(project_id: int) -> None:
    """Let one import or generation of a project go on at a time."""
    db.session.execute(_LOCK_PROJECT, {"project_id": project_id})


def lock_building(building_id: int) -> None:
    """Let one change of a building's layout go on at a time."""
    db.session.execute(
        select(Building.id).where(Building.id == building_id).with_for_update(key_share=True)
    )


def lock_rooms(room_ids: Collection[int]) -> list[Room]:
    """Lock rooms, also against new rows that would point to them; return them by id, read afresh.

    Those outside the actor's scope or gone are missing.
    """
    found = (
        select(Room)
        .where(Room.id.in_(room_ids))
        .order_by(Room.id)
        .with_for_update(of=Room)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(found))

"""The verbs of projects, buildings and rooms."""

from __future__ import annotations

from app.estate.operations.events import prune_events
from app.estate.operations.status import TakenRoom, put_room, set_status, take_room
from app.estate.queries import building_may_sell

__all__ = ["TakenRoom", "building_may_sell", "prune_events", "put_room", "set_status", "take_room"]

"""Steps with rooms that the areas above add to the rooms' pages."""

from __future__ import annotations

from app.web.actions import RowAction

#: what the pages of rooms offer; filled once at the start
ROOM_STEPS: list[RowAction] = []


def register_room_step(step: RowAction) -> None:
    """Offer a step on the pages of rooms. Prices and sales stand above rooms and add theirs so."""
    if step.name not in {known.name for known in ROOM_STEPS}:
        ROOM_STEPS.append(step)

"""Steps with rooms, and ways on, that the areas above add to the rooms' pages."""

from __future__ import annotations

from app.web.actions import PageLink, RowAction

#: what the pages of rooms offer; filled once at the start
ROOM_STEPS: list[RowAction] = []
#: where the pages of rooms lead to; filled once at the start
ROOM_LINKS: list[PageLink] = []


def register_room_link(link: PageLink) -> None:
    """Lead from a room's page to a page of an area above."""
    if link.title not in [known.title for known in ROOM_LINKS]:
        ROOM_LINKS.append(link)


def register_room_step(step: RowAction) -> None:
    """Offer a step on the pages of rooms. Prices and sales stand above rooms and add theirs so."""
    if step.name not in {known.name for known in ROOM_STEPS}:
        ROOM_STEPS.append(step)

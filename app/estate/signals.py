"""What rooms tell the areas above them; each is sent inside the transaction of its cause."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from blinker import Namespace

_namespace = Namespace()

#: Rooms are about to be reshaped or removed. Carries ``room_ids``, whose rows are locked, and
#: ``keeps_rows``: False where the rows themselves are to go. A receiver returns what stands in the
#: way as a list of ``Obstacle``.
rooms_examined = _namespace.signal("rooms_examined")

#: Rooms have been merged, split or moved together, and nothing stood in the way. Carries
#: ``room_ids`` (also of those merged away), ``reason`` in words and ``actor``. What rested on their
#: old shape is to end: prices, and being off the market for a reason.
rooms_reshaped = _namespace.signal("rooms_reshaped")

#: It is asked how ready a project is to be sold. Carries ``project_id``; a receiver returns
#: ``{OpeningKind value: Finding}`` of what it can judge.
opening_examined = _namespace.signal("opening_examined")

#: A building has reached a stage, or has not after all. Carries ``building_id``, ``kind``
#: (``MilestoneKind`` value) and ``on``, the day or None.
milestone_reached = _namespace.signal("milestone_reached")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a room must stay as it is; ``because`` goes behind the room's name in a sentence."""

    room_id: int
    because: Any


def find_obstacles(room_ids: Collection[int], *, keeps_rows: bool) -> list[Obstacle]:
    """Ask every area what stands in the way of reshaping or removing these rooms."""
    answers = rooms_examined.send(None, room_ids=list(room_ids), keeps_rows=keeps_rows)
    return [obstacle for _receiver, found in answers for obstacle in found]

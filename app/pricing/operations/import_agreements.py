"""Whether a price list agrees with another one, or with the prices that are known, to the yuan."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from app.core.db import db
from app.core.money import ZERO
from app.estate.sheets import Comparison

#: yuan by which two lists of the same prices may differ per room: published totals are cut
TOLERANCE = Decimal("1.00")
#: rooms beyond it that are named
SHOWN = 20
READ_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the list agrees with another one, room by room; amounts in yuan.

    ``missing`` counts rooms that only one of the two prices; ``other`` says what it was held
    against.
    """

    other: str
    compared: int
    largest: Decimal
    largest_room: str
    beyond: int
    beyond_rooms: tuple[str, ...]
    missing: int

    @property
    def agrees(self) -> bool:
        """Tell whether every room of one is in the other, at totals within the tolerance."""
        return bool(self.compared) and not self.beyond and not self.missing


# What the rooms' latest prices are: drafted, in approval or in force.
_KNOWN = text("""
SELECT p.title, p.list_total, k.list_total AS known
  FROM price_list_row p
  JOIN LATERAL (SELECT w.list_total FROM pricing_price_plan_row w
                  JOIN pricing_price_plan n ON n.id = w.plan_id AND n.state <> 'rejected'
                 WHERE w.room_id = p.room_id ORDER BY w.plan_id DESC LIMIT 1) k ON true
 WHERE p.list_total IS NOT NULL
""")


def compare_known() -> Agreement | None:
    """Compare with the prices that the project has from earlier lists and plans."""
    compared, largest, room, beyond = 0, ZERO, "", 0
    named: list[str] = []
    for row in db.session.execute(_KNOWN, execution_options={"yield_per": READ_AT_ONCE}):
        apart = abs(row.list_total - row.known)
        compared += 1
        if apart > largest:
            largest, room = apart, row.title
        if apart > TOLERANCE:
            beyond += 1
            if len(named) < SHOWN:
                named.append(row.title)
    if not compared:
        return None
    return Agreement(
        other="",
        compared=compared,
        largest=largest,
        largest_room=room,
        beyond=beyond,
        beyond_rooms=tuple(named),
        missing=0,
    )


def from_comparison(name: str, found: Comparison) -> Agreement:
    apart = (found.only_in_one, found.only_in_other, found.priced_in_one_only)
    beyond = tuple(difference.title for difference in found.beyond)
    return Agreement(
        other=name,
        compared=found.compared,
        largest=found.largest_difference,
        largest_room=found.largest.title if found.largest and found.largest.amount else "",
        beyond=len(beyond),
        beyond_rooms=(beyond + sum(apart, ()))[:SHOWN],
        missing=sum(len(titles) for titles in apart),
    )

"""What of each building is on sale, could be, or cannot be yet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.scope import scope_parameters


@dataclass(frozen=True, slots=True)
class BuildingSale:
    """A building and its rooms by how they stand; money in yuan."""

    id: int
    name: str
    may_sell: bool
    rooms: int
    unreleased: int
    unpriced: int
    available: int
    repricing: int
    taken: int
    list_total: Decimal

    @property
    def can_release(self) -> bool:
        """Tell whether all its unreleased rooms could be released now."""
        return self.may_sell and self.unreleased > 0 and not self.unpriced

    @property
    def can_withdraw(self) -> bool:
        """Tell whether there is anything to be taken off the market."""
        return self.available + self.repricing > 0


_OVERVIEW = text("""
SELECT b.id, b.name,
       coalesce(b.completed_on <= :today, false)
         OR EXISTS (SELECT 1 FROM estate_permit_building p WHERE p.building_id = b.id) AS may_sell,
       count(r.id) AS rooms,
       count(r.id) FILTER (WHERE r.status = 'unreleased') AS unreleased,
       count(r.id) FILTER (WHERE r.status = 'unreleased' AND v.id IS NULL) AS unpriced,
       count(r.id) FILTER (WHERE r.status = 'available') AS available,
       count(r.id) FILTER (WHERE r.status = 'repricing') AS repricing,
       count(r.id) FILTER (WHERE r.status NOT IN ('unreleased', 'available', 'repricing')) AS taken,
       coalesce(sum(v.list_total), 0) AS list_total
  FROM estate_building b
  LEFT JOIN estate_room r ON r.building_id = b.id AND r.status <> 'merged'
  LEFT JOIN pricing_room_price v ON v.room_id = r.id AND v.valid_to IS NULL
 WHERE b.project_id = :project_id
   AND (:scope_all OR b.project_id = ANY(CAST(:scope_projects AS bigint[])))
 GROUP BY b.id ORDER BY b.position, b.id
""")


def list_building_sales(project_id: int, *, actor: Actor) -> list[BuildingSale]:
    """Return the buildings of a project within scope, in the order of the grid."""
    known = {"project_id": project_id, "today": clock.today(), **scope_parameters(actor)}
    return [BuildingSale(*row) for row in db.session.execute(_OVERVIEW, known)]

"""The table of a plan as its editor takes it: JSON that PostgreSQL makes, one row a room."""

from __future__ import annotations

from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.core.scope import scope_parameters

#: what the columns of a row are, in order
COLUMNS = (
    "room_id", "building", "entrance", "floor", "number", "house_type", "gross_area",
    "inside_area", "status", "price_basis", "unit_before", "total_before", "floor_before",
    "list_unit_price", "list_total", "floor_total",
)  # fmt: skip

_TABLE = text("""
SELECT coalesce(json_agg(json_build_array(
         r.id, b.name, e.name, r.floor_name, r.number, h.name, r.gross_area::text,
         r.inside_area::text, r.status, p.price_basis, v.list_unit_price::text,
         v.list_total::text, CASE WHEN :floors THEN v.floor_total::text END,
         p.list_unit_price::text, p.list_total::text,
         CASE WHEN :floors THEN p.floor_total::text END)
         ORDER BY b.position, b.id, r.id), '[]')::text
  FROM pricing_price_plan_row p
  JOIN estate_room r ON r.id = p.room_id
  JOIN estate_building b ON b.id = r.building_id
  LEFT JOIN estate_entrance e ON e.id = r.entrance_id
  LEFT JOIN estate_house_type h ON h.id = r.house_type_id
  LEFT JOIN pricing_room_price v ON v.room_id = p.room_id AND v.valid_to IS NULL
 WHERE p.plan_id = :plan_id AND (:scope_all OR p.project_id = ANY(:scope_projects))
""")


def plan_table(plan_id: int, *, floors: bool, actor: Actor) -> str:
    """Return the JSON text of the plan's rows within scope, each an array of ``COLUMNS``.

    Floor prices are null unless ``floors``. Amounts and areas are strings with 2 decimals.
    """
    known = {"plan_id": plan_id, "floors": floors, **scope_parameters(actor)}
    return str(db.session.execute(_TABLE, known).scalar_one())

"""What an import compares of a room: field by field, as SQL over the list's rows ``p``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class ImportField:
    """A field: its value in the list and in the system, and whether the market holds it firm.

    What is firm changes only while nobody can buy the room or has bought it.
    """

    name: str
    said: str
    known: str
    is_firm: bool = False

    @property
    def differs(self) -> str:
        """Return the condition that the list says something else; nothing is no difference."""
        return f"({self.said} IS NOT NULL AND {self.said} IS DISTINCT FROM {self.known})"


FIELDS: Final = (
    ImportField("gross_area", "p.gross_area", "r.gross_area", is_firm=True),
    ImportField("inside_area", "p.inside_area", "r.inside_area", is_firm=True),
    ImportField("floor_name", "p.floor_name", "r.floor_name", is_firm=True),
    ImportField("house_type", "p.house_type", "h.name", is_firm=True),
    ImportField("orientation", "p.orientation", "r.orientation"),
    ImportField("view", "p.view", "r.view"),
    ImportField("structure", "p.structure", "r.structure"),
    ImportField("fit_out", "p.fit_out", "f.name"),
    ImportField("usage", "p.usage", "coalesce(r.usage, b.usage)"),
)
#: what may change of a room or a building, as people call it
FIELD_TITLES: Final = {
    "gross_area": _l("Gross area"),
    "inside_area": _l("Inside area"),
    "floor_name": _l("Floor"),
    "house_type": _l("House type"),
    "orientation": _l("Orientation"),
    "view": _l("View"),
    "structure": _l("Structure"),
    "fit_out": _l("Fit-out standard"),
    "usage": _l("Usage"),
    "product_type": _l("Product type"),
    "zone": _l("Zone"),
}
#: rooms with what the fields' values are read from
ROOMS: Final = """
estate_room r JOIN estate_building b ON b.id = r.building_id
  LEFT JOIN estate_house_type h ON h.id = r.house_type_id
  LEFT JOIN estate_fit_out f ON f.id = r.fit_out_id
"""
DIFFERS: Final = " OR ".join(field.differs for field in FIELDS)
DIFFERS_FIRMLY: Final = " OR ".join(field.differs for field in FIELDS if field.is_firm)

"""What is known of a project besides its place in the group: columns, in the order of the form."""

from __future__ import annotations

from typing import Final

LAND: Final = (
    "plot_place",
    "plot_number",
    "plot_area",
    "land_use",
    "grant_contract",
    "term_from",
    "term_until",
    "land_certificate",
)
BUILDING: Final = (
    "planning_permit",
    "construction_permit",
    "title_number",
    "saleable_area",
    "started_on",
    "opened_on",
)
FACTS: Final = LAND + BUILDING

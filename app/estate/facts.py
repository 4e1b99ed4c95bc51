"""What is known of a project besides its place in the group: columns, in the order of the form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.core.gathering import check_all

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
#: what is entered besides land and building
PLACE: Final = ("map_point",)
FACTS: Final = LAND + BUILDING + PLACE
BOTH: Final = 2
#: degrees within which China lies, by which the two numbers of a point are told apart
LATITUDES: Final = (Decimal(3), Decimal(54))
LONGITUDES: Final = (Decimal(73), Decimal(136))


def check_facts(facts: Mapping[str, Any]) -> None:
    """Raise Invalid with every field that cannot be: areas, the term of use, the point."""
    check_all(
        lambda: _check_area(facts, "plot_area"),
        lambda: _check_area(facts, "saleable_area"),
        lambda: _check_term(facts),
        lambda: read_map_point(facts.get("map_point")),
    )


def _check_area(facts: Mapping[str, Any], name: str) -> None:
    if facts.get(name) is not None and facts[name] <= 0:
        sentence = _l("An area must be above 0.")
        raise Invalid(sentence, fields={name: sentence})


def _check_term(facts: Mapping[str, Any]) -> None:
    begins, ends = facts.get("term_from"), facts.get("term_until")
    if begins is not None and ends is not None and ends <= begins:
        sentence = _l("The term of use ends after it begins.")
        raise Invalid(sentence, fields={"term_until": sentence})


def read_map_point(typed: str | None) -> str | None:
    """Return a point as it is kept, "latitude, longitude" with 6 decimals; None for nothing.

    Takes both orders, as the maps of different makers copy them. Raises Invalid with field
    ``map_point`` for what is no point in China.
    """
    said = (typed or "").strip()
    if not said:
        return None
    numbers = re.split(r"[,，、\s]+", said)
    if len(numbers) == BOTH and all(re.fullmatch(r"\d{1,3}(\.\d+)?", one) for one in numbers):
        first, second = map(Decimal, numbers)
        for latitude, longitude in ((first, second), (second, first)):
            if _within(latitude, LATITUDES) and _within(longitude, LONGITUDES):
                return f"{latitude:.6f}, {longitude:.6f}"
    sentence = _l("Enter latitude and longitude in degrees, such as 22.543096, 114.057865.")
    raise Invalid(sentence, fields={"map_point": sentence})


def _within(value: Decimal, bounds: tuple[Decimal, Decimal]) -> bool:
    return bounds[0] <= value <= bounds[1]

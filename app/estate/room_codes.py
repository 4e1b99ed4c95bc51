"""房间编码: a room's code, from the codes of what it lies in and its number.

The pattern is the group's. Codes and names of what is in use stay, so a room's code stays as long
as the room keeps its place and number; nothing has to be kept beside them.
"""

from __future__ import annotations

import re
from typing import Final

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.core.settings import Setting, declare, get_setting
from app.estate.models import Room

#: what a pattern may name, and what it must name for two rooms never to have one code
PARTS: Final = ("project", "zone", "building", "entrance", "floor", "number")
NEEDED: Final = frozenset({"project", "building", "entrance", "number"})
LONGEST: Final = 80
_PART: Final = re.compile(r"\{(\w*)\}")
#: a part that is empty takes the sign before it with it
_EMPTY: Final = re.compile(r"[^\w\x00]?\x00")


def clean_pattern(value: object) -> str:
    """Return a pattern. Raises Invalid for unknown or missing parts, and for parts that touch."""
    pattern = str(value or "").strip()
    named = _PART.findall(pattern)
    rest = _PART.sub("", pattern)
    fits = (
        len(pattern) <= LONGEST
        and set(named) <= set(PARTS)
        and set(named) >= NEEDED
        and len(named) == len(set(named))
        and "}{" not in pattern
        and not re.search(r"[\s{}\x00]", rest)
    )
    if not fits:
        raise Invalid(
            _l(
                "A room code names {project}, {building}, {entrance} and {number}, each once and"
                " with a sign between them, such as {project}-{building}-{entrance}-{number};"
                " {zone} and {floor} may stand in it too."
            )
        )
    return pattern


ROOM_CODE: Final = declare(
    Setting(
        "estate.room_code",
        default="{project}-{building}-{entrance}-{number}",
        title=_l("Room code"),
        clean=clean_pattern,
        help=_l(
            "Of {project} (its code), {zone}, {building} (its code or name), {entrance},"
            " {floor} and {number}; what a room does not have is left out. For the whole group;"
            " set it once."
        ),
    )
)


def room_code(room: Room) -> str:
    """Return the room's code by the group's pattern."""
    zone = room.building.zone
    known = {
        "project": room.project.code,
        "zone": zone.name if zone else "",
        "building": room.building.code or room.building.name,
        "entrance": room.entrance.name if room.entrance else "",
        "floor": room.floor_name,
        "number": room.number,
    }
    pattern: str = get_setting(ROOM_CODE)
    filled = _PART.sub(lambda part: known[part[1]] or "\x00", pattern)
    return _EMPTY.sub("", filled).lstrip("-_/·. ")

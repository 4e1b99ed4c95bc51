"""Which tiles somebody sees, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.preferences import get_preference
from app.workbench.models import WorkbenchDefault

#: the preference that holds one's own arrangement
LAYOUT: Final = "workbench.layout"


@dataclass(frozen=True)
class Layout:
    """Keys of tiles: shown ones in their order, and those that may be added."""

    shown: list[str]
    hidden: list[str]
    #: arranged by the person himself
    is_own: bool = False


def read_layout(offered: Mapping[str, Any], actor: Actor) -> Layout:
    """Return how the actor's workbench is arranged, of the tiles that he may see.

    His own arrangement first; a tile that is newer than it stands at the end if his roles see it
    by default. Without one: what an administrator set for his roles, else what the tiles say.
    """
    own = get_preference(LAYOUT, actor=actor)
    usual = usual_tiles(offered, actor.roles)
    if not isinstance(own, dict):
        return Layout(usual, [key for key in offered if key not in usual])
    shown = [key for key in own.get("shown", ()) if key in offered]
    known = {*shown, *own.get("hidden", ())}
    shown += [key for key in usual if key not in known]
    return Layout(shown, [key for key in offered if key not in shown], is_own=True)


def usual_tiles(offered: Mapping[str, Any], roles: Iterable[str]) -> list[str]:
    """Return the keys that these roles see by default; a role of the office's own sees all."""
    codes = sorted(roles)
    chosen = select(WorkbenchDefault.role_code, WorkbenchDefault.tiles)
    found = db.session.execute(chosen.where(WorkbenchDefault.role_code.in_(codes))).all()
    set_by_office: dict[str, list[str]] = {row.role_code: row.tiles for row in found}
    keys: list[str] = []
    for code in codes:
        keys += set_by_office.get(code) or [
            key for key, tile in offered.items() if code in tile.role_codes
        ]
    keys = [key for key in dict.fromkeys(keys) if key in offered]
    if len(set_by_office) == 0:
        # Several roles: in the usual order, not one role's tiles after the other's.
        keys = [key for key in offered if key in keys]
    return keys or list(offered)

"""Arranging the workbench: one's own, and a role's default."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed
from app.core.permissions import ROLE_TITLES
from app.core.preferences import set_preference
from app.workbench.models import WorkbenchDefault
from app.workbench.policies import SET_DEFAULT, can_set_default
from app.workbench.queries import LAYOUT

MOST_TILES = 100


def arrange(
    shown: Collection[str], *, offered: Mapping[str, Any], actor: Actor
) -> dict[str, list[str]]:
    """Keep the actor's own arrangement: these tiles in this order, the others hidden.

    Raises Invalid for a tile that he is not offered, or one named twice.
    """
    wanted = _checked(shown, offered)
    kept = {"shown": wanted, "hidden": [key for key in offered if key not in wanted]}
    set_preference(LAYOUT, kept, actor=actor)
    return kept


def arrange_as_usual(*, actor: Actor) -> None:
    """Forget the actor's own arrangement."""
    set_preference(LAYOUT, None, actor=actor)


def set_default(
    role: str, shown: Collection[str], *, offered: Mapping[str, Any], actor: Actor
) -> None:
    """Say what a role's workbench shows; without tiles, what the tiles themselves say.

    Whoever has arranged his own keeps it. Raises NotAllowed, and Invalid for an unknown role.
    """
    actor.require(SET_DEFAULT)
    if not can_set_default(actor):
        raise NotAllowed(
            _l("This holds for every project of the group. Ask somebody who reaches all of them.")
        )
    if role not in ROLE_TITLES:
        sentence = _l("There is no such role. Load the page again.")
        raise Invalid(sentence, fields={"role": sentence})
    if not shown:
        db.session.execute(delete(WorkbenchDefault).where(WorkbenchDefault.role_code == role))
        return
    wanted = _checked(shown, offered)
    written = insert(WorkbenchDefault).values(role_code=role, tiles=wanted)
    db.session.execute(
        written.on_conflict_do_update(index_elements=["role_code"], set_={"tiles": wanted})
    )


def _checked(shown: Collection[str], offered: Mapping[str, Any]) -> list[str]:
    wanted = list(shown)
    unknown = [key for key in wanted if key not in offered]
    if unknown or len(set(wanted)) != len(wanted) or len(wanted) > MOST_TILES:
        sentence = _l("The page has changed meanwhile. Load it again and arrange it anew.")
        raise Invalid(sentence, fields={"shown": sentence})
    return wanted

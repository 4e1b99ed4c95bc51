"""Who may say what a role's workbench shows."""

from __future__ import annotations

from app.core.actor import Actor

#: whoever changes roles also says what they begin with
SET_DEFAULT = "admin.role:edit"


def can_set_default(actor: Actor) -> bool:
    """Tell whether the actor may: a role's default holds for the whole group."""
    return actor.may(SET_DEFAULT) and actor.projects is None

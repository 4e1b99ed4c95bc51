"""State machines as data: one function that takes every step and refuses the rest loudly."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.core import clock
from app.core.actor import Actor
from app.core.db import moment, user_ref
from app.core.errors import WrongState


class State(StrEnum):
    """A state with a translated title; subclasses declare ``titles()``."""

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        """Return the lazy title of every value."""
        return {}

    @property
    def title(self) -> Any:
        """Return the lazy title of this state."""
        return self.titles()[self.value]


Transitions = Mapping[str, frozenset[str] | set[str]]


class Stateful:
    """Columns for a record with a state: the state itself, since when and by whom."""

    TRANSITIONS: ClassVar[Transitions] = {}

    state_at: Mapped[moment | None]
    state_by_id: Mapped[int | None] = user_ref()


def transition(record: Any, to: State, *, actor: Actor, attribute: str = "state") -> None:
    """Move ``record`` to state ``to``; stamp when and by whom.

    Raises WrongState naming the record and both states if the step is not in its TRANSITIONS.
    """
    current = getattr(record, attribute)
    if to not in record.TRANSITIONS.get(current, ()):
        kind = type(to)
        raise WrongState(
            _l(
                "%(record)s is %(now)s and cannot become %(then)s.",
                record=str(record),
                now=kind(current).title,
                then=to.title,
            )
        )
    setattr(record, attribute, to.value)
    if hasattr(record, "state_at"):
        record.state_at = clock.now()
        record.state_by_id = actor.id if actor.kind == "user" else None

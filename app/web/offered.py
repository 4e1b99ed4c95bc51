"""Which rows of a table without projects an actor is offered: in choices, filters and forms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import select

from app.core.actor import Actor, current_actor
from app.core.db import db

_narrowed: dict[type, Callable[[Actor], Iterable[Any]]] = {}


def narrow_rows(model: type, predicates: Callable[[Actor], Iterable[Any]]) -> None:
    """Say which rows of the model an actor is offered; an area calls it beside its views."""
    _narrowed[model] = predicates


def rows_for(model: type, actor: Actor | None) -> list[Any]:
    """Return the predicates that the rows offered to the actor fulfil."""
    if actor is None or model not in _narrowed:
        return []
    return list(_narrowed[model](actor))


def offered_rows(model: Any, ids: Collection[int]) -> list[Any]:
    """Return those of the rows that lie within the scope and are offered to who acts now."""
    wanted = select(model).where(model.id.in_(ids), *rows_for(model, current_actor()))
    return list(db.session.scalars(wanted))

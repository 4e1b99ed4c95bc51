"""Fit-outs of a project, at a price per m²."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict
from app.estate import policies
from app.estate.entries import check_fit_out, taken_sentence
from app.estate.models import FitOut, Room
from app.estate.operations.records import add_row, change_row, remove_row


def add_fit_out(*, project_id: int, name: str, unit_price: Decimal, actor: Actor) -> FitOut:
    """Add a fit-out; ``unit_price`` in yuan per m². Raises Conflict for a taken name, Invalid."""
    actor.require(f"{policies.FIT_OUT}:add")
    policies.require_reach(actor, project_id)
    check_fit_out({"project_id": project_id, "name": name, "unit_price": unit_price})
    fit_out = FitOut(project_id=project_id, name=name, unit_price=unit_price)
    return add_row(fit_out, taken=taken_sentence(FitOut, name))


def edit_fit_out(fit_out: FitOut, *, actor: Actor, **values: Any) -> FitOut:
    """Change a fit-out or switch it off.

    Raises Conflict for a taken name, and for another name while rooms have it; Invalid.
    """
    actor.require(f"{policies.FIT_OUT}:edit")
    policies.require_reach(actor, fit_out.project_id)
    check_fit_out(values, row=fit_out)
    name = values.get("name", fit_out.name)
    if name != fit_out.name and _is_used(fit_out):
        sentence = _l(
            "Rooms have the fit-out %(name)s, so it keeps its name. Add another, or switch it off.",
            name=fit_out.name,
        )
        raise Conflict(sentence, fields={"name": sentence}, code="in_use")
    return change_row(fit_out, values, taken=taken_sentence(FitOut, name))


def delete_fit_out(fit_out: FitOut, *, actor: Actor) -> None:
    """Delete a fit-out that no room has. Raises Conflict while one has it."""
    actor.require(f"{policies.FIT_OUT}:delete")
    policies.require_reach(actor, fit_out.project_id)
    sentence = _l("Rooms have the fit-out %(name)s; switch it off instead.", name=fit_out.name)
    remove_row(fit_out, used=sentence)


def _is_used(fit_out: FitOut) -> bool:
    used = select(Room.id).where(Room.fit_out_id == fit_out.id).limit(1)
    return db.session.scalar(used) is not None

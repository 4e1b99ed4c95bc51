"""Reviewing and locking base data: sales and finance, two people, the same data."""

from __future__ import annotations

from typing import Final, Literal

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.estate import policies as estate_policies
from app.estate.base_data import take_lock, write_entry
from app.estate.base_data_steps import REVIEW_STEPS, BaseDataStep
from app.estate.models import BaseDataLock
from app.estate.queries import get_project
from app.pricing.queries.base_data import base_data_figures

Side = Literal["sales", "finance"]
OTHER: Final[dict[str, Side]] = {"sales": "finance", "finance": "sales"}
SIDES: Final = {"sales": _l("Sales"), "finance": _l("Finance")}


def review_base_data(
    project_id: int, side: str, *, seen: str | None = None, actor: Actor
) -> BaseDataLock:
    """Sign a project's base data for sales or for finance; with both they are locked.

    ``seen`` is the digest that the page showed. Raises Conflict if the data have changed since,
    or since the other side reviewed them, or are locked already; Invalid while there are no
    rooms or no payment method; NotAllowed without the right or for the person of the other side.
    Waits for changes that are under way.
    """
    other = _require_side(project_id, side, actor)
    lock = take_lock(project_id)
    if lock.locked_at is not None:
        raise Conflict(_l("The base data of %(project)s are locked already.", project=str(lock)))
    figures = base_data_figures(project_id)
    if not figures.rooms or not figures.methods:
        raise Invalid(_l("Enter rooms and at least one payment method before they are reviewed."))
    if seen is not None and seen != figures.digest:
        raise Conflict(_l("The base data have changed since you looked. Look at them again."))
    if getattr(lock, f"{other}_reviewed_by_id") == actor.id:
        raise NotAllowed(_l("Sales and finance are two people; the other side has to review."))
    if getattr(lock, f"{other}_reviewed_at") and (
        getattr(lock, f"{other}_digest") != figures.digest
    ):
        raise Conflict(
            _l(
                "The base data have changed since %(side)s reviewed them. Ask for that review"
                " again first.",
                side=SIDES[other],
            )
        )
    setattr(lock, f"{side}_reviewed_at", clock.now())
    setattr(lock, f"{side}_reviewed_by_id", actor.id)
    setattr(lock, f"{side}_digest", figures.digest)
    note = f"{figures.rooms} / {figures.gross_area} ㎡"
    write_entry(project_id, REVIEW_STEPS[side].value, actor=actor, note=note)
    if getattr(lock, f"{other}_reviewed_at"):
        lock.locked_at = clock.now()
        write_entry(project_id, BaseDataStep.LOCKED.value, actor=actor, note=note)
    db.session.flush()
    return lock


def take_back_review(project_id: int, side: str, *, reason: str, actor: Actor) -> BaseDataLock:
    """Take a side's review back before the data are locked.

    Raises Conflict once they are locked, Invalid without a reason or a review.
    """
    _require_side(project_id, side, actor)
    if not reason.strip():
        sentence = _l("Say why the review is taken back.")
        raise Invalid(sentence, fields={"reason": sentence})
    lock = take_lock(project_id)
    if lock.locked_at is not None:
        raise Conflict(
            _l("The base data are locked; from now on they change by an approved change only.")
        )
    if getattr(lock, f"{side}_reviewed_at") is None:
        raise Invalid(_l("%(side)s has not reviewed them.", side=SIDES[side]))
    setattr(lock, f"{side}_reviewed_at", None)
    setattr(lock, f"{side}_reviewed_by_id", None)
    setattr(lock, f"{side}_digest", "")
    note = f"{SIDES[side]} · {reason.strip()[:280]}"
    write_entry(project_id, BaseDataStep.TAKEN_BACK.value, actor=actor, note=note)
    db.session.flush()
    return lock


def _require_side(project_id: int, side: str, actor: Actor) -> Side:
    if side not in OTHER:
        raise Invalid(_l("Base data are reviewed for sales or for finance."))
    actor.require(f"{estate_policies.BASE_DATA}:review_{side}")
    estate_policies.require_reach(actor, project_id)
    get_project(project_id)
    return OTHER[side]

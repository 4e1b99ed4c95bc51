"""The opening checklist of a batch: set up, given to people, finished, asked for at release."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, WrongState
from app.estate import policies
from app.estate.models import LaunchBatch, OpeningItem
from app.estate.opening import OpeningKind, find_readiness


def begin_opening(batch: LaunchBatch, *, actor: Actor) -> list[OpeningItem]:
    """Set up the batch's checklist, every item due on its planned day; return what is new.

    Raises Conflict if the batch is on the market already or has its list, NotAllowed, NotFound.
    """
    actor.require(f"{policies.OPENING}:edit")
    policies.require_reach(actor, batch.project_id)
    if batch.launched_on is not None:
        raise Conflict(_l("%(batch)s is on the market already.", batch=batch.name))
    there = set(
        db.session.scalars(select(OpeningItem.kind).where(OpeningItem.batch_id == batch.id))
    )
    new = [
        OpeningItem(
            project_id=batch.project_id,
            batch_id=batch.id,
            kind=kind.value,
            due_on=batch.planned_on,
        )
        for kind in OpeningKind
        if kind.value not in there
    ]
    if not new:
        raise Conflict(_l("%(batch)s has its checklist already.", batch=batch.name))
    db.session.add_all(new)
    db.session.flush()
    return new


def edit_opening_item(
    item: OpeningItem,
    *,
    responsible_id: int | None = None,
    due_on: date | None = None,
    remarks: str | None = None,
    actor: Actor,
) -> OpeningItem:
    """Say who has an item ready by when. Raises WrongState once it is finished."""
    actor.require(f"{policies.OPENING}:edit")
    policies.require_reach(actor, item.project_id)
    if item.done_at is not None:
        raise WrongState(_l("It is finished. Take that back before you change it."))
    item.responsible_id, item.due_on = responsible_id, due_on
    item.remarks = (remarks or "").strip()
    db.session.flush()
    return item


def finish_opening_item(
    item: OpeningItem, *, remarks: str | None = None, actor: Actor
) -> OpeningItem:
    """Say that an item is ready: for who is responsible, or who may edit the list.

    Raises Invalid where the system sees that it is not ready and ``remarks`` do not say why it
    counts all the same; WrongState if it is finished already; NotAllowed for anybody else.
    """
    _require_hand(item, actor)
    if item.done_at is not None:
        raise WrongState(_l("%(item)s is finished already.", item=OpeningKind(item.kind).title))
    said = (remarks or "").strip()
    finding = find_readiness(
        item.project_id, [building.id for building in item.batch.buildings]
    ).get(item.kind)
    if finding is not None and not finding.is_ready and not said:
        sentence = _l(
            "%(finding)s Have it ready first, or say in the remarks why it counts all the same.",
            finding=str(finding.sentence),
        )
        raise Invalid(sentence, fields={"remarks": sentence})
    item.done_at, item.done_by_id = clock.now(), actor.id
    item.remarks = said or item.remarks
    db.session.flush()
    return item


def reopen_opening_item(item: OpeningItem, *, actor: Actor) -> OpeningItem:
    """Take back that an item is ready. Raises WrongState if it is not finished."""
    _require_hand(item, actor)
    if item.done_at is None:
        raise WrongState(_l("%(item)s is not finished.", item=OpeningKind(item.kind).title))
    item.done_at = item.done_by_id = None
    db.session.flush()
    return item


def _require_hand(item: OpeningItem, actor: Actor) -> None:
    actor.require(f"{policies.OPENING}:finish")
    policies.require_reach(actor, item.project_id)
    if item.responsible_id != actor.id and not actor.may(f"{policies.OPENING}:edit"):
        raise NotAllowed(
            _l("Only who is responsible for it, or who keeps the checklist, finishes an item.")
        )

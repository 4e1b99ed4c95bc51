"""Approved changes of base data, carried out: line by line by the system, or by hand."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, WrongState
from app.core.states import transition
from app.estate import base_data
from app.estate.base_data_steps import BaseDataStep
from app.estate.operations import edit_house_type, edit_room
from app.pricing import policies
from app.pricing.base_data_fields import field_of, read_value, value_text
from app.pricing.base_data_gate import log_step, take_change
from app.pricing.models import (
    BaseDataChange,
    BaseDataChangeLine,
    BaseDataChangeState,
)
from app.pricing.operations.terms import edit_discount, edit_payment_method

_EDITS: dict[str, Any] = {
    "room": edit_room,
    "house_type": edit_house_type,
    "payment_method": edit_payment_method,
    "discount": edit_discount,
}


def execute_change(change: BaseDataChange, *, actor: Actor) -> BaseDataChange:
    """Carry an approved change out, line by line, all or nothing.

    Raises WrongState unless it is approved, Conflict naming the first record that does not stand
    any more as the approvers saw it, and whatever changing the record raises.
    """
    actor.require(f"{policies.BASE_DATA_CHANGE}:execute")
    change = take_change(change.id)
    base_data.take_lock(change.project_id)
    if change.by_hand:
        raise WrongState(_l("This change is carried out by hand: open the base data for it."))
    if change.state != BaseDataChangeState.APPROVED.value:
        state = BaseDataChangeState(change.state).title
        raise WrongState(
            _l(
                "%(change)s is %(state)s and not to be carried out.",
                change=str(change),
                state=state,
            )
        )
    with base_data.carrying_out():
        for line in change.lines:
            _carry_out(line, actor)
    _finish(change, "", actor)
    return change


def open_for_change(change: BaseDataChange, *, actor: Actor) -> BaseDataChange:
    """Open the base data for an approved change that is carried out by hand.

    Raises WrongState unless it is approved and by hand, Conflict while they are open for another
    one.
    """
    actor.require(f"{policies.BASE_DATA_CHANGE}:execute")
    change = take_change(change.id)
    lock = base_data.take_lock(change.project_id)
    if not change.by_hand:
        raise WrongState(_l("The system carries this change out by its lines."))
    if lock.opened_for is not None:
        raise Conflict(
            _l("The base data are open for %(number)s. Finish that first.", number=lock.opened_for)
        )
    transition(change, BaseDataChangeState.OPENED, actor=actor)
    lock.opened_for = change.number
    db.session.flush()
    log_step(change, BaseDataStep.OPENED, actor)
    return change


def finish_change(change: BaseDataChange, *, note: str | None, actor: Actor) -> BaseDataChange:
    """Lock the base data again and say what was done. Raises Invalid without it, WrongState."""
    actor.require(f"{policies.BASE_DATA_CHANGE}:execute")
    done = (note or "").strip()[:300]
    if not done:
        sentence = _l("Say what was done; sales and finance read it in the log.")
        raise Invalid(sentence, fields={"note": sentence})
    change = take_change(change.id)
    lock = base_data.take_lock(change.project_id)
    if change.state != BaseDataChangeState.OPENED.value:
        raise WrongState(_l("The base data are not open for %(change)s.", change=str(change)))
    _finish(change, done, actor)
    lock.opened_for = None
    db.session.flush()
    return change


def cancel_base_data_change(
    change: BaseDataChange, *, reason: str | None, actor: Actor
) -> BaseDataChange:
    """Give an approved change up. Raises Invalid without a reason, WrongState otherwise."""
    actor.require(f"{policies.BASE_DATA_CHANGE}:execute")
    why = (reason or "").strip()[:300]
    if not why:
        sentence = _l("Say why it is cancelled.")
        raise Invalid(sentence, fields={"reason": sentence})
    change = take_change(change.id)
    transition(change, BaseDataChangeState.CANCELLED, actor=actor)
    change.closing_note = why
    db.session.flush()
    log_step(change, BaseDataStep.CANCELLED, actor, note=change.closing_note)
    return change


def _carry_out(line: BaseDataChangeLine, actor: Actor) -> None:
    record, kind = line.record, policies.kind_of_line(line)
    db.session.refresh(record)
    now = value_text(kind, line.field, getattr(record, line.field))
    if now != line.before:
        raise Conflict(
            _l(
                "%(record)s: %(field)s is %(now)s and no longer %(before)s. Cancel this change and"
                " ask again.",
                record=str(record),
                field=str(field_of(kind, line.field).title),
                now=now or "–",
                before=line.before or "–",
            )
        )
    value = read_value(kind, line.field, line.after, project_id=line.project_id)
    try:
        _EDITS[kind](record, actor=actor, **{line.field: value})
    except Invalid as error:
        sentence = _l("%(record)s: %(fault)s", record=str(record), fault=error.message)
        raise Invalid(sentence, fields=error.fields) from error


def _finish(change: BaseDataChange, note: str, actor: Actor) -> None:
    transition(change, BaseDataChangeState.EXECUTED, actor=actor)
    change.executed_at, change.executed_by_id = clock.now(), actor.id
    change.closing_note = note
    db.session.flush()
    log_step(change, BaseDataStep.EXECUTED, actor, note=note)

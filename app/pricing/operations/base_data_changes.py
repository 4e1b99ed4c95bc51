"""Changes of locked base data: written, sent with the signed paper, approved, carried out."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.numbering import next_number
from app.core.settings import get_setting
from app.core.states import transition
from app.estate import base_data
from app.estate import policies as estate_policies
from app.estate.base_data_steps import BaseDataStep
from app.estate.models import HouseType, Room
from app.estate.operations.records import add_row, remove_row
from app.estate.queries import get_project
from app.pricing import policies
from app.pricing.base_data_fields import field_of, read_value, value_text
from app.pricing.base_data_gate import log_step, require_open, take_change
from app.pricing.models import (
    BaseDataChange,
    BaseDataChangeLine,
    BaseDataChangeScan,
    BaseDataChangeState,
    Discount,
    PaymentMethod,
)
from app.pricing.settings import EXECUTION_DAYS

LONGEST_VALUE = 120
MOST_LINES = 500
#: bytes of a scan
LARGEST_SCAN = 10_000_000
RECORDS: dict[str, type[Any]] = {
    "room": Room,
    "house_type": HouseType,
    "payment_method": PaymentMethod,
    "discount": Discount,
}


def add_base_data_change(
    *, project_id: int, name: str, content: str, by_hand: bool = False, actor: Actor
) -> BaseDataChange:
    """Write down what is to change in a project's locked base data; nothing changes by it.

    Raises NotAllowed, NotFound outside scope, Conflict while the base data are not locked: then
    they can be changed directly.
    """
    actor.require(f"{policies.BASE_DATA_CHANGE}:add")
    estate_policies.require_reach(actor, project_id)
    project = get_project(project_id)
    if not base_data.was_locked(project_id):
        raise Conflict(
            _l(
                "The base data of %(project)s are not locked. Change them directly.",
                project=project.name,
            )
        )
    change = BaseDataChange(
        project_id=project_id,
        number=next_number("JC"),
        name=name.strip(),
        content=content.strip(),
        by_hand=bool(by_hand),
        state=BaseDataChangeState.DRAFT.value,
        created_by_id=actor.id,
    )
    db.session.add(change)
    db.session.flush()
    return change


def edit_base_data_change(change: BaseDataChange, *, actor: Actor, **values: Any) -> BaseDataChange:
    """Change what is asked for. Raises WrongState once it is sent, Invalid for lines by hand."""
    require_open(change, "edit", actor)
    if values.get("by_hand") and change.lines:
        sentence = _l("It has lines, which the system carries out. Take them out first.")
        raise Invalid(sentence, fields={"by_hand": sentence})
    for key, value in values.items():
        setattr(change, key, value.strip() if isinstance(value, str) else value)
    db.session.flush()
    return change


def delete_base_data_change(change: BaseDataChange, *, actor: Actor) -> None:
    """Delete a change that was never approved. Raises WrongState otherwise."""
    require_open(change, "delete", actor)
    for line in change.lines:
        db.session.delete(line)
    if change.scan is not None:
        db.session.delete(change.scan)
    db.session.flush()
    remove_row(change, used=_l("%(change)s is in use.", change=str(change)))


def add_change_line(
    *,
    change_id: int,
    field: str,
    after: str | None = None,
    room_id: int | None = None,
    house_type_id: int | None = None,
    payment_method_id: int | None = None,
    discount_id: int | None = None,
    actor: Actor,
) -> BaseDataChangeLine:
    """Add a value that is to change, of exactly one record of the change's project.

    Raises Invalid for no record or several, a field that such a record has not, a value that
    cannot be read or is the present one; Conflict if the value is named already.
    """
    change = take_change(change_id)
    require_open(change, "edit", actor)
    if change.by_hand:
        raise Invalid(_l("This change is carried out by hand; describe it instead of lines."))
    if len(change.lines) >= MOST_LINES:
        raise Invalid(
            _l("A change has at most %(most)d lines. Have it carried out by hand.", most=MOST_LINES)
        )
    kind, record = _record(
        change,
        room=room_id,
        house_type=house_type_id,
        payment_method=payment_method_id,
        discount=discount_id,
    )
    field_of(kind, field)
    value = read_value(kind, field, after or "", project_id=change.project_id)
    before = value_text(kind, field, getattr(record, field))
    text = value_text(kind, field, value)
    if len(text) > LONGEST_VALUE:
        sentence = _l("At most %(most)d characters.", most=LONGEST_VALUE)
        raise Invalid(sentence, fields={"after": sentence})
    if text == before:
        sentence = _l("%(record)s has this value already.", record=str(record))
        raise Invalid(sentence, fields={"after": sentence})
    line = BaseDataChangeLine(
        project_id=change.project_id,
        change_id=change.id,
        field=field,
        before=before,
        after=text,
        **{f"{kind}_id": record.id},
    )
    taken = _l("%(record)s stands in this change with that value already.", record=str(record))
    add_row(line, taken=taken)
    db.session.expire(change, ["lines"])
    return line


def delete_change_line(line: BaseDataChangeLine, *, actor: Actor) -> None:
    """Take a line out of a change that is not sent yet. Raises WrongState otherwise."""
    change = take_change(line.change_id)
    require_open(change, "edit", actor)
    db.session.delete(line)
    db.session.flush()
    db.session.expire(change, ["lines"])


def put_scan(
    change: BaseDataChange, *, name: str, media_type: str | None, content: bytes, actor: Actor
) -> BaseDataChangeScan:
    """Keep the scan of the signed paper, in place of an earlier one.

    ``media_type`` is what the content shows. Raises Invalid unless it is a PDF, PNG or JPEG
    or has more than 10 MB, WrongState once the change is sent.
    """
    change = take_change(change.id)
    require_open(change, "edit", actor)
    if media_type not in {"application/pdf", "image/png", "image/jpeg"}:
        sentence = _l("Choose the scan of the signed paper as PDF, PNG or JPEG.")
        raise Invalid(sentence, fields={"file": sentence})
    if len(content) > LARGEST_SCAN:
        sentence = _l("The scan has more than 10 MB. Scan it again with fewer dots.")
        raise Invalid(sentence, fields={"file": sentence})
    if change.scan is not None:
        db.session.delete(change.scan)
        db.session.flush()
    scan = BaseDataChangeScan(
        project_id=change.project_id,
        change_id=change.id,
        file_name=name or "scan",
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        created_by_id=actor.id,
    )
    db.session.add(scan)
    db.session.flush()
    db.session.expire(change, ["scan"])
    audit.record(
        "scan",
        table_name=BaseDataChange.__tablename__,
        row_id=change.id,
        note={"file": scan.file_name},
        project_id=change.project_id,
    )
    return scan


def freeze_change(change: BaseDataChange, *, actor: Actor) -> None:
    """Mark that the change is on its way."""
    transition(change, BaseDataChangeState.IN_APPROVAL, actor=actor)
    log_step(change, BaseDataStep.ASKED, actor)


def reopen_change(change: BaseDataChange, *, rejected: bool, actor: Actor) -> None:
    """Give the change back: rejected, or a draft again."""
    to = BaseDataChangeState.REJECTED if rejected else BaseDataChangeState.DRAFT
    transition(change, to, actor=actor)
    if rejected:
        log_step(change, BaseDataStep.REJECTED, actor)


def approve_change(change: BaseDataChange, *, actor: Actor) -> None:
    """Mark that the change may be carried out, within the project's days."""
    transition(change, BaseDataChangeState.APPROVED, actor=actor)
    change.approved_at = clock.now()
    days = get_setting(EXECUTION_DAYS, change.project_id)
    change.execute_by = clock.today() + timedelta(days=days)
    db.session.flush()
    log_step(change, BaseDataStep.APPROVED, actor)


def _record(change: BaseDataChange, **ids: int | None) -> tuple[str, Any]:
    given = {kind: row_id for kind, row_id in ids.items() if row_id is not None}
    if len(given) != 1:
        sentence = _l("Choose exactly one record: a room, house type, payment method or discount.")
        raise Invalid(sentence, fields={"field": sentence})
    ((kind, row_id),) = given.items()
    model = RECORDS[kind]
    record = db.session.scalar(
        select(model).where(model.id == row_id, model.project_id == change.project_id)
    )
    if record is None:
        sentence = _l("Choose a record of this project.")
        raise Invalid(sentence, fields={f"{kind}_id": sentence})
    return kind, record

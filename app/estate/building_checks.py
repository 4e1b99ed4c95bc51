"""What must hold of a building: its zone, its product type, its completion record, its permit."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.estate.drawings import FirstView
from app.estate.milestones import MilestoneKind
from app.estate.models import (
    Building,
    Milestone,
    ProductType,
    Room,
    RoomStatus,
    Zone,
)
from app.estate.queries import buildings_that_may_not_sell
from app.estate.signals import milestone_reached

COMPLETION = MilestoneKind.COMPLETION_RECORD.value
_CODE = re.compile(r"\w{1,20}")
#: rooms of these need no permit
OFF_SALE = (RoomStatus.UNRELEASED.value, RoomStatus.MERGED.value)


def check_completed_on(day: date | None) -> None:
    """Raise Invalid for a completion record to come: it would let rooms be sold without permit."""
    if day is not None and day > clock.today():
        sentence = _l(
            "A completion record is dated today or before. Enter the planned day as a milestone."
        )
        raise Invalid(sentence, fields={"completed_on": sentence})


def keep_sellable(building_ids: Collection[int]) -> None:
    """Refuse to leave rooms on sale in a building without permit and completion record."""
    on_sale = set(
        db.session.scalars(
            select(Room.building_id)
            .where(Room.building_id.in_(building_ids), Room.status.not_in(OFF_SALE))
            .distinct()
        )
    )
    for building in buildings_that_may_not_sell(on_sale):
        raise Conflict(
            _l(
                "Rooms of %(building)s are on sale or sold by this; withdraw them first.",
                building=building.name,
            ),
            code="permit_needed",
        )


def clean_code(
    code: str | None, *, name: str, project_id: int, building_id: int | None = None
) -> str | None:
    """Return what stands for a building in room codes, nothing for its name.

    Raises Invalid for signs that a code cannot have, Conflict if another building of the project
    stands for the same.
    """
    code = (code or "").strip() or None
    if code is not None and not _CODE.fullmatch(code):
        sentence = _l("A building code has letters and digits, at most 20, without spaces.")
        raise Invalid(sentence, fields={"code": sentence})
    other = db.session.scalar(
        select(Building.name).where(
            Building.project_id == project_id,
            Building.id != (building_id or 0),
            func.coalesce(Building.code, Building.name) == (code or name),
            Building.name != name,
        )
    )
    if other is not None:
        sentence = _l(
            "%(building)s has the building code %(code)s already; enter another one.",
            building=other,
            code=code or name,
        )
        raise Conflict(sentence, code="taken", fields={"code": sentence})
    return code


def check_zone(
    zone_id: int | None, project_id: int, *, field: str = "zone_id", kept: int | None = None
) -> None:
    """Raise Invalid for a zone that is not the project's, or is switched off and not ``kept``."""
    if zone_id is None:
        return
    found = db.session.execute(
        select(Zone.project_id, Zone.name, Zone.is_active).where(Zone.id == zone_id)
    ).first()
    if found is not None and not found.is_active and zone_id != kept:
        sentence = _l("%(name)s is switched off.", name=found.name)
        raise Invalid(sentence, fields={field: sentence})
    if found is None or found.project_id != project_id:
        sentence = _l("Choose a zone of the same project.")
        raise Invalid(sentence, fields={field: sentence})


def check_product_type(product_type_id: int | None, *, kept: int | None = None) -> None:
    """Raise Invalid for a type that is switched off, unless the building has it already."""
    if product_type_id is None or product_type_id == kept:
        return
    active = select(ProductType.is_active).where(ProductType.id == product_type_id)
    if not db.session.scalar(active):
        sentence = _l("This product type is not in use. Choose another.")
        raise Invalid(sentence, fields={"product_type_id": sentence})


def record_completion(building: Building) -> None:
    """Let the milestone of the completion record say what the building says of it."""
    found: Milestone | None = db.session.scalar(
        select(Milestone).where(Milestone.building_id == building.id, Milestone.kind == COMPLETION)
    )
    if found is not None:
        if building.completed_on is None and found.planned_on is None:
            db.session.delete(found)
        else:
            found.actual_on = building.completed_on
    elif building.completed_on is not None:
        db.session.add(
            Milestone(
                project_id=building.project_id,
                building_id=building.id,
                kind=COMPLETION,
                actual_on=building.completed_on,
            )
        )
    db.session.flush()
    milestone_reached.send(None, building_id=building.id, kind=COMPLETION, on=building.completed_on)


def check_first_view(first_view: str | None) -> None:
    """Raise Invalid for a first view that there is not; None is the grid."""
    if first_view not in {None, "", *(known.value for known in FirstView)}:
        sentence = _l("Choose grid or floor plan.")
        raise Invalid(sentence, fields={"first_view": sentence})

"""Milestones of buildings and launch batches of projects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.estate import policies
from app.estate.building_checks import COMPLETION, keep_sellable
from app.estate.milestones import MilestoneKind
from app.estate.models import Building, LaunchBatch, LaunchBatchBuilding, Milestone
from app.estate.operations.records import add_row, change_row, remove_row
from app.estate.queries import get_building
from app.estate.signals import milestone_reached


def add_milestone(
    *,
    building_id: int,
    kind: str,
    planned_on: date | None = None,
    actual_on: date | None = None,
    remarks: str | None = None,
    actor: Actor,
) -> Milestone:
    """Enter when a building is to reach a stage, or did.

    The completion record's day is the building's own as well. Raises NotFound outside scope,
    Conflict for a stage that the building has already, Invalid without a day or for a day to come
    as the actual one.
    """
    actor.require(f"{policies.MILESTONE}:add")
    building = get_building(building_id)
    policies.require_reach(actor, building.project_id)
    if kind not in set(MilestoneKind):
        sentence = _l("Choose one of the stages.")
        raise Invalid(sentence, fields={"kind": sentence})
    _check_days(planned_on, actual_on)
    milestone = Milestone(
        project_id=building.project_id,
        building_id=building_id,
        kind=kind,
        planned_on=planned_on,
        actual_on=actual_on,
        remarks=remarks,
    )
    taken = _l(
        "%(building)s has the milestone %(kind)s already. Change that one.",
        building=building.name,
        kind=MilestoneKind(kind).title,
    )
    add_row(milestone, taken=taken)
    _tell_building(milestone, building)
    _tell_others(milestone)
    return milestone


def edit_milestone(milestone: Milestone, *, actor: Actor, **values: Any) -> Milestone:
    """Change a milestone's days or remarks. Raises as ``add_milestone``.

    Raises Conflict if without its completion record the building may not be sold any more while
    rooms of it are on sale.
    """
    actor.require(f"{policies.MILESTONE}:edit")
    policies.require_reach(actor, milestone.project_id)
    _check_days(
        values.get("planned_on", milestone.planned_on),
        values.get("actual_on", milestone.actual_on),
    )
    change_row(milestone, values, taken=_l("There is such a milestone already."))
    _tell_building(milestone, get_building(milestone.building_id))
    _tell_others(milestone)
    return milestone


def delete_milestone(milestone: Milestone, *, actor: Actor) -> None:
    """Delete a milestone. Raises Conflict as ``edit_milestone`` for a completion record."""
    actor.require(f"{policies.MILESTONE}:delete")
    policies.require_reach(actor, milestone.project_id)
    building, kind = get_building(milestone.building_id), milestone.kind
    remove_row(milestone, used=_l("This milestone is in use."))
    milestone_reached.send(None, building_id=building.id, kind=kind, on=None)
    if kind == COMPLETION:
        _set_completed(building, None)


def add_launch_batch(
    *,
    project_id: int,
    name: str,
    planned_on: date | None = None,
    launched_on: date | None = None,
    area: Decimal | None = None,
    remarks: str | None = None,
    building_ids: Collection[int] = (),
    actor: Actor,
) -> LaunchBatch:
    """Add a batch of buildings, none for the whole project; ``area`` in m².

    Raises Conflict for a taken name, Invalid for an area or a building that does not fit.
    """
    actor.require(f"{policies.LAUNCH_BATCH}:add")
    policies.require_reach(actor, project_id)
    _check_area(area)
    batch = LaunchBatch(
        project_id=project_id,
        name=name,
        planned_on=planned_on,
        launched_on=launched_on,
        area=area,
        remarks=remarks,
    )
    add_row(batch, taken=_batch_taken(name))
    _put_buildings(batch, building_ids)
    return batch


def edit_launch_batch(
    batch: LaunchBatch, *, building_ids: Collection[int] | None = None, actor: Actor, **values: Any
) -> LaunchBatch:
    """Change a batch. Raises as ``add_launch_batch``."""
    actor.require(f"{policies.LAUNCH_BATCH}:edit")
    policies.require_reach(actor, batch.project_id)
    _check_area(values.get("area", batch.area))
    change_row(batch, values, taken=_batch_taken(values.get("name", batch.name)))
    if building_ids is not None:
        _put_buildings(batch, building_ids)
    return batch


def delete_launch_batch(batch: LaunchBatch, *, actor: Actor) -> None:
    """Delete a batch."""
    actor.require(f"{policies.LAUNCH_BATCH}:delete")
    policies.require_reach(actor, batch.project_id)
    remove_row(batch, used=_l("%(name)s is in use.", name=batch.name))


def _put_buildings(batch: LaunchBatch, building_ids: Collection[int]) -> None:
    """Say what a batch puts on the market. Raises Invalid for a building of another project."""
    wanted = set(building_ids)
    held = {building.id for building in batch.buildings}
    of_project = select(Building.id).where(
        Building.id.in_(wanted), Building.project_id == batch.project_id
    )
    if set(db.session.scalars(of_project)) != wanted:
        sentence = _l("Choose buildings of this project.")
        raise Invalid(sentence, fields={"building_ids": sentence})
    db.session.execute(
        delete(LaunchBatchBuilding).where(
            LaunchBatchBuilding.batch_id == batch.id,
            LaunchBatchBuilding.building_id.in_(held - wanted),
        )
    )
    db.session.add_all(
        LaunchBatchBuilding(project_id=batch.project_id, batch_id=batch.id, building_id=one)
        for one in sorted(wanted - held)
    )
    db.session.flush()
    db.session.expire(batch, ["buildings"])


def _tell_others(milestone: Milestone) -> None:
    milestone_reached.send(
        None,
        building_id=milestone.building_id,
        kind=milestone.kind,
        on=milestone.actual_on,
    )


def _tell_building(milestone: Milestone, building: Building) -> None:
    if milestone.kind == COMPLETION:
        _set_completed(building, milestone.actual_on)


def _set_completed(building: Building, day: date | None) -> None:
    building.completed_on = day
    db.session.flush()
    keep_sellable([building.id])


def _check_days(planned_on: date | None, actual_on: date | None) -> None:
    if planned_on is None and actual_on is None:
        sentence = _l("Give the planned or the actual day.")
        raise Invalid(sentence, fields={"planned_on": sentence})
    if actual_on is not None and actual_on > clock.today():
        sentence = _l("The actual day is today or before; what is to come is planned.")
        raise Invalid(sentence, fields={"actual_on": sentence})


def _check_area(area: Decimal | None) -> None:
    if area is not None and area <= 0:
        sentence = _l("An area must be above 0.")
        raise Invalid(sentence, fields={"area": sentence})


def _batch_taken(name: str) -> Any:
    return _l("There is a batch %(name)s already.", name=name)

"""Milestones of buildings and launch batches of projects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from app.core.actor import Actor
from app.core.db import db
from app.estate import policies
from app.estate.building_checks import COMPLETION, keep_sellable
from app.estate.entries import check_launch_batch, check_milestone, taken_sentence
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
    check_milestone({"kind": kind, "planned_on": planned_on, "actual_on": actual_on})
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
    check_milestone(values, row=milestone)
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
    check_launch_batch(
        {"project_id": project_id, "name": name, "area": area, "building_ids": building_ids}
    )
    batch = LaunchBatch(
        project_id=project_id,
        name=name,
        planned_on=planned_on,
        launched_on=launched_on,
        area=area,
        remarks=remarks,
    )
    add_row(batch, taken=taken_sentence(LaunchBatch, name))
    _put_buildings(batch, building_ids)
    return batch


def edit_launch_batch(
    batch: LaunchBatch, *, building_ids: Collection[int] | None = None, actor: Actor, **values: Any
) -> LaunchBatch:
    """Change a batch. Raises as ``add_launch_batch``."""
    actor.require(f"{policies.LAUNCH_BATCH}:edit")
    policies.require_reach(actor, batch.project_id)
    check_launch_batch({**values, "building_ids": building_ids}, row=batch)
    change_row(batch, values, taken=taken_sentence(LaunchBatch, values.get("name", batch.name)))
    if building_ids is not None:
        _put_buildings(batch, building_ids)
    return batch


def delete_launch_batch(batch: LaunchBatch, *, actor: Actor) -> None:
    """Delete a batch."""
    actor.require(f"{policies.LAUNCH_BATCH}:delete")
    policies.require_reach(actor, batch.project_id)
    remove_row(batch, used=_l("%(name)s is in use.", name=batch.name))


def _put_buildings(batch: LaunchBatch, building_ids: Collection[int]) -> None:
    """Say what a batch puts on the market; the buildings have been checked."""
    wanted = set(building_ids)
    held = {building.id for building in batch.buildings}
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

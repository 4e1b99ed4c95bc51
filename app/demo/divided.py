"""How the demo project is divided and how far it is; made up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from app.admin.models import AppUser
from app.core import clock
from app.core.db import db
from app.estate.milestones import MilestoneKind
from app.estate.models import (
    Building,
    LaunchBatch,
    LaunchBatchBuilding,
    Milestone,
    OpeningItem,
    ProductType,
    Project,
    Zone,
)
from app.estate.opening import OpeningKind

#: the building that the second batch will put on the market
NEXT = "7栋"
PRODUCT_TYPES = ("高层", "洋房", "别墅", "商铺", "车位")
#: stages of each building: days from today, those below 0 reached
STAGES = (
    (MilestoneKind.FOUNDATION, -420),
    (MilestoneKind.GROUND_LEVEL, -330),
    (MilestoneKind.TOPPED_OUT, -90),
    (MilestoneKind.COMPLETION_RECORD, 120),
    (MilestoneKind.MEASURED_SURVEY, 150),
    (MilestoneKind.TITLE_REGISTRATION, 240),
)


def divide(project: Project) -> None:
    """Give the project a zone, its buildings a product type and stages, and a first batch."""
    types = [ProductType(name=name, position=place) for place, name in enumerate(PRODUCT_TYPES, 1)]
    zone = Zone(project_id=project.id, name="一期", position=1)
    db.session.add_all([*types, zone])
    db.session.flush()
    today = clock.today()
    buildings = db.session.scalars(
        select(Building).where(Building.project_id == project.id).order_by(Building.position)
    ).all()
    for building in buildings:
        building.zone_id, building.product_type_id = zone.id, types[0].id
        for kind, days in STAGES:
            day = today + timedelta(days=days)
            milestone = Milestone(
                project_id=project.id, building_id=building.id, kind=kind.value, planned_on=day
            )
            milestone.actual_on = day if days < 0 else None
            db.session.add(milestone)
    first = LaunchBatch(
        project_id=project.id,
        name="首次开盘",
        planned_on=today,
        launched_on=today,
        area=Decimal("24000.00"),
    )
    second = LaunchBatch(
        project_id=project.id,
        name="二次开盘",
        planned_on=today + timedelta(days=30),
        area=Decimal("18000.00"),
    )
    db.session.add_all([first, second])
    db.session.flush()
    db.session.add_all(
        LaunchBatchBuilding(
            project_id=project.id,
            batch_id=(second if building.name == NEXT else first).id,
            building_id=building.id,
        )
        for building in buildings
    )
    steward = db.session.scalars(select(AppUser).where(AppUser.username == "steward")).one()
    # All ready, so that building 7 can be released once it is priced.
    db.session.add_all(
        OpeningItem(
            project_id=project.id,
            batch_id=second.id,
            kind=kind.value,
            responsible_id=steward.id,
            due_on=second.planned_on,
            done_at=clock.now(),
            done_by_id=steward.id,
            remarks="定价方案批准后方可放盘" if kind is OpeningKind.PRICES else "",
        )
        for kind in OpeningKind
    )
    db.session.flush()

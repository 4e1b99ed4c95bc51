"""How far a project is: its batches and the milestones of its buildings."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, area, day
from app.core.scope import ProjectScoped
from app.estate.milestones import MilestoneKind
from app.estate.models.places import Building, Project


class LaunchBatch(ProjectScoped, Base):
    """推盘批次: an area of a project that is put on the market together."""

    __tablename__ = "estate_launch_batch"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        CheckConstraint("area > 0", name="area_positive"),
    )

    name: Mapped[str] = mapped_column(String(60))
    planned_on: Mapped[day | None]
    launched_on: Mapped[day | None]
    #: m² put on the market with it
    area: Mapped[area | None]
    remarks: Mapped[str | None] = mapped_column(String(200))
    project: Mapped[Project] = relationship()
    #: what it puts on the market; none is the whole project
    buildings: Mapped[list[Building]] = relationship(
        secondary="estate_launch_batch_building", order_by="Building.position", viewonly=True
    )

    def __str__(self) -> str:
        return self.name


class LaunchBatchBuilding(ProjectScoped, Base):
    """推盘批次楼栋: a building that a batch puts on the market."""

    __tablename__ = "estate_launch_batch_building"
    __table_args__ = (UniqueConstraint("batch_id", "building_id"),)

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("estate_launch_batch.id", ondelete="CASCADE"), index=True
    )
    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)


class Milestone(ProjectScoped, Base):
    """楼栋节点: a stage that a building is to reach, and when it did."""

    __tablename__ = "estate_milestone"
    __table_args__ = (
        UniqueConstraint("building_id", "kind"),
        CheckConstraint("planned_on IS NOT NULL OR actual_on IS NOT NULL", name="has_a_day"),
    )

    building_id: Mapped[int] = mapped_column(
        ForeignKey("estate_building.id", ondelete="CASCADE"), index=True
    )
    #: ``app.estate.milestones.MilestoneKind``
    kind: Mapped[str] = mapped_column(String(30))
    planned_on: Mapped[day | None]
    actual_on: Mapped[day | None]
    remarks: Mapped[str | None] = mapped_column(String(200))
    building: Mapped[Building] = relationship()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return f"{self.building} {MilestoneKind(self.kind).title}"

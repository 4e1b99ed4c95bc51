"""Drawings: site plans, floor plans and pictures of house types, with what is placed on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, created_moment, name_text, user_ref
from app.core.scope import ProjectScoped
from app.estate.models.places import Building, Project
from app.estate.models.rooms import HouseType, Room


class Drawing(ProjectScoped, Base):
    """图纸: a picture of the project, a building's floor or a house type."""

    __tablename__ = "estate_drawing"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'floor') = (building_id IS NOT NULL)"
            " AND (kind = 'house_type') = (house_type_id IS NOT NULL)",
            name="of_what_its_kind_says",
        ),
        CheckConstraint("width > 0 AND height > 0", name="has_a_size"),
        # There is one site plan; a new one takes its place.
        Index(
            "uq_estate_drawing_site",
            "project_id",
            unique=True,
            postgresql_where=text("kind = 'site'"),
        ),
    )

    #: ``app.estate.drawings.DrawingKind``
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[name_text]
    building_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_building.id", ondelete="CASCADE"), index=True
    )
    house_type_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_house_type.id", ondelete="CASCADE"), index=True
    )
    #: pixels
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    building: Mapped[Building | None] = relationship()
    house_type: Mapped[HouseType | None] = relationship()
    project: Mapped[Project] = relationship()
    spots: Mapped[list[DrawingSpot]] = relationship(
        order_by="DrawingSpot.id", back_populates="drawing", passive_deletes=True
    )

    def __str__(self) -> str:
        return self.name


class DrawingFile(ProjectScoped, Base):
    """图纸文件: the picture itself, apart so that lists and the audit do not carry it."""

    __tablename__ = "estate_drawing_file"
    __audited__ = False

    drawing_id: Mapped[int] = mapped_column(
        ForeignKey("estate_drawing.id", ondelete="CASCADE"), unique=True
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)


class DrawingSpot(ProjectScoped, Base):
    """图上位置: where a building or a room is on a drawing."""

    __tablename__ = "estate_drawing_spot"
    __table_args__ = (
        CheckConstraint("num_nonnulls(building_id, room_id) = 1", name="of_one_record"),
        Index(
            "uq_estate_drawing_spot_record",
            "drawing_id",
            "building_id",
            "room_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    drawing_id: Mapped[int] = mapped_column(
        ForeignKey("estate_drawing.id", ondelete="CASCADE"), index=True
    )
    building_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_building.id", ondelete="CASCADE"), index=True
    )
    room_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_room.id", ondelete="CASCADE"), index=True
    )
    #: corners as [x, y] in parts of width and height, from 0 to 1; a single one is a mark
    points: Mapped[list[Any]] = mapped_column(JSONB)
    drawing: Mapped[Drawing] = relationship(back_populates="spots")
    building: Mapped[Building | None] = relationship()
    room: Mapped[Room | None] = relationship()

"""Rooms, what they have in common, and what happens to them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import (
    Base,
    area,
    code_text,
    created_moment,
    json_list,
    json_object,
    moment,
    name_text,
    unit_price,
    user_ref,
)
from app.core.scope import ProjectScoped
from app.core.states import Stateful, Transitions
from app.estate.models.places import Building, Entrance, Project


class HouseType(ProjectScoped, Base):
    """户型: a type of home of a project."""

    __tablename__ = "estate_house_type"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        CheckConstraint("gross_area > 0", name="gross_area_positive"),
        CheckConstraint("inside_area <= gross_area", name="inside_fits"),
    )

    name: Mapped[str] = mapped_column(String(60))
    #: what a room of this type has as a rule; proposed when a room becomes of this type
    structure: Mapped[str | None] = mapped_column(String(40))
    gross_area: Mapped[area | None]
    inside_area: Mapped[area | None]
    #: off: no room is given it any more; rooms that have it keep it
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.name


class FitOut(ProjectScoped, Base):
    """装修标准: how rooms of a project can be fitted out, at a price per m²."""

    __tablename__ = "estate_fit_out"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
    )

    name: Mapped[str] = mapped_column(String(60))
    #: yuan per m² of the deal area
    unit_price: Mapped[unit_price]
    #: off: no room is given it any more; rooms that have it keep it
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.name


class Room(ProjectScoped, Base):
    """房间: the thing sold or let. Its status changes only through ``estate.operations``."""

    __tablename__ = "estate_room"
    __table_args__ = (
        Index(
            "uq_estate_room_number_in_entrance",
            "building_id",
            "entrance_id",
            "number",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("status <> 'merged'"),
        ),
        Index("ix_estate_room_project_status", "project_id", "status"),
        CheckConstraint("gross_area > 0", name="gross_area_positive"),
        CheckConstraint("inside_area IS NULL OR inside_area <= gross_area", name="inside_fits"),
        CheckConstraint(
            "status IN ('unreleased','available','held','reserved','queued','subscribed',"
            "'contracted','handed_over','repricing','merged')",
            name="status_known",
        ),
        CheckConstraint("usage IN ('sale','lease','both')", name="usage_known"),
        CheckConstraint("main_room_id IS NULL OR is_accessory", name="accessory_has_its_mark"),
        CheckConstraint("main_room_id <> id", name="not_its_own_main_room"),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "unreleased": {"available", "merged"},
        "available": {"unreleased", "held", "reserved", "queued", "subscribed", "contracted"},
        # Taken off the market and then reshaped, a room is released anew.
        "held": {"available", "reserved", "subscribed", "unreleased", "merged"},
        "reserved": {"available", "subscribed"},
        "queued": {"available", "subscribed"},
        "subscribed": {"available", "repricing", "contracted"},
        "contracted": {"handed_over", "repricing"},
        "handed_over": set(),
        "repricing": {"available", "unreleased"},
        "merged": set(),
    }

    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)
    entrance_id: Mapped[int | None] = mapped_column(ForeignKey("estate_entrance.id"), index=True)
    house_type_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_house_type.id"), index=True
    )
    #: place among the building's floors, lowest first; basements are negative
    floor: Mapped[int] = mapped_column(Integer)
    floor_name: Mapped[str] = mapped_column(String(20))
    #: place from the left within the floor of its entrance, from 1
    column: Mapped[int] = mapped_column("column_no", Integer)
    column_span: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    row_span: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    #: further floors that the room reaches down to, as [order, name] from the top
    lower_floors: Mapped[json_list] = mapped_column(server_default=text("'[]'"), default=list)
    number: Mapped[str] = mapped_column(String(30))
    gross_area: Mapped[area]
    inside_area: Mapped[area | None]
    orientation: Mapped[str | None] = mapped_column(String(20))
    view: Mapped[str | None] = mapped_column(String(40))
    #: 户型结构, such as 三室两厅
    structure: Mapped[str | None] = mapped_column(String(40))
    fit_out_id: Mapped[int | None] = mapped_column(ForeignKey("estate_fit_out.id"), index=True)
    #: None is that of the building
    usage: Mapped[str | None] = mapped_column(String(10))
    #: 附属房间: a store or a parking space, no home
    is_accessory: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    main_room_id: Mapped[int | None] = mapped_column(ForeignKey("estate_room.id"), index=True)
    #: the generation that made it; None for rooms that came otherwise
    generation_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_room_generation.id"), index=True
    )
    status: Mapped[str] = mapped_column(String(20), server_default=text("'unreleased'"))
    #: raised by every change; a screen drops what it already has
    version: Mapped[int] = mapped_column(
        Integer, server_default=text("1"), server_onupdate=FetchedValue()
    )
    building: Mapped[Building] = relationship()
    entrance: Mapped[Entrance | None] = relationship()
    house_type: Mapped[HouseType | None] = relationship()
    fit_out: Mapped[FitOut | None] = relationship()
    main_room: Mapped[Room | None] = relationship(remote_side="Room.id")
    generation: Mapped[RoomGeneration | None] = relationship()
    project: Mapped[Project] = relationship()

    @property
    def title(self) -> str:
        """Return how people name the room: ``3栋-1单元-2602``."""
        parts = [self.building.name, self.entrance.name if self.entrance else "", self.number]
        return "-".join(part for part in parts if part)

    @property
    def shared_area(self) -> Decimal | None:
        """Return gross minus inside area in m², where the inside area is known."""
        return None if self.inside_area is None else self.gross_area - self.inside_area

    def __str__(self) -> str:
        return self.title


class RoomGeneration(ProjectScoped, Stateful, Base):
    """房源生成: rooms made at one stroke; taken back as long as nothing has happened to them."""

    __tablename__ = "estate_room_generation"
    TRANSITIONS: ClassVar[Transitions] = {"done": {"undone"}, "undone": set()}

    number: Mapped[code_text] = mapped_column(unique=True)
    #: ``grid``, ``list`` or ``villa``
    mode: Mapped[str] = mapped_column(String(10))
    #: names of the buildings, for people
    buildings: Mapped[name_text]
    rooms: Mapped[int] = mapped_column(Integer)
    #: what was asked for, as it came
    specification: Mapped[json_object]
    #: ids of what was made besides rooms: ``buildings``, ``entrances``, ``house_types``
    made: Mapped[json_object]
    state: Mapped[str] = mapped_column(String(20), server_default=text("'done'"))
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.number


class RoomLineage(ProjectScoped, Base):
    """房间沿革: from which room a room came, by merging or splitting, and how that stood before."""

    __tablename__ = "estate_room_lineage"

    #: ``merge`` or ``split``
    kind: Mapped[str] = mapped_column(String(10))
    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    #: the room merged away whose place this one takes after splitting back
    restores_id: Mapped[int | None] = mapped_column(ForeignKey("estate_room.id"), index=True)
    #: place, number, type and areas of the source before the step; of a merge, also of the room
    source: Mapped[json_object]
    before: Mapped[json_object | None]
    at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    #: of a merge: when it was split back
    undone_at: Mapped[moment | None]
    room: Mapped[Room] = relationship(foreign_keys="RoomLineage.room_id")
    source_room: Mapped[Room] = relationship(foreign_keys="RoomLineage.source_id")
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return f"{self.source_room} → {self.room}"


class RoomEvent(Base):
    """房间事件: a change that open screens must show; written by a trigger on the room table."""

    __tablename__ = "estate_room_event"
    __audited__ = False
    __table_args__ = (
        Index("ix_estate_room_event_project_xid", "project_id", "xid"),
        Index("ix_estate_room_event_xid", "xid"),
        Index("ix_estate_room_event_at", "at"),
    )

    #: the writing transaction (``pg_current_xact_id()``), in whose order screens read
    xid: Mapped[int] = mapped_column(BigInteger)
    project_id: Mapped[int] = mapped_column(BigInteger)
    room_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    gone: Mapped[bool] = mapped_column(server_default=text("false"))
    at: Mapped[created_moment]

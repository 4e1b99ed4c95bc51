"""Projects, permits, buildings, rooms and what happens to their status."""

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
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser, Organization
from app.core.db import (
    Base,
    area,
    code_text,
    created_moment,
    day,
    json_list,
    json_object,
    moment,
    name_text,
    unit_price,
    user_ref,
)
from app.core.scope import ProjectScoped, ScopeRoot
from app.core.states import Stateful, Transitions
from app.estate.room_states import (
    ROOM_MARKS,
    RoomGenerationState,
    RoomImportState,
    RoomStatus,
    RoomUsage,
)

__all__ = [
    "ROOM_MARKS",
    "Building",
    "Entrance",
    "FitOut",
    "HouseType",
    "Permit",
    "PermitBuilding",
    "Project",
    "ProjectMember",
    "Room",
    "RoomEvent",
    "RoomGeneration",
    "RoomGenerationState",
    "RoomImport",
    "RoomImportFile",
    "RoomImportRun",
    "RoomImportState",
    "RoomLineage",
    "RoomStatus",
    "RoomUsage",
]


class Project(ScopeRoot, Base):
    """项目: what is built and sold under one name; a phase is a project with a parent."""

    __tablename__ = "estate_project"

    organization_id: Mapped[int] = mapped_column(ForeignKey("admin_organization.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("estate_project.id"), index=True)
    code: Mapped[code_text] = mapped_column(unique=True)
    name: Mapped[name_text]
    company: Mapped[str | None] = mapped_column(String(120))
    city: Mapped[str | None] = mapped_column(String(60))
    address: Mapped[str | None] = mapped_column(String(200))
    #: yuan to which a deal total is rounded: 0.01, 1, 10 or 100
    total_rounding: Mapped[Decimal] = mapped_column(Numeric(6, 2), server_default=text("0.01"))
    #: members of a team see each other's customers and deals, not only their own
    team_shares: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    organization: Mapped[Organization] = relationship()
    parent: Mapped[Project | None] = relationship(remote_side="Project.id")

    def __str__(self) -> str:
        return self.name


class ProjectMember(ProjectScoped, Base):
    """项目成员: a user attached to a project reaches it and its phases."""

    __tablename__ = "estate_project_member"
    __table_args__ = (UniqueConstraint("user_id", "project_id"),)

    user_id: Mapped[int] = user_ref(nullable=False)
    #: first and last day on which it counts; None is without bound
    from_on: Mapped[day | None]
    until_on: Mapped[day | None]
    #: whether it counted when its days were last looked at (``memberships.apply_days``)
    counts: Mapped[bool | None]
    user: Mapped[AppUser] = relationship(foreign_keys="ProjectMember.user_id")
    project: Mapped[Project] = relationship()


class Building(ProjectScoped, Base):
    """楼栋: a building of a project."""

    __tablename__ = "estate_building"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        CheckConstraint("usage IN ('sale','lease','both')", name="usage_known"),
    )

    name: Mapped[str] = mapped_column(String(60))
    #: place among the project's buildings on the grid
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    #: day of the completion record 竣工备案, which allows sale without a pre-sale permit
    completed_on: Mapped[day | None]
    #: 租售类型 of its rooms, unless a room says otherwise
    usage: Mapped[str] = mapped_column(String(10), server_default=text("'sale'"))
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.name


class Permit(ProjectScoped, Base):
    """预售许可证: the pre-sale permit with its date and its list of buildings."""

    __tablename__ = "estate_permit"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    number: Mapped[str] = mapped_column(String(60))
    granted_on: Mapped[day]
    project: Mapped[Project] = relationship()
    buildings: Mapped[list[Building]] = relationship(
        secondary="estate_permit_building", order_by="Building.position"
    )

    def __str__(self) -> str:
        return self.number


class PermitBuilding(ProjectScoped, Base):
    """许可楼栋: one building named on a permit."""

    __tablename__ = "estate_permit_building"
    __table_args__ = (UniqueConstraint("permit_id", "building_id"),)

    permit_id: Mapped[int] = mapped_column(
        ForeignKey("estate_permit.id", ondelete="CASCADE"), index=True
    )
    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)


class Entrance(ProjectScoped, Base):
    """单元: an entrance of a building; a building may have none."""

    __tablename__ = "estate_entrance"
    __table_args__ = (UniqueConstraint("building_id", "name"),)

    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    building: Mapped[Building] = relationship()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.name


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


class RoomImport(ProjectScoped, Base):
    """导入批次: one price list as it came in, with what it did or why it was refused."""

    __tablename__ = "estate_room_import"

    number: Mapped[code_text] = mapped_column(unique=True)
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    shape: Mapped[str] = mapped_column(String(20))
    dry_run: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20))
    counts: Mapped[json_object]
    faults: Mapped[json_list]
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.number


class RoomImportRun(ProjectScoped, Base):
    """导入进行: a big import while the worker carries it out, or why it was cut off."""

    __tablename__ = "estate_room_import_run"
    __audited__ = False

    import_id: Mapped[int] = mapped_column(
        ForeignKey("estate_room_import.id", ondelete="CASCADE"), unique=True
    )
    asked_by_id: Mapped[int] = user_ref(nullable=False)
    locale: Mapped[str] = mapped_column(String(8))
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    #: the last sign of life of the worker
    seen_at: Mapped[moment]
    #: why nothing was written, in a sentence
    problem: Mapped[str] = mapped_column(String(300), server_default=text("''"), default="")


class RoomImportFile(ProjectScoped, Base):
    """导入文件: the file of a dry run, kept until it is carried out, for a day at most."""

    __tablename__ = "estate_room_import_file"
    __audited__ = False

    import_id: Mapped[int] = mapped_column(
        ForeignKey("estate_room_import.id", ondelete="CASCADE"), unique=True
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[created_moment]

"""Projects, permits, buildings, rooms and what happens to their status."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
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
    user_ref,
)
from app.core.scope import ProjectScoped, ScopeRoot
from app.core.states import State, Transitions

__all__ = [
    "Building",
    "Entrance",
    "HouseType",
    "Permit",
    "PermitBuilding",
    "Project",
    "ProjectMember",
    "Room",
    "RoomEvent",
    "RoomImport",
    "RoomImportFile",
    "RoomImportRun",
    "RoomImportState",
    "RoomStatus",
]


class RoomStatus(State):
    """房间状态: where a room stands on its way to the buyer."""

    UNRELEASED = "unreleased"
    AVAILABLE = "available"
    HELD = "held"
    RESERVED = "reserved"
    QUEUED = "queued"
    SUBSCRIBED = "subscribed"
    CONTRACTED = "contracted"
    HANDED_OVER = "handed_over"
    REPRICING = "repricing"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "unreleased": _l("Unreleased"),
            "available": _l("Available"),
            "held": _l("Held"),
            "reserved": _l("Reserved"),
            "queued": _l("Queued for"),
            "subscribed": _l("Subscribed"),
            "contracted": _l("Contracted"),
            "handed_over": _l("Handed over"),
            "repricing": _l("Awaiting a price"),
        }


#: the mark drawn beside the word, so that colour never stands alone
ROOM_MARKS: Mapping[str, str] = {
    "available": "○",
    "contracted": "■",
    "subscribed": "◆",
    "reserved": "◷",
    "held": "⊘",
    "queued": "№",
    "repricing": "!",
    "handed_over": "✓",
    "unreleased": "–",
}


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
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    name: Mapped[str] = mapped_column(String(60))
    #: place among the project's buildings on the grid
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    #: day of the completion record 竣工备案, which allows sale without a pre-sale permit
    completed_on: Mapped[day | None]
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
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    name: Mapped[str] = mapped_column(String(60))
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
        ),
        Index("ix_estate_room_project_status", "project_id", "status"),
        CheckConstraint("gross_area > 0", name="gross_area_positive"),
        CheckConstraint("inside_area IS NULL OR inside_area <= gross_area", name="inside_fits"),
        CheckConstraint(
            "status IN ('unreleased','available','held','reserved','queued','subscribed',"
            "'contracted','handed_over','repricing')",
            name="status_known",
        ),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "unreleased": {"available"},
        "available": {"unreleased", "held", "reserved", "queued", "subscribed", "contracted"},
        "held": {"available", "reserved", "subscribed"},
        "reserved": {"available", "subscribed"},
        "queued": {"available", "subscribed"},
        "subscribed": {"available", "repricing", "contracted"},
        "contracted": {"handed_over", "repricing"},
        "handed_over": set(),
        "repricing": {"available", "unreleased"},
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
    number: Mapped[str] = mapped_column(String(30))
    gross_area: Mapped[area]
    inside_area: Mapped[area | None]
    orientation: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), server_default=text("'unreleased'"))
    #: raised by every change; a screen drops what it already has
    version: Mapped[int] = mapped_column(
        Integer, server_default=text("1"), server_onupdate=FetchedValue()
    )
    building: Mapped[Building] = relationship()
    entrance: Mapped[Entrance | None] = relationship()
    house_type: Mapped[HouseType | None] = relationship()
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


class RoomImportState(State):
    """导入状态: a dry run waits to be carried out; the others have ended."""

    CHECKED = "checked"
    DONE = "done"
    REFUSED = "refused"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "checked": _l("Checked, not imported yet"),
            "done": _l("Imported"),
            "refused": _l("Refused for faults"),
        }


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

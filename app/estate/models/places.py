"""Projects, their people, permits, buildings and entrances."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
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
    day,
    name_text,
    user_ref,
)
from app.core.scope import GroupWide, ProjectScoped, ScopeRoot

MAP_POINT = r"map_point ~ '^-?\d{1,2}\.\d{6}, -?\d{1,3}\.\d{6}$'"


class Project(ScopeRoot, Base):
    """项目: what is built and sold under one name; a phase is a project with a parent."""

    __tablename__ = "estate_project"
    __table_args__ = (
        CheckConstraint("plot_area > 0", name="plot_area_positive"),
        CheckConstraint("saleable_area > 0", name="saleable_area_positive"),
        CheckConstraint("term_until > term_from", name="term_runs"),
        CheckConstraint(MAP_POINT, name="map_point_reads"),
    )

    organization_id: Mapped[int] = mapped_column(ForeignKey("admin_organization.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("estate_project.id"), index=True)
    code: Mapped[code_text] = mapped_column(unique=True)
    name: Mapped[name_text]
    company: Mapped[str | None] = mapped_column(String(120))
    city: Mapped[str | None] = mapped_column(String(60))
    address: Mapped[str | None] = mapped_column(String(200))
    #: "latitude, longitude" in degrees with 6 decimals, GCJ-02 as Chinese maps show them
    map_point: Mapped[str | None] = mapped_column(String(30))
    #: land, from the grant on: 土地位置, 地块编号, m², 土地用途, 出让合同, 使用年限, 土地证
    plot_place: Mapped[str | None] = mapped_column(String(200))
    plot_number: Mapped[str | None] = mapped_column(String(60))
    plot_area: Mapped[area | None]
    land_use: Mapped[str | None] = mapped_column(String(60))
    grant_contract: Mapped[str | None] = mapped_column(String(60))
    term_from: Mapped[day | None]
    term_until: Mapped[day | None]
    land_certificate: Mapped[str | None] = mapped_column(String(60))
    #: 规划许可证 and 施工许可证; pre-sale permits are rows of their own
    planning_permit: Mapped[str | None] = mapped_column(String(60))
    construction_permit: Mapped[str | None] = mapped_column(String(60))
    #: 大产证: the first registration of the whole
    title_number: Mapped[str | None] = mapped_column(String(60))
    #: m² that may be sold
    saleable_area: Mapped[area | None]
    started_on: Mapped[day | None]
    opened_on: Mapped[day | None]
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


class ProductType(GroupWide, Base):
    """产品类型: what a building is: 高层, 洋房, 别墅, 商铺, 车位."""

    __tablename__ = "estate_product_type"
    __table_args__ = (UniqueConstraint("name"),)

    name: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    #: off: no building is given it any more; buildings that have it keep it
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)

    def __str__(self) -> str:
        return self.name


class Zone(ProjectScoped, Base):
    """分区: a part of a project; zones nest, and buildings may hang under one."""

    __tablename__ = "estate_zone"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        UniqueConstraint("project_id", "id"),
        ForeignKeyConstraint(
            ["project_id", "parent_id"], ["estate_zone.project_id", "estate_zone.id"]
        ),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    )

    parent_id: Mapped[int | None] = mapped_column(ForeignKey("estate_zone.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    #: off: no building is put into it any more; buildings that lie in it stay
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    parent: Mapped[Zone | None] = relationship(
        primaryjoin="Zone.parent_id == remote(Zone.id)", foreign_keys=parent_id
    )
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.name


class Building(ProjectScoped, Base):
    """楼栋: a building of a project."""

    __tablename__ = "estate_building"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        # No two buildings of a project stand for the same in the codes of their rooms.
        Index("uq_estate_building_code", "project_id", text("coalesce(code, name)"), unique=True),
        ForeignKeyConstraint(
            ["project_id", "zone_id"], ["estate_zone.project_id", "estate_zone.id"]
        ),
        CheckConstraint("usage IN ('sale','lease','both')", name="usage_known"),
        CheckConstraint("first_view IN ('grid','plan')", name="first_view_known"),
    )

    name: Mapped[str] = mapped_column(String(60))
    #: what stands for the building in the codes of its rooms; its name, where there is none
    code: Mapped[str | None] = mapped_column(String(20))
    zone_id: Mapped[int | None] = mapped_column(ForeignKey("estate_zone.id"), index=True)
    product_type_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_product_type.id"), index=True
    )
    #: place among the project's buildings on the grid
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    #: day of the completion record 竣工备案, which allows sale without a pre-sale permit; the
    #: milestone of that kind says the same
    completed_on: Mapped[day | None]
    #: 租售类型 of its rooms, unless a room says otherwise
    usage: Mapped[str] = mapped_column(String(10), server_default=text("'sale'"))
    #: 首屏: as a grid, or as the floor plans that shops and parking are outlined on
    first_view: Mapped[str] = mapped_column(
        String(10), server_default=text("'grid'"), default="grid"
    )
    zone: Mapped[Zone | None] = relationship(
        primaryjoin="Building.zone_id == Zone.id", foreign_keys=zone_id
    )
    product_type: Mapped[ProductType | None] = relationship()
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

"""Price plans, prices in time, payment methods and discounts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import (
    Base,
    area,
    code_text,
    created_moment,
    day,
    json_list,
    json_object,
    long_text,
    moment,
    money,
    name_text,
    unit_price,
    user_ref,
)
from app.core.scope import ProjectScoped
from app.core.states import State, Stateful, Transitions
from app.estate.models import Building, Project, Room

__all__ = [
    "Discount",
    "DiscountBuilding",
    "PaymentMethod",
    "PaymentMethodBuilding",
    "PaymentMethodLine",
    "PricePlan",
    "PricePlanRow",
    "PricePlanState",
    "PricePublication",
    "PricePublicationRow",
    "RoomPrice",
]


class PricePlanState(State):
    """定价方案状态."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    SCHEDULED = "scheduled"
    EFFECTIVE = "effective"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "draft": _l("Draft"),
            "in_approval": _l("In approval"),
            "scheduled": _l("Approved, waits for its day"),
            "effective": _l("Effective"),
            "rejected": _l("Rejected"),
            "cancelled": _l("Cancelled"),
            "overtaken": _l("Overtaken"),
        }


class PricePlan(ProjectScoped, Stateful, Base):
    """定价方案: a named batch of room prices; nothing else writes a room's price."""

    __tablename__ = "pricing_price_plan"
    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"in_approval"},
        "in_approval": {"draft", "effective", "scheduled", "rejected"},
        "scheduled": {"effective", "cancelled", "overtaken"},
        "rejected": {"in_approval"},
        "effective": set(),
        "cancelled": set(),
        "overtaken": set(),
    }

    number: Mapped[code_text] = mapped_column(unique=True)
    name: Mapped[name_text]
    state: Mapped[str] = mapped_column(String(20), server_default=text("'draft'"))
    #: ``import``, ``hand``, ``rule``, ``adjust`` or ``rest``
    origin: Mapped[str] = mapped_column(String(20))
    #: how its prices were worked out: the rule or adjustment and the rooms it was for; {} by hand
    terms: Mapped[json_object] = mapped_column(server_default=text("'{}'"))
    #: raised whenever rows or the day change: what a screen saw last
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    #: the business day from which its prices hold; None is at once, with the last yes
    takes_effect_on: Mapped[day | None]
    approved_at: Mapped[moment | None]
    effective_at: Mapped[moment | None]
    #: why it was cancelled
    closing_note: Mapped[str] = mapped_column(String(300), server_default=text("''"))
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class PricePlanRow(ProjectScoped, Base):
    """方案明细: the prices that a plan gives to one room; a draft may still lack them."""

    __tablename__ = "pricing_price_plan_row"
    __table_args__ = (
        UniqueConstraint("plan_id", "room_id"),
        CheckConstraint("list_total > 0 AND floor_total > 0", name="prices_positive"),
        CheckConstraint("floor_total <= list_total", name="floor_below_list"),
        CheckConstraint(
            "num_nulls(list_unit_price, list_total, floor_total) IN (0, 3)", name="whole_or_none"
        ),
        CheckConstraint("price_basis IN ('gross', 'inside', 'unit')", name="basis_known"),
        # What a plan had to leave alone is few; the worker asks every ten seconds.
        Index(
            "ix_pricing_price_plan_row_left_sold",
            "plan_id",
            postgresql_where=text("left_because = 'sold'"),
        ),
    )

    plan_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_price_plan.id", ondelete="CASCADE"), index=True
    )
    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    #: by what the unit price is: ``gross`` or ``inside`` area; ``unit`` 按套 has it for comparison
    price_basis: Mapped[str] = mapped_column(String(10), server_default=text("'gross'"))
    list_unit_price: Mapped[unit_price | None]
    list_total: Mapped[money | None]
    floor_total: Mapped[money | None]
    #: why the plan left the room's price alone: ``sold`` or ``overtaken``
    left_because: Mapped[str | None] = mapped_column(String(10))
    plan: Mapped[PricePlan] = relationship()
    room: Mapped[Room] = relationship()


class RoomPrice(ProjectScoped, Base):
    """房间价格: what a room cost from when to when; history is never overwritten."""

    __tablename__ = "pricing_room_price"
    __table_args__ = (
        Index(
            "uq_pricing_room_price_current",
            "room_id",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
        # Whatever is run twice, a plan prices a room once.
        Index("uq_pricing_room_price_plan_room", "plan_id", "room_id", unique=True),
    )

    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("pricing_price_plan.id"))
    price_basis: Mapped[str] = mapped_column(String(10), server_default=text("'gross'"))
    list_unit_price: Mapped[unit_price]
    list_total: Mapped[money]
    floor_total: Mapped[money]
    valid_from: Mapped[moment]
    valid_to: Mapped[moment | None]
    room: Mapped[Room] = relationship()
    plan: Mapped[PricePlan] = relationship()


class PricePublication(ProjectScoped, Base):
    """一房一价: a building's price list as it was published; a final version never changes."""

    __tablename__ = "pricing_publication"
    __table_args__ = (UniqueConstraint("building_id", "version"),)

    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)
    building_name: Mapped[str] = mapped_column(String(60))
    #: counted for each building, from 1
    version: Mapped[int]
    published_at: Mapped[moment]
    published_by_id: Mapped[int | None] = user_ref()
    #: numbers of the pre-sale permits
    permits: Mapped[long_text] = mapped_column(server_default=text("''"))
    #: plans whose prices are in it, with who approved them when
    approvals: Mapped[json_list]
    remarks: Mapped[str] = mapped_column(String(300), server_default=text("''"))
    rooms: Mapped[int] = mapped_column(server_default=text("0"))
    list_total: Mapped[money] = mapped_column(server_default=text("0"))
    #: SHA-256 over its rows
    digest: Mapped[str] = mapped_column(String(64), server_default=text("''"))
    #: set when all of it is written; from then on the database refuses every change
    is_final: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    building: Mapped[Building] = relationship()
    published_by: Mapped[AppUser | None] = relationship(foreign_keys=[published_by_id])
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return f"{self.building_name} V{self.version}"


class PricePublicationRow(ProjectScoped, Base):
    """一房一价明细: one room as it stood in a published list; the database refuses changes."""

    __tablename__ = "pricing_publication_row"
    #: it is written once with its list and never changes, so that the audit would only repeat it
    __audited__ = False
    __table_args__ = (UniqueConstraint("publication_id", "position"),)

    publication_id: Mapped[int] = mapped_column(ForeignKey("pricing_publication.id"), index=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    position: Mapped[int]
    entrance: Mapped[str | None] = mapped_column(String(60))
    floor_name: Mapped[str] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(String(30))
    house_type: Mapped[str | None] = mapped_column(String(60))
    gross_area: Mapped[area]
    inside_area: Mapped[area | None]
    price_basis: Mapped[str] = mapped_column(String(10))
    list_unit_price: Mapped[unit_price]
    list_total: Mapped[money]
    status: Mapped[str] = mapped_column(String(20))

    @property
    def shared_area(self) -> Decimal | None:
        """Return gross minus inside area in m², where the inside area is known."""
        return None if self.inside_area is None else self.gross_area - self.inside_area


class PaymentMethod(ProjectScoped, Base):
    """付款方式: a payment plan with its own discount and its lines."""

    __tablename__ = "pricing_payment_method"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    name: Mapped[str] = mapped_column(String(60))
    #: percent off the list total, e.g. 2.00
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("0"))
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    valid_from: Mapped[day | None]
    valid_to: Mapped[day | None]
    project: Mapped[Project] = relationship()
    lines: Mapped[list[PaymentMethodLine]] = relationship(
        order_by="PaymentMethodLine.position", back_populates="method"
    )
    #: where it holds; none is the whole project
    buildings: Mapped[list[Building]] = relationship(
        secondary="pricing_payment_method_building", order_by="Building.position"
    )

    def __str__(self) -> str:
        return self.name


class PaymentMethodBuilding(ProjectScoped, Base):
    """付款方式适用楼栋: a building that a payment method is for."""

    __tablename__ = "pricing_payment_method_building"
    __table_args__ = (UniqueConstraint("method_id", "building_id"),)

    method_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_payment_method.id", ondelete="CASCADE"), index=True
    )
    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)


class DiscountBuilding(ProjectScoped, Base):
    """折扣适用楼栋: a building that a discount is for."""

    __tablename__ = "pricing_discount_building"
    __table_args__ = (UniqueConstraint("discount_id", "building_id"),)

    discount_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_discount.id", ondelete="CASCADE"), index=True
    )
    building_id: Mapped[int] = mapped_column(ForeignKey("estate_building.id"), index=True)


class PaymentMethodLine(ProjectScoped, Base):
    """付款明细: one line of a payment method."""

    __tablename__ = "pricing_payment_method_line"
    __table_args__ = (UniqueConstraint("method_id", "position"),)

    method_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_payment_method.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    #: deposit, down_payment, instalment, loan, fund, fitout, collected
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    #: fixed (yuan), percent (of the deal total) or rest
    basis: Mapped[str] = mapped_column(String(20))
    value: Mapped[money | None]
    #: subscription (days after), contract (days after), date or stage
    due_rule: Mapped[str] = mapped_column(String(20))
    due_days: Mapped[int | None]
    due_on: Mapped[day | None]
    #: ``MilestoneKind`` of the building that it waits for; old lines may only have a name
    due_stage: Mapped[str | None] = mapped_column(String(30))
    #: yuan to which a loan is rounded down; None for the usual 10,000
    round_down_to: Mapped[money | None]
    method: Mapped[PaymentMethod] = relationship(back_populates="lines")


class Discount(ProjectScoped, Base):
    """折扣: a discount listed for all."""

    __tablename__ = "pricing_discount"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    name: Mapped[str] = mapped_column(String(60))
    #: percent (of the running price), points (of the list price), per_area (yuan/m²), amount (yuan)
    kind: Mapped[str] = mapped_column(String(20))
    value: Mapped[money]
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_stackable: Mapped[bool] = mapped_column(Boolean, server_default=true())
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    valid_from: Mapped[day | None]
    valid_to: Mapped[day | None]
    #: the role that may grant it, and those above it; None is whoever quotes
    grantor_role: Mapped[str | None] = mapped_column(String(40))
    project: Mapped[Project] = relationship()
    #: where it holds; none is the whole project
    buildings: Mapped[list[Building]] = relationship(
        secondary="pricing_discount_building", order_by="Building.position"
    )

    def __str__(self) -> str:
        return self.name

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

from app.core.db import (
    Base,
    code_text,
    created_moment,
    day,
    moment,
    money,
    name_text,
    unit_price,
    user_ref,
)
from app.core.scope import ProjectScoped
from app.core.states import State, Stateful, Transitions
from app.estate.models import Project, Room

__all__ = [
    "Discount",
    "PaymentMethod",
    "PaymentMethodLine",
    "PricePlan",
    "PricePlanRow",
    "PricePlanState",
    "RoomPrice",
]


class PricePlanState(State):
    """定价方案状态."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    EFFECTIVE = "effective"
    REJECTED = "rejected"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "draft": _l("Draft"),
            "in_approval": _l("In approval"),
            "effective": _l("Effective"),
            "rejected": _l("Rejected"),
        }


class PricePlan(ProjectScoped, Stateful, Base):
    """定价方案: a named batch of room prices; nothing else writes a room's price."""

    __tablename__ = "pricing_price_plan"
    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"in_approval"},
        "in_approval": {"draft", "effective", "rejected"},
        "rejected": {"in_approval"},
        "effective": set(),
    }

    number: Mapped[code_text] = mapped_column(unique=True)
    name: Mapped[name_text]
    state: Mapped[str] = mapped_column(String(20), server_default=text("'draft'"))
    #: ``import``, ``hand`` or ``rest``
    origin: Mapped[str] = mapped_column(String(20))
    effective_at: Mapped[moment | None]
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class PricePlanRow(ProjectScoped, Base):
    """方案明细: the prices that a plan gives to one room."""

    __tablename__ = "pricing_price_plan_row"
    __table_args__ = (
        UniqueConstraint("plan_id", "room_id"),
        CheckConstraint("list_total > 0 AND floor_total > 0", name="prices_positive"),
        CheckConstraint("floor_total <= list_total", name="floor_below_list"),
    )

    plan_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_price_plan.id", ondelete="CASCADE"), index=True
    )
    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    list_unit_price: Mapped[unit_price]
    list_total: Mapped[money]
    floor_total: Mapped[money]
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
    )

    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("pricing_price_plan.id"), index=True)
    list_unit_price: Mapped[unit_price]
    list_total: Mapped[money]
    floor_total: Mapped[money]
    valid_from: Mapped[moment]
    valid_to: Mapped[moment | None]
    room: Mapped[Room] = relationship()
    plan: Mapped[PricePlan] = relationship()


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

    def __str__(self) -> str:
        return self.name


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
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.name

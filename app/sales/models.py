"""Holds, special discounts and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import (
    Base,
    code_text,
    created_moment,
    day,
    json_list,
    json_object,
    moment,
    money,
    percent,
    unit_price,
    user_ref,
)
from app.core.scope import OwnerScoped, ProjectScoped
from app.core.states import State, Stateful, Transitions
from app.customers.models import Customer
from app.estate.models import Project, Room
from app.finance.models import Account, Receipt, ReceiptState
from app.pricing.models import PaymentMethod

__all__ = [
    "Change",
    "Hold",
    "HoldState",
    "SpecialDiscount",
    "Subscription",
    "SubscriptionBuyer",
    "SubscriptionState",
]


class HoldState(State):
    """预留状态."""

    LIVE = "live"
    RELEASED = "released"
    LAPSED = "lapsed"
    CONVERTED = "converted"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "live": _l("In force"),
            "released": _l("Released"),
            "lapsed": _l("Lapsed"),
            "converted": _l("Subscribed"),
        }


class Hold(ProjectScoped, Stateful, Base):
    """预留 / 销控: a room off the market for a named reason, until a time."""

    __tablename__ = "sales_hold"
    __table_args__ = (
        Index(
            "uq_sales_hold_live_room",
            "room_id",
            unique=True,
            postgresql_where=text("state = 'live'"),
        ),
        Index("ix_sales_hold_ending", "until", postgresql_where=text("state = 'live'")),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "live": {"released", "lapsed", "converted"},
        "released": set(),
        "lapsed": set(),
        "converted": set(),
    }

    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers_customer.id"), index=True)
    holder_id: Mapped[int] = user_ref(nullable=False)
    #: ``held`` (销控) or ``reserved`` (预留): the status that it gives the room
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), server_default=text("'live'"))
    created_at: Mapped[created_moment]
    #: None for a 销控 without end
    until: Mapped[moment | None]
    end_reason: Mapped[str | None] = mapped_column(String(200))
    room: Mapped[Room] = relationship()
    customer: Mapped[Customer | None] = relationship()
    holder: Mapped[AppUser] = relationship(foreign_keys="Hold.holder_id")
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return str(self.room)


class SpecialDiscount(ProjectScoped, OwnerScoped, Base):
    """特殊折扣: a discount granted for one room and customer, until a day, used once."""

    __tablename__ = "sales_special_discount"
    __wide__: ClassVar[str] = "sales.subscription:see_all"
    __table_args__ = (CheckConstraint("percent > 0 AND percent < 100", name="percent_within"),)

    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"), index=True)
    #: percent of the list total
    percent: Mapped[percent]
    #: the list total it was granted on; another price voids it
    list_total: Mapped[money]
    valid_until: Mapped[day]
    owner_id: Mapped[int] = user_ref(nullable=False)
    #: the approval that granted it (a number, since sales knows the request only by key)
    request_id: Mapped[int]
    created_at: Mapped[created_moment]
    used_at: Mapped[moment | None]
    room: Mapped[Room] = relationship()
    customer: Mapped[Customer] = relationship()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return f"{self.percent}%"


class SubscriptionState(State):
    """认购状态."""

    AWAITING_DEPOSIT = "awaiting_deposit"
    DEPOSIT_SHORT = "deposit_short"
    ACTIVE = "active"
    CONTRACTED = "contracted"
    LAPSED = "lapsed"
    ENDED = "ended"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "awaiting_deposit": _l("Awaiting the deposit"),
            "deposit_short": _l("Deposit short"),
            "active": _l("Deposit received"),
            "contracted": _l("Contract made"),
            "lapsed": _l("Lapsed"),
            "ended": _l("Ended"),
        }


_RECEIPT: Any = Receipt.__table__
LIVE_SUBSCRIPTIONS = ("awaiting_deposit", "deposit_short", "active", "contracted")


class Subscription(ProjectScoped, OwnerScoped, Stateful, Base):
    """认购: the buyer has chosen a room and pays the deposit; its figures are frozen here."""

    __tablename__ = "sales_subscription"
    __owner__: ClassVar[str] = "consultant_id"
    __wide__: ClassVar[str] = "sales.subscription:see_all"
    __table_args__ = (
        Index(
            "uq_sales_subscription_live_room",
            "room_id",
            unique=True,
            postgresql_where=text(
                "state IN ('awaiting_deposit','deposit_short','active','contracted')"
            ),
        ),
        Index(
            "ix_sales_subscription_lapsing",
            "lapses_at",
            postgresql_where=text("state = 'awaiting_deposit'"),
        ),
        Index("ix_sales_subscription_subscribed_at", "subscribed_at"),
        Index(
            "ix_sales_subscription_signing",
            "sign_by",
            postgresql_where=text("state = 'active'"),
        ),
        CheckConstraint("deal_total > 0", name="deal_total_positive"),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "awaiting_deposit": {"deposit_short", "active", "lapsed"},
        "deposit_short": {"active", "awaiting_deposit", "ended"},
        "active": {"contracted", "deposit_short", "awaiting_deposit", "ended"},
        "contracted": {"ended"},
        "lapsed": set(),
        "ended": set(),
    }

    number: Mapped[code_text] = mapped_column(unique=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), server_default=text("'awaiting_deposit'"))
    consultant_id: Mapped[int] = user_ref(nullable=False)
    payment_method_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_payment_method.id"), index=True
    )
    special_discount_id: Mapped[int | None] = mapped_column(
        ForeignKey("sales_special_discount.id"), unique=True
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"), unique=True)
    list_total: Mapped[money]
    deal_total: Mapped[money]
    deal_unit_price: Mapped[unit_price]
    #: every step of the price, as shown to the buyer
    steps: Mapped[json_list]
    subscribed_at: Mapped[moment]
    #: lapses by itself then if no deposit has come
    lapses_at: Mapped[moment]
    #: the last day to sign the contract
    sign_by: Mapped[day]
    room: Mapped[Room] = relationship()
    consultant: Mapped[AppUser] = relationship(foreign_keys="Subscription.consultant_id")
    payment_method: Mapped[PaymentMethod] = relationship()
    special_discount: Mapped[SpecialDiscount | None] = relationship()
    account: Mapped[Account] = relationship()
    project: Mapped[Project] = relationship()
    #: what has been received on its account, in yuan; read, never written
    received: Mapped[Decimal] = column_property(
        select(func.coalesce(func.sum(_RECEIPT.c.amount), 0))
        .where(
            _RECEIPT.c.account_id == account_id,
            _RECEIPT.c.state.in_((ReceiptState.CONFIRMED.value, ReceiptState.REVERSED.value)),
        )
        .correlate_except(_RECEIPT)
        .scalar_subquery()
    )
    buyers: Mapped[list[SubscriptionBuyer]] = relationship(
        order_by="SubscriptionBuyer.position", back_populates="subscription"
    )
    #: the buyers themselves, as far as the reader may see them
    customers: Mapped[list[Customer]] = relationship(
        secondary="sales_subscription_buyer", viewonly=True
    )

    def __str__(self) -> str:
        return self.number


class SubscriptionBuyer(ProjectScoped, Base):
    """权益人: a person or company on a deal, with a share in percent."""

    __tablename__ = "sales_subscription_buyer"
    __table_args__ = (
        UniqueConstraint("subscription_id", "customer_id"),
        CheckConstraint("share > 0 AND share <= 100", name="share_within"),
    )

    subscription_id: Mapped[int] = mapped_column(
        ForeignKey("sales_subscription.id", ondelete="CASCADE"), index=True
    )
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"), index=True)
    position: Mapped[int]
    share: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    subscription: Mapped[Subscription] = relationship(back_populates="buyers")
    customer: Mapped[Customer] = relationship()


class Change(ProjectScoped, OwnerScoped, Base):
    """变更登记: one approved change of a deal, as it was before and after; never edited."""

    __tablename__ = "sales_change"
    __wide__: ClassVar[str] = "sales.subscription:see_all"

    #: the kind of approval that carried it out: ``extension``, …
    kind: Mapped[str] = mapped_column(String(40))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("sales_subscription.id"), index=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    #: the deal's consultant at that time
    owner_id: Mapped[int] = user_ref(nullable=False)
    #: the approval, by key and number, since sales does not know requests
    request_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    request_number: Mapped[code_text]
    applicant_id: Mapped[int] = user_ref(nullable=False)
    #: who gave the last approval
    approved_by_id: Mapped[int] = user_ref(nullable=False)
    reason: Mapped[str] = mapped_column(String(2000))
    #: fields of the deal that changed, as strings: ``{"sign_by": "2026-11-30"}``
    before: Mapped[json_object]
    after: Mapped[json_object]
    created_at: Mapped[created_moment]
    subscription: Mapped[Subscription] = relationship()
    room: Mapped[Room] = relationship()
    owner: Mapped[AppUser] = relationship(foreign_keys="Change.owner_id")
    applicant: Mapped[AppUser] = relationship(foreign_keys="Change.applicant_id")
    approved_by: Mapped[AppUser] = relationship(foreign_keys="Change.approved_by_id")
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.request_number

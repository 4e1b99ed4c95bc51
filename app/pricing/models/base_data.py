"""Changes of base data that are locked: what is to change, the signed paper, how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import (
    Base,
    code_text,
    created_moment,
    day,
    long_text,
    moment,
    name_text,
    user_ref,
)
from app.core.scope import ProjectScoped
from app.core.states import State, Stateful, Transitions
from app.estate.models import HouseType, Project, Room
from app.pricing.models.prices import Discount, PaymentMethod


class BaseDataChangeState(State):
    """基础资料变更状态."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    OPENED = "opened"
    EXECUTED = "executed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "draft": _l("Draft"),
            "in_approval": _l("In approval"),
            "approved": _l("Approved, to be carried out"),
            "opened": _l("Being carried out"),
            "executed": _l("Carried out"),
            "rejected": _l("Rejected"),
            "cancelled": _l("Cancelled"),
        }


class BaseDataChange(ProjectScoped, Stateful, Base):
    """基础资料变更: what is to change in locked base data, approved and then carried out."""

    __tablename__ = "pricing_base_data_change"
    __table_args__ = (
        # While one is carried out by hand the base data are open for it, and for no other.
        Index(
            "uq_pricing_base_data_change_opened",
            "project_id",
            unique=True,
            postgresql_where=text("state = 'opened'"),
        ),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"in_approval"},
        "in_approval": {"draft", "approved", "rejected"},
        "rejected": {"in_approval"},
        "approved": {"opened", "executed", "cancelled"},
        "opened": {"executed"},
        "executed": set(),
        "cancelled": set(),
    }

    number: Mapped[code_text] = mapped_column(unique=True)
    name: Mapped[name_text]
    #: what is to be done and why, as the paper says
    content: Mapped[long_text]
    #: carried out by hand while the base data are open, and not line by line by the system
    by_hand: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    state: Mapped[str] = mapped_column(String(20), server_default=text("'draft'"))
    #: the last day to carry it out
    execute_by: Mapped[day | None]
    approved_at: Mapped[moment | None]
    executed_at: Mapped[moment | None]
    executed_by_id: Mapped[int | None] = user_ref()
    #: what was done, or why it was cancelled
    closing_note: Mapped[str] = mapped_column(String(300), server_default=text("''"), default="")
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    executed_by: Mapped[AppUser | None] = relationship(foreign_keys=[executed_by_id])
    created_by: Mapped[AppUser | None] = relationship(foreign_keys=[created_by_id])
    project: Mapped[Project] = relationship()
    lines: Mapped[list[BaseDataChangeLine]] = relationship(
        order_by="BaseDataChangeLine.id", back_populates="change", passive_deletes=True
    )
    scan: Mapped[BaseDataChangeScan | None] = relationship(passive_deletes=True)

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class BaseDataChangeLine(ProjectScoped, Base):
    """变更明细: one value of one record, before and after."""

    __tablename__ = "pricing_base_data_change_line"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(room_id, house_type_id, payment_method_id, discount_id) = 1",
            name="of_one_record",
        ),
        Index(
            "uq_pricing_base_data_change_line_field",
            "change_id",
            "room_id",
            "house_type_id",
            "payment_method_id",
            "discount_id",
            "field",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    change_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_base_data_change.id", ondelete="CASCADE"), index=True
    )
    room_id: Mapped[int | None] = mapped_column(ForeignKey("estate_room.id"), index=True)
    house_type_id: Mapped[int | None] = mapped_column(
        ForeignKey("estate_house_type.id"), index=True
    )
    payment_method_id: Mapped[int | None] = mapped_column(
        ForeignKey("pricing_payment_method.id"), index=True
    )
    discount_id: Mapped[int | None] = mapped_column(ForeignKey("pricing_discount.id"), index=True)
    #: name of the record's column
    field: Mapped[str] = mapped_column(String(40))
    #: as it stood when the line was written, and as it shall be, as text; empty for nothing
    before: Mapped[str] = mapped_column(String(120), server_default=text("''"))
    after: Mapped[str] = mapped_column(String(120), server_default=text("''"))
    change: Mapped[BaseDataChange] = relationship(back_populates="lines")
    room: Mapped[Room | None] = relationship()
    house_type: Mapped[HouseType | None] = relationship()
    payment_method: Mapped[PaymentMethod | None] = relationship()
    discount: Mapped[Discount | None] = relationship()

    @property
    def record(self) -> Any:
        """Return the record that the line is about."""
        return self.room or self.house_type or self.payment_method or self.discount


class BaseDataChangeScan(ProjectScoped, Base):
    """签字扫描件: the signed paper of a change."""

    __tablename__ = "pricing_base_data_change_scan"
    #: a file; who handed it in is told by the change's own history
    __audited__ = False

    change_id: Mapped[int] = mapped_column(
        ForeignKey("pricing_base_data_change.id", ondelete="CASCADE"), unique=True
    )
    file_name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()

"""Accounts of deals, receivables, receipts, allocations and bills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import Base, code_text, created_moment, day, moment, money, name_text, user_ref
from app.core.scope import ProjectScoped
from app.core.states import State, Stateful, Transitions
from app.estate.models import Project, Room

__all__ = [
    "Account",
    "Allocation",
    "Bill",
    "BillBook",
    "Receipt",
    "ReceiptMethod",
    "ReceiptState",
    "Receivable",
]


class ReceiptMethod(State):
    """收款方式."""

    CASH = "cash"
    POS = "pos"
    TRANSFER = "transfer"
    CHEQUE = "cheque"
    QR = "qr"
    MORTGAGE = "mortgage"
    FUND = "fund"
    MOVED_IN = "moved_in"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "cash": _l("Cash"),
            "pos": _l("Card"),
            "transfer": _l("Transfer"),
            "cheque": _l("Cheque"),
            "qr": _l("QR code"),
            "mortgage": _l("Mortgage release"),
            "fund": _l("Housing fund release"),
            "moved_in": _l("Moved in"),
        }


class ReceiptState(State):
    """收款状态: a slip counts only when the cashier has confirmed it."""

    SLIP = "slip"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    REVERSED = "reversed"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "slip": _l("Payment slip"),
            "confirmed": _l("Received"),
            "withdrawn": _l("Withdrawn"),
            "reversed": _l("Reversed"),
        }


class Account(ProjectScoped, Base):
    """往来户: finance's record of one deal; receivables and receipts hang on it."""

    __tablename__ = "finance_account"
    __personal__: ClassVar[tuple[str, ...]] = ("payer",)

    room_id: Mapped[int] = mapped_column(ForeignKey("estate_room.id"), index=True)
    #: ``subscription`` and its id: a key of the upper area, which finance does not follow
    subject_type: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int | None]
    title: Mapped[str] = mapped_column(String(200))
    payer: Mapped[name_text]
    #: deal total in yuan, for the ceiling of the deposit (Civil Code art. 586)
    deal_total: Mapped[money]
    created_at: Mapped[created_moment]
    #: a closed account takes no money
    closed_at: Mapped[moment | None]
    room: Mapped[Room] = relationship()
    project: Mapped[Project] = relationship()

    def __str__(self) -> str:
        return self.title


class Receivable(ProjectScoped, Base):
    """应收: what one payment line asks for, in yuan."""

    __tablename__ = "finance_receivable"
    __table_args__ = (
        UniqueConstraint("account_id", "position"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    #: None while the day hangs on a contract or a building stage
    due_on: Mapped[day | None]
    due_rule: Mapped[str] = mapped_column(String(20))
    due_days: Mapped[int | None]
    #: ``MilestoneKind`` of the building that makes it due
    due_stage: Mapped[str | None] = mapped_column(String(30))
    amount: Mapped[money]
    #: taken back, not deleted, when the deal lapses or ends
    cancelled_at: Mapped[moment | None]
    account: Mapped[Account] = relationship()

    def __str__(self) -> str:
        return self.name


class Receipt(ProjectScoped, Stateful, Base):
    """收款: money taken or, with a negative amount, the reversal of money taken."""

    __tablename__ = "finance_receipt"
    __personal__: ClassVar[tuple[str, ...]] = ("payer",)
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint("(reverses_id IS NULL) = (amount > 0)", name="only_reversals_negative"),
        Index(
            "uq_finance_receipt_reverses",
            "reverses_id",
            unique=True,
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
        Index("ix_finance_receipt_received_on", "received_on", postgresql_using="brin"),
        # slips that wait for the cashier are few among very many receipts
        Index("ix_finance_receipt_slips", "project_id", postgresql_where=text("state = 'slip'")),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "slip": {"confirmed", "withdrawn"},
        "confirmed": {"reversed"},
        "withdrawn": set(),
        "reversed": set(),
    }

    number: Mapped[code_text] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), server_default=text("'slip'"))
    amount: Mapped[money]
    method: Mapped[str] = mapped_column(String(20))
    payer: Mapped[name_text]
    purpose: Mapped[str | None] = mapped_column(String(120))
    #: the business day that the money counts on
    received_on: Mapped[day | None]
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()
    confirmed_at: Mapped[moment | None]
    confirmed_by_id: Mapped[int | None] = user_ref()
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("finance_receipt.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    account: Mapped[Account] = relationship()
    project: Mapped[Project] = relationship()
    confirmed_by: Mapped[AppUser | None] = relationship(foreign_keys="Receipt.confirmed_by_id")

    @property
    def state_title(self) -> Any:
        """Return the state in words."""
        return ReceiptState(self.state).title

    def __str__(self) -> str:
        return self.number


class Allocation(ProjectScoped, Base):
    """核销分配: which part of a receipt pays which receivable; a reversal has negative parts."""

    __tablename__ = "finance_allocation"
    __table_args__ = (
        UniqueConstraint("receipt_id", "receivable_id"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
    )

    receipt_id: Mapped[int] = mapped_column(ForeignKey("finance_receipt.id"), index=True)
    receivable_id: Mapped[int] = mapped_column(ForeignKey("finance_receivable.id"), index=True)
    amount: Mapped[money]
    receipt: Mapped[Receipt] = relationship()
    receivable: Mapped[Receivable] = relationship()


class BillBook(ProjectScoped, Base):
    """票据本: pre-numbered receipts or invoices, issued to one cashier."""

    __tablename__ = "finance_bill_book"
    __table_args__ = (
        UniqueConstraint("project_id", "prefix", "first_number"),
        CheckConstraint("first_number <= last_number", name="numbers_in_order"),
        CheckConstraint("next_number BETWEEN first_number AND last_number + 1", name="next_within"),
    )

    #: receipt, advance_invoice or invoice
    kind: Mapped[str] = mapped_column(String(20), server_default=text("'receipt'"))
    prefix: Mapped[str] = mapped_column(String(10))
    digits: Mapped[int] = mapped_column(Integer)
    first_number: Mapped[int]
    last_number: Mapped[int]
    next_number: Mapped[int]
    cashier_id: Mapped[int | None] = user_ref()
    created_at: Mapped[created_moment]
    cashier: Mapped[AppUser | None] = relationship(foreign_keys="BillBook.cashier_id")
    project: Mapped[Project] = relationship()

    def format_number(self, number: int) -> str:
        """Return the number as it is printed: SJ00001."""
        return f"{self.prefix}{number:0{self.digits}d}"

    def __str__(self) -> str:
        first, last = self.format_number(self.first_number), self.format_number(self.last_number)
        return f"{first}–{last}"


class Bill(ProjectScoped, Base):
    """票据: one used number; a spoilt one is voided with a reason and stays."""

    __tablename__ = "finance_bill"
    __personal__: ClassVar[tuple[str, ...]] = ("payer",)
    __table_args__ = (
        UniqueConstraint("book_id", "serial"),
        Index(
            "uq_finance_bill_live_receipt",
            "receipt_id",
            unique=True,
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    book_id: Mapped[int] = mapped_column(ForeignKey("finance_bill_book.id"), index=True)
    serial: Mapped[int]
    number: Mapped[code_text]
    receipt_id: Mapped[int] = mapped_column(ForeignKey("finance_receipt.id"), index=True)
    amount: Mapped[money]
    payer: Mapped[name_text]
    issued_at: Mapped[moment]
    issued_by_id: Mapped[int | None] = user_ref()
    voided_at: Mapped[moment | None]
    voided_by_id: Mapped[int | None] = user_ref()
    void_reason: Mapped[str | None] = mapped_column(String(200))
    book: Mapped[BillBook] = relationship()
    receipt: Mapped[Receipt] = relationship()

    def __str__(self) -> str:
        return self.number

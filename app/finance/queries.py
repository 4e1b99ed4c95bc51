"""Reads accounts, what is owed and paid, receipts, books and bills."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, or_, select, text
from sqlalchemy.orm import joinedload

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.money import ZERO
from app.estate.models import Building, Room
from app.finance.allocation import DEPOSIT, OpenReceivable
from app.finance.models import (
    Account,
    Allocation,
    Bill,
    BillBook,
    Receipt,
    ReceiptState,
    Receivable,
)
from app.finance.policies import RECEIPT, can_see

Row = TypeVar("Row")

#: a receipt in one of these states is money: a reversed one together with its reversal
COUNTING = (ReceiptState.CONFIRMED, ReceiptState.REVERSED)
MOST_FOUND = 20
#: so long the cashier's desk offers a deal whose line fell due; later it is a matter of dunning
DUE_LATELY = timedelta(days=7)
#: a count is exact up to here
COUNT_BOUND = 1000

#: an account with what its room's name is made of
_NAMED_ACCOUNT = select(Account).options(
    joinedload(Account.project),
    joinedload(Account.room).options(joinedload(Room.building), joinedload(Room.entrance)),
)


@dataclass(frozen=True, slots=True)
class Balance:
    """How an account stands, in yuan."""

    receivable: Decimal
    received: Decimal
    allocated: Decimal

    @property
    def owed(self) -> Decimal:
        """Return receivables − allocations."""
        return self.receivable - self.allocated

    @property
    def unallocated(self) -> Decimal:
        """Return receipts − refunds − allocations."""
        return self.received - self.allocated


def get_account(account_id: int) -> Account:
    """Return the account with project and room. Raises NotFound outside scope."""
    found: Account | None = db.session.scalar(_NAMED_ACCOUNT.where(Account.id == account_id))
    return _there(found, _l("There is no such account within your scope."))


def lock_account(account_id: int) -> Account:
    """Lock and return the account with project and room. Raises NotFound outside scope."""
    found: Account | None = db.session.scalar(
        _NAMED_ACCOUNT.where(Account.id == account_id)
        .with_for_update(of=Account, key_share=True)
        .execution_options(populate_existing=True)
    )
    return _there(found, _l("There is no such account within your scope."))


def search_accounts(
    typed: str, *, project_id: int | None = None, limit: int = MOST_FOUND
) -> list[Account]:
    """Return open accounts whose deal, payer or room contains what was typed, newest first."""
    found = _NAMED_ACCOUNT.where(Account.closed_at.is_(None))
    if project_id is not None:
        found = found.where(Account.project_id == project_id)
    for word in typed.split():
        pattern = f"%{escape_like(word)}%"
        in_room = Account.room.has(
            or_(Room.number.ilike(pattern), Room.building.has(Building.name.ilike(pattern)))
        )
        found = found.where(
            or_(Account.title.ilike(pattern), Account.payer.ilike(pattern), in_room)
        )
    return list(db.session.scalars(found.order_by(Account.id.desc()).limit(limit)))


def accounts_due(
    project_id: int | None, day: date, *, within: timedelta = DUE_LATELY, limit: int = MOST_FOUND
) -> list[Account]:
    """Return open accounts that owe a line which fell due by the day, not long ago; newest first.

    Those whom the cashier is about to meet: a deal made today owes its deposit.
    """
    paid = (
        _sum(Allocation.amount)
        .where(Allocation.receivable_id == Receivable.id)
        .correlate(Receivable)
        .scalar_subquery()
    )
    owing = select(Receivable.account_id).where(
        Receivable.due_on.between(day - within, day),
        Receivable.cancelled_at.is_(None),
        Receivable.amount > paid,
    )
    found = _NAMED_ACCOUNT.where(Account.closed_at.is_(None), Account.id.in_(owing))
    if project_id is not None:
        found = found.where(Account.project_id == project_id)
    return list(db.session.scalars(found.order_by(Account.id.desc()).limit(limit)))


def escape_like(typed: str) -> str:
    """Return what was typed so that LIKE takes its signs literally."""
    return typed.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def account_balance(account_id: int) -> Balance:
    """Return how the account stands."""
    return account_balances([account_id])[account_id]


def account_balances(account_ids: Sequence[int]) -> dict[int, Balance]:
    """Return how the accounts stand, in one statement."""
    asked = _sum(Receivable.amount).where(
        Receivable.account_id == Account.id, Receivable.cancelled_at.is_(None)
    )
    received = _sum(Receipt.amount).where(
        Receipt.account_id == Account.id, Receipt.state.in_(COUNTING)
    )
    allocated = (
        _sum(Allocation.amount)
        .join(Receipt, Receipt.id == Allocation.receipt_id)
        .where(Receipt.account_id == Account.id)
    )
    rows = db.session.execute(
        select(
            Account.id,
            asked.correlate(Account).scalar_subquery(),
            received.correlate(Account).scalar_subquery(),
            allocated.correlate(Account).scalar_subquery(),
        ).where(Account.id.in_(account_ids))
    )
    return {row[0]: Balance(row[1], row[2], row[3]) for row in rows}


def deposit_state(account_id: int) -> tuple[Decimal, Decimal]:
    """Return how much deposit the account asks for and how much of it is paid, in yuan."""
    deposits = [one for one in open_receivables(account_id) if one.kind == DEPOSIT]
    return sum((one.amount for one in deposits), ZERO), sum((one.paid for one in deposits), ZERO)


def open_receivables(account_id: int) -> list[OpenReceivable]:
    """Return what the account asks for with what is paid on each line, by position."""
    paid = (
        _sum(Allocation.amount)
        .where(Allocation.receivable_id == Receivable.id)
        .correlate(Receivable)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Receivable.id,
            Receivable.kind,
            Receivable.name,
            Receivable.position,
            Receivable.due_on,
            Receivable.amount,
            paid,
        )
        .where(Receivable.account_id == account_id, Receivable.cancelled_at.is_(None))
        .order_by(Receivable.position)
    )
    return [OpenReceivable(*row) for row in rows]


def select_receipts() -> Select[Any]:
    """Return the receipts with account, room and who confirmed them."""
    room = joinedload(Receipt.account).joinedload(Account.room)
    return select(Receipt).options(
        joinedload(Receipt.project),
        joinedload(Receipt.confirmed_by),
        room.options(joinedload(Room.building), joinedload(Room.entrance)),
    )


def select_books() -> Select[Any]:
    """Return the bill books."""
    return select(BillBook)


def select_bills() -> Select[Any]:
    """Return the bills."""
    return select(Bill)


def page_of(
    found: Select[Any],
    model: Any,
    cursor: int | None,
    limit: int,
    answer: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Return one page, newest first, as REST carries it; the cursor is the last id seen.

    The count is exact up to 1,000.
    """
    some = found.with_only_columns(model.id).order_by(None).limit(COUNT_BOUND + 1)
    count = db.session.scalar(select(func.count()).select_from(some.subquery()))
    page = found if cursor is None else found.where(model.id < cursor)
    rows = list(db.session.scalars(page.order_by(model.id.desc()).limit(limit + 1)))
    return {
        "result": [answer(row) for row in rows[:limit]],
        "next": str(rows[limit - 1].id) if len(rows) > limit else None,
        "count": count if count <= COUNT_BOUND else f"{COUNT_BOUND}+",
    }


def get_receipt(receipt_id: int, *, actor: Actor) -> Receipt:
    """Return the receipt. Raises NotFound if the actor may not see it."""
    found: Receipt | None = db.session.scalar(select_receipts().where(Receipt.id == receipt_id))
    if found is None or not can_see(found, actor):
        raise NotFound(_l("There is no such receipt within your scope."))
    return found


def list_receipts(account_id: int) -> list[Receipt]:
    """Return the account's receipts, slips and reversals, newest first."""
    found = select(Receipt).where(Receipt.account_id == account_id)
    return list(db.session.scalars(found.order_by(Receipt.id.desc())))


def receipt_numbers(receipt_ids: Collection[int]) -> dict[int, str]:
    """Return the numbers of these receipts, as far as they are within scope."""
    rows = db.session.execute(
        select(Receipt.id, Receipt.number).where(Receipt.id.in_(list(receipt_ids)))
    )
    return {row.id: row.number for row in rows}


def list_slips(project_id: int | None) -> list[Receipt]:
    """Return the slips of the project that wait for the cashier, oldest first, at most 20."""
    if project_id is None:
        return []
    found = _waiting(select_receipts(), project_id)
    return list(db.session.scalars(found.order_by(Receipt.id).limit(MOST_FOUND)))


def count_slips(project_id: int | None) -> int:
    """Return how many slips of the project wait for the cashier, counted up to 100."""
    if project_id is None:
        return 0
    some = _waiting(select(Receipt.id), project_id).limit(100)
    return int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)


def _waiting(found: Select[Any], project_id: int) -> Select[Any]:
    return found.where(Receipt.project_id == project_id, Receipt.state == ReceiptState.SLIP)


def paid_on(receivable_ids: Sequence[int]) -> dict[int, Decimal]:
    """Return what is paid on each of these receivables, in yuan."""
    rows = db.session.execute(
        select(Allocation.receivable_id, func.sum(Allocation.amount))
        .where(Allocation.receivable_id.in_(receivable_ids))
        .group_by(Allocation.receivable_id)
    )
    return {**dict.fromkeys(receivable_ids, ZERO), **{row[0]: row[1] for row in rows}}


# Who may confirm receipts is a matter of roles, not of rows, and reads no table of another area.
_CASHIERS = text("""
SELECT DISTINCT u.id, u.first_name || coalesce(u.last_name, '') AS name
  FROM ab_user u
  JOIN ab_user_role ur ON ur.user_id = u.id
  JOIN ab_permission_view_role pvr ON pvr.role_id = ur.role_id
  JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
  JOIN ab_permission p ON p.id = pv.permission_id AND p.name = 'can_confirm'
  JOIN ab_view_menu v ON v.id = pv.view_menu_id AND v.name = :entity
 WHERE u.active AND (u.whole_group OR u.id IN (SELECT access_users(:project_id)))
 ORDER BY name, u.id
""")


def list_cashiers(project_id: int) -> list[tuple[int, str]]:
    """Return id and name of everybody who may confirm receipts in the project."""
    rows = db.session.execute(_CASHIERS, {"entity": RECEIPT, "project_id": project_id})
    return [(row.id, row.name) for row in rows]


def find_reversal(receipt_id: int) -> Receipt | None:
    """Return the reversal of a receipt, if it was reversed."""
    found: Receipt | None = db.session.scalar(
        select(Receipt).where(Receipt.reverses_id == receipt_id)
    )
    return found


def list_allocations(receipt_id: int) -> list[Allocation]:
    """Return what the receipt paid, with the receivables."""
    found = (
        select(Allocation)
        .options(joinedload(Allocation.receivable))
        .where(Allocation.receipt_id == receipt_id)
        .order_by(Allocation.id)
    )
    return list(db.session.scalars(found))


def list_bills(receipt_id: int) -> list[Bill]:
    """Return every bill issued for the receipt, the voided ones too, oldest first."""
    found = select(Bill).where(Bill.receipt_id == receipt_id)
    return list(db.session.scalars(found.order_by(Bill.id)))


def find_live_bill(receipt_id: int) -> Bill | None:
    """Return the bill that stands for the receipt."""
    found: Bill | None = db.session.scalar(
        select(Bill).where(Bill.receipt_id == receipt_id, Bill.voided_at.is_(None))
    )
    return found


def get_bill_book(book_id: int) -> BillBook:
    """Return the book. Raises NotFound outside scope."""
    found: BillBook | None = db.session.scalar(select(BillBook).where(BillBook.id == book_id))
    return _there(found, _l("There is no such bill book within your scope."))


def get_bill(bill_id: int) -> Bill:
    """Return the bill. Raises NotFound outside scope."""
    found: Bill | None = db.session.scalar(select(Bill).where(Bill.id == bill_id))
    return _there(found, _l("There is no such bill within your scope."))


def find_open_book(project_id: int, cashier_id: int | None) -> BillBook | None:
    """Return the book that the cashier's next receipt takes its number from."""
    found: BillBook | None = db.session.scalar(select_open_books(project_id, cashier_id))
    return found


def select_open_books(project_id: int, cashier_id: int | None) -> Select[Any]:
    """Return the statement for the first receipt book of the cashier with a number left."""
    return (
        select(BillBook)
        .where(
            BillBook.project_id == project_id,
            BillBook.cashier_id == cashier_id,
            BillBook.kind == "receipt",
            BillBook.next_number <= BillBook.last_number,
        )
        .order_by(BillBook.id)
        .limit(1)
    )


def _sum(column: Any) -> Select[Any]:
    return select(func.coalesce(func.sum(column), ZERO))


def _there(row: Row | None, sentence: Any) -> Row:
    if row is None:
        raise NotFound(sentence)
    return row

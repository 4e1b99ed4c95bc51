"""Bill books and their numbers: in order, without gap or repeat, by any number of cashiers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin.handover import require_staying
from app.admin.principal import read_actor
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, WrongState
from app.devices import outbox
from app.devices.models import DeviceJob
from app.estate.models import Project
from app.finance import paper
from app.finance.models import Bill, BillBook, Receipt
from app.finance.policies import BILL, BILL_BOOK, RECEIPT
from app.finance.queries import (
    get_bill,
    lock_account,
    select_open_books,
)

MOST_DIGITS = 9
_PREFIX = re.compile(r"[A-Z0-9-]{0,10}", re.ASCII)


@dataclass(frozen=True)
class ReplacedBill:
    """A spoilt bill, the one that now stands for the receipt, and its papers."""

    voided: Bill
    replacement: Bill
    jobs: Sequence[DeviceJob]


def create_bill_book(
    *,
    project_id: int,
    prefix: str,
    first_number: int,
    last_number: int,
    digits: int,
    cashier_id: int | None = None,
    kind: str = "receipt",
    actor: Actor,
) -> BillBook:
    """Add a book of pre-numbered bills, issued to a cashier at once or later.

    Raises Invalid for numbers that do not fit, Conflict if another book has some of them.
    """
    actor.require(f"{BILL_BOOK}:add")
    clean = prefix.strip().upper()
    _check_numbers(clean, first_number, last_number, digits)
    _lock_project(project_id)
    _refuse_overlap(project_id, clean, first_number, last_number)
    if cashier_id is not None:
        _check_cashier(cashier_id, project_id)
    book = BillBook(
        project_id=project_id,
        kind=kind,
        prefix=clean,
        digits=digits,
        first_number=first_number,
        last_number=last_number,
        next_number=first_number,
        cashier_id=cashier_id,
    )
    db.session.add(book)
    db.session.flush()
    return book


def issue_bill_book(book: BillBook, *, cashier_id: int | None, actor: Actor) -> BillBook:
    """Issue the book to a cashier, or take it back with None; used numbers stay used."""
    actor.require(f"{BILL_BOOK}:edit")
    if cashier_id is not None:
        _check_cashier(cashier_id, book.project_id)
    book.cashier_id = cashier_id
    db.session.flush()
    return book


def void_bill(bill_id: int, *, reason: str, actor: Actor) -> ReplacedBill:
    """Void a spoilt bill and issue the next number of the same cashier for the same receipt.

    The receipt itself stands; to take the money back, reverse it. Raises Invalid without a reason
    or a number left, WrongState for a bill that is void already.
    """
    actor.require(f"{BILL}:void")
    why = require_reason(reason)
    receipt = get_bill(bill_id).receipt
    account = lock_account(receipt.account_id)
    bill = _lock_bill(bill_id)
    if bill.voided_at is not None:
        raise WrongState(_l("The bill %(number)s is void already.", number=bill.number))
    void(bill, reason=why, actor=actor)
    replacement = issue_bill(receipt, cashier_id=bill.issued_by_id)
    cashier = receipt.confirmed_by.full_name if receipt.confirmed_by else actor.name
    outbox.cancel_waiting("receipt", receipt.id, actor=actor)
    jobs = outbox.enqueue_event(
        "receipt_confirmed",
        project_id=receipt.project_id,
        subject_type="receipt",
        subject_id=receipt.id,
        payloads=paper.receipt_payloads(receipt, replacement, account, cashier=cashier),
        actor=actor,
    )
    return ReplacedBill(bill, replacement, jobs)


def issue_bill(receipt: Receipt, *, cashier_id: int | None) -> Bill:
    """Take the next number of the cashier's open receipt book for a confirmed receipt.

    The book's row stays locked to the end of the transaction, so a number is used if and only if
    the transaction is. Raises Invalid if the cashier has no book with a number left.
    """
    book = db.session.scalar(
        select_open_books(receipt.project_id, cashier_id)
        .with_for_update(of=BillBook, key_share=True)
        .execution_options(populate_existing=True)
    )
    if book is None:
        _refuse_without_number(receipt.project_id, cashier_id)
    bill = Bill(
        project_id=receipt.project_id,
        book_id=book.id,
        serial=book.next_number,
        number=book.format_number(book.next_number),
        receipt_id=receipt.id,
        amount=receipt.amount,
        payer=receipt.payer,
        issued_at=clock.now(),
        issued_by_id=cashier_id,
    )
    book.next_number += 1
    db.session.add(bill)
    db.session.flush()
    return bill


def void(bill: Bill, *, reason: str, actor: Actor) -> None:
    """Void a locked bill; its number stays used."""
    bill.voided_at = clock.now()
    bill.voided_by_id = actor.id if actor.kind == "user" else None
    bill.void_reason = reason
    db.session.flush()


def require_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises Invalid if there is none."""
    clean = reason.strip()
    if not clean:
        sentence = _l("Say why; the reason is kept with the entry.")
        raise Invalid(sentence, fields={"reason": sentence})
    return clean


def _lock_bill(bill_id: int) -> Bill:
    found: Bill | None = db.session.scalar(
        select(Bill)
        .where(Bill.id == bill_id)
        .with_for_update(of=Bill)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_l("There is no such bill within your scope."))
    return found


def _refuse_without_number(project_id: int, cashier_id: int | None) -> NoReturn:
    last: BillBook | None = db.session.scalar(
        select(BillBook)
        .where(BillBook.project_id == project_id, BillBook.cashier_id == cashier_id)
        .order_by(BillBook.id.desc())
        .limit(1)
    )
    if last is None:
        raise Invalid(
            _l(
                "You have no receipt book of this project, so no number can be given. Ask the"
                " accountant to issue a book to you, then confirm again; nothing was booked."
            ),
            code="no_bill_book",
        )
    raise Invalid(
        _l(
            "The receipt book %(book)s is used up. Ask the accountant to issue the next book to"
            " you, then confirm again; nothing was booked.",
            book=str(last),
        ),
        code="bill_book_used_up",
    )


def _check_numbers(prefix: str, first: int, last: int, digits: int) -> None:
    fields = {}
    if not _PREFIX.fullmatch(prefix):
        fields["prefix"] = _l("A prefix has at most 10 letters, digits or hyphens.")
    if first < 1:
        fields["first_number"] = _l("Numbers begin at 1 or above.")
    if last < first:
        fields["last_number"] = _l("The last number must not be below the first.")
    if not 1 <= digits <= MOST_DIGITS or len(str(last)) > digits:
        fields["digits"] = _l("The last number must fit into the digits, at most 9.")
    if fields:
        raise Invalid(_l("Something in the form is wrong."), fields=fields)


def _lock_project(project_id: int) -> None:
    """Keep two people from adding overlapping books at once. Raises NotFound outside scope."""
    found = db.session.scalar(
        select(Project.id).where(Project.id == project_id).with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound(_l("There is no such project within your scope."))


def _refuse_overlap(project_id: int, prefix: str, first: int, last: int) -> None:
    other: BillBook | None = db.session.scalar(
        select(BillBook)
        .where(
            BillBook.project_id == project_id,
            BillBook.prefix == prefix,
            BillBook.first_number <= last,
            BillBook.last_number >= first,
        )
        .order_by(BillBook.id)
        .limit(1)
    )
    if other is not None:
        raise Conflict(
            _l("The book %(book)s has some of these numbers already.", book=str(other)),
            code="numbers_taken",
        )


def _check_cashier(cashier_id: int, project_id: int) -> None:
    require_staying(cashier_id)
    cashier = read_actor(cashier_id)
    if cashier is None or not cashier.may(f"{RECEIPT}:confirm") or not cashier.reaches(project_id):
        sentence = _l("Choose somebody who may confirm receipts in this project.")
        raise Invalid(sentence, fields={"cashier_id": sentence})

"""Slips, receipts and reversals: money counts from the moment the cashier confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed, NotFound, WrongState
from app.core.money import MAX_AMOUNT, yuan
from app.core.numbering import next_number
from app.core.states import transition
from app.devices import outbox
from app.devices.models import DeviceJob
from app.estate.operations import building_may_sell
from app.finance import paper
from app.finance.allocation import Part, allocate, deposit_after
from app.finance.models import Account, Allocation, Bill, Receipt, ReceiptMethod, ReceiptState
from app.finance.operations.accounts import refuse_high_deposit
from app.finance.operations.bills import issue_bill, require_reason, void
from app.finance.policies import RECEIPT, can_withdraw
from app.finance.queries import (
    find_live_bill,
    get_account,
    get_receipt,
    list_allocations,
    lock_account,
    open_receivables,
    receipt_numbers,
)
from app.finance.signals import receipt_confirmed, receipt_reversed
from app.finance.subjects import lock_subject

SUBJECT = "receipt"
#: made only by moving money between deals
_NOT_BY_HAND = (ReceiptMethod.MOVED_IN,)
LONGEST_PAYER = 120
LONGEST_PURPOSE = 120


@dataclass(frozen=True)
class ConfirmedReceipt:
    """Money taken: the receipt, its bill, what it paid, and the papers on their way."""

    receipt: Receipt
    bill: Bill
    jobs: Sequence[DeviceJob]
    allocations: Sequence[Allocation]


@dataclass(frozen=True)
class ReversedReceipt:
    """Money taken back: the original, its reversal, the voided bill, and the papers."""

    receipt: Receipt
    reversal: Receipt
    bill: Bill | None
    jobs: Sequence[DeviceJob]


def create_slip(
    *,
    account_id: int,
    amount: Decimal,
    method: str,
    payer: str,
    purpose: str | None = None,
    actor: Actor,
) -> Receipt:
    """Prepare a payment slip; it is money only when the cashier has confirmed it.

    ``purpose`` may name a receivable of the account, which is then paid first. Raises Invalid
    with a sentence per field, WrongState for a closed account.
    """
    actor.require(f"{RECEIPT}:add")
    account = get_account(account_id)
    _refuse_closed(account)
    _check_slip(amount, method, payer, purpose)
    slip = Receipt(
        project_id=account.project_id,
        number=next_number("SK"),
        account_id=account.id,
        amount=amount,
        method=method,
        payer=payer.strip(),
        purpose=(purpose or "").strip() or None,
        created_by_id=actor.id if actor.kind == "user" else None,
        created_at=clock.now(),
    )
    db.session.add(slip)
    db.session.flush()
    return slip


def withdraw_slip(receipt_id: int, *, reason: str | None = None, actor: Actor) -> Receipt:
    """Take a slip back (删除) or return it (退回); the row stays.

    Raises WrongState for anything but a slip, NotAllowed for another's slip or an older one.
    """
    slip = get_receipt(receipt_id, actor=actor)
    _lock(slip, slip.account_id)
    if slip.state == ReceiptState.SLIP and not can_withdraw(slip, actor):
        raise NotAllowed(
            _l(
                "%(slip)s is not your slip of today. Ask the cashier to return it.",
                slip=slip.number,
            )
        )
    transition(slip, ReceiptState.WITHDRAWN, actor=actor)
    slip.reason = (reason or "").strip() or None
    db.session.flush()
    return slip


def confirm_receipt(receipt_id: int, *, actor: Actor) -> ConfirmedReceipt:
    """Take the money of a slip: allocate it, issue the next bill, queue the papers.

    All or nothing, in the caller's transaction. Raises WrongState for what is no slip any more or
    a closed account, Invalid where money may not be taken (no pre-sale permit, deposit above the
    ceiling) or no bill number is left. Of two cashiers at once one has it.
    """
    actor.require(f"{RECEIPT}:confirm")
    receipt = get_receipt(receipt_id, actor=actor)
    account = _lock(receipt, receipt.account_id)
    # One statement writes the receipt at the end, so that the history shows one change.
    with db.session.no_autoflush:
        transition(receipt, ReceiptState.CONFIRMED, actor=actor)
        receipt.confirmed_at = clock.now()
        receipt.confirmed_by_id = actor.id if actor.kind == "user" else None
        receipt.received_on = clock.today()
        _refuse_closed(account)
        _refuse_without_permit(account)
        parts = _divide(receipt, account)
        receipt.purpose = _purpose(receipt, parts)
    allocations = _book(receipt, parts)
    receipt_confirmed.send(None, receipt=receipt, account=account, actor=actor)
    bill = issue_bill(receipt, cashier_id=receipt.confirmed_by_id)
    jobs = outbox.enqueue_event(
        "receipt_confirmed",
        project_id=receipt.project_id,
        subject_type=SUBJECT,
        subject_id=receipt.id,
        payloads=paper.receipt_payloads(receipt, bill, account, cashier=actor.name),
        actor=actor,
    )
    return ConfirmedReceipt(receipt, bill, jobs, allocations)


def reverse_receipt(receipt_id: int, *, reason: str, actor: Actor) -> ReversedReceipt:
    """Take a confirmed receipt back (红冲) by an entry that mirrors it; void its bill.

    Papers of it that have not begun are cancelled. Raises WrongState for what is not confirmed
    or was reversed before, Invalid without a reason.
    """
    actor.require(f"{RECEIPT}:reverse")
    why = require_reason(reason)
    receipt = get_receipt(receipt_id, actor=actor)
    account = _lock(receipt, receipt.account_id)
    if receipt.reverses_id is not None:
        raise WrongState(
            _l("%(number)s is itself a reversal. Take the money anew.", number=receipt.number)
        )
    transition(receipt, ReceiptState.REVERSED, actor=actor)
    reversal = _mirror(receipt, why, actor)
    bill = find_live_bill(receipt.id)
    if bill is not None:
        void(bill, reason=why, actor=actor)
    receipt_reversed.send(None, receipt=receipt, reversal=reversal, account=account, actor=actor)
    outbox.cancel_waiting(SUBJECT, receipt.id, actor=actor)
    jobs = outbox.enqueue_event(
        "receipt_reversed",
        project_id=receipt.project_id,
        subject_type=SUBJECT,
        subject_id=reversal.id,
        payloads=paper.reversal_payloads(reversal, bill, account, reason=why, cashier=actor.name),
        actor=actor,
    )
    return ReversedReceipt(receipt, reversal, bill, jobs)


def may_print(receipt_id: int) -> None:
    """Refuse a paper of a receipt that is no money any more (the outbox asks before a reprint)."""
    receipt: Receipt | None = db.session.scalar(select(Receipt).where(Receipt.id == receipt_id))
    if receipt is None:
        raise NotFound(_l("There is no such receipt within your scope."))
    if receipt.state == ReceiptState.REVERSED:
        raise WrongState(
            _l(
                "%(number)s was reversed and its bill is void; its paper is not printed again.",
                number=receipt.number,
            )
        )


outbox.register_subject(SUBJECT, guard=may_print, titles=receipt_numbers)


def _lock(receipt: Receipt, account_id: int) -> Account:
    """Lock deal, account and receipt, in this order; the receipt is then as it stands now."""
    lock_subject(receipt.account)
    account = lock_account(account_id)
    db.session.scalar(
        select(Receipt)
        .where(Receipt.id == receipt.id)
        .with_for_update(of=Receipt, key_share=True)
        .execution_options(populate_existing=True)
    )
    return account


def _check_slip(amount: Decimal, method: str, payer: str, purpose: str | None) -> None:
    fields = {}
    if amount <= 0 or amount > MAX_AMOUNT or yuan(amount) != amount:
        fields["amount"] = _l("Give an amount above 0 with at most 2 decimals.")
    if method not in set(ReceiptMethod) or method in _NOT_BY_HAND:
        fields["method"] = _l("Choose how the money is paid.")
    if not 1 <= len(payer.strip()) <= LONGEST_PAYER:
        fields["payer"] = _l("Name who pays, in at most 120 characters.")
    if len((purpose or "").strip()) > LONGEST_PURPOSE:
        fields["purpose"] = _l("A purpose has at most 120 characters.")
    if fields:
        raise Invalid(_l("Something in the form is wrong."), fields=fields)


def _refuse_closed(account: Account) -> None:
    if account.closed_at is not None:
        raise WrongState(
            _l(
                "The account %(account)s was closed (the deal has lapsed or ended), so no money is"
                " taken on it. Withdraw the slip.",
                account=account.title,
            ),
            code="account_closed",
        )


def _refuse_without_permit(account: Account) -> None:
    if not building_may_sell(account.room.building_id):
        raise Invalid(
            _l(
                "%(building)s has no pre-sale permit, so no money may be taken on its rooms. Enter"
                " the permit first.",
                building=account.room.building.name,
            ),
            code="no_permit",
        )


def _divide(receipt: Receipt, account: Account) -> list[Part]:
    owed = open_receivables(account.id)
    parts = allocate(receipt.amount, owed, purpose=receipt.purpose)
    deposit = deposit_after(receipt.amount, parts, owed, purpose=receipt.purpose)
    refuse_high_deposit(deposit, account.deal_total)
    return parts


def _purpose(receipt: Receipt, parts: Sequence[Part]) -> str:
    """Return what the money was for: as it was named, else what it pays."""
    if receipt.purpose:
        return receipt.purpose
    has_rest = sum(part.amount for part in parts) < receipt.amount
    names = list(dict.fromkeys(part.receivable.name for part in parts))
    return "、".join([*names, paper.ADVANCE] if has_rest else names)[:LONGEST_PURPOSE]


def _book(receipt: Receipt, parts: Sequence[Part]) -> list[Allocation]:
    allocations = [
        Allocation(
            project_id=receipt.project_id,
            receipt_id=receipt.id,
            receivable_id=part.receivable.id,
            amount=part.amount,
        )
        for part in parts
    ]
    db.session.add_all(allocations)
    db.session.flush()
    return allocations


def _mirror(receipt: Receipt, reason: str, actor: Actor) -> Receipt:
    now, who = clock.now(), actor.id if actor.kind == "user" else None
    reversal = Receipt(
        project_id=receipt.project_id,
        number=next_number("SK"),
        account_id=receipt.account_id,
        state=ReceiptState.CONFIRMED,
        amount=-receipt.amount,
        method=receipt.method,
        payer=receipt.payer,
        purpose=receipt.purpose,
        received_on=clock.today(),
        created_at=now,
        created_by_id=who,
        confirmed_at=now,
        confirmed_by_id=who,
        reverses_id=receipt.id,
        reason=reason,
    )
    db.session.add(reversal)
    db.session.flush()
    db.session.add_all(
        Allocation(
            project_id=receipt.project_id,
            receipt_id=reversal.id,
            receivable_id=part.receivable_id,
            amount=-part.amount,
        )
        for part in list_allocations(receipt.id)
    )
    db.session.flush()
    return reversal

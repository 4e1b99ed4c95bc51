"""Receipts, bills, books and accounts as REST carries them."""

from __future__ import annotations

from typing import Any

from app.core.money import plain
from app.finance.allocation import OpenReceivable
from app.finance.models import Account, Allocation, Bill, BillBook, Receipt
from app.finance.queries import Balance


def receipt_answer(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as REST carries it."""
    return {
        "id": receipt.id,
        "number": receipt.number,
        "state": receipt.state,
        "account_id": receipt.account_id,
        "project_id": receipt.project_id,
        "amount": plain(receipt.amount),
        "method": receipt.method,
        "payer": receipt.payer,
        "purpose": receipt.purpose,
        "received_on": receipt.received_on.isoformat() if receipt.received_on else None,
        "confirmed_at": receipt.confirmed_at.isoformat() if receipt.confirmed_at else None,
        "reverses_id": receipt.reverses_id,
        "reason": receipt.reason,
    }


def allocation_answer(part: Allocation) -> dict[str, Any]:
    """Return what of a receipt paid which receivable."""
    return {
        "receivable_id": part.receivable_id,
        "kind": part.receivable.kind,
        "name": part.receivable.name,
        "amount": plain(part.amount),
    }


def bill_answer(bill: Bill) -> dict[str, Any]:
    """Return a bill as REST carries it."""
    return {
        "id": bill.id,
        "number": bill.number,
        "receipt_id": bill.receipt_id,
        "amount": plain(bill.amount),
        "payer": bill.payer,
        "issued_at": bill.issued_at.isoformat(),
        "voided_at": bill.voided_at.isoformat() if bill.voided_at else None,
        "void_reason": bill.void_reason,
    }


def book_answer(book: BillBook) -> dict[str, Any]:
    """Return a bill book as REST carries it."""
    return {
        "id": book.id,
        "project_id": book.project_id,
        "kind": book.kind,
        "prefix": book.prefix,
        "digits": book.digits,
        "first_number": book.first_number,
        "last_number": book.last_number,
        "next_number": book.next_number,
        "cashier_id": book.cashier_id,
    }


def account_answer(account: Account, balance: Balance) -> dict[str, Any]:
    """Return an account and how it stands."""
    return {
        "id": account.id,
        "project_id": account.project_id,
        "room_id": account.room_id,
        "room": account.room.title,
        "subject": {"type": account.subject_type, "id": account.subject_id},
        "title": account.title,
        "payer": account.payer,
        "deal_total": plain(account.deal_total),
        "receivable": plain(balance.receivable),
        "received": plain(balance.received),
        "allocated": plain(balance.allocated),
        "owed": plain(balance.owed),
        "unallocated": plain(balance.unallocated),
        "closed_at": account.closed_at.isoformat() if account.closed_at else None,
    }


def receivable_answer(line: OpenReceivable) -> dict[str, Any]:
    """Return what an account asks for on one line."""
    return {
        "id": line.id,
        "kind": line.kind,
        "name": line.name,
        "due": line.due_on.isoformat() if line.due_on else None,
        "amount": plain(line.amount),
        "paid": plain(line.paid),
        "owed": plain(line.left),
    }

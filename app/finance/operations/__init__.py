"""The verbs of money: accounts, slips, receipts, reversals, bill books and bills."""

from __future__ import annotations

from app.finance.operations.accounts import (
    ReceivableDraft,
    attach_subject,
    close_account,
    open_account,
)
from app.finance.operations.bills import (
    ReplacedBill,
    create_bill_book,
    issue_bill_book,
    void_bill,
)
from app.finance.operations.receipts import (
    LONGEST_PAYER,
    LONGEST_PURPOSE,
    ConfirmedReceipt,
    ReversedReceipt,
    confirm_receipt,
    create_slip,
    reverse_receipt,
    withdraw_slip,
)

__all__ = [
    "LONGEST_PAYER",
    "LONGEST_PURPOSE",
    "ConfirmedReceipt",
    "ReceivableDraft",
    "ReplacedBill",
    "ReversedReceipt",
    "attach_subject",
    "close_account",
    "confirm_receipt",
    "create_bill_book",
    "create_slip",
    "issue_bill_book",
    "open_account",
    "reverse_receipt",
    "void_bill",
    "withdraw_slip",
]

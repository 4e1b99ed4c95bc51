"""Factories: accounts with receivables, slips, bill books."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.actor import Actor, system_actor
from app.core.db import db
from app.finance.models import Account, BillBook, Receipt
from app.finance.operations import ReceivableDraft, open_account
from tests.factories.estate import make_room

_numbers = itertools.count(1)
SYSTEM = system_actor("factory")


def drafts(deposit: str = "100000.00", rest: str = "900000.00") -> list[ReceivableDraft]:
    """A deposit of 100,000 and a down payment of 900,000."""
    return [
        ReceivableDraft("deposit", "定金", Decimal(deposit), date(2026, 11, 21)),
        ReceivableDraft("down_payment", "首付款", Decimal(rest), date(2026, 12, 21)),
    ]


def make_account(project: Any, *, room: Any = None, **values: Any) -> Account:
    """An account that asks for 100,000 as deposit and 900,000 as down payment."""
    room = room or make_room(project=project)
    receivables = values.pop("receivables", None) or drafts()
    total = sum((one.amount for one in receivables if one.kind != "collected"), Decimal(0))
    values = {
        "subject_type": "queue_ticket",
        "title": f"RG2026-{next(_numbers):05d}",
        "payer": "王建国",
        "deal_total": total,
        **values,
    }
    return open_account(
        project_id=project.id,
        room_id=room.id,
        receivables=receivables,
        actor=SYSTEM,
        **values,
    )


def make_slip(account: Account, *, amount: str = "100000.00", **values: Any) -> Receipt:
    values = {"method": "transfer", "payer": account.payer, **values}
    slip = Receipt(
        project_id=account.project_id,
        account_id=account.id,
        number=f"T{next(_numbers):06d}",
        amount=Decimal(amount),
        **values,
    )
    db.session.add(slip)
    db.session.flush()
    return slip


def make_book(project: Any, cashier: Actor | Any | None, **values: Any) -> BillBook:
    """A receipt book SJ00001–SJ00500 of its own prefix, issued to the cashier."""
    first = values.pop("first_number", 1)
    values = {
        "prefix": f"S{next(_numbers)}J",
        "digits": 5,
        "first_number": first,
        "last_number": 500,
        "next_number": first,
        **values,
    }
    book = BillBook(project_id=project.id, cashier_id=cashier.id if cashier else None, **values)
    db.session.add(book)
    db.session.flush()
    return book

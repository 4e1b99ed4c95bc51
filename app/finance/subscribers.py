"""What finance hands over when a cashier leaves: the bill books that are not used up."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin.handover import Item, Work, register_work
from app.core.actor import Actor
from app.core.db import db
from app.finance import opening_findings, stages
from app.finance.models import BillBook
from app.finance.policies import RECEIPT


def _find(user_id: int) -> list[Item]:
    books = db.session.scalars(
        select(BillBook)
        .where(BillBook.cashier_id == user_id, BillBook.next_number <= BillBook.last_number)
        .order_by(BillBook.id),
        # All of them: bills of a book without a cashier could not be issued.
        execution_options={"whole_group": True},
    )
    return [Item(book.id, book.project_id, str(book)) for book in books]


def _move(ids: Collection[int], leaver_id: int, successor_id: int, _actor: Actor) -> None:
    own = select(BillBook).where(BillBook.id.in_(ids), BillBook.cashier_id == leaver_id)
    books = own.order_by(BillBook.id).with_for_update(of=BillBook)
    # The administrator hands over books that he does not keep.
    options = {"whole_group": True, "populate_existing": True}
    for book in db.session.scalars(books, execution_options=options):
        book.cashier_id = successor_id
    db.session.flush()


register_work(Work("bill_books", _l("Bill books"), f"{RECEIPT}:confirm", _find, _move, order=60))

# Importing it is what connects it.
__all__ = ["opening_findings", "stages"]

"""Tiles of finance: slips for the cashier, today's money, what is overdue."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.money import ZERO
from app.finance import queries
from app.finance.models import Allocation, Receipt, ReceiptMethod, Receivable
from app.finance.policies import ACCOUNT, BILL_BOOK, RECEIPT
from app.web.formats import short_yuan, yuan
from app.web.projects import current_project_id
from app.web.tiles import MOST_ROWS, Bar, Bars, Figure, Figures, Row, Rows, Tile


def slips(actor: Actor) -> Rows:
    """Return the slips of the project that wait for the cashier, oldest first."""
    del actor  # slips are read within his scope
    project_id = current_project_id()
    rows = queries.list_slips(project_id)
    count = queries.count_slips(project_id) if len(rows) > MOST_ROWS else len(rows)
    return Rows(
        [
            Row(
                slip.account.title,
                url=f"/receipts/show/{slip.id}",
                detail=f"{slip.number} · {ReceiptMethod(slip.method).title}",
                aside=yuan(slip.amount),
            )
            for slip in rows[:MOST_ROWS]
        ],
        empty=_l("No slip waits to be confirmed."),
        count=count,
    )


def today(actor: Actor) -> Bars:
    """Return the money of the business day within scope by the way it came."""
    del actor  # receipts are read within his scope
    total = func.sum(Receipt.amount)
    found = (
        select(Receipt.method, func.count(), total)
        .where(Receipt.received_on == clock.today(), Receipt.state.in_(queries.COUNTING))
        .group_by(Receipt.method)
        .order_by(total.desc())
    )
    return Bars(
        [
            Bar(ReceiptMethod(row[0]).title, max(float(row[2]), 0), yuan(row[2]))
            for row in db.session.execute(found)
        ],
        empty=_l("No money has been taken today."),
    )


def overdue(actor: Actor) -> Figures:
    """Return what the project's buyers owe: by today, and within the next seven days."""
    del actor  # receivables are read within his scope
    day = clock.today()
    paid = (
        select(Allocation.receivable_id, func.sum(Allocation.amount).label("paid"))
        .where(Allocation.project_id == current_project_id())
        .group_by(Allocation.receivable_id)
        .subquery()
    )
    left = Receivable.amount - func.coalesce(paid.c.paid, 0)
    is_late = Receivable.due_on < day
    row = db.session.execute(
        select(
            func.count().filter(is_late),
            func.coalesce(func.sum(left).filter(is_late), ZERO),
            func.count().filter(~is_late),
            func.coalesce(func.sum(left).filter(~is_late), ZERO),
        )
        .outerjoin(paid, paid.c.receivable_id == Receivable.id)
        .where(
            Receivable.project_id == current_project_id(),
            Receivable.cancelled_at.is_(None),
            Receivable.due_on <= day + timedelta(days=7),
            left > 0,
        )
    ).one()
    late = f"/receivables/list/?due_on.max={(day - timedelta(days=1)).isoformat()}"
    return Figures(
        [
            Figure(
                _("Overdue"),
                short_yuan(row[1]),
                note=_lines(row[0]),
                url=late,
                tone="bad" if row[0] else "",
            ),
            Figure(_("Due within 7 days"), short_yuan(row[3]), note=_lines(row[2])),
        ]
    )


def _lines(count: int) -> str:
    return _("%(n)s lines", n=count)


def books(actor: Actor) -> Rows:
    """Return the bill books in use with what is left in them."""
    found = queries.select_books().limit(MOST_ROWS)
    del actor  # books are read within his scope
    return Rows(
        [
            Row(
                str(book),
                url=f"/bill-books/show/{book.id}",
                detail=book.cashier.full_name if book.cashier else "",
                aside=_("%(n)s left", n=book.last_number - book.next_number + 1),
            )
            for book in db.session.scalars(found)
        ],
        empty=_l("There is no bill book yet."),
    )


TILES = [
    Tile(
        "slips",
        _l("Slips to confirm"),
        f"{RECEIPT}:confirm",
        slips,
        order=12,
        roles="H",
        icon="money",
        url="/cashier/",
    ),
    Tile(
        "money_today",
        _l("Money of today"),
        f"{RECEIPT}:see",
        today,
        order=14,
        roles="HAFXL",
        icon="receipt",
        url="/receipts/list/?received_on.min=today",
    ),
    Tile(
        "overdue",
        _l("What is owed"),
        f"{ACCOUNT}:see",
        overdue,
        order=16,
        roles="AFXG",
        icon="calendar",
        url="/receivables/list/",
        deferred=True,
    ),
    Tile(
        "bill_books",
        _l("Bill books"),
        f"{BILL_BOOK}:see",
        books,
        order=50,
        roles="HA",
        icon="book",
        url="/bill-books/list/",
    ),
]

"""Proves the books: each proof is one statement that returns the rows that break it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core.db import db
from app.finance.allocation import DEPOSIT_CEILING_PERCENT

#: rows shown of each broken proof; all are counted
MOST_SHOWN: Final = 20

#: Money that counts: a reversed receipt counts together with its reversal.
_COUNTING: Final = "('confirmed', 'reversed')"


@dataclass(frozen=True)
class Proof:
    """What must hold, and the statement for the rows that break it."""

    name: str
    claim: Any
    sql: str


@dataclass(frozen=True)
class Breach:
    """A proof that fails: how many rows, and the first of them."""

    proof: Proof
    count: int
    rows: list[dict[str, Any]]


PROOFS: Final = (
    Proof(
        "owed",
        _l("receivables − allocations = owed: no line paid below 0 or above what it asks"),
        """
        SELECT v.id AS receivable, v.account_id AS account, v.amount, sum(a.amount) AS paid
          FROM finance_receivable v JOIN finance_allocation a ON a.receivable_id = v.id
         GROUP BY v.id
        HAVING sum(a.amount) < 0 OR sum(a.amount) > v.amount
            OR (v.cancelled_at IS NOT NULL AND sum(a.amount) <> 0)
        """,
    ),
    Proof(
        "unallocated",
        _l("receipts − refunds − allocations = unallocated, and never below 0"),
        f"""
        SELECT r.account_id AS account, sum(r.amount) AS received,
               sum(coalesce(p.paid, 0)) AS allocated
          FROM finance_receipt r
          LEFT JOIN (SELECT receipt_id, sum(amount) AS paid FROM finance_allocation
                      GROUP BY receipt_id) p ON p.receipt_id = r.id
         WHERE r.state IN {_COUNTING}
         GROUP BY r.account_id
        HAVING sum(r.amount) < sum(coalesce(p.paid, 0)) OR sum(r.amount) < 0
        """,
    ),
    Proof(
        "allocation_within_receipt",
        _l("no receipt pays more than itself, and only money that counts pays"),
        f"""
        SELECT r.id AS receipt, r.number, r.state, r.amount, sum(a.amount) AS allocated
          FROM finance_receipt r JOIN finance_allocation a ON a.receipt_id = r.id
         GROUP BY r.id
        HAVING r.state NOT IN {_COUNTING} OR abs(sum(a.amount)) > abs(r.amount)
            OR min(sign(a.amount) * sign(r.amount)) < 0
        """,
    ),
    Proof(
        "allocation_within_account",
        _l("a receipt pays only what its own account asks for"),
        """
        SELECT a.id AS allocation, r.account_id AS of_receipt, v.account_id AS of_receivable
          FROM finance_allocation a
          JOIN finance_receipt r ON r.id = a.receipt_id
          JOIN finance_receivable v ON v.id = a.receivable_id
         WHERE r.account_id <> v.account_id
        """,
    ),
    Proof(
        "reversal_mirrors",
        _l("every reversed receipt has one reversal that mirrors amount and allocations"),
        """
        SELECT o.id AS receipt, o.number, o.state, o.amount, v.id AS reversal,
               v.amount AS reversal_amount
          FROM finance_receipt o FULL JOIN finance_receipt v ON v.reverses_id = o.id
         WHERE (o.state = 'reversed' AND v.id IS NULL)
            OR (v.reverses_id IS NOT NULL AND (o.id IS NULL OR o.state <> 'reversed'
                OR v.amount <> -o.amount OR v.account_id <> o.account_id
                OR v.state <> 'confirmed'))
            OR (v.reverses_id IS NOT NULL AND EXISTS (
                 SELECT 1 FROM finance_allocation a WHERE a.receipt_id IN (o.id, v.id)
                  GROUP BY a.receivable_id HAVING sum(a.amount) <> 0))
        """,
    ),
    Proof(
        "bills_in_order",
        _l("the numbers of a book are used in order, without gap or repeat"),
        """
        SELECT b.id AS book, b.prefix, b.first_number, b.next_number, count(l.id) AS used,
               min(l.serial) AS lowest, max(l.serial) AS highest
          FROM finance_bill_book b LEFT JOIN finance_bill l ON l.book_id = b.id
         GROUP BY b.id
        HAVING count(l.id) <> b.next_number - b.first_number
            OR count(DISTINCT l.serial) <> count(l.id)
            OR (count(l.id) > 0 AND (min(l.serial) <> b.first_number
                                     OR max(l.serial) <> b.next_number - 1))
        """,
    ),
    Proof(
        "bill_numbers_differ",
        _l("no bill number stands on two papers of one project"),
        """
        SELECT project_id AS project, number, count(*) AS bills FROM finance_bill
         GROUP BY project_id, number HAVING count(*) > 1
        """,
    ),
    Proof(
        "one_live_bill",
        _l("every receipt that stands has one live bill of its amount, and nothing else has one"),
        """
        SELECT r.id AS receipt, r.number, r.state, r.amount, count(l.id) AS live_bills
          FROM finance_receipt r
          LEFT JOIN finance_bill l ON l.receipt_id = r.id AND l.voided_at IS NULL
         GROUP BY r.id
        HAVING count(l.id) <> (r.state = 'confirmed' AND r.amount > 0)::int
            OR bool_or(l.amount <> r.amount)
        """,
    ),
    Proof(
        "deal_total",
        _l("the lines of an open account add up to its deal total"),
        """
        SELECT a.id AS account, a.title, a.deal_total,
               coalesce(sum(v.amount) FILTER (WHERE v.cancelled_at IS NULL
                                                AND v.kind <> 'collected'), 0) AS lines
          FROM finance_account a LEFT JOIN finance_receivable v ON v.account_id = a.id
         WHERE a.closed_at IS NULL
         GROUP BY a.id
        HAVING a.deal_total <> coalesce(sum(v.amount) FILTER (WHERE v.cancelled_at IS NULL
                                                               AND v.kind <> 'collected'), 0)
        """,
    ),
    # finance knows subscriptions only by this statement: the proof is over the whole database.
    Proof(
        "subscription_total",
        _l("a live subscription and its account name the same total"),
        """
        SELECT s.id AS subscription, s.number, s.deal_total, a.deal_total AS account_total
          FROM sales_subscription s JOIN finance_account a ON a.id = s.account_id
         WHERE s.deal_total <> a.deal_total
            OR (a.closed_at IS NOT NULL
                AND s.state IN ('awaiting_deposit', 'deposit_short', 'active', 'contracted'))
        """,
    ),
    Proof(
        "closed_is_empty",
        _l("a closed account holds no money and asks for none"),
        f"""
        SELECT a.id AS account, a.title,
               coalesce((SELECT sum(r.amount) FROM finance_receipt r
                          WHERE r.account_id = a.id AND r.state IN {_COUNTING}), 0) AS received,
               (SELECT count(*) FROM finance_receivable v
                 WHERE v.account_id = a.id AND v.cancelled_at IS NULL) AS open_lines
          FROM finance_account a
         WHERE a.closed_at IS NOT NULL
           AND (coalesce((SELECT sum(r.amount) FROM finance_receipt r
                           WHERE r.account_id = a.id AND r.state IN {_COUNTING}), 0) <> 0
                OR EXISTS (SELECT 1 FROM finance_receivable v
                            WHERE v.account_id = a.id AND v.cancelled_at IS NULL))
        """,
    ),
    Proof(
        "deposit_ceiling",
        _l("no open account asks for a deposit above the ceiling of the law"),
        f"""
        SELECT a.id AS account, a.title, a.deal_total, sum(v.amount) AS deposit
          FROM finance_account a JOIN finance_receivable v
            ON v.account_id = a.id AND v.kind = 'deposit' AND v.cancelled_at IS NULL
         GROUP BY a.id
        HAVING sum(v.amount) > a.deal_total * {DEPOSIT_CEILING_PERCENT} / 100
        """,
    ),
    Proof(
        "one_project",
        _l("account, receivables, receipts and bills belong to one project"),
        """
        SELECT 'receivable' AS kind, v.id FROM finance_receivable v
          JOIN finance_account a ON a.id = v.account_id AND a.project_id <> v.project_id
        UNION ALL
        SELECT 'receipt', r.id FROM finance_receipt r
          JOIN finance_account a ON a.id = r.account_id AND a.project_id <> r.project_id
        UNION ALL
        SELECT 'bill', l.id FROM finance_bill l
          JOIN finance_receipt r ON r.id = l.receipt_id
          JOIN finance_bill_book b ON b.id = l.book_id
         WHERE r.project_id <> l.project_id OR b.project_id <> l.project_id
        """,
    ),
)


def check_ledger() -> Iterator[tuple[Proof, Breach | None]]:
    """Try every proof on the whole database, in order; changes nothing.

    Each is one statement and therefore sees one moment, also while cashiers are at work.
    """
    for proof in PROOFS:
        yield proof, _breach(proof)


def _breach(proof: Proof) -> Breach | None:
    rows = (
        db.session.execute(
            text(f"SELECT *, count(*) OVER () AS offending FROM ({proof.sql}) broken LIMIT :most"),
            {"most": MOST_SHOWN},
        )
        .mappings()
        .all()
    )
    if not rows:
        return None
    shown = [{name: row[name] for name in row if name != "offending"} for row in rows]
    return Breach(proof, rows[0]["offending"], shown)

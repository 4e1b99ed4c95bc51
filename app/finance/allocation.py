"""Which receivables a sum of money pays, and how far a deposit may go; pure, to the fen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final

from app.core.money import FEN, HUNDRED, ZERO

DEPOSIT: Final = "deposit"
#: taken for somebody else, on top of the deal total
COLLECTED: Final = "collected"

#: a deposit 定金 binds up to this percent of the deal total; what is above is none.
#: Source: Civil Code (民法典) art. 586 (2).
DEPOSIT_CEILING_PERCENT: Final = Decimal(20)


@dataclass(frozen=True, slots=True)
class OpenReceivable:
    """A receivable and what has been paid on it, in yuan."""

    id: int
    kind: str
    name: str
    position: int
    due_on: date | None
    amount: Decimal
    paid: Decimal

    @property
    def left(self) -> Decimal:
        """Return what is still owed on it."""
        return self.amount - self.paid


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sum that pays one receivable."""

    receivable: OpenReceivable
    amount: Decimal


def allocate(
    amount: Decimal, receivables: Iterable[OpenReceivable], *, purpose: str | None = None
) -> list[Part]:
    """Divide ``amount`` over what is owed; a rest that nothing asks for stays undivided.

    The receivables that ``purpose`` names come first; then deposits, then by due day (those
    without a day last), then by position.
    """
    parts: list[Part] = []
    rest = amount
    for receivable in sorted(receivables, key=lambda one: _order(one, purpose)):
        share = min(rest, receivable.left)
        if share > 0:
            parts.append(Part(receivable, share))
            rest -= share
    return parts


def deposit_ceiling(deal_total: Decimal) -> Decimal:
    """Return the highest deposit that the law allows on a deal, in yuan, rounded down."""
    exact = deal_total * DEPOSIT_CEILING_PERCENT / HUNDRED
    return exact.quantize(FEN, rounding=ROUND_DOWN)


def deposit_after(
    amount: Decimal,
    parts: Sequence[Part],
    receivables: Iterable[OpenReceivable],
    *,
    purpose: str | None = None,
) -> Decimal:
    """Return what would have been taken as deposit once ``amount`` is in, in yuan.

    Money that is named a deposit counts whole, also the part that no receivable asks for.
    """
    deposits = [one for one in receivables if one.kind == DEPOSIT]
    before = sum((one.paid for one in deposits), ZERO)
    if purpose is not None and any(one.name == purpose for one in deposits):
        return before + amount
    return before + sum((p.amount for p in parts if p.receivable.kind == DEPOSIT), ZERO)


def _order(receivable: OpenReceivable, purpose: str | None) -> tuple[bool, bool, bool, date, int]:
    return (
        purpose is None or receivable.name != purpose,
        receivable.kind != DEPOSIT,
        receivable.due_on is None,
        receivable.due_on or date.min,
        receivable.position,
    )

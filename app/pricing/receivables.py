"""Divides a deal total over the lines of a payment method, to the fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.bad_value import N_, BadValue
from app.core.money import FEN, HUNDRED, ZERO, format_yuan, percent_of, yuan
from app.pricing.terms import LOAN_STEP, DueRule, LineBasis, LineKind, LineTerms

_LENT = (LineKind.LOAN, LineKind.FUND)


class QuoteError(BadValue):
    """A price cannot be calculated from these terms; ``code`` says why, ``message`` what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """款项: what is to be paid, and when; ``due_on`` is None while the rule cannot tell the day."""

    kind: LineKind
    name: str
    due_on: date | None
    due_rule: DueRule
    amount: Decimal


def divide(
    deal_total: Decimal,
    lines: Sequence[LineTerms],
    *,
    subscribed_on: date,
    contracted_on: date | None = None,
) -> tuple[Line, ...]:
    """Return the lines in order; all but the collected ones add up to ``deal_total`` exactly.

    A deposit counts into the first line after it; loans and funds are rounded down and what is cut
    off goes to the down payment, or else to the first instalment. Lines that come to 0 are left
    out. Raises QuoteError when the terms cannot give such lines.
    """
    ordered = sorted(lines, key=lambda line: line.position)
    _check_terms(ordered)
    priced = [line for line in ordered if line.kind is not LineKind.COLLECTED]
    amounts = iter(_Division(deal_total, priced).amounts())
    return tuple(
        Line(line.kind, line.name, line.due.due_on(subscribed_on, contracted_on), line.due, amount)
        for line in ordered
        if (amount := _own_amount(line, deal_total) if _is_collected(line) else next(amounts))
    )


class _Division:
    """The amounts of the priced lines, in yuan, while they are being worked out."""

    def __init__(self, deal_total: Decimal, lines: list[LineTerms]) -> None:
        self.deal_total = deal_total
        self.lines = lines
        self.parts = [_own_amount(line, deal_total) for line in lines]
        # Each deposit's place, and that of the line that it counts into.
        self.targets = {
            place: target
            for place, line in enumerate(lines)
            if line.kind is LineKind.DEPOSIT and (target := self._line_after(place)) is not None
        }

    def amounts(self) -> list[Decimal]:
        """Return the amounts in the order of the lines; they add up to the deal total."""
        self._take_rest()
        self._count_deposits()
        self._round_loans()
        self._refuse_negative()
        if sum(self.parts) != self.deal_total:
            raise AssertionError("the payment lines do not add up to the deal total")
        return self.parts

    def _line_after(self, deposit: int) -> int | None:
        places = range(deposit + 1, len(self.lines))
        return next((at for at in places if self.lines[at].kind is not LineKind.DEPOSIT), None)

    def _take_rest(self) -> None:
        """Give what is left to the line of the rest; without one, only fen may be left."""
        left = self.deal_total - sum(
            part for at, part in enumerate(self.parts) if at not in self.targets
        )
        taker = self._place_of(LineBasis.REST)
        if taker is None:
            percents = sum(line.basis is LineBasis.PERCENT for line in self.lines)
            if abs(left) * 2 > FEN * percents:
                raise QuoteError(
                    "lines_do_not_add_up",
                    N_(
                        "The payment lines come to %(lines)s, not to the deal total %(total)s; "
                        "change the payment method."
                    ),
                    lines=format_yuan(self.deal_total - left),
                    total=format_yuan(self.deal_total),
                )
            taker = self._place_of(LineBasis.PERCENT, last=True)
        if taker is not None:
            self.parts[taker] += left

    def _place_of(self, basis: LineBasis, *, last: bool = False) -> int | None:
        places = [
            at
            for at, line in enumerate(self.lines)
            if line.basis is basis and at not in self.targets
        ]
        return places[-1 if last else 0] if places else None

    def _count_deposits(self) -> None:
        deposits = sum((self.parts[at] for at in self.targets), ZERO)
        if deposits > self.deal_total:
            raise QuoteError(
                "deposit_above_total",
                N_(
                    "The deposit of %(deposit)s is above the deal total of %(total)s; "
                    "choose another payment method."
                ),
                deposit=format_yuan(deposits),
                total=format_yuan(self.deal_total),
            )
        for deposit, target in self.targets.items():
            self.parts[target] -= self.parts[deposit]

    def _round_loans(self) -> None:
        """Round loans and funds down; what is cut off raises the down payment."""
        for at, line in enumerate(self.lines):
            if line.kind not in _LENT or self.parts[at] <= 0:
                continue
            cut = self.parts[at] % (line.round_down_to or LOAN_STEP)
            if cut:
                self.parts[at] -= cut
                self.parts[self._line_for_cut(line)] += cut

    def _line_for_cut(self, loan: LineTerms) -> int:
        for kind in (LineKind.DOWN_PAYMENT, LineKind.INSTALMENT):
            for at, line in enumerate(self.lines):
                if line.kind is kind:
                    return at
        raise QuoteError(
            "no_line_for_cut",
            N_(
                "“%(line)s” is rounded down, but the payment method has no down payment to take "
                "what is cut off; add one."
            ),
            line=loan.name,
        )

    def _refuse_negative(self) -> None:
        for at, (line, part) in enumerate(zip(self.lines, self.parts, strict=True)):
            if part >= 0:
                continue
            if at in self.targets.values():
                raise QuoteError(
                    "deposit_above_line",
                    N_(
                        "The deposit is above “%(line)s”, into which it counts; "
                        "choose another payment method."
                    ),
                    line=line.name,
                )
            raise QuoteError(
                "lines_above_total",
                N_(
                    "The payment lines are above the deal total of %(total)s; "
                    "choose another payment method."
                ),
                total=format_yuan(self.deal_total),
            )


def _own_amount(line: LineTerms, deal_total: Decimal) -> Decimal:
    """Return what the line says by itself; the rest is worked out later."""
    if line.basis is LineBasis.REST:
        return ZERO
    return yuan(line.value) if line.basis is LineBasis.FIXED else percent_of(deal_total, line.value)


def _is_collected(line: LineTerms) -> bool:
    return line.kind is LineKind.COLLECTED


def _check_terms(lines: Sequence[LineTerms]) -> None:
    if sum(line.basis is LineBasis.REST for line in lines) > 1:
        raise QuoteError("two_rests", N_("Only one payment line can be the rest."))
    for line in lines:
        is_whole = line.kind in {LineKind.DEPOSIT, LineKind.COLLECTED}
        step = line.round_down_to
        if (
            line.value < 0
            or (line.basis is LineBasis.PERCENT and line.value > HUNDRED)
            or (line.basis is LineBasis.REST and is_whole)
            or (step is not None and (step <= 0 or yuan(step) != step))
        ):
            raise QuoteError(
                "line_terms",
                N_("The payment line “%(line)s” cannot be calculated; correct the payment method."),
                line=line.name,
            )

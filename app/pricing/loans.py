"""Repayment of loans month by month, to the fen: 等额本息 and 等额本金."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import zip_longest
from typing import Final

from app.core.bad_value import N_, BadValue
from app.core.money import HUNDRED, ZERO, yuan

MAX_MONTHS: Final = 600
_YEARLY_PERCENT: Final = HUNDRED * 12
# The power of a monthly factor over 50 years keeps far more digits than a fen needs.
_PRECISION: Final = 50


class LoanError(BadValue):
    """A loan cannot be calculated from these figures."""


@dataclass(frozen=True, slots=True)
class Month:
    """One repayment in yuan: ``payment`` = ``principal`` + ``interest``, and what is left then."""

    number: int
    payment: Decimal
    principal: Decimal
    interest: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Schedule:
    """还款计划: every month of a loan; the principal parts add up to the loan exactly."""

    principal: Decimal
    months: tuple[Month, ...]

    @property
    def interest_total(self) -> Decimal:
        return sum((month.interest for month in self.months), ZERO)

    @property
    def payment_total(self) -> Decimal:
        return self.principal + self.interest_total

    @property
    def first_payment(self) -> Decimal:
        return self.months[0].payment

    @property
    def last_payment(self) -> Decimal:
        return self.months[-1].payment


def equal_payments(principal: Decimal, *, annual_percent: Decimal, months: int) -> Schedule:
    """等额本息: the same payment every month; the last month takes the rest of the fen.

    ``annual_percent`` is the yearly rate in percent; a twelfth of it is charged each month on the
    balance, half up to the fen. Raises LoanError for figures out of range.
    """
    _check(principal, annual_percent, months)
    payment = _level_payment(principal, annual_percent, months)
    return _schedule(principal, annual_percent, months, lambda interest: payment - interest)


def equal_principal(principal: Decimal, *, annual_percent: Decimal, months: int) -> Schedule:
    """等额本金: the same principal every month, and interest on the balance; the last has the rest.

    Rate and errors are as with ``equal_payments``.
    """
    _check(principal, annual_percent, months)
    part = yuan(principal / months)
    return _schedule(principal, annual_percent, months, lambda _interest: part)


def combined(commercial: Schedule, fund: Schedule) -> Schedule:
    """组合贷: both loans paid side by side; the longer one goes on alone."""
    months = tuple(
        _together(one, other)
        for one, other in zip_longest(commercial.months, fund.months, fillvalue=None)
    )
    return Schedule(commercial.principal + fund.principal, months)


def _together(one: Month | None, other: Month | None) -> Month:
    paid = [month for month in (one, other) if month is not None]
    return Month(
        paid[0].number,
        sum((month.payment for month in paid), ZERO),
        sum((month.principal for month in paid), ZERO),
        sum((month.interest for month in paid), ZERO),
        sum((month.balance for month in paid), ZERO),
    )


def _schedule(
    principal: Decimal,
    annual_percent: Decimal,
    months: int,
    principal_part: Callable[[Decimal], Decimal],
) -> Schedule:
    def repay() -> Iterator[Month]:
        balance = yuan(principal)
        for number in range(1, months + 1):
            # One division at the end, so that an exact half fen is seen as one.
            interest = yuan(balance * annual_percent / _YEARLY_PERCENT)
            part = balance if number == months else min(principal_part(interest), balance)
            balance -= part
            yield Month(number, part + interest, part, interest, balance)

    return Schedule(yuan(principal), tuple(repay()))


def _level_payment(principal: Decimal, annual_percent: Decimal, months: int) -> Decimal:
    if not annual_percent:
        return yuan(principal / months)
    with localcontext(prec=_PRECISION):
        rate = annual_percent / _YEARLY_PERCENT
        growth = (1 + rate) ** months
        return yuan(principal * rate * growth / (growth - 1))


def _check(principal: Decimal, annual_percent: Decimal, months: int) -> None:
    if principal <= 0 or yuan(principal) != principal:
        raise LoanError("loan_amount", N_("A loan is an amount above 0 with at most 2 decimals."))
    if not 1 <= months <= MAX_MONTHS:
        raise LoanError("loan_months", N_("A loan runs for 1 to %(most)d months."), most=MAX_MONTHS)
    if not 0 <= annual_percent <= HUNDRED:
        raise LoanError("loan_rate", N_("The yearly rate is between 0 and 100 percent."))

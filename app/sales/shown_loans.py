"""What the quotation page shows of loans: bank and housing fund taken together, month by month."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.money import parse_rate
from app.pricing import loans
from app.sales.forms import whole

MONTHS_A_YEAR = 12
USUAL_YEARS = 30
#: a quotation's receivables, as ``quote_data`` gives them
Lines = Sequence[Mapping[str, Any]]
#: the ways of repaying that may be shown month by month: fields of ShownLoan
SCHEDULES = ("equal_payments", "equal_principal")


@dataclass(frozen=True)
class ShownLoan:
    """What is lent by bank and housing fund, in two ways of repaying it; rates in percent a year.

    ``plan`` is the way that is shown month by month, or empty.
    """

    amount: Decimal
    rates: tuple[tuple[str, Decimal], ...]
    years: int
    equal_payments: loans.Schedule
    equal_principal: loans.Schedule
    plan: str

    @property
    def months(self) -> tuple[loans.Month, ...]:
        """Return the months of the way that is shown month by month."""
        shown: loans.Schedule | None = getattr(self, self.plan) if self.plan else None
        return shown.months if shown else ()


def read_loan(lines: Lines, given: Mapping[str, str]) -> ShownLoan | None:
    """Return the loans among a quotation's lines that have a yearly rate, taken together.

    Raises BadValue for a rate or a term that is no loan's.
    """
    years = whole(given.get("years")) or USUAL_YEARS
    lent = [
        (kind, amount, parse_rate(rate))
        for kind, name in (("loan", "rate"), ("fund", "fund_rate"))
        if (rate := given.get(name, "").strip()) and (amount := lent_of(lines, kind))
    ]
    if not lent:
        return None
    ways = (loans.equal_payments, loans.equal_principal)
    level, falling = (
        functools.reduce(
            loans.combined,
            [
                way(amount, annual_percent=rate, months=years * MONTHS_A_YEAR)
                for _kind, amount, rate in lent
            ],
        )
        for way in ways
    )
    plan = given.get("plan", "")
    return ShownLoan(
        amount=sum((amount for _kind, amount, _rate in lent), Decimal(0)),
        rates=tuple((kind, rate) for kind, _amount, rate in lent),
        years=years,
        equal_payments=level,
        equal_principal=falling,
        plan=plan if plan in SCHEDULES else "",
    )


def lent_of(lines: Lines, kind: str) -> Decimal:
    """Return the yuan lent in the lines of a kind, ``loan`` or ``fund``."""
    return sum((Decimal(line["amount"]) for line in lines if line["kind"] == kind), Decimal(0))

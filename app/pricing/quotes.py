"""What a room costs under a payment method and discounts, step by step to the fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.core.bad_value import N_
from app.core.money import (
    FEN,
    HUNDRED,
    ZERO,
    format_yuan,
    per_area,
    percent,
    percent_of,
    round_to,
    times_area,
    yuan,
)
from app.pricing.receivables import Line, QuoteError, divide
from app.pricing.terms import (
    DiscountKind,
    DiscountTerms,
    DueKind,
    DueRule,
    LineBasis,
    LineKind,
    LineTerms,
    MethodTerms,
    PriceBasis,
    SpecialTerms,
)

__all__ = [
    "DiscountKind",
    "DiscountTerms",
    "DueKind",
    "DueRule",
    "Line",
    "LineBasis",
    "LineKind",
    "LineTerms",
    "MethodTerms",
    "PriceBasis",
    "Quote",
    "QuoteError",
    "SpecialTerms",
    "Step",
    "StepKind",
    "calculate",
]

# Msgids of the steps that no record names; the page translates them.
LIST_TOTAL: Final = N_("List total")
ROUNDING: Final = N_("Rounding")


class StepKind(StrEnum):
    """价格步骤: the list total, then what each discount takes off, then the rounding."""

    LIST = "list"
    METHOD = "method"
    PERCENT = "percent"
    POINTS = "points"
    PER_AREA = "per_area"
    AMOUNT = "amount"
    SPECIAL = "special"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the price's explanation: ``before`` + ``amount`` = ``after``, in yuan.

    ``value`` is what the step was calculated from: the list total, percent, points, yuan per m²,
    yuan, or the rounding step, by ``kind``. A discount's ``amount`` is below 0.
    """

    code: str
    name: str
    kind: StepKind
    value: Decimal
    before: Decimal
    amount: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """报价: the price with every step, and what is to be paid when.

    ``deal_unit_price`` is yuan per m² of the area that the room is priced by (gross for a room
    priced by the unit; None where that area is not known). All receivables but those of kind
    ``collected`` add up to ``deal_total``.
    """

    steps: tuple[Step, ...]
    list_total: Decimal
    deal_total: Decimal
    deal_unit_price: Decimal | None
    receivables: tuple[Line, ...]

    @property
    def discount_total(self) -> Decimal:
        """Return what all steps together took off the list total, in yuan."""
        return self.list_total - self.deal_total

    @property
    def discount_percent(self) -> Decimal:
        """Return the depth of the discount in percent of the list total."""
        return percent(self.discount_total / self.list_total * HUNDRED)

    def below_floor(self, floor_total: Decimal | None) -> bool:
        """Tell whether the deal total is below the room's floor total, if it has one."""
        return floor_total is not None and self.deal_total < floor_total


def calculate(  # noqa: PLR0913 - all that the price of a deal depends on, and nothing hidden
    *,
    list_total: Decimal,
    gross_area: Decimal | None,
    inside_area: Decimal | None,
    price_basis: PriceBasis,
    method: MethodTerms,
    discounts: Sequence[DiscountTerms],
    special: SpecialTerms | None,
    rounding: Decimal,
    subscribed_on: date,
    contracted_on: date | None = None,
) -> Quote:
    """Return the quote of a room: method's discount, chosen discounts, special one, rounding.

    Every step rounds half up to the fen. Raises QuoteError (or MoneyError for an inexact number)
    when the terms give no price above 0, do not go together, or the payment lines cannot come to
    the deal total.
    """
    area = _priced_area(price_basis, gross_area, inside_area)
    price = _Price(list_total, area)
    price.take_percent(method.code, method.name, StepKind.METHOD, method.discount_percent)
    for discount in _in_order(discounts):
        price.take(discount)
    if special is not None:
        price.take_percent(special.code, special.name, StepKind.SPECIAL, special.percent)
    price.round_off(rounding)
    return Quote(
        steps=tuple(price.steps),
        list_total=price.list_total,
        deal_total=price.total,
        deal_unit_price=per_area(price.total, area) if area else None,
        receivables=divide(
            price.total, method.lines, subscribed_on=subscribed_on, contracted_on=contracted_on
        ),
    )


class _Price:
    """The running price and the steps that led to it."""

    def __init__(self, list_total: Decimal, area: Decimal | None) -> None:
        if list_total <= 0 or yuan(list_total) != list_total:
            raise QuoteError(
                "list_total",
                N_("The room has no list price above 0; price it in a price plan first."),
            )
        self.list_total = yuan(list_total)
        self.area = area
        self.total = ZERO
        self.steps: list[Step] = []
        self._add("list", LIST_TOTAL, StepKind.LIST, self.list_total, self.list_total)

    def take_percent(self, code: str, name: str, kind: StepKind, value: Decimal) -> None:
        """Take ``value`` percent of the list total off; nothing is noted for 0."""
        _check_value(name, value, at_most=HUNDRED)
        if value:
            self._add(code, name, kind, value, -percent_of(self.list_total, value))

    def take(self, discount: DiscountTerms) -> None:
        is_rate = discount.kind in {DiscountKind.PERCENT, DiscountKind.POINTS}
        _check_value(discount.name, discount.value, at_most=HUNDRED if is_rate else None)
        off = self._amount_off(discount)
        self._add(discount.code, discount.name, StepKind(discount.kind.value), discount.value, -off)

    def round_off(self, rounding: Decimal) -> None:
        """Round to the project's step; steps of a fen change nothing and are not noted."""
        rounded = round_to(self.total, rounding)
        if rounding != FEN:
            self._add("rounding", ROUNDING, StepKind.ROUNDING, rounding, rounded - self.total)

    def _amount_off(self, discount: DiscountTerms) -> Decimal:
        if discount.kind is DiscountKind.PERCENT:
            return percent_of(self.total, discount.value)
        if discount.kind is DiscountKind.POINTS:
            return percent_of(self.list_total, discount.value)
        if discount.kind is DiscountKind.AMOUNT:
            return yuan(discount.value)
        if self.area is None:
            raise QuoteError(
                "area_missing",
                N_("The room has no area that “%(name)s” could be calculated by; enter its area."),
                name=discount.name,
            )
        return times_area(discount.value, self.area)

    def _add(self, code: str, name: str, kind: StepKind, value: Decimal, amount: Decimal) -> None:
        after = self.total + amount
        if after <= 0:
            raise QuoteError(
                "nothing_left",
                N_("After “%(name)s” nothing is left of the price of %(total)s; choose less."),
                name=name,
                total=format_yuan(self.list_total),
            )
        self.steps.append(Step(code, name, kind, value, self.total, amount, after))
        self.total = after


def _priced_area(
    basis: PriceBasis, gross_area: Decimal | None, inside_area: Decimal | None
) -> Decimal | None:
    area = inside_area if basis is PriceBasis.INSIDE else gross_area
    if area is not None and area > 0:
        return area
    if basis is PriceBasis.UNIT:
        return None
    raise QuoteError(
        "room_area_missing", N_("The room has no area that it is priced by; enter it.")
    )


def _in_order(discounts: Sequence[DiscountTerms]) -> list[DiscountTerms]:
    """Return the chosen discounts in their order; refuse company that one of them does not bear."""
    ordered = sorted(discounts, key=lambda discount: (discount.position, discount.code))
    if len({discount.code for discount in ordered}) < len(ordered):
        raise QuoteError("discount_twice", N_("A discount can be chosen only once."))
    alone = next((discount for discount in ordered if not discount.is_stackable), None)
    if alone is not None and len(ordered) > 1:
        raise QuoteError(
            "not_stackable",
            N_("“%(name)s” cannot be combined with another discount; choose it alone."),
            name=alone.name,
        )
    return ordered


def _check_value(name: str, value: Decimal, *, at_most: Decimal | None) -> None:
    if value < 0 or (at_most is not None and value > at_most):
        raise QuoteError(
            "discount_value", N_("The value of “%(name)s” is out of range; correct it."), name=name
        )

"""What a price is calculated from: payment methods, their lines and discounts, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

#: Bank and fund lend in steps of so many yuan, unless the line says otherwise.
LOAN_STEP: Final = Decimal(10_000)


class PriceBasis(StrEnum):
    """计价方式: by gross area, by inside area, or by the unit (按套)."""

    GROSS = "gross"
    INSIDE = "inside"
    UNIT = "unit"


class DiscountKind(StrEnum):
    """折扣类型: how the value of a discount is to be read."""

    PERCENT = "percent"  # percent of the running price
    POINTS = "points"  # percentage points on the list price
    PER_AREA = "per_area"  # yuan off per m² of the area that the room is priced by
    AMOUNT = "amount"  # yuan off


class LineKind(StrEnum):
    """款项类型: 定金, 首期, 楼款, 按揭, 公积金, 装修款, 代收费用."""

    DEPOSIT = "deposit"
    DOWN_PAYMENT = "down_payment"
    INSTALMENT = "instalment"
    LOAN = "loan"
    FUND = "fund"
    FITOUT = "fitout"
    COLLECTED = "collected"  # taken for somebody else, on top of the deal total


class LineBasis(StrEnum):
    """计算方式: a fixed amount, a percent of the deal total, or the rest."""

    FIXED = "fixed"
    PERCENT = "percent"
    REST = "rest"


class DueKind(StrEnum):
    """应付期限: what the due day is counted from."""

    SUBSCRIPTION = "subscription"  # days after it
    CONTRACT = "contract"  # days after it
    DATE = "date"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class DueRule:
    """When a line is due; ``days`` for the first two kinds, ``on`` for a date, else ``stage``."""

    kind: DueKind
    days: int = 0
    on: date | None = None
    stage: str | None = None
    #: the ``MilestoneKind`` behind ``stage``, and the day on which it was reached
    stage_kind: str | None = None
    reached_on: date | None = None

    def due_on(self, subscribed_on: date, contracted_on: date | None) -> date | None:
        """Return the day, or None while what it hangs on has not happened."""
        if self.kind is DueKind.SUBSCRIPTION:
            return subscribed_on + timedelta(days=self.days)
        if self.kind is DueKind.CONTRACT:
            return contracted_on + timedelta(days=self.days) if contracted_on else None
        if self.kind is DueKind.STAGE and self.reached_on is not None:
            return max(self.reached_on, subscribed_on) + timedelta(days=self.days)
        return self.on if self.kind is DueKind.DATE else None


@dataclass(frozen=True, slots=True)
class LineTerms:
    """One line of a payment method. ``value`` is yuan or percent by ``basis``; 0 for the rest.

    ``round_down_to`` is the step in yuan that a loan or fund is rounded down to; None means 10,000,
    and 0.01 not at all. Other kinds are never rounded.
    """

    kind: LineKind
    name: str
    basis: LineBasis
    due: DueRule
    value: Decimal = Decimal(0)
    round_down_to: Decimal | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class MethodTerms:
    """付款方式: its own discount in percent of the list total, and its lines."""

    name: str
    lines: tuple[LineTerms, ...]
    discount_percent: Decimal = Decimal(0)
    code: str = "method"


@dataclass(frozen=True, slots=True)
class DiscountTerms:
    """折扣: ``value`` is percent, points, yuan per m² or yuan by ``kind``, from 0 up.

    One that is not ``is_stackable`` refuses the company of any other chosen discount; the payment
    method's own and an approved special discount are no company in this sense.
    """

    code: str
    name: str
    kind: DiscountKind
    value: Decimal
    position: int = 0
    is_stackable: bool = True


@dataclass(frozen=True, slots=True)
class SpecialTerms:
    """特殊折扣: approved for one deal, in percent of the list total."""

    name: str
    percent: Decimal
    code: str = "special"

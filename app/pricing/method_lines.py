"""The lines of a payment method as they are entered, and what they must keep to.

Whatever could give no payment lines at any price is refused when it is saved, so that nobody meets
it in front of a customer; what depends on the price is refused by ``app.pricing.receivables``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid
from app.core.money import FEN, HUNDRED, ZERO
from app.estate.milestones import MilestoneKind, stage_named
from app.pricing.quotes import DueKind, LineBasis, LineKind
from app.pricing.terms import LOAN_STEP

#: kinds that a bank or fund lends, and those that take what is cut off of them
LENT = (LineKind.LOAN.value, LineKind.FUND.value)
CUT_TAKERS = (LineKind.DOWN_PAYMENT.value, LineKind.INSTALMENT.value)
#: kinds that must say themselves how much they are
NEVER_REST = (LineKind.DEPOSIT.value, LineKind.COLLECTED.value)


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line of a payment method as it is entered; ``value`` is yuan or percent by ``basis``."""

    kind: str
    name: str
    basis: str
    value: Decimal | None = None
    due_rule: str = DueKind.CONTRACT.value
    due_days: int | None = None
    due_on: date | None = None
    due_stage: str | None = None
    round_down_to: Decimal | None = None


def with_stages(lines: Sequence[LineDraft]) -> list[LineDraft]:
    """Return the lines with the stages that their names speak of, where none is said; no others."""
    found = []
    for line in lines:
        waits = line.due_rule == DueKind.STAGE.value
        stage = (line.due_stage or stage_named(line.name)) if waits else None
        found.append(replace(line, due_stage=stage))
    return found


def check_lines(lines: Sequence[LineDraft]) -> None:
    """Refuse lines that could never come to a deal total, whatever that is.

    Raises Invalid with field ``lines``, naming the line that is wrong.
    """
    if not lines:
        raise _wrong(_l("A payment method needs at least one line."))
    for place, line in enumerate(lines, 1):
        _check_line(line, place)
    priced = [line for line in lines if line.kind != LineKind.COLLECTED.value]
    counted = _counted_deposits(priced)
    _check_deposits(priced, counted)
    _check_sum([line for at, line in enumerate(priced) if at not in counted])
    _check_cut(priced)


def _check_line(line: LineDraft, place: int) -> None:
    known = (
        (line.kind, LineKind, _l("Line %(line)d: this kind is not known.", line=place)),
        (line.basis, LineBasis, _l("Line %(line)d: this basis is not known.", line=place)),
        (line.due_rule, DueKind, _l("Line %(line)d: say when it is due.", line=place)),
    )
    for value, kinds, sentence in known:
        if value not in {kind.value for kind in kinds}:
            raise _wrong(sentence)
    if not line.name.strip():
        raise _wrong(_l("Line %(line)d has no name.", line=place))
    _check_value(line, place)
    if line.due_rule == DueKind.DATE.value and line.due_on is None:
        raise _wrong(_l("Line %(line)d: say the day on which it is due.", line=place))
    if line.due_rule == DueKind.STAGE.value and line.due_stage not in set(MilestoneKind):
        raise _wrong(_l("Line %(line)d: choose the building stage that it waits for.", line=place))
    if line.round_down_to is not None and line.round_down_to <= 0:
        raise _wrong(_l("Line %(line)d: a loan is rounded down to a step above 0.", line=place))


def _check_value(line: LineDraft, place: int) -> None:
    if line.basis == LineBasis.REST.value:
        if line.kind in NEVER_REST:
            raise _wrong(
                _l("Line %(line)d: a deposit or a fee collected for others is an amount or a"
                   " percent, never the rest.", line=place)
            )  # fmt: skip
        return
    if line.value is None or line.value <= 0:
        raise _wrong(_l("Line %(line)d: its amount or percent is above 0.", line=place))
    if line.basis == LineBasis.PERCENT.value and line.value > HUNDRED:
        raise _wrong(_l("Line %(line)d: a percent is at most 100.", line=place))


def _counted_deposits(priced: Sequence[LineDraft]) -> dict[int, int]:
    """Return the place of each deposit that counts into a line, with that line's place."""
    deposits = [at for at, line in enumerate(priced) if line.kind == LineKind.DEPOSIT.value]
    others = [at for at in range(len(priced)) if at not in deposits]
    return {at: min(after) for at in deposits if (after := [to for to in others if to > at])}


def _check_deposits(priced: Sequence[LineDraft], counted: dict[int, int]) -> None:
    """Refuse a deposit above the line that it counts into, where no price could change that."""
    for target in set(counted.values()):
        line = priced[target]
        deposits = [priced[at] for at, to in counted.items() if to == target]
        together = sum((each.value or ZERO for each in deposits if each.basis == line.basis), ZERO)
        if line.value is not None and line.basis != LineBasis.REST.value and together > line.value:
            raise _wrong(
                _l("The deposit is above “%(line)s”, into which it counts; lower the deposit or"
                   " raise that line.", line=line.name)
            )  # fmt: skip


def _check_sum(lines: Sequence[LineDraft]) -> None:
    """Refuse lines, deposits that count into others apart, that do not come to the deal total."""
    rests = sum(line.basis == LineBasis.REST.value for line in lines)
    has_fixed = any(line.basis == LineBasis.FIXED.value for line in lines)
    percents = sum(
        (line.value or ZERO for line in lines if line.basis == LineBasis.PERCENT.value), ZERO
    )
    if rests > 1:
        raise _wrong(_l("Only one payment line can be the rest."))
    is_full = percents == HUNDRED and not has_fixed
    if percents > HUNDRED or (not rests and not is_full) or (percents == HUNDRED and has_fixed):
        raise _wrong(
            _l("The lines do not come to the deal total: let one of them be the rest, or let"
               " the percents add up to 100.")
        )  # fmt: skip


def _check_cut(priced: Sequence[LineDraft]) -> None:
    """Refuse a loan that is rounded down while no line could take what is cut off."""
    if any(line.kind in CUT_TAKERS for line in priced):
        return
    for line in priced:
        if line.kind in LENT and (line.round_down_to or LOAN_STEP) != FEN:
            raise _wrong(
                _l("“%(line)s” is rounded down, but no line takes what is cut off: add a down"
                   " payment or an instalment, or round down to 0.01.", line=line.name)
            )  # fmt: skip


def _wrong(sentence: Any) -> Invalid:
    return Invalid(sentence, fields={"lines": sentence})

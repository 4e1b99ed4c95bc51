"""Exact amounts: rounding, splitting, reading and writing of yuan, m² and percents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from app.core.bad_value import N_, BadValue

FEN: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
HUNDRED: Final = Decimal(100)
MAX_AMOUNT: Final = Decimal("9999999999999.99")
ROUNDING_STEPS: Final = (FEN, Decimal(1), Decimal(10), Decimal(100))

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")

# Enough digits for any product of two stored numbers, whatever context the caller is in.
_PRECISION: Final = 60

_TOO_LARGE: Final = N_("The number is too large: %(value)s.")
_NOT_EXACT: Final = N_("An amount must be exact: a decimal, not a binary fraction.")

_PLAIN: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_GROUPED: Final = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", re.ASCII)


class MoneyError(BadValue):
    """An amount that is not exact, not finite, too large, or cannot be split."""


def yuan(amount: Decimal | int) -> Decimal:
    """Return ``amount`` in yuan with 2 decimals, half up. Raises MoneyError for a float."""
    return _quantize(amount)


def area(amount: Decimal | int) -> Decimal:
    """Return ``amount`` in m² with 2 decimals, half up. Raises MoneyError for a float."""
    return _quantize(amount)


def percent(amount: Decimal | int) -> Decimal:
    """Return ``amount`` in percent with 2 decimals, half up. Raises MoneyError for a float."""
    return _quantize(amount)


def round_to(amount: Decimal | int, step: Decimal) -> Decimal:
    """Return the multiple of ``step`` yuan nearest to ``amount``, half up (away from zero)."""
    if step not in ROUNDING_STEPS:
        raise MoneyError("rounding_step", N_("Amounts are rounded to 0.01, 1, 10 or 100 yuan."))
    exact = _exact(amount)
    with localcontext(prec=_PRECISION):
        steps = (exact / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return _quantize(steps * step)


_RATE_DECIMALS: Final = 4


def percent_of(amount: Decimal, rate: Decimal) -> Decimal:
    """Return ``rate`` percent of ``amount``, in yuan half up."""
    with localcontext(prec=_PRECISION):
        return _quantize(_exact(amount) * _exact(rate) / HUNDRED)


def times_area(unit_price: Decimal, square_metres: Decimal) -> Decimal:
    """Return unit price × area, in yuan half up to the fen."""
    with localcontext(prec=_PRECISION):
        return _quantize(_exact(unit_price) * _exact(square_metres))


def per_area(total: Decimal, square_metres: Decimal) -> Decimal:
    """Return total ÷ area, in yuan per m² half up. Raises MoneyError unless the area is above 0."""
    if square_metres <= 0:
        raise MoneyError("area_not_positive", N_("An area must be above 0."))
    with localcontext(prec=_PRECISION):
        return _quantize(_exact(total) / _exact(square_metres))


def split(total: Decimal, parts: int | Sequence[Decimal | int]) -> list[Decimal]:
    """Split ``total`` into equal ``parts``, or by ratios; the last part takes the rest.

    Every other part is rounded to the fen half up. The parts add up to ``total`` exactly and none
    has the opposite sign. Raises MoneyError without parts, with a ratio below 0 or all at 0, or
    when ``total`` has more than 2 decimals.
    """
    ratios = [Decimal(1)] * parts if isinstance(parts, int) else [_exact(part) for part in parts]
    weight = sum(ratios, Decimal(0))
    if min(ratios, default=Decimal(-1)) < 0 or weight <= 0:
        raise MoneyError(
            "split_ratios", N_("An amount is split by ratios from 0 up, not all of them 0.")
        )
    if yuan(total) != total:
        raise MoneyError("below_the_fen", N_("An amount to be split has at most 2 decimals."))
    amounts = _split_magnitude(abs(yuan(total)), ratios, weight)
    signed = [-amount if total < 0 else amount for amount in amounts]
    if sum(signed) != total:
        raise AssertionError("the parts of a split do not add up")
    return signed


def parse_yuan(text: object) -> Decimal:
    """Read an amount of yuan, exactly: ``1,234.50``, ``-8``, an int or a Decimal.

    Raises MoneyError for a float, NaN, an exponent, misplaced commas, more than 2 decimals or more
    than 9,999,999,999,999.99 either way.
    """
    return _parse(text)


def parse_area(text: object) -> Decimal:
    """Read an area in m² from 0 up, as exactly as ``parse_yuan``. Raises MoneyError."""
    return _not_negative(_parse(text))


def parse_percent(text: object) -> Decimal:
    """Read a percent from 0 up, as exactly as ``parse_yuan``. Raises MoneyError."""
    return _not_negative(_parse(text))


def parse_rate(text: object) -> Decimal:
    """Read a yearly interest rate in percent from 0 up, with at most 4 decimals: ``3.075``.

    Banks and housing funds name three (3.075 % since 2025-05). Raises MoneyError.
    """
    number = _number(text)
    if not -_RATE_DECIMALS <= number.as_tuple().exponent <= 0:  # type: ignore[operator]
        raise MoneyError("too_many_decimals", N_("At most 4 decimals: %(value)s."), value=str(text))
    if abs(number) > MAX_AMOUNT:
        raise MoneyError("too_large", _TOO_LARGE, value=str(text))
    return _not_negative(number)


def format_yuan(amount: Decimal | int) -> str:
    """Write ``amount`` with thousands separated and 2 decimals; ``parse_yuan`` reads it back."""
    return f"{_without_negative_zero(yuan(amount)):,.2f}"


def plain(amount: Decimal | int) -> str:
    """Write ``amount`` with 2 decimals and no separators, as REST answers carry it."""
    return f"{_without_negative_zero(_quantize(amount)):.2f}"


def capital(amount: Decimal | int) -> str:
    """Write ``amount`` in words, as receipts carry it: 壹佰贰拾叁元肆角伍分.

    By 正确填写票据和结算凭证的基本规定 (appendix 1 of 支付结算办法): 整 after 元 alone, one 零 for
    any run of noughts inside, 零 when 角 is nought and 分 is not. Where the rule leaves 零 open
    (¥1,680.32, ¥107,000.53), the first of the two ways it gives. Below 0 begins with 负. Raises
    MoneyError beyond 9,999,999,999,999.99.
    """
    exact = yuan(amount)
    if abs(exact) > MAX_AMOUNT:
        raise MoneyError("too_large", _TOO_LARGE, value=str(amount))
    whole, fen = divmod(int(abs(exact).scaleb(2)), 100)
    sign = "负" if exact < 0 else ""
    return sign + (_whole_words(whole) + "元" if whole or not fen else "") + _fen_words(whole, fen)


def _fen_words(whole: int, fen: int) -> str:
    """Words after 元; ``whole`` decides whether a 零 joins them."""
    if not fen:
        return "整"
    tenths, hundredths = divmod(fen, 10)
    gap = "零" if whole and (not tenths or whole % 10 == 0) else ""
    words = f"{_DIGITS[tenths]}角" if tenths else ""
    return gap + words + (f"{_DIGITS[hundredths]}分" if hundredths else "")


def _whole_words(number: int) -> str:
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        high, low = divmod(number, unit)
        if high:
            gap = "零" if low and low < unit // 10 else ""
            return _whole_words(high) + name + (gap + _whole_words(low) if low else "")
    return _thousand_words(number)


def _thousand_words(number: int) -> str:
    """Words of 0 to 9999; a run of noughts inside is one 零, at the end none."""
    if not number:
        return "零"
    words = ""
    for place, digit in zip((3, 2, 1, 0), f"{number:04d}", strict=True):
        words += _DIGITS[int(digit)] + (_PLACES[place] if digit != "0" else "")
    return re.sub("零+", "零", words).strip("零")


def _exact(amount: Decimal | int) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
        raise MoneyError("not_exact", _NOT_EXACT)
    exact = Decimal(amount)
    if not exact.is_finite():
        raise MoneyError("not_finite", N_("An amount must be a finite number."))
    return exact


def _quantize(amount: Decimal | int) -> Decimal:
    exact = _exact(amount)
    if exact.adjusted() > _PRECISION // 2:
        raise MoneyError("too_large", _TOO_LARGE, value=str(amount))
    with localcontext(prec=_PRECISION):
        return exact.quantize(FEN, rounding=ROUND_HALF_UP)


def _split_magnitude(total: Decimal, ratios: list[Decimal], weight: Decimal) -> list[Decimal]:
    amounts: list[Decimal] = []
    left = total
    for ratio in ratios[:-1]:
        with localcontext(prec=_PRECISION):
            part = min(_quantize(total * ratio / weight), left)
        amounts.append(part)
        left -= part
    return [*amounts, left]


def _parse(value: object) -> Decimal:
    number = _number(value)
    if number.as_tuple().exponent > 0:  # type: ignore[operator]
        raise MoneyError(
            "exponent",
            N_("Write the number out, without an exponent: %(value)s."),
            value=str(value),
        )
    if number.as_tuple().exponent not in {0, -1, -2}:
        raise MoneyError(
            "too_many_decimals", N_("At most 2 decimals: %(value)s."), value=str(value)
        )
    if abs(number) > MAX_AMOUNT:
        raise MoneyError("too_large", _TOO_LARGE, value=str(value))
    return _without_negative_zero(_quantize(number))


def _number(value: object) -> Decimal:
    if isinstance(value, str):
        text = value.strip()
        if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
            raise MoneyError("not_a_number", N_("This is not a number: %(value)s."), value=value)
        return Decimal(text.replace(",", ""))
    if isinstance(value, Decimal | int):
        return _exact(value)
    raise MoneyError("not_exact", _NOT_EXACT)


def _not_negative(number: Decimal) -> Decimal:
    if number < 0:
        raise MoneyError("negative", N_("The number must not be below 0: %(value)s."), value=number)
    return number


def _without_negative_zero(amount: Decimal) -> Decimal:
    return ZERO if amount.is_zero() else amount

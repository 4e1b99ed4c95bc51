"""Rules of a room's price: the floor total where none is given, and what fits an area."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, localcontext

from app.core.money import HUNDRED, times_area, yuan

# Enough digits for any stored amount times any percent, whatever context the caller is in.
_PRECISION = 60
#: by how many yuan unit price times area may miss the total: published lists are cut to yuan
ONE_YUAN = Decimal(1)
#: a unit price of 2 decimals cannot hit a given total nearer than half a fen for each m²
HALF_FEN = Decimal("0.005")


def default_floor(list_total: Decimal, percent: Decimal, step: Decimal) -> Decimal:
    """Return ``percent`` of the list total rounded up to ``step`` yuan, at most the list total."""
    with localcontext(prec=_PRECISION):
        steps = (list_total * percent / HUNDRED / step).to_integral_value(rounding=ROUND_CEILING)
        return min(yuan(steps * step), list_total)


def fits_area(total: Decimal, unit: Decimal, square_metres: Decimal, rounding: Decimal) -> bool:
    """Tell whether a unit price in yuan per m² comes to the total on this area.

    It may miss by 1 yuan, or what totals of the project are rounded to, and by what rounding the
    unit price explains.
    """
    allowed = max(ONE_YUAN, rounding) + square_metres * HALF_FEN
    return abs(times_area(unit, square_metres) - total) <= allowed

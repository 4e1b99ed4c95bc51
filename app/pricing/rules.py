"""Rules of a room's price: areas it goes by, unit price and total, the floor total, what fits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext

from app.core.money import HUNDRED, per_area, round_to, times_area, yuan
from app.pricing.terms import PriceBasis

# Enough digits for any stored amount times any percent, whatever context the caller is in.
_PRECISION = 60
#: by how many yuan unit price times area may miss the total: published lists are cut to yuan
ONE_YUAN = Decimal(1)
#: a unit price of 2 decimals cannot hit a given total nearer than half a fen for each m²
HALF_FEN = Decimal("0.005")
#: rooms whose list price no plan changes any more: somebody has bought them at another
SOLD = ("subscribed", "contracted", "handed_over")


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


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas of a room in m²; the inside one may not be known yet."""

    gross: Decimal
    inside: Decimal | None = None

    def by(self, basis: PriceBasis) -> Decimal | None:
        """Return the area that the unit price is per m² of; None where it is not known.

        A room priced by the unit (按套) has a unit price per m² gross, for comparison only.
        """
        return self.inside if basis is PriceBasis.INSIDE else self.gross


def total_of(unit: Decimal, square_metres: Decimal, rounding: Decimal) -> Decimal:
    """Return unit price × area, rounded half up to what the project says (0.01 to 100 yuan)."""
    return round_to(times_area(unit, square_metres), rounding)


def unit_of(total: Decimal, square_metres: Decimal) -> Decimal:
    """Return total ÷ area in yuan per m², half up to the fen."""
    return per_area(total, square_metres)

"""The floor total that a plan takes where none is given."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, localcontext

from app.core.money import HUNDRED, yuan

# Enough digits for any stored amount times any percent, whatever context the caller is in.
_PRECISION = 60


def default_floor(list_total: Decimal, percent: Decimal, step: Decimal) -> Decimal:
    """Return ``percent`` of the list total rounded up to ``step`` yuan, at most the list total."""
    with localcontext(prec=_PRECISION):
        steps = (list_total * percent / HUNDRED / step).to_integral_value(rounding=ROUND_CEILING)
        return min(yuan(steps * step), list_total)

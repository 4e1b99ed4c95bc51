"""What the lines of a payment method come to at a price, before they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from app.core import clock
from app.core.bad_value import BadValue
from app.core.errors import Invalid
from app.core.money import FEN
from app.pricing.method_lines import LineDraft, check_lines, with_stages
from app.pricing.models import PaymentMethodLine
from app.pricing.quotes import MethodTerms, PriceBasis, calculate
from app.pricing.quoting import line_terms, quote_data


def preview_method(
    lines: Sequence[LineDraft], *, discount_percent: Decimal, list_total: Decimal
) -> dict[str, Any]:
    """Return the payment lines at a list total in yuan, as a quotation gives them.

    Subscribed and signed today. Raises Invalid as when the method is saved, and for a price that
    its lines cannot come to.
    """
    drafts = with_stages(lines)
    check_lines(drafts)
    kept = [PaymentMethodLine(position=n, **asdict(line)) for n, line in enumerate(drafts, 1)]
    method = MethodTerms(
        name="",
        lines=tuple(line_terms(line, None) for line in kept),
        discount_percent=discount_percent,
        code="method:0",
    )
    today = clock.today()
    try:
        found = calculate(
            list_total=list_total,
            gross_area=None,
            inside_area=None,
            price_basis=PriceBasis.UNIT,
            method=method,
            discounts=(),
            special=None,
            rounding=FEN,
            subscribed_on=today,
            contracted_on=today,
        )
    except BadValue as error:
        raise Invalid(error.message, code=error.code, fields={"lines": error.message}) from error
    data = quote_data(found)
    return {"deal_total": data["deal_total"], "receivables": data["receivables"]}

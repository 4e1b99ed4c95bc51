"""What was typed on the pages of sales: terms of a quote, buyers with shares, a hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import validators

from app.core.bad_value import BadValue
from app.core.errors import Invalid
from app.core.money import HUNDRED, ZERO, parse_percent, plain
from app.customers.models import Customer
from app.customers.queries import list_customers
from app.sales.operations import SubscriptionOrder
from app.web.crud_forms import ChoiceField, CrudForm, DayField, LineField, MomentField

MOST_BUYERS = 20
MOST_DISCOUNTS = 50
#: rows for buyers on a fresh form
FIRST_ROWS = 1


def whole(text: str | None) -> int | None:
    """Return an id that was sent, or None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Terms:
    """The payment method and discounts that were chosen."""

    payment_method_id: int | None = None
    discount_ids: Sequence[int] = ()
    special_discount_id: int | None = None

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> Terms:
        """Read what an address or a form carries."""
        discounts = [whole(one) for one in given.getlist("discount_ids")][:MOST_DISCOUNTS]
        return cls(
            whole(given.get("payment_method_id")),
            [one for one in discounts if one is not None],
            whole(given.get("special_discount_id")),
        )


@dataclass(slots=True)
class BuyerRow:
    """One buyer's row: the customer, and the share as it was typed."""

    customer: Customer | None = None
    share: str = ""


@dataclass(slots=True)
class SubscribeForm:
    """The subscription form: everything as it was typed, and what is wrong with it."""

    terms: Terms
    buyers: list[BuyerRow] = field(default_factory=list)
    errors: dict[str, Any] = field(default_factory=dict)
    problem: Any = None

    @classmethod
    def fresh(cls, terms: Terms, customer: Customer | None) -> SubscribeForm:
        """Return a form that has not been typed into: one buyer with the whole."""
        return cls(terms, [BuyerRow(customer, plain(HUNDRED))])

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> SubscribeForm:
        """Read the posted form; a row without customer and share is left out."""
        pairs = list(zip(given.getlist("customer_id"), given.getlist("share"), strict=False))[
            :MOST_BUYERS
        ]
        ids = [found for customer, _share in pairs if (found := whole(customer)) is not None]
        known = {customer.id: customer for customer in list_customers(ids)}
        rows = [
            BuyerRow(known.get(whole(customer) or 0), share.strip())
            for customer, share in pairs
            if customer or share.strip()
        ]
        return cls(Terms.read(given), rows or [BuyerRow()])

    def order(self, room_id: int) -> SubscriptionOrder:
        """Return the order. Raises Invalid naming what is missing or cannot be read."""
        if self.terms.payment_method_id is None:
            self.errors["payment_method_id"] = _l("Choose how the buyer pays.")
        buyers = self._shares()
        if self.errors:
            raise Invalid(_l("Please correct what is marked below."), fields=self.errors)
        return SubscriptionOrder(
            room_id=room_id,
            payment_method_id=self.terms.payment_method_id or 0,
            discount_ids=self.terms.discount_ids,
            special_discount_id=self.terms.special_discount_id,
            buyers=buyers,
        )

    @property
    def share_sum(self) -> Decimal:
        """Return what the shares that can be read come to."""
        return sum((found for row in self.buyers if (found := _share(row)) is not None), ZERO)

    def _shares(self) -> list[tuple[int, Decimal]]:
        buyers: list[tuple[int, Decimal]] = []
        for row in self.buyers:
            share = _share(row)
            if row.customer is None:
                self.errors["buyers"] = _l("Choose the customer in every row of buyers.")
            elif share is None:
                self.errors["buyers"] = _l("A share is a percent such as 60.00.")
            else:
                buyers.append((row.customer.id, share))
        return buyers


def _share(row: BuyerRow) -> Decimal | None:
    try:
        return parse_percent(row.share)
    except BadValue:
        return None


class HoldForm(CrudForm):
    """The hold form: for whom, why, until when."""

    customer_id = ChoiceField(
        _l("Customer"),
        target=Customer,
        address="/customers/choices",
        description=_l("Type a part of the name, or the last four digits of the phone."),
    )
    reason = LineField(_l("Reason"), [validators.Length(max=200)])
    until = MomentField(_l("Until"), [validators.Optional()])


class AskDiscountForm(CrudForm):
    """Whom a special discount is for, how deep it goes, until when: the start of a request."""

    customer_id = ChoiceField(_l("Customer"), target=Customer, address="/customers/choices")
    percent = LineField(_l("Discount"))
    valid_until = DayField(_l("Valid until"), [validators.Optional()])
    reason = LineField(_l("Reason"))

"""What sales holds about a customer, and how long its deals keep the customer's data."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core import clock
from app.core.db import db
from app.core.settings import get_setting
from app.customers.models import Customer
from app.customers.privacy import Sheet, register_holder, register_keeper
from app.customers.settings import RETENTION_YEARS
from app.sales.models import HoldState, SubscriptionState

_DEALS = text("""
SELECT s.number, s.state, b.name || ' ' || r.number AS room, s.subscribed_at, s.deal_total,
       o.share, s.state_at
  FROM sales_subscription_buyer o
  JOIN sales_subscription s ON s.id = o.subscription_id
  JOIN estate_room r ON r.id = s.room_id JOIN estate_building b ON b.id = r.building_id
 WHERE o.customer_id = :id ORDER BY s.subscribed_at
""")
_HOLDS = text("""
SELECT b.name || ' ' || r.number AS room, h.state, h.reason, h.created_at, h.until
  FROM sales_hold h
  JOIN estate_room r ON r.id = h.room_id JOIN estate_building b ON b.id = r.building_id
 WHERE h.customer_id = :id ORDER BY h.created_at
""")
_RECEIPTS = text("""
SELECT c.number, c.received_on, c.amount, c.payer, c.state
  FROM finance_receipt c
 WHERE c.account_id IN (SELECT s.account_id FROM sales_subscription_buyer o
                          JOIN sales_subscription s ON s.id = o.subscription_id
                         WHERE o.customer_id = :id)
 ORDER BY c.received_on
""")
_OVER = (SubscriptionState.LAPSED.value, SubscriptionState.ENDED.value)


def keeps(customer: Customer) -> Any:
    """Return why the customer's data must stay: a live deal or hold, or the legal time."""
    for deal in _rows(_DEALS, customer):
        if deal["state"] not in _OVER:
            return _l(
                "%(deal)s of this customer is still going on. End the deal first.",
                deal=deal["number"],
            )
        until = _kept_until(clock.local(deal["state_at"] or deal["subscribed_at"]).date())
        if until > clock.today():
            return _l(
                "%(deal)s ended less than %(years)d years ago; its data must be kept until"
                " %(day)s.",
                deal=deal["number"],
                years=get_setting(RETENTION_YEARS),
                day=until.isoformat(),
            )
    for hold in _rows(_HOLDS, customer):
        if hold["state"] == HoldState.LIVE.value:
            return _l("%(room)s is held for this customer. Release it first.", room=hold["room"])
    return None


def _kept_until(ended: date) -> date:
    years = get_setting(RETENTION_YEARS)
    try:
        return ended.replace(year=ended.year + years)
    except ValueError:
        return date(ended.year + years, 3, 1)


def deals_of(customer: Customer) -> Sheet:
    """Return the customer's subscriptions."""
    return Sheet(
        _l("Subscriptions"),
        (_l("Number"), _l("State"), _l("Room"), _l("When"), _l("Deal total"), _l("Share")),
        [
            (
                row["number"],
                SubscriptionState(row["state"]).title,
                row["room"],
                row["subscribed_at"],
                row["deal_total"],
                f"{row['share']}%",
            )
            for row in _rows(_DEALS, customer)
        ],
    )


def holds_of(customer: Customer) -> Sheet:
    """Return what was held for the customer."""
    return Sheet(
        _l("Holds"),
        (_l("Room"), _l("State"), _l("Reason"), _l("Since"), _l("Until")),
        [
            (
                row["room"],
                HoldState(row["state"]).title,
                row["reason"],
                row["created_at"],
                row["until"],
            )
            for row in _rows(_HOLDS, customer)
        ],
    )


def money_of(customer: Customer) -> Sheet:
    """Return what was paid for the customer's deals."""
    return Sheet(
        _l("Receipts"),
        (_l("Number"), _l("When"), _l("Amount"), _l("Payer")),
        [
            (row["number"], row["received_on"], row["amount"], row["payer"])
            for row in _rows(_RECEIPTS, customer)
        ],
    )


def _rows(statement: Any, customer: Customer) -> Any:
    # The caller has read the customer within scope; all of his deals belong to the same project.
    return db.session.execute(statement, {"id": customer.id}).mappings().all()


register_keeper(keeps)
for _holder in (deals_of, holds_of, money_of):
    register_holder(_holder)

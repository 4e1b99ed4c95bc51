"""What sales tells the areas below: its deals' accounts, its discounts, and what money does."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.finance.models import Account
from app.finance.signals import receipt_confirmed, receipt_reversed
from app.finance.subjects import register_subject
from app.pricing.quoting import register_special_resolver
from app.pricing.terms import SpecialTerms
from app.sales import handover, notices, personal_data, reshaped
from app.sales.models import Subscription
from app.sales.operations.deposits import settle_deposit
from app.sales.operations.special_discounts import find_usable_special
from app.sales.operations.subscriptions import SUBJECT
from app.sales.queries import get_subscription


def resolve_subscription(subscription_id: int) -> Account:
    """Return the account of a subscription. Raises NotFound outside the actor's scope."""
    return get_subscription(subscription_id).account


def lock_subscription(subscription_id: int) -> None:
    """Lock a deal before its money, so that nobody waits in the other order."""
    db.session.execute(
        select(Subscription.id)
        .where(Subscription.id == subscription_id)
        .with_for_update(key_share=True)
        # Finance found the account within scope; who may take money sees all of its deals.
        .execution_options(whole_group=True)
    )


def special_terms(special_discount_id: int, room_id: int, actor: Actor) -> SpecialTerms:
    """Return what a granted special discount is for a quotation of the room."""
    del actor  # the discount is read within his scope
    special = find_usable_special(special_discount_id, room_id=room_id)
    return SpecialTerms(gettext("Special discount"), special.percent)


def _settle(_sender: Any, *, account: Account, actor: Actor, **more: Any) -> None:
    if account.subject_type == SUBJECT:
        deal = settle_deposit(account, actor=actor)
        notices.tell_money(deal, more["receipt"], more.get("reversal"), actor)


register_special_resolver(special_terms)
register_subject(SUBJECT, resolve_subscription, lock_subscription)
receipt_confirmed.connect(_settle)
receipt_reversed.connect(_settle)
handover.register()
reshaped.listen()

__all__ = ["personal_data"]

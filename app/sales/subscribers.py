"""What sales does when money came or was taken back, and how its deals lead to accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.finance.models import Account
from app.finance.signals import receipt_confirmed, receipt_reversed
from app.finance.subjects import register_subject
from app.sales.models import Subscription
from app.sales.operations.subscriptions import SUBJECT, settle_deposit
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


def _settle(_sender: Any, *, account: Account, actor: Actor, **_more: Any) -> None:
    if account.subject_type == SUBJECT:
        settle_deposit(account, actor=actor)


register_subject(SUBJECT, resolve_subscription, lock_subscription)
receipt_confirmed.connect(_settle)
receipt_reversed.connect(_settle)

"""Extensions 延期: the signing deadline of a deal moves to a later day, by approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, WrongState
from app.sales.models import Change, Subscription, SubscriptionState

KIND: Final = "extension"
#: days from the deadline first agreed; whoever needs longer makes a new deal
LONGEST_DAYS: Final = 365
OPEN: Final = (
    SubscriptionState.AWAITING_DEPOSIT,
    SubscriptionState.DEPOSIT_SHORT,
    SubscriptionState.ACTIVE,
)


@dataclass(frozen=True, slots=True)
class ExtensionOrder:
    """An extension as it was approved: until when, and by which request of whom, why."""

    sign_by: date
    request_id: int
    request_number: str
    applicant_id: int
    reason: str


def read_sign_by(values: dict[str, Any]) -> date:
    """Return the new deadline that was asked for. Raises Invalid for anything but a day."""
    try:
        return date.fromisoformat(str(values.get("sign_by")))
    except ValueError:
        raise _wrong_day(_l("Give a day as 2026-11-30.")) from None


def check_extension(subscription: Subscription, sign_by: date) -> None:
    """Check what extending will check.

    Raises WrongState for a deal that is over or signed, Invalid for a day that is not later than
    the present deadline and today, or too far from the deadline first agreed.
    """
    _require_open(subscription)
    if sign_by <= subscription.sign_by:
        raise _wrong_day(
            _l(
                "%(number)s is to be signed by %(day)s; choose a later day.",
                number=subscription.number,
                day=subscription.sign_by.isoformat(),
            )
        )
    if sign_by < clock.today():
        raise _wrong_day(_l("The new deadline would have passed already; choose a later day."))
    if days_extended(subscription, sign_by) > LONGEST_DAYS:
        raise _wrong_day(
            _l(
                "%(number)s was to be signed by %(day)s at first; at most %(most)s days later can"
                " be asked for.",
                number=subscription.number,
                day=first_deadline(subscription).isoformat(),
                most=LONGEST_DAYS,
            )
        )


def first_deadline(subscription: Subscription) -> date:
    """Return the signing deadline as first agreed, before any extension."""
    first: Change | None = db.session.scalar(
        select(Change)
        .where(Change.subscription_id == subscription.id, Change.kind == KIND)
        .order_by(Change.id)
        .limit(1)
        # The deal has been read within scope; its extensions count whoever made them.
        .execution_options(whole_group=True)
    )
    return date.fromisoformat(first.before["sign_by"]) if first else subscription.sign_by


def days_extended(subscription: Subscription, sign_by: date) -> int:
    """Return how many days ``sign_by`` lies after the deadline first agreed.

    Counted from the first one, so that a long extension in several short steps takes the long way.
    """
    return (sign_by - first_deadline(subscription)).days


def extend_signing(subscription: Subscription, order: ExtensionOrder, *, actor: Actor) -> Change:
    """Move the signing deadline and enter the change in the register.

    Called by the approval's last step, whose approver is the actor, with the deal locked. Raises
    as ``check_extension``.
    """
    check_extension(subscription, order.sign_by)
    change = Change(
        project_id=subscription.project_id,
        kind=KIND,
        subscription_id=subscription.id,
        room_id=subscription.room_id,
        owner_id=subscription.consultant_id,
        request_id=order.request_id,
        request_number=order.request_number,
        applicant_id=order.applicant_id,
        approved_by_id=actor.id,
        reason=order.reason,
        before={"sign_by": subscription.sign_by.isoformat()},
        after={"sign_by": order.sign_by.isoformat()},
        created_at=clock.now(),
    )
    subscription.sign_by = order.sign_by
    db.session.add(change)
    db.session.flush()
    return change


def is_open(subscription: Subscription) -> bool:
    """Tell whether the deal still waits for its contract."""
    return SubscriptionState(subscription.state) in OPEN


def _require_open(subscription: Subscription) -> None:
    if not is_open(subscription):
        raise WrongState(
            _l(
                "%(number)s is %(state)s; only a deal that waits for its contract can be extended.",
                number=subscription.number,
                state=SubscriptionState(subscription.state).title,
            )
        )


def _wrong_day(sentence: Any) -> Invalid:
    return Invalid(sentence, fields={"sign_by": sentence})

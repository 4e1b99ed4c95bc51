"""What money, or none of it, does to a subscription: active, short, awaiting again, lapsed."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowed
from app.core.states import transition
from app.estate import operations as estate
from app.estate.models import RoomStatus
from app.finance import operations as finance
from app.finance.models import Account
from app.finance.queries import account_balance, deposit_state
from app.sales import notices
from app.sales.models import Subscription, SubscriptionState
from app.sales.settings import lapse_moment
from app.workflows.engine import void_requests_for

log = logging.getLogger("xiaokong.sales")

#: how many subscriptions are looked at together; a run ends when it let so many lapse
BATCH: Final = 100
_BEFORE_ALL: Final = {"after": datetime.min.replace(tzinfo=UTC), "after_id": 0}


def lapse_subscriptions(*, actor: Actor) -> int:
    """Let subscriptions lapse whose time for the deposit is over; return how many.

    For the system only. The account is closed and the room is for sale again at its list price. A
    deal that somebody is working on (money being confirmed, say) is left to the next run, so this
    never waits, and money that comes first keeps the deal. A deal that cannot lapse is logged with
    its number and keeps no other from lapsing.
    """
    if actor.kind != "system":
        raise NotAllowed(_l("Only the system lets subscriptions lapse."))
    now, lapsed, after = clock.now(), 0, _BEFORE_ALL
    while lapsed < BATCH:
        # Past those that could not lapse: however many there are, they hold up no other.
        due = db.session.execute(_DUE, {"now": now, "most": BATCH, **after}).all()
        lapsed += sum(_lapsed(*deal[:3], actor=actor) for deal in due)
        if len(due) < BATCH:
            break
        after = {"after": due[-1].lapses_at, "after_id": due[-1].id}
    return lapsed


def _lapsed(subscription_id: int, number: str, room_id: int, *, actor: Actor) -> bool:
    """Let one subscription lapse; False, and logged, if that fails."""
    try:
        with db.session.begin_nested():
            _lapse(subscription_id, room_id, actor=actor)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            # No fault of the deal's: the whole run comes again.
            raise
        log.exception("subscription %s could not lapse", number)
        return False
    return True


def _lapse(subscription_id: int, room_id: int, *, actor: Actor) -> None:
    subscription = _fresh(Subscription.id == subscription_id)
    transition(subscription, SubscriptionState.LAPSED, actor=actor)
    finance.close_account(subscription.account, actor=actor)
    freed = estate.set_status(
        [room_id], to=RoomStatus.AVAILABLE, frm=(RoomStatus.SUBSCRIBED,), actor=actor
    )
    notices.tell_deal_lapsed(subscription, freed[0].title if freed else "", actor)
    void_requests_for(
        "subscription",
        subscription_id,
        reason=_l("%(number)s has lapsed.", number=subscription.number),
        actor=actor,
    )
    db.session.flush()


def settle_deposit(account: Account, *, actor: Actor) -> Subscription:
    """Bring a subscription's state in line with what of its deposit is paid now.

    Called when money came or was taken back, with the subscription locked. With the deposit paid in
    full it is active, with any other money on the account short; taken back altogether it awaits
    the deposit again, and if its time was over it gets it once more. A contract that was made is
    not touched.
    """
    subscription = _fresh(Subscription.account_id == account.id)
    current = SubscriptionState(subscription.state)
    if current not in _AWAITING_MONEY:
        return subscription
    wanted = _state_of_deposit(account.id)
    if wanted is not current:
        transition(subscription, wanted, actor=actor)
    if wanted is SubscriptionState.AWAITING_DEPOSIT:
        subscription.lapses_at = max(subscription.lapses_at, lapse_moment(account.project_id))
    db.session.flush()
    return subscription


_AWAITING_MONEY = (
    SubscriptionState.AWAITING_DEPOSIT,
    SubscriptionState.DEPOSIT_SHORT,
    SubscriptionState.ACTIVE,
)

# Room, deal and account are locked at once and whatever somebody else holds is skipped: confirming
# money locks deal and account, and must never wait for a run that waits for it.
_DUE = text("""
SELECT s.id, s.number, s.room_id, s.lapses_at
  FROM estate_room r
  JOIN sales_subscription s ON s.room_id = r.id
  JOIN finance_account a ON a.id = s.account_id
 WHERE s.state = 'awaiting_deposit' AND s.lapses_at <= :now
   AND (s.lapses_at, s.id) > (:after, :after_id)
   AND NOT EXISTS (SELECT 1 FROM finance_receipt f WHERE f.account_id = a.id
                    HAVING coalesce(sum(f.amount)
                             FILTER (WHERE f.state IN ('confirmed', 'reversed')), 0) <> 0)
 ORDER BY s.lapses_at, s.id LIMIT :most
   FOR NO KEY UPDATE OF r, s, a SKIP LOCKED
""")


def _fresh(condition: Any) -> Subscription:
    """Return the one subscription as it is now, past what the session has loaded before."""
    found: Subscription = db.session.scalars(
        select(Subscription)
        .where(condition)
        .options(joinedload(Subscription.account))
        .with_for_update(of=Subscription, key_share=True)
        # Money is taken by people who see all deals, and by the system.
        .execution_options(populate_existing=True, whole_group=True)
    ).one()
    return found


def _state_of_deposit(account_id: int) -> SubscriptionState:
    asked, paid = deposit_state(account_id)
    if paid >= asked:
        return SubscriptionState.ACTIVE
    # Money on another line keeps the deal too: whoever has paid anything does not lapse.
    if account_balance(account_id).received > 0:
        return SubscriptionState.DEPOSIT_SHORT
    return SubscriptionState.AWAITING_DEPOSIT

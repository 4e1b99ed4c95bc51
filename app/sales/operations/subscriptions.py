"""Subscriptions 认购: made from an available or reserved room, lapsed by the system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.core.money import HUNDRED, ZERO, per_area, percent, plain
from app.core.numbering import next_number
from app.core.settings import get_setting
from app.core.states import transition
from app.customers.models import Customer
from app.estate import operations as estate
from app.estate.models import Room, RoomStatus
from app.estate.operations import TakenRoom
from app.estate.queries import get_room
from app.finance import operations as finance
from app.finance.models import Account
from app.finance.operations import ReceivableDraft
from app.finance.queries import deposit_state
from app.pricing import operations as pricing
from app.pricing.quotes import LineKind, Quote
from app.sales import policies
from app.sales.models import (
    SpecialDiscount,
    Subscription,
    SubscriptionBuyer,
    SubscriptionState,
)
from app.sales.operations.holds import PlacedHold, convert_hold
from app.sales.operations.special_discounts import (
    discount_effect,
    require_price,
    take_special_discount,
)
from app.sales.queries import Taker, user_name
from app.sales.refusals import room_refusal, room_taken
from app.sales.settings import LAPSE_HOURS, SIGNING_DAYS
from app.workflows.engine import void_requests_for

SUBJECT: Final = "subscription"
LONGEST_PAYER: Final = 120
MOST_BUYERS: Final = 20
#: how many subscriptions one run lets lapse
BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """What a buyer has chosen; ``buyers`` are customers with their shares in percent."""

    room_id: int
    payment_method_id: int
    buyers: Sequence[tuple[int, Decimal]]
    discount_ids: Sequence[int] = field(default_factory=tuple)
    special_discount_id: int | None = None


def subscribe(order: SubscriptionOrder, *, actor: Actor) -> Subscription:
    """Subscribe a room for its buyers at the list price of now, and open its account.

    From an available room, or from a reserved one held by the actor or for one of the buyers. Of
    many at the same moment exactly one has it. Price steps and receivables are frozen. Raises
    Conflict ``room_taken`` naming who has the room, WrongState for a room that is not for sale,
    NotFound outside scope, Invalid for wrong buyers or shares, discounts that do not fit, and
    ``below_floor``.
    """
    actor.require(policies.ADD_SUBSCRIPTION)
    buyers = _read_buyers(order)
    taken = estate.take_room(
        order.room_id,
        to=RoomStatus.SUBSCRIBED,
        frm=(RoomStatus.AVAILABLE, RoomStatus.RESERVED),
        actor=actor,
    )
    if taken is None:
        raise room_refusal(order.room_id, actor)
    _require_same_project(buyers, taken)
    hold = convert_hold(taken, actor=actor)
    if hold is not None:
        _require_hold_allows(hold, order, actor)
    quote, special = _price(order, actor)
    subscription = _write(order, taken, quote, special, buyers, actor)
    if special is not None:
        special.used_at = clock.now()
    void_requests_for(
        "room",
        taken.id,
        reason=_l(
            "%(room)s has been subscribed (%(number)s).",
            room=taken.title,
            number=subscription.number,
        ),
        actor=actor,
    )
    db.session.flush()
    return subscription


def lapse_subscriptions(*, actor: Actor) -> int:
    """Let subscriptions lapse whose time for the deposit is over; return how many.

    For the system only. The account is closed and the room is for sale again at its list price. A
    deal that somebody is working on (money being confirmed, say) is left to the next run, so this
    never waits, and money that comes first keeps the deal.
    """
    if actor.kind != "system":
        raise NotAllowed(_l("Only the system lets subscriptions lapse."))
    due = db.session.execute(_DUE, {"now": clock.now(), "most": BATCH}).all()
    for subscription_id, _room_id in due:
        subscription = _fresh(Subscription.id == subscription_id)
        transition(subscription, SubscriptionState.LAPSED, actor=actor)
        finance.close_account(subscription.account, actor=actor)
    rooms = estate.set_status(
        [room_id for _id, room_id in due],
        to=RoomStatus.AVAILABLE,
        frm=(RoomStatus.SUBSCRIBED,),
        actor=actor,
    )
    db.session.flush()
    return len(rooms)


def settle_deposit(account: Account, *, actor: Actor) -> Subscription:
    """Bring a subscription's state in line with what of its deposit is paid now.

    Called when money came or was taken back, with the subscription locked. Paid in full it is
    active, in part short; taken back altogether it awaits the deposit again, and if its time was
    over it gets it once more. A contract that was made is not touched.
    """
    subscription = _fresh(Subscription.account_id == account.id)
    current = SubscriptionState(subscription.state)
    if current not in _AWAITING_MONEY:
        return subscription
    wanted = _state_of_deposit(account.id)
    if wanted is not current:
        transition(subscription, wanted, actor=actor)
    if wanted is SubscriptionState.AWAITING_DEPOSIT:
        subscription.lapses_at = max(subscription.lapses_at, _lapse_moment(account.project_id))
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
SELECT s.id, s.room_id
  FROM estate_room r
  JOIN sales_subscription s ON s.room_id = r.id
  JOIN finance_account a ON a.id = s.account_id
 WHERE s.state = 'awaiting_deposit' AND s.lapses_at <= :now
   AND NOT EXISTS (SELECT 1 FROM finance_receipt f WHERE f.account_id = a.id
                    HAVING coalesce(sum(f.amount)
                             FILTER (WHERE f.state IN ('confirmed', 'reversed')), 0) <> 0)
 ORDER BY s.lapses_at LIMIT :most
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
    return SubscriptionState.DEPOSIT_SHORT if paid else SubscriptionState.AWAITING_DEPOSIT


def _lapse_moment(project_id: int) -> Any:
    return clock.now() + timedelta(hours=get_setting(LAPSE_HOURS, project_id))


# Buyers


def _read_buyers(order: SubscriptionOrder) -> list[Customer]:
    """Return the buyers in order. Raises Invalid or NotFound for what is wrong with them."""
    ids = [customer_id for customer_id, _share in order.buyers]
    if not 1 <= len(ids) <= MOST_BUYERS:
        raise _wrong_buyers(_l("A subscription has 1 to %(most)d buyers.", most=MOST_BUYERS))
    if len(set(ids)) < len(ids):
        raise _wrong_buyers(_l("A buyer is named twice; add the shares together."))
    shares = [share for _id, share in order.buyers]
    if any(share <= 0 or percent(share) != share for share in shares):
        raise _wrong_buyers(_l("A share is above 0 and has at most two decimals."))
    if sum(shares, ZERO) != HUNDRED:
        raise _wrong_buyers(
            _l(
                "The shares come to %(sum)s %%; they must be 100.00 %% together.",
                sum=plain(sum(shares, ZERO)),
            )
        )
    found = {row.id: row for row in _customers(ids)}
    if len(found) < len(ids):
        raise NotFound(_l("There is no such customer within your scope."))
    buyers = [found[customer_id] for customer_id in ids]
    for buyer in buyers:
        if not buyer.has_document:
            raise _wrong_buyers(
                _l(
                    "%(name)s has no identity document. Enter it with the customer first.",
                    name=buyer.name,
                )
            )
    return buyers


def _customers(ids: Sequence[int]) -> list[Customer]:
    return list(db.session.scalars(select(Customer).where(Customer.id.in_(ids))))


def _require_same_project(buyers: Sequence[Customer], room: TakenRoom) -> None:
    for buyer in buyers:
        if buyer.project_id != room.project_id:
            raise _wrong_buyers(
                _l(
                    "%(name)s is a customer of another project; register it in this one.",
                    name=buyer.name,
                )
            )


def _wrong_buyers(sentence: Any) -> Invalid:
    return Invalid(sentence, code="buyers", fields={"buyers": sentence})


# The hold that the room came from


def _require_hold_allows(hold: PlacedHold, order: SubscriptionOrder, actor: Actor) -> None:
    """Raise unless the hold was made for one of the buyers, or by the actor for a customer."""
    ids = {customer_id for customer_id, _share in order.buyers}
    if policies.can_subscribe_from(hold, actor, buyer_ids=ids):
        return
    if hold.customer_id is None and hold.holder_id == actor.id:
        raise WrongState(
            _l(
                "You hold %(room)s in your own name. Give the hold its customer first.",
                room=hold.room.title,
            ),
            code="hold_without_customer",
        )
    raise _held_for_another(hold, actor)


def _held_for_another(hold: PlacedHold, actor: Actor) -> Conflict:
    # The hold was ended in this transaction, which will be undone: only it knows its holder.
    taker = Taker(hold.holder_id, user_name(hold.holder_id), hold.created_at, hold.kind)
    return room_taken(get_room(hold.room_id), taker, actor)


# The price


def _price(order: SubscriptionOrder, actor: Actor) -> tuple[Quote, SpecialDiscount | None]:
    """Return the quote at the list price of now. Raises Invalid ``below_floor``."""
    room = get_room(order.room_id)
    price = require_price(room)
    special = None
    if order.special_discount_id is not None:
        special = take_special_discount(
            order.special_discount_id,
            room_id=room.id,
            buyer_ids=[customer_id for customer_id, _share in order.buyers],
            list_total=price.list_total,
        )
    quote = pricing.quote(
        room_id=room.id,
        payment_method_id=order.payment_method_id,
        discount_ids=list(order.discount_ids),
        special_percent=special.percent if special else None,
        on=clock.today(),
        actor=actor,
    )
    if quote.below_floor(price.floor_total):
        _require_approved_below_floor(room, special)
    return quote, special


def _require_approved_below_floor(room: Room, special: SpecialDiscount | None) -> None:
    """Raise Invalid unless a discount that itself leads below the floor price was approved."""
    if special is None:
        sentence = _l(
            "This price is below the floor price of %(room)s. Choose fewer discounts, or ask for a"
            " special discount.",
            room=room.title,
        )
    elif discount_effect(room, special.percent).below_floor:
        return
    else:
        sentence = _l(
            "With the other discounts this price falls below the floor price of %(room)s, which"
            " the special discount was not approved for. Choose fewer discounts, or ask for a"
            " deeper special discount.",
            room=room.title,
        )
    raise Invalid(
        sentence,
        code="below_floor",
        fields={"discount_ids": sentence},
        details={"remedy": "special_discount"},
    )


# What is written


def _write(
    order: SubscriptionOrder,
    room: TakenRoom,
    quote: Quote,
    special: SpecialDiscount | None,
    buyers: Sequence[Customer],
    actor: Actor,
) -> Subscription:
    number = next_number("RG")
    account = finance.open_account(
        project_id=room.project_id,
        room_id=room.id,
        subject_type=SUBJECT,
        title=f"{number} {room.title}",
        payer="、".join(buyer.name for buyer in buyers)[:LONGEST_PAYER],
        deal_total=quote.deal_total,
        receivables=[_draft(line) for line in quote.receivables],
        actor=actor,
    )
    now = clock.now()
    asks_deposit = any(line.kind is LineKind.DEPOSIT for line in quote.receivables)
    state = SubscriptionState.AWAITING_DEPOSIT if asks_deposit else SubscriptionState.ACTIVE
    subscription = Subscription(
        project_id=room.project_id,
        number=number,
        room_id=room.id,
        state=state.value,
        state_at=now,
        state_by_id=actor.id,
        consultant_id=buyers[0].owner_id,
        payment_method_id=order.payment_method_id,
        special_discount_id=special.id if special else None,
        account_id=account.id,
        list_total=quote.list_total,
        deal_total=quote.deal_total,
        deal_unit_price=quote.deal_unit_price or per_area(quote.deal_total, room.gross_area),
        steps=[step_as_data(step) for step in quote.steps],
        subscribed_at=now,
        lapses_at=_lapse_moment(room.project_id),
        sign_by=clock.today() + timedelta(days=get_setting(SIGNING_DAYS, room.project_id)),
    )
    subscription.buyers = [
        SubscriptionBuyer(
            project_id=room.project_id, customer_id=customer_id, position=position, share=share
        )
        for position, (customer_id, share) in enumerate(order.buyers, 1)
    ]
    db.session.add(subscription)
    db.session.flush()
    finance.attach_subject(account, subscription.id, actor=actor)
    return subscription


def step_as_data(step: Any) -> dict[str, str]:
    """Return a price step as it is kept with the deal: figures as strings with two decimals."""
    return {
        "code": step.code,
        "name": step.name,
        "kind": step.kind.value,
        "value": plain(step.value),
        "before": plain(step.before),
        "amount": plain(step.amount),
        "after": plain(step.after),
    }


def _draft(line: Any) -> ReceivableDraft:
    return ReceivableDraft(
        kind=line.kind.value,
        name=line.name,
        amount=line.amount,
        due_on=line.due_on,
        due_rule=line.due_rule.kind.value,
        due_days=line.due_rule.days,
    )

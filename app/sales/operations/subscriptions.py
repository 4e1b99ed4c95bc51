"""Subscriptions 认购: made from an available or reserved room, for its buyers, at one price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.admin.handover import require_staying
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, WrongState
from app.core.money import per_area, plain
from app.core.numbering import next_number
from app.core.settings import get_setting
from app.customers.models import Customer
from app.estate import operations as estate
from app.estate.models import RoomStatus
from app.estate.operations import TakenRoom
from app.estate.queries import get_room
from app.finance import operations as finance
from app.finance.operations import ReceivableDraft
from app.pricing.quotes import LineKind, Quote
from app.sales import notices, policies
from app.sales.models import (
    SpecialDiscount,
    Subscription,
    SubscriptionBuyer,
    SubscriptionState,
)
from app.sales.operations.holds import PlacedHold, convert_hold
from app.sales.operations.orders import (
    SubscriptionOrder,
    price_order,
    read_buyers,
)
from app.sales.queries import Taker, user_name
from app.sales.refusals import room_refusal, room_taken, wrong_buyers
from app.sales.settings import SIGNING_DAYS, lapse_moment
from app.workflows.engine import void_requests_for

SUBJECT: Final = "subscription"
LONGEST_PAYER: Final = 120


def subscribe(order: SubscriptionOrder, *, actor: Actor) -> Subscription:
    """Subscribe a room for its buyers at the list price of now, and open its account.

    From an available room, or from a reserved one held by the actor or for one of the buyers. Of
    many at the same moment exactly one has it. Price steps and receivables are frozen. Raises
    Conflict ``room_taken`` naming who has the room, WrongState for a room that is not for sale,
    NotFound outside scope, Invalid for wrong buyers or shares, discounts that do not fit, and
    ``below_floor``.
    """
    actor.require(policies.ADD_SUBSCRIPTION)
    buyers = read_buyers(order, actor=actor)
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
    quote, special = price_order(order, actor=actor)
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
    notices.tell_deal_made(subscription, taken.title, actor)
    return subscription


# What must fit together


def _require_same_project(buyers: Sequence[Customer], room: TakenRoom) -> None:
    for buyer in buyers:
        if buyer.project_id != room.project_id:
            raise wrong_buyers(
                _l(
                    "%(name)s is a customer of another project; register it in this one.",
                    name=buyer.name,
                )
            )


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


# What is written


def _write(
    order: SubscriptionOrder,
    room: TakenRoom,
    quote: Quote,
    special: SpecialDiscount | None,
    buyers: Sequence[Customer],
    actor: Actor,
) -> Subscription:
    require_staying(buyers[0].owner_id)
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
        lapses_at=lapse_moment(room.project_id),
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
        due_stage=line.due_rule.stage_kind,
    )

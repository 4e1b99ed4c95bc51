"""Holds and subscriptions as REST and pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.identity import mask_name
from app.core.money import ZERO, plain
from app.customers.policies import sees
from app.finance.queries import Balance, account_balances, open_receivables
from app.pricing.explained import explained
from app.sales.models import Subscription, SubscriptionState
from app.sales.operations import PlacedHold
from app.sales.queries import BuyerRow, list_buyers

#: steps that no record names
_STEP_NAMES: Mapping[str, Any] = {
    "list": _l("List total"),
    "rounding": _l("Rounding"),
    "special": _l("Special discount"),
}
NO_MONEY = Balance(ZERO, ZERO, ZERO)


def step_name(step: Mapping[str, Any]) -> str:
    """Return how a kept price step is called in the reader's language."""
    return str(_STEP_NAMES.get(step["kind"], step["name"]))


def shown_steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return kept price steps with their names and explanations in the reader's language."""
    return [
        {**step, "name": step_name(step), "explained": sentence}
        for step, sentence in zip(steps, explained(steps), strict=True)
    ]


def hold_answer(hold: PlacedHold) -> dict[str, Any]:
    """Return a hold as REST carries it, from what the statement returned."""
    return {
        "id": hold.id,
        "room_id": hold.room.id,
        "room": hold.room.title,
        "kind": hold.kind,
        "state": hold.state,
        "status": hold.room.status,
        "version": hold.room.version,
        "reason": hold.reason,
        "customer_id": hold.customer_id,
        "since": hold.created_at.isoformat(),
        "until": _moment(hold.until),
    }


@dataclass(frozen=True, slots=True)
class ShownBuyer:
    """A buyer as the reader may see it: the whole name if the customer is his to see."""

    customer_id: int
    name: str
    share: Decimal
    is_whole: bool


def shown_buyers(buyers: Iterable[BuyerRow], project_id: int, actor: Actor) -> list[ShownBuyer]:
    """Return the buyers in order, masked for those who have no customers."""
    shown = []
    for one in buyers:
        whole = sees(one.owner_id, project_id, actor)
        name = one.name if whole else mask_name(one.name)
        shown.append(ShownBuyer(one.customer_id, name, one.share, whole))
    return shown


def subscription_rows(subscriptions: Sequence[Subscription], actor: Actor) -> list[dict[str, Any]]:
    """Return subscriptions as REST lists them, read with two statements for all."""
    buyers = list_buyers([one.id for one in subscriptions])
    balances = account_balances([one.account_id for one in subscriptions])
    return [
        _row(one, buyers.get(one.id, []), balances.get(one.account_id, NO_MONEY), actor)
        for one in subscriptions
    ]


def subscription_answer(subscription: Subscription, actor: Actor) -> dict[str, Any]:
    """Return one subscription with its price steps and receivables."""
    (row,) = subscription_rows([subscription], actor)
    return {
        **row,
        "steps": shown_steps(subscription.steps),
        "receivables": [
            {
                "id": line.id,
                "kind": line.kind,
                "name": line.name,
                "due": line.due_on.isoformat() if line.due_on else None,
                "amount": plain(line.amount),
                "paid": plain(line.paid),
            }
            for line in open_receivables(subscription.account_id)
        ],
    }


def _row(
    one: Subscription, buyers: Sequence[BuyerRow], balance: Balance, actor: Actor
) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": one.number,
        "project_id": one.project_id,
        "room_id": one.room_id,
        "room": one.room.title,
        "state": one.state,
        "state_title": str(SubscriptionState(one.state).title),
        "consultant": {"id": one.consultant_id, "name": one.consultant.full_name},
        "buyers": [
            {"customer_id": buyer.customer_id, "name": buyer.name, "share": plain(buyer.share)}
            for buyer in shown_buyers(buyers, one.project_id, actor)
        ],
        "payment_method_id": one.payment_method_id,
        "special_discount_id": one.special_discount_id,
        "account_id": one.account_id,
        "list_total": plain(one.list_total),
        "deal_total": plain(one.deal_total),
        "deal_unit_price": plain(one.deal_unit_price),
        "received": plain(balance.received),
        "owed": plain(balance.owed),
        "subscribed_at": one.subscribed_at.isoformat(),
        "lapses_at": one.lapses_at.isoformat(),
        "sign_by": one.sign_by.isoformat(),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

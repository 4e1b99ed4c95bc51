"""The history of a deal in words: made, money, state, and what comes next."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.core import clock
from app.core.money import format_yuan
from app.finance.models import Receipt, ReceiptMethod, ReceiptState
from app.finance.queries import list_receipts
from app.sales.models import Change, Subscription, SubscriptionState
from app.sales.queries import list_changes, user_name
from app.web.formats import day_text, moment_text

OVER = (SubscriptionState.LAPSED, SubscriptionState.ENDED)


def deal_steps(subscription: Subscription) -> list[dict[str, Any]]:
    """Return the steps for ``timeline``: what happened, the oldest first, then what is due."""
    made = {
        "title": _("Subscribed"),
        "detail": f"{moment_text(subscription.subscribed_at)} · "
        f"{subscription.consultant.full_name}",
        "kind": "done",
    }
    changes = [_changed(one) for one in list_changes(subscription.id)]
    receipts = sorted(list_receipts(subscription.account_id), key=lambda one: one.id)
    return [made, *(_money(one) for one in receipts), *changes, *_standing(subscription)]


def days_overdue(subscription: Subscription) -> int:
    """Return by how many days the signing deadline has passed; 0 before it or once it is over."""
    state = SubscriptionState(subscription.state)
    if state in {*OVER, SubscriptionState.CONTRACTED}:
        return 0
    return max(0, (clock.today() - subscription.sign_by).days)


def _changed(change: Change) -> dict[str, Any]:
    return {
        "title": _(
            "Signing deadline moved from %(before)s to %(after)s",
            before=change.before["sign_by"],
            after=change.after["sign_by"],
        ),
        "detail": f"{moment_text(change.created_at)} · {change.request_number}",
        "kind": "done",
    }


def _money(receipt: Receipt) -> dict[str, Any]:
    amount = format_yuan(abs(receipt.amount))
    method = ReceiptMethod(receipt.method).title
    state = ReceiptState(receipt.state)
    at = moment_text(receipt.confirmed_at or receipt.created_at)
    if receipt.amount < 0:
        return {"title": _("%(amount)s taken back", amount=amount), "detail": at, "kind": "bad"}
    titles = {
        ReceiptState.SLIP: _("%(amount)s: payment slip waits for the cashier", amount=amount),
        ReceiptState.CONFIRMED: _("%(amount)s received", amount=amount),
        ReceiptState.WITHDRAWN: _("%(amount)s: payment slip withdrawn", amount=amount),
        ReceiptState.REVERSED: _("%(amount)s received, later reversed", amount=amount),
    }
    kinds = {ReceiptState.CONFIRMED: "done", ReceiptState.SLIP: "now"}
    return {
        "title": titles[state],
        "detail": f"{at} · {method} · {receipt.number}",
        "kind": kinds.get(state, ""),
    }


def _standing(subscription: Subscription) -> list[dict[str, Any]]:
    state = SubscriptionState(subscription.state)
    if state in OVER:
        return [_ended(subscription, state)]
    if state is SubscriptionState.CONTRACTED:
        return []
    due: list[dict[str, Any]] = []
    if state is SubscriptionState.AWAITING_DEPOSIT:
        title = _("Deposit due; lapses by itself without it")
        due.append({"title": title, "detail": moment_text(subscription.lapses_at), "kind": "now"})
    overdue = days_overdue(subscription)
    due.append(
        {
            "title": _("Contract to be signed"),
            "detail": _("%(day)s, overdue by %(count)s days", day=day_text(subscription.sign_by),
                        count=overdue)
            if overdue
            else day_text(subscription.sign_by),
            "kind": "bad" if overdue else "",
        }
    )  # fmt: skip
    return due


def _ended(subscription: Subscription, state: SubscriptionState) -> dict[str, Any]:
    by = user_name(subscription.state_by_id) if subscription.state_by_id else _("by itself")
    return {
        "title": str(state.title),
        "detail": f"{moment_text(subscription.state_at)} · {by}",
        "kind": "bad",
    }

"""Who may prepare, take, see and reverse money, and who keeps the bill books."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.actor import Actor
from app.core.permissions import Permission, declare_permissions
from app.finance.models import Receipt, ReceiptState

ACCOUNT = "finance.account"
RECEIPT = "finance.receipt"
BILL = "finance.bill"
BILL_BOOK = "finance.bill_book"

#: who follows what is owed and paid in the whole project: controller, managers, finance, mortgage,
#: service; consultant and supervisor see what is paid on the deals that are theirs to see
FOLLOWERS = "KMDHAFXGVLB"
BOOKKEEPERS = "AF"

declare_permissions(
    Permission(f"{ACCOUNT}:see", _l("See accounts and what is owed"), FOLLOWERS),
    Permission(f"{RECEIPT}:see", _l("See receipts"), FOLLOWERS),
    Permission(f"{RECEIPT}:add", _l("Prepare payment slips"), "CHB"),
    Permission(f"{RECEIPT}:confirm", _l("Confirm receipts"), "H"),
    Permission(f"{RECEIPT}:reverse", _l("Reverse receipts"), BOOKKEEPERS),
    Permission(f"{RECEIPT}:export", _l("Export receipts"), "AFX"),
    Permission(f"{BILL}:see", _l("See bills"), "HAFX"),
    Permission(f"{BILL}:void", _l("Void a spoilt bill"), BOOKKEEPERS),
    Permission(f"{BILL_BOOK}:see", _l("See bill books"), "HAFX"),
    Permission(f"{BILL_BOOK}:add", _l("Add bill books"), BOOKKEEPERS),
    Permission(f"{BILL_BOOK}:edit", _l("Issue bill books to cashiers"), BOOKKEEPERS),
)


def can_see(receipt: Receipt, actor: Actor) -> bool:
    """Tell whether the actor may see the receipt: by right, or because it is his own slip."""
    return actor.may(f"{RECEIPT}:see") or (
        actor.kind == "user" and receipt.created_by_id == actor.id
    )


def can_confirm(receipt: Receipt, actor: Actor) -> bool:
    """Tell whether the actor may take the money of this slip now."""
    return actor.may(f"{RECEIPT}:confirm") and receipt.state == ReceiptState.SLIP


def can_withdraw(receipt: Receipt, actor: Actor) -> bool:
    """Tell whether the actor may take the slip back.

    Whoever prepared it may on the same business day; the cashier returns any.
    """
    if receipt.state != ReceiptState.SLIP:
        return False
    if actor.may(f"{RECEIPT}:confirm"):
        return True
    is_of_today = clock.local(receipt.created_at).date() == clock.today()
    return actor.may(f"{RECEIPT}:add") and receipt.created_by_id == actor.id and is_of_today


def can_reverse(receipt: Receipt, actor: Actor) -> bool:
    """Tell whether the actor may reverse the receipt."""
    return (
        actor.may(f"{RECEIPT}:reverse")
        and receipt.state == ReceiptState.CONFIRMED
        and receipt.amount > 0
    )

"""Pages of sales: subscriptions, holds, special discounts, and the desk about one room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import g
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import validators

from app.core import clock
from app.core.actor import Actor, current_actor
from app.core.identity import mask_name
from app.customers.policies import sees
from app.estate.models import RoomStatus
from app.finance.policies import ACCOUNT, RECEIPT
from app.finance.queries import account_balance, open_receivables
from app.sales import operations, policies
from app.sales.answers import shown_buyers, shown_steps
from app.sales.desk import DeskView
from app.sales.models import (
    Change,
    Hold,
    HoldState,
    SpecialDiscount,
    Subscription,
    SubscriptionState,
)
from app.sales.operations.extensions import KIND as EXTENSION
from app.sales.operations.extensions import is_open
from app.sales.queries import BuyerRow, list_buyers
from app.sales.timeline import days_overdue, deal_steps
from app.web.actions import RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.closing import closed_project
from app.web.crud import CrudView, guarded
from app.web.crud_api import crud_api
from app.web.crud_forms import LineField
from app.web.formats import day_text, state_chip
from app.web.menu import MenuItem

LONGEST_REASON = 200
TITLE_OF_ROOM = ("room", "room.building", "room.entrance")
NUMBER_OF_ROOM = ("number", "room.number")

#: the tint of a deal's state
TONES = {
    "awaiting_deposit": "info",
    "deposit_short": "warn",
    "active": "ok",
    "contracted": "info",
    "lapsed": "mute",
    "ended": "mute",
}

describe_choice(Subscription, ChoiceOf(NUMBER_OF_ROOM, order=("number",)))


# --- subscriptions ----------------------------------------------------------------------------


def deal_chip(code: str) -> Markup:
    """Return the state of a deal as a tinted word."""
    return state_chip(code, SubscriptionState(code).title, TONES[code])


def _buyers_of(subscription: Subscription) -> list[BuyerRow]:
    """Return the buyers, which ``prepare`` has read for all deals of the page at once."""
    known: dict[int, list[BuyerRow]] = g.setdefault("buyers_of_deals", {})
    if subscription.id not in known:
        known.update(list_buyers([subscription.id]))
    return known[subscription.id]


def _shown_buyers(subscription: Subscription) -> str:
    """Return the buyers: the reader's own customers by name, the others masked."""
    actor = current_actor()
    own = actor.id if actor is not None and actor.kind == "user" else None
    return "、".join(
        one.name if one.owner_id == own else mask_name(one.name) for one in _buyers_of(subscription)
    )


@dataclass(frozen=True, slots=True)
class Deadline:
    """The signing deadline, and by how many days it has passed."""

    day: date
    overdue: int

    @classmethod
    def of(cls, subscription: Subscription) -> Deadline:
        """Return the deadline of a deal."""
        return cls(subscription.sign_by, days_overdue(subscription))

    @property
    def words(self) -> str:
        """Return by how much it has passed, or nothing."""
        return _("overdue %(count)s days", count=self.overdue) if self.overdue else ""

    def __str__(self) -> str:
        return f"{day_text(self.day)} {self.words}".strip()

    def __html__(self) -> Markup:
        chip = Markup(' <span class="chip bad">{}</span>').format(self.words)
        return Markup('<span class="num nowrap">{}{}</span>').format(
            day_text(self.day), chip if self.overdue else ""
        )


class SubscriptionView(CrudView):
    """认购: the deals of one's own, or of the whole project."""

    datamodel = SQLAInterface(Subscription)
    route_base = "/sales/subscriptions"
    permission = policies.SUBSCRIPTION
    list_title = _l("Subscriptions")
    search_rank = 30
    empty_sentence = _l("No subscription yet. Choose a room on the sales-control grid.")
    list_columns = (
        "number",
        "room",
        "buyers_masked",
        "consultant",
        "deal_total",
        "received",
        "signing",
        "state",
    )
    search_columns = (
        "number",
        "state",
        "room",
        "consultant",
        "customers",
        "sign_by",
        "deal_total",
        "subscribed_at",
    )
    quick_columns = NUMBER_OF_ROOM
    states = {"state": SubscriptionState}
    computed = {"buyers_masked": _shown_buyers, "signing": Deadline.of}
    formatters = {"state": deal_chip, "signing": lambda deadline: deadline.__html__()}
    label_columns = {
        "number": _l("Subscription"),
        "room.number": _l("Room number"),
        "buyers_masked": _l("Buyers"),
        "customers": _l("Customer"),
        "consultant": _l("Consultant"),
        "deal_total": _l("Deal total"),
        "received": _l("Received"),
        "signing": _l("Sign by"),
        "sign_by": _l("Sign by"),
        "subscribed_at": _l("Subscribed at"),
        "lapses_at": _l("Lapses at"),
    }
    load = (*TITLE_OF_ROOM, "consultant")
    totals = ("deal_total", "received")
    show_template = "sales/subscription.html"

    def prepare(self, rows: Sequence[Subscription]) -> None:
        """Read the buyers of all rows at once."""
        known: dict[int, list[BuyerRow]] = g.setdefault("buyers_of_deals", {})
        known.update(list_buyers([row.id for row in rows]))

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show one deal: price step by step, buyers, what is owed and paid, its history."""
        deal = self.get(pk, actor)
        closed = closed_project(deal.project_id, actor)
        takes_money = closed is None and deal.state in _TAKES_MONEY
        return self.render_template(
            self.show_template,
            view=self,
            deal=deal,
            chip=deal_chip(deal.state),
            overdue=days_overdue(deal),
            buyers=shown_buyers(_buyers_of(deal), deal.project_id, actor),
            steps=shown_steps(deal.steps),
            lines=open_receivables(deal.account_id),
            balance=account_balance(deal.account_id),
            timeline_steps=deal_steps(deal),
            page={"closed": closed},
            may_take_money=takes_money and actor.may(f"{RECEIPT}:confirm"),
            may_see_account=actor.may(f"{ACCOUNT}:see"),
            may_extend=closed is None and actor.may(policies.ASK_CHANGE) and is_open(deal),
        )


_TAKES_MONEY = ("awaiting_deposit", "deposit_short", "active", "contracted")


# --- holds ------------------------------------------------------------------------------------


def _hold_customer(hold: Hold) -> str:
    """Return the customer's name as far as the reader may see it."""
    actor = current_actor()
    customer = hold.customer
    if customer is None:
        return ""
    seen = actor is not None and sees(customer.owner_id, hold.project_id, actor)
    return customer.name if seen else customer.masked_name


def _can_release(hold: Hold) -> bool:
    actor = current_actor()
    return hold.state == HoldState.LIVE and actor is not None and policies.can_release(hold, actor)


def release(hold: Hold, *, reason: str | None = None, actor: Actor) -> None:
    """End the hold that the page showed."""
    operations.release_hold(hold.room_id, reason=reason or "", actor=actor)


class HoldView(CrudView):
    """预留 / 销控: rooms off the market, by whom and until when."""

    datamodel = SQLAInterface(Hold)
    route_base = "/sales/holds"
    permission = policies.HOLD
    list_title = _l("Holds")
    empty_sentence = _l("No room is held. Hold one from the sales-control grid.")
    list_columns = ("room", "kind", "shown_customer", "holder", "created_at", "until", "state")
    search_columns = ("state", "kind", "room", "holder", "customer", "until", "created_at")
    quick_columns = ("room.number",)
    states = {"kind": RoomStatus, "state": HoldState}
    computed = {"shown_customer": _hold_customer}
    label_columns = {
        "room.number": _l("Room number"),
        "shown_customer": _l("Customer"),
        "holder": _l("Held by"),
        "until": _l("Until"),
        "created_at": _l("Held since"),
        "end_reason": _l("Why it ended"),
        "state_at": _l("Ended at"),
    }
    load = (*TITLE_OF_ROOM, "customer", "holder")
    show_fieldsets = (
        ("", ("room", "kind", "state", "shown_customer", "holder", "created_at", "until")),
        (_l("More"), ("reason", "end_reason", "state_at")),
    )
    row_actions = (
        RowAction(
            "release",
            _l("Release"),
            "add",
            release,
            fields={"reason": LineField(_l("Reason"), [validators.Length(max=LONGEST_REASON)])},
            done=_l("Released; the room is for sale again."),
            when=_can_release,
        ),
    )
    exportable = False


# --- special discounts ------------------------------------------------------------------------


#: whether a special discount may still be used: its word and its tint
STANDINGS = {
    "used": (_l("Used"), "mute"),
    "expired": (_l("Expired"), "bad"),
    "usable": (_l("Usable"), "ok"),
}


def _standing(special: SpecialDiscount) -> str:
    if special.used_at is not None:
        return "used"
    return "expired" if special.valid_until < clock.today() else "usable"


class SpecialDiscountView(CrudView):
    """特殊折扣: granted by approval, for one room and customer, used once."""

    datamodel = SQLAInterface(SpecialDiscount)
    route_base = "/sales/special-discounts"
    permission = policies.SPECIAL_DISCOUNT
    list_title = _l("Special discounts")
    empty_sentence = _l("None has been granted. Ask for one from a room of the grid.")
    list_columns = (
        "room",
        "shown_customer",
        "percent",
        "list_total",
        "valid_until",
        "created_at",
        "standing",
    )
    search_columns = ("room", "customer", "percent", "valid_until", "used_at", "created_at")
    quick_columns = ("room.number",)
    computed = {"shown_customer": _hold_customer, "standing": _standing}
    formatters = {"standing": lambda code: state_chip(code, *STANDINGS[code])}
    label_columns = {
        "room.number": _l("Room number"),
        "shown_customer": _l("Customer"),
        "percent": _l("Discount"),
        "list_total": _l("On a list total of"),
        "valid_until": _l("Valid until"),
        "created_at": _l("Granted at"),
        "used_at": _l("Used at"),
        "standing": _l("State"),
    }
    load = (*TITLE_OF_ROOM, "customer")
    row_title = staticmethod(lambda special: f"{special.room.title} · −{special.percent}%")
    heading_state = "standing"
    show_fieldsets = (
        ("", ("room", "shown_customer", "percent", "list_total", "valid_until", "standing")),
        (_l("More"), ("created_at", "used_at")),
    )
    exportable = False


# --- changes ----------------------------------------------------------------------------------


#: what each kind of approval that changes a deal is called in the register
CHANGES = {EXTENSION: _l("Extension")}
#: what a field of a deal is called in the register
CHANGED_FIELDS = {"sign_by": _l("Sign by")}


def _change_words(change: Change) -> str:
    """Return what changed from what to what."""
    return "；".join(
        f"{CHANGED_FIELDS.get(name, name)} {change.before.get(name, '–')} → {after}"
        for name, after in change.after.items()
    )


class ChangeView(CrudView):
    """变更登记: what approvals changed of deals; written by them alone."""

    datamodel = SQLAInterface(Change)
    route_base = "/sales/changes"
    permission = policies.CHANGE
    list_title = _l("Change register")
    empty_sentence = _l("No deal has been changed. Ask for a change on the page of a subscription.")
    list_columns = (
        "request_number",
        "kind",
        "subscription",
        "room",
        "what",
        "applicant",
        "created_at",
    )
    search_columns = ("request_number", "subscription", "room", "applicant", "created_at")
    quick_columns = ("request_number", "subscription.number", "room.number")
    computed = {"what": _change_words}
    formatters = {"kind": lambda key: str(CHANGES.get(key, key))}
    label_columns = {
        "request_number": _l("Approval"),
        "kind": _l("Kind"),
        "subscription": _l("Subscription"),
        "subscription.number": _l("Subscription"),
        "room.number": _l("Room number"),
        "what": _l("Before → after"),
        "owner": _l("Consultant"),
        "applicant": _l("Applicant"),
        "approved_by": _l("Approved by"),
        "created_at": _l("Carried out at"),
    }
    load = (*TITLE_OF_ROOM, "subscription", "applicant", "owner", "approved_by")
    show_fieldsets = (
        ("", ("request_number", "kind", "subscription", "room", "what")),
        (_l("More"), ("reason", "applicant", "approved_by", "owner", "created_at")),
    )
    exportable = False


VIEWS = [SubscriptionView, HoldView, SpecialDiscountView, ChangeView, DeskView]
MENU = [
    MenuItem(
        _l("Subscriptions"),
        "sales",
        10,
        policies.SEE_SUBSCRIPTIONS,
        view=SubscriptionView,
        icon="sign",
    ),
    MenuItem(_l("Holds"), "sales", 20, policies.SEE_HOLDS, view=HoldView, icon="hand"),
    MenuItem(
        _l("Special discounts"),
        "sales",
        30,
        policies.SEE_SPECIALS,
        view=SpecialDiscountView,
        icon="percent",
    ),
    MenuItem(
        _l("Change register"), "sales", 40, policies.SEE_CHANGES, view=ChangeView, icon="stamp"
    ),
]
RESOURCES = [crud_api(HoldView), crud_api(SpecialDiscountView), crud_api(ChangeView)]

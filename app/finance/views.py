"""Pages: receipts, accounts, receivables, bills and bill books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, validators
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.money import ZERO, capital
from app.finance import operations, queries
from app.finance.desk import CashierView
from app.finance.models import (
    Account,
    Bill,
    BillBook,
    Receipt,
    ReceiptMethod,
    ReceiptState,
    Receivable,
)
from app.finance.policies import ACCOUNT, BILL, BILL_BOOK, RECEIPT
from app.web import show_page
from app.web.actions import Related, RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView, guarded
from app.web.crud_api import crud_api
from app.web.crud_forms import CrudForm, LineField
from app.web.formats import state_chip
from app.web.menu import MenuItem
from app.web.projects import current_project_id

LONGEST_REASON = 200

ROOM_OF_ACCOUNT = ("room", "room.building", "room.entrance")

describe_choice(Account, ChoiceOf(("title", "payer"), order=("title",)))
describe_choice(Receipt, ChoiceOf(("number", "payer"), order=("number",)))
describe_choice(Bill, ChoiceOf(("number", "payer"), order=("number",), load=("receipt",)))
describe_choice(BillBook, ChoiceOf(("prefix",), order=("id",)))


def reason_field(*, needed: bool = True) -> Any:
    """Return the field that asks why."""
    checks = [validators.Length(max=LONGEST_REASON)]
    if needed:
        checks.insert(0, validators.InputRequired(_l("This is needed.")))
    return LineField(_l("Reason"), checks)


# --- receipts ---------------------------------------------------------------------------------


def _confirm(receipt: Receipt, *, actor: Actor) -> None:
    operations.confirm_receipt(receipt.id, actor=actor)


def _withdraw(receipt: Receipt, *, reason: str | None, actor: Actor) -> None:
    operations.withdraw_slip(receipt.id, reason=reason, actor=actor)


def _reverse(receipt: Receipt, *, reason: str | None, actor: Actor) -> None:
    operations.reverse_receipt(receipt.id, reason=reason or "", actor=actor)


class ReceiptView(CrudView):
    """收款."""

    datamodel = SQLAInterface(Receipt)
    route_base = "/receipts"
    permission = RECEIPT
    list_title = _l("Receipts")
    search_rank = 40
    empty_sentence = _l("No money has been taken yet. Take some at the cashier's desk.")
    list_columns = [
        "number",
        "account",
        "payer",
        "amount",
        "method",
        "state",
        "received_on",
        "confirmed_by",
    ]
    search_columns = [
        "number",
        "payer",
        "state",
        "method",
        "amount",
        "received_on",
        "account",
        "created_at",
    ]
    quick_columns = ("number", "payer")
    states = {"state": ReceiptState, "method": ReceiptMethod}
    formatters = {"method": lambda code: ReceiptMethod(code).title}
    label_columns = {
        "account": _l("Account"),
        "payer": _l("Payer"),
        "method": _l("Paid by"),
        "received_on": _l("Business day"),
        "confirmed_by": _l("Cashier"),
        "confirmed_at": _l("Confirmed at"),
        "purpose": _l("Purpose"),
    }
    load = ("account", "confirmed_by")
    show_fieldsets = [
        (
            "",
            [
                "number",
                "state",
                "account",
                "payer",
                "method",
                "purpose",
                "received_on",
                "confirmed_by",
                "confirmed_at",
            ],
        )
    ]
    show_template = "finance/receipt.html"
    row_actions = [
        RowAction(
            "withdraw",
            _l("Withdraw"),
            "add",
            _withdraw,
            fields={"reason": reason_field(needed=False)},
            when=lambda receipt: receipt.state == ReceiptState.SLIP,
            many=False,
        ),
        RowAction(
            "reverse",
            _l("Reverse"),
            "reverse",
            _reverse,
            fields={"reason": reason_field()},
            when=lambda receipt: receipt.state == ReceiptState.CONFIRMED and receipt.amount > 0,
            many=False,
            kind="d",
        ),
        RowAction(
            "confirm",
            _l("Confirm the receipt"),
            "confirm",
            _confirm,
            confirm=_l("Has the money been received?"),
            when=lambda receipt: receipt.state == ReceiptState.SLIP,
            many=False,
            kind="p",
        ),
    ]

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show one receipt: bill number, what it paid, and the paper on its way."""
        receipt = self.get(pk, actor)
        parts = queries.list_allocations(receipt.id)
        return self.render_template(
            self.show_template,
            page=show_page.build(self, receipt, actor),
            receipt=receipt,
            words=capital(receipt.amount),
            bills=queries.list_bills(receipt.id),
            parts=parts,
            rest=receipt.amount - sum((part.amount for part in parts), ZERO),
            reversal=queries.find_reversal(receipt.id),
            account=queries.get_account(receipt.account_id),
        )


# --- accounts and what they ask for -----------------------------------------------------------


def _balance(account: Account) -> queries.Balance:
    """Return how the account stands, read for all accounts of the page at once."""
    known: dict[int, queries.Balance] = request.environ.setdefault("xiaokong.balances", {})
    if account.id not in known:
        known.update(queries.account_balances(_loaded(Account)))
    return known[account.id]


def _loaded(model: type) -> list[int]:
    """Return the ids of the rows that the page has read; the keys ask the database nothing."""
    return [key[1][0] for key in db.session.identity_map.keys() if key[0] is model]  # noqa: SIM118


def _figure(name: str) -> Any:
    def figure(account: Account) -> Decimal:
        return Decimal(getattr(_balance(account), name))

    return figure


class AccountView(CrudView):
    """往来户."""

    datamodel = SQLAInterface(Account)
    route_base = "/accounts"
    permission = ACCOUNT
    list_title = _l("Accounts")
    empty_sentence = _l("An account comes with every subscription.")
    list_columns = ["title", "room", "payer", "deal_total", "received", "owed"]
    search_columns = ["title", "payer", "room", "deal_total", "closed_at", "created_at"]
    label_columns = {
        "title": _l("Deal"),
        "payer": _l("Payer"),
        "deal_total": _l("Deal total"),
        "received": _l("Received"),
        "allocated": _l("Allocated"),
        "owed": _l("Owed"),
        "unallocated": _l("Unallocated"),
        "receivable": _l("Receivable in all"),
        "closed_at": _l("Closed at"),
    }
    computed = {
        name: _figure(name)
        for name in ("receivable", "received", "allocated", "owed", "unallocated")
    }
    figures = tuple(computed)
    load = (*ROOM_OF_ACCOUNT,)
    totals = ("deal_total", "received", "owed")
    show_fieldsets = [
        ("", ["title", "room", "payer", "deal_total", "created_at", "closed_at"]),
        (_l("Balance"), ["receivable", "received", "allocated", "owed", "unallocated"]),
    ]
    show_template = "finance/account.html"
    exportable = False
    related = [
        Related(_l("Receivables"), "ReceivableView", "account"),
        Related(_l("Receipts"), "ReceiptView", "account"),
    ]


def line_title(line: Receivable) -> str:
    """Return the deal and the line."""
    return f"{line.account.title} {line.name}"


class ReceivableView(CrudView):
    """应收."""

    datamodel = SQLAInterface(Receivable)
    route_base = "/receivables"
    permission = ACCOUNT
    list_title = _l("Receivables")
    list_columns = ["account", "name", "due_on", "amount", "paid", "left"]
    search_columns = ["account", "name", "due_on", "amount", "cancelled_at"]
    label_columns = {
        "account": _l("Account"),
        "name": _l("Payment line"),
        "due_on": _l("Due on"),
        "paid": _l("Paid"),
        "left": _l("Owed"),
        "cancelled_at": _l("Cancelled at"),
    }
    computed = {"paid": lambda line: _paid(line), "left": lambda line: _left(line)}  # noqa: PLW0108 - defined below
    figures = ("paid", "left")
    load = ("account",)
    row_title = staticmethod(line_title)
    order = ("due_on", "id")
    totals = ("amount", "paid", "left")
    show_fieldsets = [("", ["account", "name", "due_on", "amount", "paid", "left", "cancelled_at"])]
    exportable = False


def _left(line: Receivable) -> Decimal | None:
    """Return what is still owed on the line; nothing on a cancelled one."""
    return None if line.cancelled_at is not None else line.amount - _paid(line)


def _paid(line: Receivable) -> Decimal:
    """Return what is paid on the line, read for all lines of the page at once."""
    known: dict[int, Decimal] = request.environ.setdefault("xiaokong.paid", {})
    if line.id not in known:
        known.update(queries.paid_on(_loaded(Receivable)))
    return known[line.id]


# --- bills and books --------------------------------------------------------------------------


def _void(bill: Bill, *, reason: str | None, actor: Actor) -> None:
    operations.void_bill(bill.id, reason=reason or "", actor=actor)


#: whether a bill stands: its word and its tint
BILL_STANDINGS = {"issued": (_l("Valid"), "ok"), "voided": (_l("Voided"), "mute")}


def _bill_standing(bill: Bill) -> str:
    return "issued" if bill.voided_at is None else "voided"


class BillView(CrudView):
    """票据."""

    datamodel = SQLAInterface(Bill)
    route_base = "/bills"
    permission = BILL
    list_title = _l("Bills")
    search_rank = 42
    list_columns = ["number", "receipt", "payer", "amount", "issued_at", "standing"]
    search_columns = ["number", "payer", "book", "issued_at", "voided_at"]
    label_columns = {
        "receipt": _l("Receipt"),
        "payer": _l("Payer"),
        "book": _l("Bill book"),
        "issued_at": _l("Issued at"),
        "voided_at": _l("Voided at"),
        "void_reason": _l("Why void"),
        "standing": _l("State"),
    }
    computed = {"standing": _bill_standing}
    formatters = {"standing": lambda code: state_chip(code, *BILL_STANDINGS[code])}
    heading_state = "standing"
    load = ("receipt", "book")
    totals = ("amount",)
    show_fieldsets = [
        (
            "",
            [
                "number",
                "receipt",
                "book",
                "payer",
                "amount",
                "issued_at",
                "voided_at",
                "void_reason",
            ],
        )
    ]
    exportable = False
    row_actions = [
        RowAction(
            "void",
            _l("Void a spoilt bill"),
            "void",
            _void,
            fields={"reason": reason_field()},
            confirm=_l("The number stays used; the receipt gets the next number of its cashier."),
            when=lambda bill: bill.voided_at is None,
            many=False,
            kind="d",
        )
    ]


def add_book(
    *,
    prefix: str,
    first_number: int,
    last_number: int,
    digits: int,
    cashier_id: int | None,
    actor: Actor,
) -> BillBook:
    """Add a book to the project of the top bar."""
    project_id = current_project_id()
    if project_id is None:
        raise NotFound(_("There is no such project within your scope."))
    return operations.create_bill_book(
        project_id=project_id,
        prefix=prefix,
        first_number=first_number,
        last_number=last_number,
        digits=digits,
        cashier_id=cashier_id or None,
        actor=actor,
    )


def issue_book(book: BillBook, *, cashier_id: int | None, actor: Actor) -> BillBook:
    """Issue the book to the chosen cashier, or to nobody."""
    return operations.issue_bill_book(book, cashier_id=cashier_id or None, actor=actor)


def _book_state(book: BillBook) -> str:
    left = book.last_number - book.next_number + 1
    if left == 0:
        return _("Used up")
    return _(
        "Next %(number)s, %(left)s left", number=book.format_number(book.next_number), left=left
    )


class BillBookView(CrudView):
    """票据本."""

    datamodel = SQLAInterface(BillBook)
    route_base = "/bill-books"
    permission = BILL_BOOK
    list_title = _l("Bill books")
    add_title = _l("New bill book")
    empty_sentence = _l("Without a book no receipt can be confirmed. Add the one that you bought.")
    list_columns = ["range", "standing", "cashier", "created_at"]
    search_columns = ["prefix", "cashier", "created_at"]
    label_columns = {
        "range": _l("Numbers"),
        "standing": _l("Standing"),
        "cashier": _l("Cashier"),
        "prefix": _l("Prefix"),
        "digits": _l("Digits"),
        "first_number": _l("First number"),
        "last_number": _l("Last number"),
        "next_number": _l("Next number"),
    }
    help_columns = {
        "prefix": _l("The letters before the number, such as SJ."),
        "digits": _l("The number is filled with zeros to so many digits: 5 gives 00001."),
    }
    computed = {"range": str, "standing": _book_state}
    order = ("-id",)
    load = ("cashier",)
    show_fieldsets = [("", ["range", "standing", "cashier", "created_at"])]
    form_extra = {"cashier_id": SelectField(_l("Cashier"), coerce=lambda value: int(value or 0))}
    add_fieldsets = [
        (_l("Numbers"), ["prefix", "first_number", "last_number", "digits"]),
        (_l("Issued to"), ["cashier_id"]),
    ]
    edit_fieldsets = [(_l("Issued to"), ["cashier_id"])]
    exportable = False
    add_operation = add_book
    edit_operation = issue_book
    related = [Related(_l("Bills"), "BillView", "book")]

    def make(
        self, purpose: str, row: Any = None, posted: MultiDict[str, str] | None = None
    ) -> CrudForm:
        """Return the form with the cashiers of the book's project to choose from."""
        form = super().make(purpose, row, posted)
        project_id = row.project_id if row is not None else current_project_id()
        cashiers = [] if project_id is None else queries.list_cashiers(project_id)
        form["cashier_id"].choices = [
            SelectChoice(number, name) for number, name in [(0, _("Nobody yet")), *cashiers]
        ]
        return form

    def prefill(self, purpose: str, row: Any) -> dict[str, Any]:  # noqa: ARG002 - the base's
        return {"digits": 5} if purpose == "add" else {}


VIEWS = [CashierView, ReceiptView, AccountView, ReceivableView, BillView, BillBookView]
MENU = [
    MenuItem(
        _l("Cashier's desk"),
        "finance",
        10,
        f"{RECEIPT}:confirm",
        view=CashierView,
        icon="money",
        badge=lambda actor: queries.count_slips(current_project_id()) if actor else 0,
    ),
    MenuItem(_l("Receipts"), "finance", 20, f"{RECEIPT}:see", view=ReceiptView, icon="receipt"),
    MenuItem(_l("Accounts"), "finance", 30, f"{ACCOUNT}:see", view=AccountView, icon="book"),
    MenuItem(
        _l("Receivables"), "finance", 40, f"{ACCOUNT}:see", view=ReceivableView, icon="calendar"
    ),
    MenuItem(_l("Bills"), "finance", 50, f"{BILL}:see", view=BillView, icon="tag"),
    MenuItem(_l("Bill books"), "finance", 60, f"{BILL_BOOK}:see", view=BillBookView, icon="stamp"),
]
RESOURCES = [crud_api(ReceivableView)]

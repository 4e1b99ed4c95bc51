"""REST: receipts from slip to reversal, accounts, and bill books."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from marshmallow import fields, validate

from app.devices.queries import describe_job
from app.finance import operations, queries
from app.finance.answers import (
    account_answer,
    allocation_answer,
    bill_answer,
    book_answer,
    receipt_answer,
    receivable_answer,
)
from app.finance.models import Bill, BillBook, Receipt
from app.finance.policies import ACCOUNT, BILL, BILL_BOOK, RECEIPT
from app.finance.subjects import resolve_subject
from app.web.rest import Body, RestApi, Whole, Yuan, clamp_limit, current, endpoint, whole


class SubjectBody(Body):
    type = fields.String(required=True)
    id = Whole(required=True)


class SlipBody(Body):
    subject = fields.Nested(SubjectBody, required=True)
    amount = Yuan(required=True)
    method = fields.String(required=True)
    payer = fields.String(required=True)
    purpose = fields.String(load_default=None, allow_none=True)


class ReasonBody(Body):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=200))


class MaybeReasonBody(Body):
    reason = fields.String(load_default="", validate=validate.Length(max=200))


class BookBody(Body):
    project_id = Whole(required=True)
    prefix = fields.String(required=True)
    first_number = Whole(required=True)
    last_number = Whole(required=True)
    digits = Whole(required=True)
    cashier_id = Whole(load_default=None, allow_none=True)


class IssueBody(Body):
    cashier_id = Whole(required=True, allow_none=True)


class ReceiptApi(RestApi):
    """Receipts: slips, money taken, reversals."""

    resource_name = "receipts"

    @expose("/", methods=["GET"])
    @endpoint(f"{RECEIPT}:see")
    def list_receipts(self) -> dict[str, Any]:
        """Return receipts, newest first; ``?state=``, ``?account_id=``, ``?cursor=``.

        ---
        get:
          parameters:
          - {in: query, name: state, schema: {type: string}}
          - {in: query, name: account_id, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: string}}
          responses:
            200:
              description: receipts, the newest first, and the next cursor
        """
        found = queries.select_receipts()
        if request.args.get("state"):
            found = found.where(Receipt.state == request.args["state"])
        account_id, cursor = whole("account_id"), whole("cursor")
        if account_id is not None:
            found = found.where(Receipt.account_id == account_id)
        return queries.page_of(found, Receipt, cursor, clamp_limit(), receipt_answer)

    @expose("/", methods=["POST"])
    @endpoint(f"{RECEIPT}:add", status=201, key="required", body=SlipBody)
    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Prepare a payment slip for a deal.

        ---
        post:
          responses:
            201:
              description: the slip; no money yet
            404:
              description: no such deal within the scope
            409:
              description: the account is closed
            422:
              description: what is wrong, by field
        """
        subject = body.pop("subject")
        account = resolve_subject(subject["type"], subject["id"])
        slip = operations.create_slip(account_id=account.id, actor=current(), **body)
        return receipt_answer(slip)

    @expose("/<int:receipt_id>", methods=["GET"])
    @endpoint((f"{RECEIPT}:see", f"{RECEIPT}:add"))
    def get_receipt(self, receipt_id: int) -> dict[str, Any]:
        """Return one receipt with its bills and what it paid.

        ---
        get:
          responses:
            200:
              description: the receipt with bills and allocations
            404:
              description: none within the scope
        """
        receipt = queries.get_receipt(receipt_id, actor=current())
        bills = queries.list_bills(receipt.id)
        return {
            **receipt_answer(receipt),
            "bills": [bill_answer(bill) for bill in bills],
            "allocations": [
                allocation_answer(part) for part in queries.list_allocations(receipt.id)
            ],
        }

    @expose("/<int:receipt_id>/confirm", methods=["POST"])
    @endpoint(f"{RECEIPT}:confirm", key="required")
    def confirm(self, receipt_id: int) -> dict[str, Any]:
        """Take the money: bill number and the papers on their way.

        ---
        post:
          responses:
            200:
              description: the receipt with bill number, allocations and device jobs
            404:
              description: none within the scope
            409:
              description: it is no slip any more, or the account is closed
            422:
              description: no bill number left, no permit, or a deposit above the ceiling
        """
        done = operations.confirm_receipt(receipt_id, actor=current())
        return {
            **receipt_answer(done.receipt),
            "bill_number": done.bill.number,
            "bill": bill_answer(done.bill),
            "allocations": [allocation_answer(part) for part in done.allocations],
            "jobs": [describe_job(job, actor=current()) for job in done.jobs],
        }

    @expose("/<int:receipt_id>/withdraw", methods=["POST"])
    @endpoint((f"{RECEIPT}:add", f"{RECEIPT}:confirm"), body=MaybeReasonBody)
    def withdraw(self, receipt_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take a slip back.

        ---
        post:
          responses:
            200:
              description: the withdrawn slip
            403:
              description: another's slip, or an older one
            409:
              description: it is no slip any more
        """
        reason = body["reason"]
        return receipt_answer(operations.withdraw_slip(receipt_id, reason=reason, actor=current()))

    @expose("/<int:receipt_id>/reverse", methods=["POST"])
    @endpoint(f"{RECEIPT}:reverse", body=ReasonBody)
    def reverse(self, receipt_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Take a confirmed receipt back by a mirroring entry.

        ---
        post:
          responses:
            200:
              description: the reversed receipt, its reversal, the voided bill and device jobs
            404:
              description: none within the scope
            409:
              description: it is not confirmed
            422:
              description: no reason was given
        """
        reason = body["reason"]
        done = operations.reverse_receipt(receipt_id, reason=reason, actor=current())
        return {
            **receipt_answer(done.receipt),
            "reversal": receipt_answer(done.reversal),
            "bill": None if done.bill is None else bill_answer(done.bill),
            "jobs": [describe_job(job, actor=current()) for job in done.jobs],
        }


class AccountApi(RestApi):
    """Accounts: what a deal owes and has paid."""

    resource_name = "accounts"

    @expose("/", methods=["GET"])
    @endpoint(f"{ACCOUNT}:see")
    def search(self) -> dict[str, Any]:
        """Find open accounts by deal, room or payer: ``?q=``, ``?project_id=``.

        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: project_id, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          responses:
            200:
              description: open accounts with their balances
        """
        found = queries.search_accounts(
            request.args.get("q", ""),
            project_id=whole("project_id"),
            limit=clamp_limit(queries.MOST_FOUND),
        )
        balances = queries.account_balances([account.id for account in found])
        return {
            "result": [account_answer(one, balances[one.id]) for one in found],
            "next": None,
            "count": len(found),
        }

    @expose("/<int:account_id>", methods=["GET"])
    @endpoint(f"{ACCOUNT}:see")
    def get_account(self, account_id: int) -> dict[str, Any]:
        """Return one account with what it asks for.

        ---
        get:
          responses:
            200:
              description: the account, its balance and its receivables
            404:
              description: none within the scope
        """
        account = queries.get_account(account_id)
        return {
            **account_answer(account, queries.account_balance(account.id)),
            "receivables": [receivable_answer(one) for one in queries.open_receivables(account.id)],
        }


class BillBookApi(RestApi):
    """Bill books: bought, issued to a cashier, used."""

    resource_name = "bill-books"

    @expose("/", methods=["GET"])
    @endpoint(f"{BILL_BOOK}:see")
    def list_books(self) -> dict[str, Any]:
        """Return the books, newest first.

        ---
        get:
          parameters:
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: string}}
          responses:
            200:
              description: bill books, the newest first, and the next cursor
        """
        cursor = whole("cursor")
        found = queries.select_books()
        return queries.page_of(found, BillBook, cursor, clamp_limit(), book_answer)

    @expose("/", methods=["POST"])
    @endpoint(f"{BILL_BOOK}:add", status=201, body=BookBody)
    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add a book.

        ---
        post:
          responses:
            201:
              description: the book
            409:
              description: another book has some of these numbers
            422:
              description: what is wrong, by field
        """
        return book_answer(operations.create_bill_book(actor=current(), **body))

    @expose("/<int:book_id>/issue", methods=["POST"])
    @endpoint(f"{BILL_BOOK}:edit", body=IssueBody)
    def issue(self, book_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Issue a book to a cashier, or take it back.

        ---
        post:
          responses:
            200:
              description: the book
            404:
              description: none within the scope
            422:
              description: he may not confirm receipts there
        """
        book = queries.get_bill_book(book_id)
        cashier_id = body["cashier_id"]
        return book_answer(operations.issue_bill_book(book, cashier_id=cashier_id, actor=current()))


class BillApi(RestApi):
    """Bills: used numbers."""

    resource_name = "bills"

    @expose("/", methods=["GET"])
    @endpoint(f"{BILL}:see")
    def list_bills(self) -> dict[str, Any]:
        """Return the bills, newest first.

        ---
        get:
          parameters:
          - {in: query, name: limit, schema: {type: integer}}
          - {in: query, name: cursor, schema: {type: string}}
          responses:
            200:
              description: bills, the newest first, and the next cursor
        """
        cursor = whole("cursor")
        return queries.page_of(queries.select_bills(), Bill, cursor, clamp_limit(), bill_answer)

    @expose("/<int:bill_id>/void", methods=["POST"])
    @endpoint(f"{BILL}:void", body=ReasonBody)
    def void(self, bill_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Void a spoilt bill and give the receipt the next number.

        ---
        post:
          responses:
            200:
              description: the voided bill, the one that replaces it, and device jobs
            409:
              description: it is void already
            422:
              description: no reason, or no number left
        """
        reason = body["reason"]
        done = operations.void_bill(bill_id, reason=reason, actor=current())
        return {
            "voided": bill_answer(done.voided),
            "bill": bill_answer(done.replacement),
            "jobs": [describe_job(job, actor=current()) for job in done.jobs],
        }


RESOURCES = [ReceiptApi, AccountApi, BillBookApi, BillApi]

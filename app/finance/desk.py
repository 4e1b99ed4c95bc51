"""The cashier's desk 收款台: find a deal, see what is owed, take the money."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.core import clock, idempotency
from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.errors import DomainError, NotFound
from app.core.money import ZERO, capital, parse_yuan
from app.core.uow import unit_of_work
from app.finance import operations, queries
from app.finance.forms import PaymentForm
from app.finance.models import Account, BillBook, Receipt
from app.finance.policies import RECEIPT
from app.web.access import needs
from app.web.projects import current_project_id
from app.web.rest import current
from app.web.saving import Problem, problem_of


class CashierView(BaseView):
    """收款台: find a deal, see what is owed, take the money."""

    route_base = "/cashier"
    default_view = "desk"

    @expose("/")
    @needs(f"{RECEIPT}:confirm")
    def desk(self) -> Any:
        """Show the search, the slips that wait, and the cashier's book; the only hit is opened."""
        typed = request.args.get("q", "").strip()
        project_id = current_project_id()
        found = (
            queries.search_accounts(typed, project_id=project_id)
            if typed
            else queries.accounts_due(project_id, clock.today())
        )
        if typed and len(found) == 1:
            return redirect(url_for("CashierView.account", account_id=found[0].id))
        return self.render_template(
            "finance/desk.html",
            typed=typed,
            accounts=found,
            balances=queries.account_balances([account.id for account in found]),
            slips=queries.list_slips(project_id),
            book=self._book(project_id),
        )

    @expose("/account/<int:account_id>", methods=["GET", "POST"])
    @needs(f"{RECEIPT}:confirm")
    def account(self, account_id: int) -> Any:
        """Show what a deal owes, or take a payment on it."""
        account = queries.get_account(account_id)
        posted = request.form if request.method == "POST" else None
        form = PaymentForm(formdata=posted, data=self._suggestion(account))
        problem = None
        if request.method == "POST" and form.validate():
            try:
                receipt_id = self._take(account_id, form, current())
            except DomainError as error:
                problem = problem_of(error, form, Receipt)
                account = queries.get_account(account_id)
            else:
                return redirect(url_for("ReceiptView.show", pk=receipt_id))
        page = self.render_template("finance/take.html", **self._page(account, form, problem))
        return page, 422 if problem or form.errors else 200

    @expose("/slip/<int:receipt_id>", methods=["POST"])
    @needs(f"{RECEIPT}:confirm")
    def slip(self, receipt_id: int) -> Any:
        """Take the money of a slip that was prepared."""
        actor = current()
        try:
            with unit_of_work(actor):
                operations.confirm_receipt(receipt_id, actor=actor)
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
        return redirect(url_for("ReceiptView.show", pk=receipt_id))

    @expose("/words")
    @needs(f"{RECEIPT}:add", f"{RECEIPT}:confirm")
    def words(self) -> Any:
        """Answer an amount in words, as the paper will carry it, or why it is none."""
        try:
            amount = parse_yuan(request.args.get("amount", ""))
        except BadValue as error:
            return jsonify(words="", message=str(error.message))
        if amount <= ZERO:
            return jsonify(words="", message=_("Give an amount above 0 with at most 2 decimals."))
        return jsonify(words=capital(amount), message="")

    def _take(self, account_id: int, form: PaymentForm, actor: Actor) -> int:
        """Make and confirm a slip in one go; the same form sent again gives the same receipt."""
        key = f"desk-{form.once.data}"[: idempotency.LONGEST_KEY]
        digest = idempotency.digest_of("POST", request.path, _facts(form))
        with unit_of_work(actor):
            kept = idempotency.claim_key(key, digest, actor=actor)
            if kept is not None:
                return int(kept.answer["id"])
            slip = operations.create_slip(
                account_id=account_id,
                amount=form.amount.data or ZERO,
                method=form.method.data,
                payer=form.payer.data or "",
                purpose=form.purpose.data,
                actor=actor,
            )
            operations.confirm_receipt(slip.id, actor=actor)
            receipt_id = int(slip.id)
            answer = {"id": receipt_id}
            idempotency.keep_answer(key, digest, 200, answer, actor=actor)
        return receipt_id

    def _suggestion(self, account: Account) -> dict[str, Any]:
        """Return what a fresh form begins with: the deposit that is still owed, and the payer."""
        asked, paid = queries.deposit_state(account.id)
        return {"amount": asked - paid if asked > paid else None, "payer": account.payer}

    def _page(self, account: Account, form: PaymentForm, problem: Problem | None) -> dict[str, Any]:
        return {
            "account": account,
            "form": form,
            "problem": problem,
            "balance": queries.account_balance(account.id),
            "lines": queries.open_receivables(account.id),
            "receipts": queries.list_receipts(account.id),
            "book": self._book(account.project_id),
        }

    def _book(self, project_id: int | None) -> BillBook | None:
        return None if project_id is None else queries.find_open_book(project_id, current().id)


def _facts(form: PaymentForm) -> bytes:
    """Return what the form says, for telling the same form from another one."""
    return repr([(field.short_name, str(field.data)) for field in form]).encode()

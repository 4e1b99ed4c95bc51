"""Every proof holds on sound books and finds its own planted fault."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text

from app.core.db import db
from app.finance import operations
from app.finance.ledger import PROOFS, check_ledger
from app.pricing.models import PaymentMethod
from tests.factories.finance import SYSTEM, make_account, make_book, make_slip
from tests.factories.people import make_project


@pytest.fixture
def books(project, actor_for):
    """Two accounts with money, one reversal, one replaced bill, one closed account."""
    cashier, accountant = actor_for("cashier"), actor_for("accountant")
    make_book(project, cashier, prefix="SJ")
    account = make_account(project)
    first = operations.confirm_receipt(make_slip(account).id, actor=cashier)
    wrong = operations.confirm_receipt(make_slip(account, amount="5.00").id, actor=cashier)
    operations.reverse_receipt(wrong.receipt.id, reason="错", actor=accountant)
    operations.void_bill(first.bill.id, reason="污", actor=accountant)
    closed = make_account(project)
    operations.close_account(closed, actor=SYSTEM)
    db.session.flush()
    return {
        "account": account.id,
        "receipt": first.receipt.id,
        "wrong": wrong.receipt.id,
        "closed": closed.id,
        "other": make_project().id,
    }


def broken():
    return {proof.name: breach for proof, breach in check_ledger() if breach is not None}


@pytest.mark.usefixtures("books")
def test_sound_books_hold():
    assert broken() == {}


FAULTS = {
    "owed": (
        "UPDATE finance_receivable SET amount = 1 WHERE account_id = :account AND position = 1"
    ),
    "unallocated": "UPDATE finance_receipt SET amount = 99999 WHERE id = :receipt",
    "allocation_within_receipt": "UPDATE finance_receipt SET state = 'slip' WHERE id = :receipt",
    "allocation_within_account": (
        "UPDATE finance_receipt SET account_id = :closed WHERE id = :receipt"
    ),
    "reversal_mirrors": "UPDATE finance_receipt SET state = 'confirmed' WHERE id = :wrong",
    "bills_in_order": "DELETE FROM finance_bill WHERE receipt_id = :wrong",
    "bill_numbers_differ": "UPDATE finance_bill SET number = 'SJ00001'",
    "one_live_bill": "UPDATE finance_bill SET voided_at = now() WHERE receipt_id = :receipt",
    "deal_total": "UPDATE finance_account SET deal_total = 7 WHERE id = :account",
    "closed_is_empty": "UPDATE finance_account SET closed_at = now() WHERE id = :account",
    "deposit_ceiling": "UPDATE finance_account SET deal_total = 100 WHERE id = :account",
    "one_project": "UPDATE finance_bill SET project_id = :other",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(books, name):
    statement = text(FAULTS[name])
    wanted = {key: books[key] for key in statement.compile().params}
    db.session.execute(statement, wanted)
    assert name in broken()
    assert broken()[name].rows
    assert broken()[name].count >= 1


def test_a_subscription_that_names_another_total_is_found(project, actor_for):

    account = make_account(project)
    consultant = actor_for("consultant")
    method = PaymentMethod(project_id=project.id, name="一次性")
    db.session.add(method)
    db.session.flush()
    db.session.execute(
        text(
            "INSERT INTO sales_subscription (project_id, number, room_id, state, consultant_id,"
            " payment_method_id, account_id, list_total, deal_total, deal_unit_price, steps,"
            " subscribed_at, lapses_at, sign_by)"
            " SELECT a.project_id, 'RG1', a.room_id, 'awaiting_deposit', :who,"
            " :method, a.id, 1, :total, 1, '[]', now(),"
            " now(), now() FROM finance_account a WHERE a.id = :account"
        ),
        {
            "who": consultant.id,
            "method": method.id,
            "account": account.id,
            "total": Decimal("999999.99"),
        },
    )
    assert list(broken()) == ["subscription_total"]


def test_every_proof_has_its_fault():
    assert {proof.name for proof in PROOFS} == {*FAULTS, "subscription_total"}


@pytest.mark.usefixtures("books")
def test_the_command_says_what_is_broken(app):
    runner = app.test_cli_runner()
    db.session.commit()
    sound = runner.invoke(args=["ledger", "check"])
    assert sound.exit_code == 0, sound.output
    assert sound.output.count(": ok") == len(PROOFS)
    db.session.execute(text("UPDATE finance_bill SET number = 'SJ00001'"))
    db.session.commit()
    found = runner.invoke(args=["ledger", "check"])
    assert found.exit_code == 1
    assert "bill_numbers_differ: BROKEN, 1 rows" in found.output
    assert "number=SJ00001, bills=3" in found.output

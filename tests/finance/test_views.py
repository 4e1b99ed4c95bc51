"""The cashier's desk and the pages of money: who sees what, what a wrong form says, scope."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from app.core import clock
from app.core.db import db
from app.finance import operations
from app.finance.models import Bill, BillBook, Receipt, Receivable
from tests.factories.devices import make_device, make_hook, make_station
from tests.factories.finance import make_account, make_book, make_slip
from tests.factories.people import make_project


@pytest.fixture
def account(project):
    return make_account(project)


@pytest.fixture
def cashier(user_for, project):
    user = user_for("cashier")
    make_book(project, user, prefix="SJ")
    return user


@pytest.fixture
def as_user(client, sign_in):
    def as_user(user):
        return sign_in(client, user)

    return as_user


def form(**more):
    return {
        "amount": "100,000.00",
        "method": "pos",
        "payer": "王建国",
        "purpose": "",
        "once": "one",
        **more,
    }


def receipts():
    return list(db.session.scalars(select(Receipt).order_by(Receipt.id)))


# --- the desk


def test_the_desk_finds_a_deal_and_shows_what_is_owed(as_user, account, cashier):
    client = as_user(cashier)
    assert "SJ00001" in client.get("/cashier/").text
    found = client.get(f"/cashier/?q={account.room.number}")
    assert found.location == f"/cashier/account/{account.id}"  # the only hit is opened
    page = client.get(found.location).text
    assert account.title in page
    assert "1,000,000.00" in page
    assert account.title not in client.get("/cashier/?q=nobody").text


def test_the_desk_offers_deals_that_owe_a_line_these_days(as_user, account, cashier):
    client = as_user(cashier)
    line = db.session.scalars(
        select(Receivable).where(Receivable.account_id == account.id).order_by(Receivable.position)
    ).first()

    def is_offered(due):
        for one in db.session.scalars(select(Receivable)):
            one.due_on = due if one.id == line.id else None
        db.session.flush()
        return account.title in client.get("/cashier/").text

    today = clock.today()
    assert is_offered(today)
    assert is_offered(today - timedelta(days=7))
    assert not is_offered(today - timedelta(days=8))
    assert not is_offered(today + timedelta(days=1))
    account.closed_at = clock.now()
    assert not is_offered(today)


def test_the_desk_no_longer_offers_a_deal_whose_line_is_paid(as_user, account, cashier):
    client = as_user(cashier)
    for one in db.session.scalars(select(Receivable).order_by(Receivable.position)).all():
        one.due_on = clock.today() if one.position == 1 else None
    db.session.flush()
    assert account.title in client.get("/cashier/").text
    client.post(f"/cashier/account/{account.id}", data=form())
    assert len(receipts()) == 1
    assert account.title not in client.get("/cashier/").text


def test_the_page_of_a_deal_suggests_the_deposit(as_user, account, cashier):
    page = as_user(cashier).get(f"/cashier/account/{account.id}").text
    assert re.search(r'name="amount"[^>]*value="100000.00"', page)
    assert 'value="王建国"' in page
    assert "首付款" in page


def test_a_payment_becomes_a_receipt_with_its_number(as_user, account, cashier, project):
    make_device(make_station(project, operators=(cashier,)))
    make_hook(project)
    client = as_user(cashier)
    answer = client.post(f"/cashier/account/{account.id}", data=form())
    (receipt,) = receipts()
    assert answer.status_code == 302
    assert answer.location == f"/receipts/show/{receipt.id}"
    assert (receipt.state, receipt.amount) == ("confirmed", Decimal("100000.00"))
    page = client.get(answer.location).text
    assert "SJ00001" in page
    assert "壹拾万元整" in page
    assert 'data-subject-type="receipt"' in page
    assert "定金" in page


def test_the_same_form_sent_twice_takes_the_money_once(as_user, account, cashier):
    client = as_user(cashier)
    where = {client.post(f"/cashier/account/{account.id}", data=form()).location for _ in range(2)}
    assert len(where) == len(receipts()) == 1
    client.post(f"/cashier/account/{account.id}", data=form(once="two"))
    assert len(receipts()) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"amount": ""}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"method": ""}, "method"),
        ({"method": "moved_in"}, "method"),
        ({"payer": " "}, "payer"),
    ],
)
def test_a_faulty_form_is_shown_again(as_user, account, cashier, wrong, said):
    answer = as_user(cashier).post(f"/cashier/account/{account.id}", data=form(**wrong))
    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert said in answer.text
    assert receipts() == []


def test_without_a_book_the_form_says_so_and_nothing_is_booked(as_user, account, user_for):
    answer = as_user(user_for("cashier")).post(f"/cashier/account/{account.id}", data=form())
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert receipts() == []


def test_a_slip_that_waits_is_confirmed_at_the_desk(as_user, account, cashier):
    slip = make_slip(account)
    client = as_user(cashier)
    assert slip.number in client.get("/cashier/").text
    assert client.get("/work/counts").json["CashierView"] == 1
    answer = client.post(f"/cashier/slip/{slip.id}")
    assert answer.location == f"/receipts/show/{slip.id}"
    db.session.refresh(slip)
    assert slip.state == "confirmed"
    # Once more says why not, on the receipt's own page.
    client.post(f"/cashier/slip/{slip.id}")
    assert len(list(db.session.scalars(select(Bill)))) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("100000", "壹拾万元整"),
        ("1,234.50", "壹仟贰佰叁拾肆元伍角"),
        ("x", ""),
        ("0", ""),
        ("-5", ""),
    ],
)
def test_an_amount_in_words(as_user, cashier, typed, words):
    answer = as_user(cashier).get("/cashier/words", query_string={"amount": typed}).json
    assert answer["words"] == words
    assert bool(answer["message"]) == (words == "")


@pytest.mark.parametrize("role", ["consultant", "accountant", "manager", "admin"])
def test_the_desk_is_the_cashiers(as_user, account, user_for, role):
    client = as_user(user_for(role))
    for address in ("/cashier/", f"/cashier/account/{account.id}"):
        assert client.get(address).status_code == 403
    assert client.post(f"/cashier/account/{account.id}", data=form()).status_code == 403
    assert receipts() == []


def test_strangers_go_to_the_door(client, account):
    assert client.get(f"/cashier/account/{account.id}").status_code == 302


# --- receipts


def test_the_receipt_is_withdrawn_reversed_and_confirmed_on_its_page(
    as_user, account, cashier, user_for
):
    client = as_user(cashier)
    first, second = make_slip(account), make_slip(account)
    client.post("/receipts/act/withdraw", data={"id": first.id, "_form": "1", "reason": "写错"})
    client.post("/receipts/act/confirm", data={"id": second.id})
    for slip in (first, second):
        db.session.refresh(slip)
    assert [first.state, second.state] == ["withdrawn", "confirmed"]
    assert first.reason == "写错"
    accountant = user_for("accountant")
    client = as_user(accountant)
    missing = client.post("/receipts/act/reverse", data={"id": second.id, "_form": "1"})
    assert missing.status_code == 422
    done = {"id": second.id, "_form": "1", "reason": "录错"}
    assert client.post("/receipts/act/reverse", data=done).status_code == 302
    db.session.refresh(second)
    assert second.state == "reversed"
    page = client.get(f"/receipts/show/{second.id}").text
    assert "录错" in page


@pytest.mark.parametrize(
    ("step", "role"), [("confirm", "accountant"), ("reverse", "cashier"), ("withdraw", "manager")]
)
def test_steps_are_for_those_who_may(as_user, account, user_for, step, role):
    slip = make_slip(account)
    given = {"id": slip.id, "_form": "1", "reason": "x"}
    answer = as_user(user_for(role)).post(f"/receipts/act/{step}", data=given)
    assert answer.status_code == 403
    db.session.refresh(slip)
    assert slip.state == "slip"


ADDRESSES = (
    "/cashier/account/{account}",
    "/receipts/show/{receipt}",
    "/accounts/show/{account}",
    "/receivables/show/{receivable}",
    "/bills/show/{bill}",
    "/bill-books/show/{book}",
)


@pytest.fixture
def rows(account, project, actor_for):
    actor = actor_for("cashier")
    book = make_book(project, actor)
    done = operations.confirm_receipt(make_slip(account).id, actor=actor)
    return {
        "account": account.id,
        "receipt": done.receipt.id,
        "receivable": done.allocations[0].receivable_id,
        "bill": done.bill.id,
        "book": book.id,
    }


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_open_within_the_scope_and_are_404_outside(as_user, rows, user_for, address):
    where = address.format(**rows)
    assert as_user(user_for(["cashier", "accountant"])).get(where).status_code == 200
    stranger = user_for(["cashier", "accountant"], project=make_project())
    assert as_user(stranger).get(where).status_code == 404


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("/receipts/act/confirm", "receipt"),
        ("/receipts/act/reverse", "receipt"),
        ("/receipts/act/withdraw", "receipt"),
        ("/bills/act/void", "bill"),
    ],
)
def test_steps_are_404_outside_the_scope(as_user, rows, user_for, address, key):
    stranger = user_for(["cashier", "accountant"], project=make_project())
    given = {"id": rows[key], "_form": "1", "reason": "x"}
    assert as_user(stranger).post(address, data=given).status_code == 404
    answer = as_user(stranger).post(f"/cashier/slip/{rows['receipt']}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "address", ["/receipts/list/", "/accounts/list/", "/receivables/list/", "/bills/list/"]
)
def test_lists_ask_the_same_number_of_questions_however_long(
    as_user, account, actor_for, user_for, project, address
):
    actor = actor_for("cashier")
    make_book(project, actor)
    client = as_user(user_for("accountant"))

    def questions():
        count = []

        def note(*_args):
            count.append(1)

        client.get(address)
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert client.get(address).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(count)

    operations.confirm_receipt(make_slip(account, amount="1.00").id, actor=actor)
    few = questions()
    for _ in range(6):
        other = make_account(project)
        operations.confirm_receipt(make_slip(other, amount="1.00").id, actor=actor)
    assert questions() == few


# --- books and bills


def test_a_book_is_added_and_issued_on_pages(as_user, user_for, project, cashier):
    client = as_user(user_for("accountant"))
    page = client.get("/bill-books/add").text
    assert cashier.first_name in page
    given = {
        "prefix": "YS",
        "first_number": "1",
        "last_number": "50",
        "digits": "4",
        "cashier_id": "0",
    }
    assert client.post("/bill-books/add", data=given).status_code == 302
    book = db.session.scalar(select(BillBook).where(BillBook.prefix == "YS"))
    assert (book.project_id, book.cashier_id) == (project.id, None)
    again = client.post("/bill-books/add", data=given)
    assert again.status_code == 422
    issued = client.post(f"/bill-books/edit/{book.id}", data={"cashier_id": str(cashier.id)})
    assert issued.status_code == 302
    db.session.refresh(book)
    assert book.cashier_id == cashier.id
    assert "YS0001" in client.get("/bill-books/list/").text


def test_another_projects_cashier_is_not_offered(as_user, user_for):
    stranger = user_for("cashier", project=make_project())
    page = as_user(user_for("accountant")).get("/bill-books/add").text
    assert stranger.first_name not in page


def test_a_spoilt_bill_is_voided_on_its_page(as_user, rows, user_for):
    client = as_user(user_for("accountant"))
    given = {"id": rows["bill"], "_form": "1", "reason": "卡纸"}
    assert client.post("/bills/act/void", data=given).status_code == 302
    page = client.get(f"/bills/show/{rows['bill']}").text
    assert "卡纸" in page

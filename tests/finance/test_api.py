"""REST of receipts, accounts and bill books: shapes, keys, who may, and what is outside scope."""

from __future__ import annotations

import itertools

import pytest

from app.core.db import db
from app.finance.models import Bill, Receipt
from app.finance.subjects import register_subject
from tests.factories.devices import make_device, make_hook, make_station
from tests.factories.finance import make_account, make_book, make_slip
from tests.factories.people import make_project

_keys = itertools.count(1)
SUBJECT = "queue_ticket"


@pytest.fixture
def account(project):
    found = make_account(project)
    register_subject(SUBJECT, lambda _id: found)
    return found


@pytest.fixture
def cashier(user_for, project):
    user = user_for("cashier")
    make_book(project, user, prefix="SJ")
    return user


@pytest.fixture
def call(client, bearer):
    def call(user, path, body=None, *, key=None, method="post"):
        headers = bearer(user)
        if key is not False:
            headers["Idempotency-Key"] = key or f"key-{next(_keys)}"
        if method == "get":
            return client.get(f"/api/v1/{path}", headers=headers)
        return client.post(f"/api/v1/{path}", json=body, headers=headers)

    return call


def slip_body(**more):
    return {
        "subject": {"type": SUBJECT, "id": 1},
        "amount": "100000.00",
        "method": "pos",
        "payer": "王建国",
        **more,
    }


@pytest.mark.usefixtures("account")
def test_a_slip_is_made_and_confirmed(call, cashier, user_for, project):
    make_device(make_station(project, operators=(cashier,)))
    make_hook(project)
    made = call(user_for("consultant"), "receipts", slip_body())
    assert made.status_code == 201
    assert (made.json["state"], made.json["amount"]) == ("slip", "100000.00")
    done = call(cashier, f"receipts/{made.json['id']}/confirm")
    assert done.status_code == 200
    assert (done.json["state"], done.json["bill_number"]) == ("confirmed", "SJ00001")
    assert [(part["name"], part["amount"]) for part in done.json["allocations"]] == [
        ("定金", "100000.00")
    ]
    (job,) = done.json["jobs"]
    assert (job["state"], job["command"]) == ("queued", "print_receipt")
    jobs = call(
        cashier, f"device-jobs?subject_type=receipt&subject_id={made.json['id']}", method="get"
    )
    assert [one["id"] for one in jobs.json["result"]] == [job["id"]]


@pytest.mark.parametrize("path", ["receipts", "receipts/1/confirm"])
def test_money_needs_a_key(call, cashier, path):
    answer = call(cashier, path, slip_body(), key=False)
    assert (answer.status_code, answer.json["error"]) == (400, "idempotency_key_missing")


@pytest.mark.usefixtures("account")
def test_the_same_key_answers_alike(call, cashier):
    made = [call(cashier, "receipts", slip_body(), key="slip").json for _ in range(2)]
    assert made[0] == made[1]
    path = f"receipts/{made[0]['id']}/confirm"
    done = [call(cashier, path, key="confirm").json for _ in range(2)]
    assert done[0] == done[1]
    assert db.session.query(Receipt).count() == db.session.query(Bill).count() == 1


def test_confirming_twice_under_two_keys(call, account, cashier):
    slip = make_slip(account)
    path = f"receipts/{slip.id}/confirm"
    assert call(cashier, path).status_code == 200
    again = call(cashier, path)
    assert (again.status_code, again.json["error"]) == (409, "wrong_state")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": 100000}, "amount"),
        ({"amount": "1e5"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"method": "gold"}, "method"),
        ({"payer": ""}, "payer"),
        ({"subject": {"type": "tea", "id": 1}}, "subject"),
        ({"subject": {"type": SUBJECT}}, "subject"),
        ({"subject": None}, "subject"),
    ],
)
def test_a_faulty_slip_names_the_field(call, cashier, wrong, field):
    answer = call(cashier, "receipts", slip_body(**wrong))
    assert answer.status_code == 422
    assert field in answer.json["fields"]
    assert db.session.query(Receipt).count() == 0


@pytest.mark.usefixtures("account")
def test_a_slip_is_withdrawn(call, user_for, cashier):
    consultant = user_for("consultant")
    made = call(consultant, "receipts", slip_body()).json
    done = call(consultant, f"receipts/{made['id']}/withdraw", {"reason": "写错"})
    assert (done.status_code, done.json["state"], done.json["reason"]) == (
        200,
        "withdrawn",
        "写错",
    )
    assert call(cashier, f"receipts/{made['id']}/confirm").status_code == 409


def test_a_receipt_is_reversed(call, account, cashier, user_for):
    slip = make_slip(account)
    call(cashier, f"receipts/{slip.id}/confirm")
    accountant = user_for("accountant")
    path = f"receipts/{slip.id}/reverse"
    assert call(accountant, path, {"reason": ""}).status_code == 422
    done = call(accountant, path, {"reason": "录错"}).json
    assert (done["state"], done["reversal"]["amount"]) == ("reversed", "-100000.00")
    assert done["bill"]["void_reason"] == "录错"
    shown = call(cashier, f"receipts/{slip.id}", method="get").json
    assert [bill["number"] for bill in shown["bills"]] == ["SJ00001"]
    assert shown["bills"][0]["voided_at"] is not None


def test_who_may_what(call, account, cashier, user_for):
    slip = make_slip(account)
    for role in ("consultant", "accountant", "finance_manager", "admin", "manager"):
        assert call(user_for(role), f"receipts/{slip.id}/confirm").status_code == 403
    call(cashier, f"receipts/{slip.id}/confirm")
    for role in ("cashier", "consultant", "finance_director", "admin"):
        answer = call(user_for(role), f"receipts/{slip.id}/reverse", {"reason": "x"})
        assert answer.status_code == 403


@pytest.mark.usefixtures("cashier")
def test_outside_the_scope_there_is_nothing(call, account, user_for):
    slip = make_slip(account)
    elsewhere = make_project()
    other = user_for("cashier", project=elsewhere)
    make_book(elsewhere, other)
    keeper = user_for("accountant", project=elsewhere)
    assert call(other, f"receipts/{slip.id}/confirm").status_code == 404
    assert call(other, f"receipts/{slip.id}", method="get").status_code == 404
    assert call(other, f"receipts/{slip.id}/withdraw").status_code == 404
    assert call(other, f"accounts/{account.id}", method="get").status_code == 404
    assert call(keeper, f"receipts/{slip.id}/reverse", {"reason": "x"}).status_code == 404
    for path in ("receipts", "accounts"):
        assert call(other, path, method="get").json == {"result": [], "next": None, "count": 0}


def test_a_refusal_changes_nothing(call, account, user_for):
    slip = make_slip(account)
    answer = call(user_for("cashier"), f"receipts/{slip.id}/confirm", key="x")
    assert (answer.status_code, answer.json["error"]) == (422, "no_bill_book")
    db.session.refresh(slip)
    assert slip.state == "slip"


def test_the_list_goes_on_by_cursor(call, account, cashier):
    ids = [make_slip(account, amount="1.00").id for _ in range(5)]
    seen, cursor = [], ""
    for _ in range(3):
        page = call(cashier, f"receipts?limit=2{cursor}", method="get").json
        assert page["count"] == 5
        seen += [one["id"] for one in page["result"]]
        cursor = f"&cursor={page['next']}"
    assert seen == ids[::-1]
    assert page["next"] is None
    none = call(cashier, "receipts?state=confirmed", method="get").json
    assert none["result"] == []


def test_accounts_are_found_by_deal_room_and_payer(call, account, cashier):
    room = account.room
    for typed in (account.title, "建国", f"{room.building.name} {room.number}"):
        (found,) = call(cashier, f"accounts?q={typed}", method="get").json["result"]
        assert found["id"] == account.id
    assert (found["owed"], found["room"]) == ("1000000.00", room.title)
    assert call(cashier, "accounts?q=%25", method="get").json["result"] == []
    shown = call(cashier, f"accounts/{account.id}", method="get").json
    assert [(one["name"], one["owed"]) for one in shown["receivables"]] == [
        ("定金", "100000.00"),
        ("首付款", "900000.00"),
    ]


def test_books_and_bills(call, account, cashier, user_for, project):
    accountant = user_for("accountant")
    body = {
        "project_id": project.id,
        "prefix": "YS",
        "first_number": 1,
        "last_number": 50,
        "digits": 4,
    }
    made = call(accountant, "bill-books", body)
    assert (made.status_code, made.json["next_number"]) == (201, 1)
    issued = call(accountant, f"bill-books/{made.json['id']}/issue", {"cashier_id": cashier.id})
    assert issued.json["cashier_id"] == cashier.id
    assert call(cashier, "bill-books", body).status_code == 403
    assert call(cashier, "bill-books", method="get").json["count"] == 2
    slip = make_slip(account)
    bill = call(cashier, f"receipts/{slip.id}/confirm").json["bill"]
    voided = call(accountant, f"bills/{bill['id']}/void", {"reason": "卡纸"}).json
    assert (voided["voided"]["number"], voided["bill"]["number"]) == ("SJ00001", "SJ00002")
    assert call(accountant, "bills", method="get").json["count"] == 2

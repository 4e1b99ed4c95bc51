"""Slips, receipts, reversals, accounts and bill books: what each verb does and refuses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.core.money import capital
from app.devices.models import DeviceJob
from app.devices.operations import retry_job
from app.finance import operations, queries
from app.finance.ledger import check_ledger
from app.finance.operations import ReceivableDraft
from app.finance.signals import receipt_confirmed, receipt_reversed
from tests.factories.devices import make_device, make_hook, make_station
from tests.factories.estate import make_building, make_room
from tests.factories.finance import SYSTEM, drafts, make_account, make_book, make_slip
from tests.factories.people import make_project


@pytest.fixture
def cashier(actor_for, project):
    actor = actor_for("cashier")
    make_book(project, actor, prefix="SJ")
    return actor


@pytest.fixture
def accountant(actor_for):
    return actor_for("accountant")


@pytest.fixture
def account(project):
    return make_account(project)


def books_are_right():
    return [proof.name for proof, breach in check_ledger() if breach is not None] == []


def take(account, cashier, amount="100000.00", **more):
    return operations.confirm_receipt(make_slip(account, amount=amount, **more).id, actor=cashier)


# --- accounts


def test_an_account_asks_for_its_lines(account):
    balance = queries.account_balance(account.id)
    assert balance.receivable == balance.owed == Decimal("1000000.00")
    assert balance.received == balance.unallocated == Decimal(0)
    assert queries.deposit_state(account.id) == (Decimal("100000.00"), Decimal(0))


def test_lines_must_add_up_to_the_deal(project):
    with pytest.raises(Invalid) as refused:
        make_account(project, deal_total=Decimal("1000000.01"))
    assert refused.value.code == "lines_do_not_add_up"


def test_collected_fees_come_on_top(project):
    fees = ReceivableDraft("collected", "维修基金", Decimal("8888.00"))
    account = make_account(project, receivables=[*drafts(), fees])
    assert queries.account_balance(account.id).receivable == Decimal("1008888.00")


def test_a_line_must_be_above_nothing(project):
    with pytest.raises(Invalid) as refused:
        make_account(project, receivables=[*drafts(), ReceivableDraft("loan", "按揭", Decimal(0))])
    assert refused.value.code == "line_not_positive"


def test_a_deposit_above_a_fifth_is_refused_with_the_reason(project):
    make_account(project, receivables=drafts("200000.00", "800000.00"))
    with pytest.raises(Invalid) as refused:
        make_account(project, receivables=drafts("200000.01", "799999.99"))
    assert refused.value.code == "deposit_above_ceiling"


def test_an_account_is_not_opened_outside_the_scope(project, actor_for):
    stranger = actor_for("consultant", project=make_project())
    with pytest.raises(NotFound):
        operations.open_account(
            project_id=project.id,
            room_id=make_room(project=project).id,
            subject_type="subscription",
            title="x",
            payer="x",
            deal_total=Decimal(1000000),
            receivables=drafts(),
            actor=stranger,
        )


def test_closing_cancels_what_is_asked(account):
    operations.close_account(account, actor=SYSTEM)
    assert account.closed_at is not None
    assert queries.account_balance(account.id).receivable == 0
    assert books_are_right()
    # Once more changes nothing.
    closed_at = account.closed_at
    assert operations.close_account(account, actor=SYSTEM).closed_at == closed_at


def test_an_account_with_money_on_it_is_not_closed(account, cashier):
    take(account, cashier)
    with pytest.raises(Conflict) as refused:
        operations.close_account(account, actor=SYSTEM)
    assert refused.value.code == "money_on_account"


def test_an_account_is_closed_after_its_money_went_back(account, cashier, accountant):
    done = take(account, cashier)
    operations.reverse_receipt(done.receipt.id, reason="退", actor=accountant)
    operations.close_account(account, actor=SYSTEM)
    assert books_are_right()


# --- slips


def test_a_slip_is_no_money_yet(account, actor_for):
    consultant = actor_for("consultant")
    slip = operations.create_slip(
        account_id=account.id,
        amount=Decimal("100000.00"),
        method="pos",
        payer=" 王建国 ",
        actor=consultant,
    )
    assert slip.number.startswith("SK2")
    assert (slip.state, slip.payer, slip.created_by_id) == ("slip", "王建国", consultant.id)
    assert queries.account_balance(account.id).received == 0
    assert books_are_right()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal("-5.00")}, "amount"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"method": "barter"}, "method"),
        ({"method": "moved_in"}, "method"),
        ({"payer": "  "}, "payer"),
        ({"payer": "王" * 121}, "payer"),
        ({"purpose": "定" * 121}, "purpose"),
    ],
)
def test_a_faulty_slip_names_the_field(account, cashier, wrong, field):
    given = {"amount": Decimal(1), "method": "cash", "payer": "王", **wrong}
    with pytest.raises(Invalid) as refused:
        operations.create_slip(account_id=account.id, actor=cashier, **given)
    assert list(refused.value.fields) == [field]


def test_no_slip_on_a_closed_account(account, cashier):
    operations.close_account(account, actor=SYSTEM)
    with pytest.raises(WrongState) as refused:
        operations.create_slip(
            account_id=account.id, amount=Decimal(1), method="cash", payer="王", actor=cashier
        )
    assert refused.value.code == "account_closed"


@pytest.mark.parametrize("role", ["accountant", "director", "admin"])
def test_only_sales_and_cashiers_prepare_slips(account, actor_for, role):
    with pytest.raises(NotAllowed):
        operations.create_slip(
            account_id=account.id,
            amount=Decimal(1),
            method="cash",
            payer="王",
            actor=actor_for(role),
        )


def test_the_consultant_takes_his_own_slip_back_the_same_day(account, actor_for):
    consultant = actor_for("consultant")
    slip = make_slip(account, created_by_id=consultant.id)
    operations.withdraw_slip(slip.id, actor=consultant)
    assert slip.state == "withdrawn"
    with pytest.raises(WrongState):
        operations.withdraw_slip(slip.id, actor=consultant)


def test_a_colleagues_slip_is_not_seen(account, actor_for):
    slip = make_slip(account, created_by_id=actor_for("consultant").id)
    with pytest.raises(NotFound):
        operations.withdraw_slip(slip.id, actor=actor_for("consultant"))


def test_yesterdays_slip_is_returned_by_the_cashier(account, actor_for, cashier, clock_at):
    consultant = actor_for("consultant")
    slip = make_slip(account, created_by_id=consultant.id)
    clock_at(2030, 1, 1, 9)
    with pytest.raises(NotAllowed):
        operations.withdraw_slip(slip.id, actor=consultant)
    operations.withdraw_slip(slip.id, reason="金额不对", actor=cashier)
    assert (slip.state, slip.reason) == ("withdrawn", "金额不对")


# --- confirming


def test_confirming_takes_the_money(account, cashier, clock_at):
    clock_at(2026, 11, 21, 17)  # already the 22nd in China
    done = take(account, cashier)
    assert done.bill.number == "SJ00001"
    assert done.receipt.state == "confirmed"
    assert done.receipt.received_on == date(2026, 11, 22)
    assert done.receipt.confirmed_by_id == cashier.id
    assert [part.receivable.name for part in done.allocations] == ["定金"]
    assert queries.deposit_state(account.id) == (Decimal(100000), Decimal(100000))
    assert queries.account_balance(account.id).owed == Decimal("900000.00")
    assert books_are_right()


def test_more_than_the_deposit_goes_on_to_the_next_line(account, cashier):
    done = take(account, cashier, "150000.00")
    assert [part.amount for part in done.allocations] == [Decimal(100000), Decimal(50000)]
    assert books_are_right()


def test_a_surplus_stays_unallocated(account, cashier):
    take(account, cashier, "1000500.00")
    balance = queries.account_balance(account.id)
    assert (balance.owed, balance.unallocated) == (0, Decimal("500.00"))
    assert books_are_right()


def test_numbers_follow_each_other(account, cashier):
    numbers = [take(account, cashier, "1.00").bill.number for _ in range(3)]
    assert numbers == ["SJ00001", "SJ00002", "SJ00003"]


def test_the_next_book_goes_on_where_one_ends(account, cashier, project):
    book = queries.find_open_book(project.id, cashier.id)
    book.next_number = 500
    make_book(project, cashier, prefix="SK", first_number=501, last_number=502)
    numbers = [take(account, cashier, "1.00").bill.number for _ in range(3)]
    assert numbers == ["SJ00500", "SK00501", "SK00502"]
    with pytest.raises(Invalid) as refused:
        take(account, cashier, "1.00")
    assert refused.value.code == "bill_book_used_up"


def test_without_a_book_nothing_is_booked(account, actor_for):
    slip = make_slip(account)
    db.session.commit()
    with pytest.raises(Invalid) as refused:
        operations.confirm_receipt(slip.id, actor=actor_for("cashier"))
    assert refused.value.code == "no_bill_book"
    db.session.rollback()
    assert slip.state == "slip"
    assert queries.account_balance(account.id).received == 0


def test_a_book_of_another_project_gives_no_number(account, actor_for):
    other = make_project()
    cashier = actor_for("cashier")
    make_book(other, cashier)
    with pytest.raises(Invalid) as refused:
        take(account, cashier)
    assert refused.value.code == "no_bill_book"


def test_confirming_twice_is_refused(account, cashier):
    done = take(account, cashier)
    with pytest.raises(WrongState):
        operations.confirm_receipt(done.receipt.id, actor=cashier)


def test_no_money_on_a_building_without_permit(project, cashier):
    room = make_room(make_building(project, permit=False))
    with pytest.raises(Invalid) as refused:
        take(make_account(project, room=room), cashier)
    assert refused.value.code == "no_permit"


def test_no_money_on_a_closed_account(account, cashier):
    slip = make_slip(account)
    operations.close_account(account, actor=SYSTEM)
    with pytest.raises(WrongState) as refused:
        operations.confirm_receipt(slip.id, actor=cashier)
    assert refused.value.code == "account_closed"


def test_money_named_a_deposit_above_a_fifth_is_refused(account, cashier):
    take(account, cashier, "200000.00", purpose="首付款")
    with pytest.raises(Invalid) as refused:
        take(account, cashier, "200000.01", purpose="定金")
    assert refused.value.code == "deposit_above_ceiling"
    take(account, cashier, "200000.00", purpose="定金")


@pytest.mark.parametrize("role", ["consultant", "accountant", "finance_manager", "admin"])
def test_only_the_cashier_confirms(account, actor_for, role):
    with pytest.raises(NotAllowed):
        operations.confirm_receipt(make_slip(account).id, actor=actor_for(role))


def test_listeners_hear_of_it_in_the_same_transaction(account, cashier):
    heard = []

    def listen(_sender, *, receipt, account, actor):
        heard.append((receipt.state, account.id, actor.id, queries.deposit_state(account.id)[1]))

    with receipt_confirmed.connected_to(listen):
        take(account, cashier)
    assert heard == [("confirmed", account.id, cashier.id, Decimal(100000))]


# --- papers


@pytest.fixture
def printer(project, cashier):
    station = make_station(project, operators=(cashier,))
    make_hook(project)
    return make_device(station)


def test_the_paper_says_what_was_paid(account, cashier, printer, project):
    project.company = "松风置业有限公司"
    done = take(account, cashier, "100800.50", method="cash")
    (job,) = done.jobs
    assert (job.device_id, job.state, job.command) == (printer.id, "queued", "print_receipt")
    lines = job.payload["lines"]
    said = {one["left"]: one["right"] for one in lines if "left" in one}
    assert job.payload["title"] == "收据"
    assert said["收款单位"] == "松风置业有限公司"
    assert said["房间"] == account.room.title
    assert said["交易"] == account.title
    assert said["付款人"] == "王建国"
    assert said["款项"] == "定金、首付款"
    assert said["收款方式"] == "现金"
    assert said["收款人"] == cashier.name
    texts = [one["text"] for one in lines if "text" in one]
    assert texts[:2] == [f"No. {done.bill.number}", "￥100,800.50"]
    assert texts[2] == f"人民币（大写） {capital(Decimal('100800.50'))}"


@pytest.mark.usefixtures("printer")
def test_the_paper_is_one_that_drivers_take(account, cashier):
    from app.devices.capabilities import Receipt

    (job,) = take(account, cashier).jobs
    assert Receipt.from_payload(job.payload).title == "收据"


def test_without_a_printer_the_receipt_stands_and_the_job_says_so(account, cashier, project):
    make_hook(project)
    done = take(account, cashier)
    (job,) = done.jobs
    assert done.receipt.state == "confirmed"
    assert (job.device_id, job.state, job.error_code) == (None, "failed", "no_device")


# --- reversing


def test_a_reversal_mirrors_the_receipt(account, cashier, accountant):
    done = take(account, cashier, "150000.00")
    undone = operations.reverse_receipt(done.receipt.id, reason="录错金额", actor=accountant)
    assert done.receipt.state == "reversed"
    assert undone.reversal.amount == Decimal("-150000.00")
    assert undone.reversal.reverses_id == done.receipt.id
    assert (undone.bill.number, undone.bill.void_reason) == (done.bill.number, "录错金额")
    assert undone.bill.voided_by_id == accountant.id
    balance = queries.account_balance(account.id)
    assert (balance.received, balance.owed) == (0, Decimal("1000000.00"))
    assert books_are_right()


def test_a_receipt_is_reversed_once(account, cashier, accountant):
    done = take(account, cashier)
    undone = operations.reverse_receipt(done.receipt.id, reason="x", actor=accountant)
    for number in (done.receipt.id, undone.reversal.id):
        with pytest.raises(WrongState):
            operations.reverse_receipt(number, reason="x", actor=accountant)


def test_a_slip_is_not_reversed(account, accountant):
    with pytest.raises(WrongState):
        operations.reverse_receipt(make_slip(account).id, reason="x", actor=accountant)


def test_a_reversal_needs_a_reason(account, cashier, accountant):
    done = take(account, cashier)
    with pytest.raises(Invalid) as refused:
        operations.reverse_receipt(done.receipt.id, reason="  ", actor=accountant)
    assert "reason" in refused.value.fields


@pytest.mark.parametrize("role", ["cashier", "consultant", "finance_director"])
def test_cashiers_do_not_reverse(account, cashier, actor_for, role):
    done = take(account, cashier)
    with pytest.raises((NotAllowed, NotFound)):
        operations.reverse_receipt(done.receipt.id, reason="x", actor=actor_for(role))


@pytest.mark.usefixtures("printer")
def test_reversing_cancels_papers_that_have_not_begun(account, cashier, accountant):
    done = take(account, cashier)
    operations.reverse_receipt(done.receipt.id, reason="x", actor=accountant)
    assert [job.state for job in done.jobs] == ["cancelled"]


@pytest.mark.usefixtures("printer")
def test_reversing_tells_and_prints(account, cashier, accountant, project):
    station = make_station(project, operators=(accountant,))
    device = make_device(station)
    make_hook(project, event="receipt_reversed")
    heard = []
    done = take(account, cashier)

    def listen(_sender, *, receipt, reversal, account, actor):
        heard.append((receipt.id, reversal.amount, account.id, actor.id))

    with receipt_reversed.connected_to(listen):
        undone = operations.reverse_receipt(done.receipt.id, reason="x", actor=accountant)
    assert heard == [(done.receipt.id, Decimal("-100000.00"), account.id, accountant.id)]
    assert [job.device_id for job in undone.jobs] == [device.id]
    assert undone.jobs[0].payload["title"] == "红冲凭证"


# --- books and bills


@pytest.mark.usefixtures("printer")
def test_a_spoilt_bill_is_replaced_by_the_next_number(account, cashier, accountant):
    done = take(account, cashier)
    replaced = operations.void_bill(done.bill.id, reason="卡纸", actor=accountant)
    assert (replaced.voided.number, replaced.replacement.number) == ("SJ00001", "SJ00002")
    assert replaced.replacement.receipt_id == done.receipt.id
    assert replaced.voided.void_reason == "卡纸"
    assert done.receipt.state == "confirmed"
    assert books_are_right()
    states = [job.state for job in db.session.query(DeviceJob).order_by(DeviceJob.id)]
    assert states[0] == "cancelled"
    with pytest.raises(WrongState):
        operations.void_bill(done.bill.id, reason="x", actor=accountant)


def new_book(project, actor, **more):
    given = {"prefix": "sj", "first_number": 1, "last_number": 100, "digits": 5, **more}
    return operations.create_bill_book(project_id=project.id, actor=actor, **given)


def test_a_book_is_bought_and_issued(project, accountant, actor_for):
    book = new_book(project, accountant)
    assert (str(book), book.next_number, book.cashier_id) == ("SJ00001–SJ00100", 1, None)
    cashier = actor_for("cashier")
    operations.issue_bill_book(book, cashier_id=cashier.id, actor=accountant)
    assert queries.find_open_book(project.id, cashier.id) is book


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"prefix": "收据"}, "prefix"),
        ({"first_number": 0}, "first_number"),
        ({"first_number": 101}, "last_number"),
        ({"last_number": 100000}, "digits"),
        ({"digits": 12}, "digits"),
    ],
)
def test_a_faulty_book_names_the_field(project, accountant, wrong, field):
    with pytest.raises(Invalid) as refused:
        new_book(project, accountant, **wrong)
    assert list(refused.value.fields) == [field]


def test_books_of_one_prefix_do_not_overlap(project, accountant):
    new_book(project, accountant)
    with pytest.raises(Conflict):
        new_book(project, accountant, first_number=100, last_number=200)
    new_book(project, accountant, first_number=101, last_number=200)
    new_book(project, accountant, prefix="YS")


def test_a_book_is_issued_to_a_cashier_of_the_project_only(project, accountant, actor_for):
    book = new_book(project, accountant)
    for other in (actor_for("consultant"), actor_for("cashier", project=make_project())):
        with pytest.raises(Invalid) as refused:
            operations.issue_bill_book(book, cashier_id=other.id, actor=accountant)
        assert list(refused.value.fields) == ["cashier_id"]


def test_cashiers_do_not_make_their_own_books(project, cashier):
    with pytest.raises(NotAllowed):
        new_book(project, cashier)


@pytest.mark.usefixtures("printer")
def test_the_paper_of_a_void_bill_is_not_printed_again(account, cashier, accountant):
    done = take(account, cashier)
    (old,) = done.jobs
    old.state = "succeeded"
    db.session.flush()
    replaced = operations.void_bill(done.bill.id, reason="卡纸", actor=accountant)
    with pytest.raises(WrongState) as refused:
        retry_job(old.id, reason="再打", actor=accountant)
    assert str(replaced.jobs[0].id) in str(refused.value)

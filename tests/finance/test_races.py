"""Real commits at once: many cashiers on one slip, reversing or closing beside confirming."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from app.core.db import db
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.finance import operations, queries
from app.finance.ledger import check_ledger
from app.finance.models import Account, Bill, BillBook, Receipt
from tests.factories.devices import make_device, make_hook, make_station
from tests.factories.finance import SYSTEM, make_account, make_book, make_slip
from tests.factories.people import make_project

pytestmark = pytest.mark.commit


@pytest.fixture
def at_once(committed):
    """Run the actions side by side, each in its own transaction; what they raised is returned."""

    def run(actions):
        gate = Barrier(len(actions))

        def one(actor, action):
            with committed.app.app_context():
                gate.wait(30)
                try:
                    with unit_of_work(actor):
                        return action(actor)
                except DomainError as refused:
                    return refused
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(len(actions)) as pool:
            return list(pool.map(lambda pair: one(*pair), actions))

    return run


def sound():
    return [proof.name for proof, breach in check_ledger() if breach is not None] == []


def confirm(slip_id):
    def action(actor):
        return operations.confirm_receipt(slip_id, actor=actor).bill.number

    return action


def reverse(receipt_id):
    def action(actor):
        return operations.reverse_receipt(receipt_id, reason="录错", actor=actor).reversal.number

    return action


def test_sixty_receipts_of_three_cashiers(committed, at_once):
    """Each cashier works at 20 screens; books end in the middle and the next one goes on."""
    project = make_project()
    cashiers = [committed.actor("cashier", project) for _ in range(3)]
    make_hook(project)
    for cashier in cashiers:
        make_device(make_station(project, operators=(cashier,)))
    for at, cashier in enumerate(cashiers):
        for part in range(3):
            first = part * 7 + 1
            make_book(project, cashier, prefix=f"C{at}-", first_number=first, last_number=first + 6)
    accounts = [make_account(project) for _ in range(6)]
    slips = [make_slip(accounts[at % 6], amount="1.00").id for at in range(60)]
    db.session.commit()
    numbers = at_once([(cashiers[at % 3], confirm(slip)) for at, slip in enumerate(slips)])
    wanted = {f"C{at}-{serial:05d}" for at in range(3) for serial in range(1, 21)}
    assert set(numbers) == wanted
    assert len(numbers) == 60
    assert sound()
    ends = [book.next_number for book in db.session.scalars(select(BillBook).order_by(BillBook.id))]
    assert ends == [8, 15, 21] * 3
    assert sum(queries.account_balance(one).received for one in ids_of_accounts()) == 60


def ids_of_accounts():
    return list(db.session.scalars(select(Account.id)))


def test_a_book_with_fewer_numbers_than_receipts(committed, at_once):
    project = make_project()
    cashier = committed.actor("cashier", project)
    make_book(project, cashier, prefix="SJ", last_number=5)
    account = make_account(project)
    slips = [make_slip(account, amount="1.00").id for _ in range(12)]
    db.session.commit()
    results = at_once([(cashier, confirm(slip)) for slip in slips])
    numbers = sorted(one for one in results if isinstance(one, str))
    refused = [one.code for one in results if isinstance(one, DomainError)]
    assert numbers == [f"SJ{serial:05d}" for serial in range(1, 6)]
    assert refused == ["bill_book_used_up"] * 7
    assert sound()
    assert queries.account_balance(account.id).received == 5


def test_one_slip_at_many_desks(committed, at_once):
    project = make_project()
    cashiers = [committed.actor("cashier", project) for _ in range(4)]
    for at, cashier in enumerate(cashiers):
        make_book(project, cashier, prefix=f"C{at}-")
    slip = make_slip(make_account(project)).id
    db.session.commit()
    results = at_once([(cashiers[at % 4], confirm(slip)) for at in range(12)])
    assert sum(isinstance(one, str) for one in results) == 1
    assert {one.code for one in results if isinstance(one, DomainError)} == {"wrong_state"}
    assert len(list(db.session.scalars(select(Bill)))) == 1
    assert sound()


def test_one_receipt_is_reversed_once(committed, at_once):
    project = make_project()
    cashier = committed.actor("cashier", project)
    keepers = [committed.actor("accountant", project) for _ in range(4)]
    make_book(project, cashier)
    slip = make_slip(make_account(project)).id
    db.session.commit()
    at_once([(cashier, confirm(slip))])
    results = at_once([(keepers[at % 4], reverse(slip)) for at in range(8)])
    assert sum(isinstance(one, str) for one in results) == 1
    assert sound()


def test_reversing_beside_confirming(committed, at_once):
    """The reversal finds either a slip (refused) or a receipt (mirrored), never half of one."""
    project = make_project()
    cashier = committed.actor("cashier", project)
    keeper = committed.actor("accountant", project)
    make_book(project, cashier)
    account = make_account(project)
    slips = [make_slip(account, amount="1.00").id for _ in range(10)]
    db.session.commit()
    actions = []
    for slip in slips:
        actions += [(cashier, confirm(slip)), (keeper, reverse(slip))]
    results = at_once(actions)
    assert all(isinstance(one, str) for one in results[::2])
    assert {one.code for one in results[1::2] if isinstance(one, DomainError)} <= {"wrong_state"}
    assert sound()
    states = db.session.scalars(select(Receipt.state).where(Receipt.reverses_id.is_(None)))
    stands = sum(state == "confirmed" for state in states)
    assert queries.account_balance(account.id).received == stands


def test_closing_beside_paying(committed, at_once):
    """Money and the end of the deal: one of them comes first and the other is refused."""
    project = make_project()
    cashier = committed.actor("cashier", project)
    make_book(project, cashier)
    accounts = [make_account(project) for _ in range(10)]
    slips = [make_slip(account).id for account in accounts]
    ids = [account.id for account in accounts]
    db.session.commit()

    def close(account_id):
        def action(actor):
            operations.close_account(queries.get_account(account_id), actor=actor)
            return "closed"

        return action

    actions = []
    for account_id, slip in zip(ids, slips, strict=True):
        actions += [(cashier, confirm(slip)), (SYSTEM, close(account_id))]
    results = at_once(actions)
    for paid, closed in zip(results[::2], results[1::2], strict=True):
        assert isinstance(paid, DomainError) != isinstance(closed, DomainError)
    assert sound()

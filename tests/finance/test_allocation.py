"""How a sum is divided over what is owed, and how far a deposit may go."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.finance.allocation import OpenReceivable, allocate, deposit_after, deposit_ceiling


def line(number, kind, amount, paid="0", due=None, name=None):
    return OpenReceivable(number, kind, name or kind, number, due, Decimal(amount), Decimal(paid))


DEPOSIT = line(1, "deposit", "100", name="定金", due=date(2026, 12, 31))
DOWN = line(2, "down_payment", "300", name="首付款", due=date(2026, 12, 1))
LOAN = line(3, "loan", "600", name="按揭款")


def divided(amount, lines, **more):
    parts = allocate(Decimal(amount), lines, **more)
    return [(p.receivable.id, p.amount) for p in parts]


def test_the_deposit_comes_first_though_it_is_due_later():
    assert divided("150", [LOAN, DOWN, DEPOSIT]) == [(1, Decimal(100)), (2, Decimal(50))]


def test_lines_without_a_day_come_last():
    assert divided("1000", [LOAN, DOWN, DEPOSIT])[-1] == (3, Decimal(600))


def test_among_equal_days_the_position_decides():
    one = line(5, "instalment", "10", due=date(2027, 1, 1))
    two = line(4, "instalment", "10", due=date(2027, 1, 1))
    assert divided("15", [one, two]) == [(4, Decimal(10)), (5, Decimal(5))]


def test_a_purpose_that_names_a_line_pays_it_first():
    assert divided("350", [DEPOSIT, DOWN, LOAN], purpose="首付款") == [
        (2, Decimal(300)),
        (1, Decimal(50)),
    ]


def test_what_is_paid_is_not_asked_again():
    half = line(1, "deposit", "100", paid="60")
    assert divided("100", [half]) == [(1, Decimal(40))]


def test_a_surplus_stays_undivided():
    assert sum(amount for _id, amount in divided("2000", [DEPOSIT, DOWN, LOAN])) == Decimal(1000)


def test_the_ceiling_is_a_fifth_rounded_down():
    assert deposit_ceiling(Decimal("500000.00")) == Decimal("100000.00")
    assert deposit_ceiling(Decimal("0.09")) == Decimal("0.01")


def test_money_named_a_deposit_counts_whole():
    parts = allocate(Decimal(500), [DEPOSIT, DOWN], purpose="定金")
    owed = [DEPOSIT, DOWN]
    assert deposit_after(Decimal(500), parts, owed, purpose="定金") == Decimal(500)
    assert deposit_after(Decimal(500), parts, owed) == Decimal(100)


amounts = st.decimals(min_value="0.01", max_value="9999999.99", places=2)


@given(amounts, st.lists(st.tuples(amounts, st.booleans()), max_size=6))
def test_no_line_is_paid_above_what_it_asks_and_nothing_is_lost(amount, asked):
    lines = [
        OpenReceivable(at, "deposit" if is_deposit else "loan", str(at), at, None, one, Decimal(0))
        for at, (one, is_deposit) in enumerate(asked)
    ]
    parts = allocate(amount, lines)
    paid = sum((part.amount for part in parts), Decimal(0))
    assert paid == min(amount, sum((one for one, _ in asked), Decimal(0)))
    assert all(0 < part.amount <= part.receivable.amount for part in parts)
    assert len({part.receivable.id for part in parts}) == len(parts)

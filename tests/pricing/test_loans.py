"""Repayment schedules: known figures, and what holds for every loan."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import yuan
from app.pricing.loans import LoanError, combined, equal_payments, equal_principal

loans = {
    "principal": st.integers(1, 10**11).map(lambda n: Decimal(n).scaleb(-2)),
    "annual_percent": st.integers(0, 2500).map(lambda n: Decimal(n).scaleb(-2)),
    "months": st.integers(1, 360),
}


def test_equal_payments_of_a_known_loan():
    # 1,000,000 over 30 years at 4.9 %: every published calculator says 5,307.27 a month.
    schedule = equal_payments(Decimal(1_000_000), annual_percent=Decimal("4.90"), months=360)
    first = schedule.months[0]
    assert (first.payment, first.interest, first.principal, first.balance) == (
        Decimal("5307.27"),
        Decimal("4083.33"),
        Decimal("1223.94"),
        Decimal("998776.06"),
    )
    assert {month.payment for month in schedule.months[:-1]} == {Decimal("5307.27")}
    assert abs(schedule.last_payment - Decimal("5307.27")) < 3
    assert abs(schedule.interest_total - Decimal("910616.19")) < 3


def test_equal_principal_of_a_known_loan():
    schedule = equal_principal(Decimal(1_000_000), annual_percent=Decimal("4.90"), months=360)
    assert schedule.first_payment == Decimal("6861.11")
    assert schedule.months[1].payment == Decimal("6849.77")
    assert schedule.months[0].principal == Decimal("2777.78")
    assert schedule.months[-1].principal == Decimal("2776.98")
    # 737,041.67 before each month is rounded to the fen.
    assert schedule.interest_total == Decimal("737041.08")


def test_a_small_loan_worked_by_hand():
    schedule = equal_payments(Decimal("1000.00"), annual_percent=Decimal("12.00"), months=3)
    assert [
        (str(m.payment), str(m.principal), str(m.interest), str(m.balance)) for m in schedule.months
    ] == [
        ("340.02", "330.02", "10.00", "669.98"),
        ("340.02", "333.32", "6.70", "336.66"),
        ("340.03", "336.66", "3.37", "0.00"),
    ]
    assert (schedule.payment_total, schedule.interest_total) == (
        Decimal("1020.07"),
        Decimal("20.07"),
    )


def test_half_a_fen_of_interest_is_rounded_up():
    # 30.00 × 5 % ÷ 12 is exactly 0.125.
    schedule = equal_principal(Decimal("30.00"), annual_percent=Decimal("5.00"), months=2)
    assert schedule.months[0].interest == Decimal("0.13")


def test_without_interest_the_last_month_has_the_rest():
    for calculate in (equal_payments, equal_principal):
        schedule = calculate(Decimal("100.00"), annual_percent=Decimal(0), months=3)
        assert [str(month.payment) for month in schedule.months] == ["33.33", "33.33", "33.34"]


@pytest.mark.parametrize("calculate", [equal_payments, equal_principal])
@given(**loans)
def test_every_schedule_is_exact(calculate, principal, annual_percent, months):
    schedule = calculate(principal, annual_percent=annual_percent, months=months)
    assert [month.number for month in schedule.months] == list(range(1, months + 1))
    assert sum(month.principal for month in schedule.months) == principal
    assert schedule.months[-1].balance == 0
    assert schedule.payment_total == sum(month.payment for month in schedule.months)
    before = principal
    for month in schedule.months:
        assert month.payment == month.principal + month.interest
        assert month.balance == before - month.principal
        assert min(month.principal, month.interest, month.balance) >= 0
        assert month.interest == yuan(before * annual_percent / 1200)
        before = month.balance


@given(**loans)
def test_equal_payments_are_equal_but_for_the_last(principal, annual_percent, months):
    schedule = equal_payments(principal, annual_percent=annual_percent, months=months)
    owed_to_the_end = [month.payment for month in schedule.months[:-1] if month.balance]
    assert len(set(owed_to_the_end)) <= 1


@given(**loans)
def test_equal_principal_never_rises_but_for_the_last(principal, annual_percent, months):
    payments = [
        month.payment
        for month in equal_principal(
            principal, annual_percent=annual_percent, months=months
        ).months[:-1]
    ]
    assert payments == sorted(payments, reverse=True)


def test_a_commercial_and_a_fund_loan_together():
    commercial = equal_payments(Decimal(600_000), annual_percent=Decimal("3.50"), months=360)
    fund = equal_payments(Decimal(400_000), annual_percent=Decimal("2.85"), months=240)
    both = combined(commercial, fund)
    assert (both.principal, len(both.months)) == (Decimal(1_000_000), 360)
    assert both.first_payment == commercial.first_payment + fund.first_payment
    assert both.months[240] == commercial.months[240]
    assert both.interest_total == commercial.interest_total + fund.interest_total
    assert combined(fund, commercial) == both


@pytest.mark.parametrize(
    ("figures", "code"),
    [
        (("0", "4.9", 360), "loan_amount"),
        (("-1", "4.9", 360), "loan_amount"),
        (("1.005", "4.9", 360), "loan_amount"),
        (("1", "4.9", 0), "loan_months"),
        (("1", "4.9", 601), "loan_months"),
        (("1", "-0.01", 360), "loan_rate"),
        (("1", "100.01", 360), "loan_rate"),
    ],
)
def test_figures_out_of_range_are_refused(figures, code):
    principal, rate, months = figures
    for calculate in (equal_payments, equal_principal):
        with pytest.raises(LoanError) as refused:
            calculate(Decimal(principal), annual_percent=Decimal(rate), months=months)
        assert refused.value.code == code
        assert str(refused.value) == refused.value.msgid % refused.value.params

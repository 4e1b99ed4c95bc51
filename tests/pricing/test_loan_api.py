"""Repayment schedules over REST, against a formula of its own."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

PATH = "/api/v1/loan-schedules"
BANK = {"amount": "1000000.00", "rate": "4.90", "months": 360}
FUND = {"amount": "400000.00", "rate": "2.85", "months": 240}


@pytest.fixture
def ask(client, user_for, bearer):
    def send(*loans, way="equal_payments", role="consultant"):
        body = {"way": way, "loans": list(loans)}
        return client.post(PATH, headers=bearer(user_for(role)), json=body)

    return send


def fen(exact):
    scaled = Decimal(exact.numerator) / Decimal(exact.denominator)
    return scaled.quantize(Decimal("0.01"), ROUND_HALF_UP)


def annuity(loan):
    """The level payment in exact fractions: the loan over the sum of its discount factors."""
    rate = Fraction(loan["rate"]) / 1200
    return fen(
        Fraction(loan["amount"]) / sum((1 + rate) ** -n for n in range(1, loan["months"] + 1))
    )


def test_equal_payments_are_those_of_the_formula(ask):
    answer = ask(BANK).json
    assert len(answer["months"]) == 360
    assert {month["payment"] for month in answer["months"][:-1]} == {str(annuity(BANK))}
    assert answer["first_payment"] == "5307.27"
    assert answer["months"][-1]["balance"] == "0.00"


def test_equal_principal_falls_by_the_interest_of_a_part(ask):
    answer = ask(BANK, way="equal_principal").json
    part = fen(Fraction(BANK["amount"]) / 360)
    left = Decimal(BANK["amount"]) - 2 * part
    third = part + fen(Fraction(left) * Fraction(BANK["rate"]) / 1200)
    assert answer["months"][2]["payment"] == str(third)
    assert answer["interest_total"] == "737041.08"


def test_bank_and_fund_together(ask):
    answer = ask(BANK, FUND).json
    assert answer["principal"] == "1400000.00"
    assert answer["first_payment"] == str(annuity(BANK) + annuity(FUND))
    assert answer["months"][240]["payment"] == str(annuity(BANK))
    paid = sum(Decimal(month["payment"]) for month in answer["months"])
    assert str(paid) == answer["payment_total"]


@pytest.mark.parametrize(
    "loans",
    [
        [],
        [BANK, FUND, FUND],
        [BANK | {"amount": "0.00"}],
        [BANK | {"amount": 100}],
        [BANK | {"rate": "100.01"}],
        [BANK | {"rate": "-1.00"}],
        [BANK | {"months": 0}],
        [BANK | {"months": 601}],
    ],
)
def test_what_is_no_loan_is_refused_by_its_field(ask, loans):
    answer = ask(*loans)
    assert answer.status_code == 422
    assert "loans" in answer.json["fields"]


def test_only_who_may_quote_calculates(ask):
    assert ask(BANK, way="nonsense").status_code == 422
    assert ask(BANK, role="cashier").status_code == 403

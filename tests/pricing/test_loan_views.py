"""The loan calculator: both ways beside each other, month by month, and Excel."""

from __future__ import annotations

import io

import openpyxl
import pytest


@pytest.fixture
def browser(client, sign_in, user_for):
    return sign_in(client, user_for("consultant"))


def test_it_begins_with_an_empty_form(browser):
    page = browser.get("/loans/")
    assert page.status_code == 200
    assert "请输入金额" in page.text


def test_bank_and_fund_together_in_both_ways(browser):
    address = (
        "/loans/?amount=1000000&rate=3.5&years=30&fund_amount=500000&fund_rate=2.85&fund_years=20"
    )
    page = browser.get(address).text
    # 1,000,000 at 3.5 % over 30 years: 4,490.45; 500,000 at 2.85 % over 20 years: 2,735.59.
    assert "7,226.04" in page
    # Equal principal begins with 2,777.78 + 2,916.67 and 2,083.33 + 1,187.50.
    assert "8,965.28" in page
    assert page.count('<tr><td class="r num">') == 360


@pytest.mark.parametrize(
    "asked",
    ["amount=-5", "amount=abc", "amount=100&rate=200", "amount=100&rate=x", "amount=100&years=0",
     "amount=100&years=51", "amount=100&years=", "amount=100&years=１２"],
)  # fmt: skip
def test_what_is_no_loan_is_said(browser, asked):
    for path in ("/loans/", "/loans/months.xlsx"):
        answer = browser.get(f"{path}?{asked}")
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text


def test_the_months_come_as_excel(browser):
    answer = browser.get("/loans/months.xlsx?amount=120000&rate=0&years=1&way=equal_principal")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.values)
    assert len(rows) == 13
    assert rows[1] == (1, 10000, 10000, 0, 110000)
    assert rows[12] == (12, 10000, 10000, 0, 0)


def test_only_who_quotes(client, sign_in, user_for):
    assert sign_in(client, user_for("cashier")).get("/loans/").status_code == 403

"""Quotations give the same lines for ever; schedules agree with a formula of their own."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import yuan
from app.pricing.loans import equal_payments, equal_principal
from tests.pricing.quote_examples import invented, kept, quote_of

EXAMPLES = kept()
FEN = Decimal("0.01")


@pytest.mark.parametrize("place", range(len(EXAMPLES)))
def test_an_example_gives_what_it_gave_when_it_was_kept(place):
    example = EXAMPLES[place]
    assert quote_of(example["terms"]) == example["gives"]


def test_the_examples_are_of_every_kind():
    given_lines = {
        kind for example in EXAMPLES for kind, _due, _amount in example["gives"].get("lines", [])
    }
    assert given_lines == {
        "deposit", "down_payment", "instalment", "loan", "fund", "fitout", "collected"
    }  # fmt: skip
    terms = [example["terms"] for example in EXAMPLES if "lines" in example["gives"]]
    assert {one["kind"] for each in terms for one in each["discounts"]} == {
        "percent", "points", "per_area", "amount"
    }  # fmt: skip
    assert {line["due"]["kind"] for each in terms for line in each["lines"]} == {
        "subscription", "contract", "date", "stage"
    }  # fmt: skip
    assert {each["price_basis"] for each in terms} == {"gross", "inside", "unit"}
    assert any("refused" in example["gives"] for example in EXAMPLES)


def half_up(exact: Fraction) -> Decimal:
    """Round a fraction that is not below 0 to the fen, by whole numbers alone."""
    return Decimal(int(exact * 100 + Fraction(1, 2))).scaleb(-2)


@given(st.integers(0, 10**9))
def test_every_quotation_explains_itself_and_adds_up(seed):
    terms = invented(seed)
    found = quote_of(terms)
    assert quote_of(terms) == found
    if "refused" in found:
        return
    listed = Decimal(terms["list_total"])
    area = terms["inside_area" if terms["price_basis"] == "inside" else "gross_area"]
    off = {"method": ("points", terms["method_percent"]), "special": ("points", terms["special"])}
    off |= {f"d{at}": (one["kind"], one["value"]) for at, one in enumerate(terms["discounts"])}
    running = Decimal(0)
    for code, amount, after in found["steps"]:
        if code not in {"list", "rounding"}:
            kind, value = off[code]
            base = {"points": listed, "percent": running, "per_area": area, "amount": 1}[kind]
            share = 100 if kind in {"points", "percent"} else 1
            assert -Decimal(amount) == half_up(Fraction(base) * Fraction(value) / share)
        assert running + Decimal(amount) == Decimal(after)
        running = Decimal(after)
    lines = [(kind, Decimal(amount)) for kind, _due, amount in found["lines"]]
    assert sum(amount for kind, amount in lines if kind != "collected") == running
    assert all(amount > 0 for _kind, amount in lines)


# Loans, worked out again with 50 digits and another formula.


def owed_after(principal, payments, percent):
    """Return what is owed after each month: the debt grows by its interest, a payment is taken."""
    owed = principal
    for payment in payments:
        # Divided last: a twelfth of the rate cut to 50 digits would hide an exact half fen.
        owed += (owed * percent / 1200).quantize(FEN, rounding=ROUND_HALF_UP) - payment
        yield owed


def annuity(principal, rate, months):
    """Return the level payment as principal over the sum of the discount factors."""
    factor, total = Decimal(1), Decimal(0)
    for _ in range(months):
        factor /= 1 + rate
        total += factor
    return (principal / total).quantize(FEN, rounding=ROUND_HALF_UP)


loans = (
    st.integers(1, 2000).map(lambda n: Decimal(n) * 10_000),
    st.integers(1, 1200).map(lambda n: Decimal(n).scaleb(-2)),
    st.integers(1, 30).map(lambda years: years * 12),
)


@given(*loans)
def test_equal_payments_agree_with_the_sum_of_discount_factors(principal, percent, months):
    schedule = equal_payments(principal, annual_percent=percent, months=months)
    with localcontext(prec=50):
        rate = percent / 1200
        level = annuity(principal, rate, months)
        paid = [month.payment for month in schedule.months]
        assert paid[:-1] == [level] * (months - 1)
        owed = list(owed_after(principal, paid, percent))
    assert [month.balance for month in schedule.months] == owed
    assert owed[-1] == 0
    assert schedule.interest_total == sum(paid) - principal


@given(*loans)
def test_equal_principal_agrees_with_the_balance_by_formula(principal, percent, months):
    schedule = equal_principal(principal, annual_percent=percent, months=months)
    with localcontext(prec=50):
        part = (principal / months).quantize(FEN, rounding=ROUND_HALF_UP)
        interest = [
            ((principal - part * at) * percent / 1200).quantize(FEN, rounding=ROUND_HALF_UP)
            for at in range(months)
        ]
        last = principal - part * (months - 1)
    assert [month.interest for month in schedule.months] == interest
    assert [month.principal for month in schedule.months] == [part] * (months - 1) + [last]
    assert schedule.payment_total == yuan(principal + sum(interest))

"""The price of a deal, step by step, and its payment lines: to the fen, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MoneyError, yuan
from app.pricing.quotes import (
    DiscountKind,
    DiscountTerms,
    DueKind,
    DueRule,
    LineBasis,
    LineKind,
    LineTerms,
    MethodTerms,
    PriceBasis,
    QuoteError,
    SpecialTerms,
    StepKind,
    calculate,
)

D = Decimal
DAY = date(2026, 7, 1)
AT_ONCE = DueRule(DueKind.SUBSCRIPTION, days=0)
IN_A_WEEK = DueRule(DueKind.SUBSCRIPTION, days=7)
AFTER_SIGNING = DueRule(DueKind.CONTRACT, days=30)


def line(kind, basis, value="0", **more):
    terms = {"due": IN_A_WEEK, "name": kind.value, "value": D(value)} | more
    return LineTerms(kind=kind, basis=basis, **terms)


def fixed(kind, value, **more):
    return line(kind, LineBasis.FIXED, value, **more)


def part(kind, value, **more):
    return line(kind, LineBasis.PERCENT, value, **more)


def rest(kind, **more):
    return line(kind, LineBasis.REST, **more)


DEPOSIT = fixed(LineKind.DEPOSIT, "100000.00", due=AT_ONCE)
ONE_SUM = MethodTerms("一次性", (DEPOSIT, rest(LineKind.INSTALMENT)), D("2.00"))
MORTGAGE = MethodTerms(
    "按揭",
    (DEPOSIT, part(LineKind.DOWN_PAYMENT, "30"), rest(LineKind.LOAN, due=AFTER_SIGNING)),
)
ALL_AT_ONCE = MethodTerms("全款", (rest(LineKind.INSTALMENT),))
OPENING = DiscountTerms("opening", "开盘优惠", DiscountKind.PERCENT, D("1.00"))


def quote(list_total="6556415.58", method=ALL_AT_ONCE, discounts=(), **more):
    terms = {
        "gross_area": D("125.53"),
        "inside_area": D("100.05"),
        "price_basis": PriceBasis.GROSS,
        "special": None,
        "rounding": D("0.01"),
        "subscribed_on": DAY,
    }
    return calculate(list_total=D(list_total), method=method, discounts=discounts, **(terms | more))


def amounts(result):
    return [(receivable.kind.value, str(receivable.amount)) for receivable in result.receivables]


def refusal(**terms):
    with pytest.raises(QuoteError) as refused:
        quote(**terms)
    assert str(refused.value) == refused.value.msgid % refused.value.params
    return refused.value.code


# The two methods of the demo, on room 3101 of building 3.


def test_one_sum_takes_two_percent_off():
    result = quote(method=ONE_SUM)
    assert result.deal_total == D("6425287.27")
    assert result.deal_unit_price == D("51185.27")
    assert [(s.kind, s.name, s.value, s.before, s.amount, s.after) for s in result.steps] == [
        (StepKind.LIST, "List total", D("6556415.58"), D(0), D("6556415.58"), D("6556415.58")),
        (
            StepKind.METHOD,
            "一次性",
            D("2.00"),
            D("6556415.58"),
            D("-131128.31"),
            D("6425287.27"),
        ),
    ]
    assert amounts(result) == [("deposit", "100000.00"), ("instalment", "6325287.27")]
    assert [receivable.due_on for receivable in result.receivables] == [DAY, date(2026, 7, 8)]


def test_mortgage_rounds_the_loan_and_counts_the_deposit():
    # 30 % are 1,966,924.67; the rest of 4,589,490.91 is lent down to 4,580,000.
    assert amounts(quote(method=MORTGAGE)) == [
        ("deposit", "100000.00"),
        ("down_payment", "1876415.58"),
        ("loan", "4580000.00"),
    ]


def test_due_days_hang_on_what_has_happened():
    on_a_day = DueRule(DueKind.DATE, on=date(2026, 12, 31))
    topped_out = DueRule(DueKind.STAGE, stage="topped_out")
    method = MethodTerms(
        "分期",
        (
            part(LineKind.INSTALMENT, "30", due=AFTER_SIGNING),
            part(LineKind.INSTALMENT, "30", due=on_a_day),
            rest(LineKind.INSTALMENT, due=topped_out),
        ),
    )
    before = quote(method=method)
    assert [r.due_on for r in before.receivables] == [None, date(2026, 12, 31), None]
    assert before.receivables[2].due_rule == topped_out
    after = quote(method=method, contracted_on=date(2026, 7, 5))
    assert [r.due_on for r in after.receivables] == [date(2026, 8, 4), date(2026, 12, 31), None]


# Discounts.


@pytest.mark.parametrize(
    ("kind", "value", "off"),
    [
        (DiscountKind.PERCENT, "1.00", "64252.87"),  # of the running 6,425,287.27
        (DiscountKind.POINTS, "1.00", "65564.16"),  # of the list's 6,556,415.58
        (DiscountKind.PER_AREA, "100.00", "12553.00"),
        (DiscountKind.AMOUNT, "8888.88", "8888.88"),
    ],
)
def test_each_kind_of_discount(kind, value, off):
    discount = DiscountTerms("d", "优惠", kind, D(value))
    result = quote(method=ONE_SUM, discounts=[discount])
    last = result.steps[-1]
    assert (last.code, last.kind.value, last.amount) == ("d", kind.value, -D(off))
    assert result.deal_total == D("6425287.27") - D(off)


@pytest.mark.parametrize(
    ("basis", "off", "unit_price"),
    [
        (PriceBasis.GROSS, "12553.00", "52129.87"),
        (PriceBasis.INSIDE, "10005.00", "65431.39"),
        (PriceBasis.UNIT, "12553.00", "52129.87"),
    ],
)
def test_yuan_per_square_metre_follows_the_priced_area(basis, off, unit_price):
    discount = DiscountTerms("d", "优惠", DiscountKind.PER_AREA, D("100.00"))
    result = quote(discounts=[discount], price_basis=basis)
    assert result.discount_total == D(off)
    assert result.deal_unit_price == D(unit_price)


def test_steps_come_in_their_order():
    result = quote(
        method=ONE_SUM,
        discounts=[
            DiscountTerms("b", "减免", DiscountKind.AMOUNT, D("1000.00"), position=2),
            replace(OPENING, position=1),
        ],
        special=SpecialTerms("特殊折扣", D("2.50")),
        rounding=D(100),
    )
    assert [(step.code, str(step.amount), str(step.after)) for step in result.steps] == [
        ("list", "6556415.58", "6556415.58"),
        ("method", "-131128.31", "6425287.27"),
        ("opening", "-64252.87", "6361034.40"),
        ("b", "-1000.00", "6360034.40"),
        ("special", "-163910.39", "6196124.01"),
        ("rounding", "-24.01", "6196100.00"),
    ]
    assert result.deal_total == D("6196100.00")
    assert result.discount_percent == D("5.50")


def test_rounding_may_go_up_and_each_step_rounds_half_up():
    result = quote(list_total="1000050.00", rounding=D(100))
    assert (result.deal_total, result.steps[-1].amount) == (D("1000100.00"), D("50.00"))
    half = quote(list_total="0.50", discounts=[OPENING])
    assert half.steps[-1].amount == D("-0.01")


def test_floor_and_depth_are_reported():
    result = quote(method=ONE_SUM)
    assert result.discount_percent == D("2.00")
    assert result.below_floor(D("6425287.28"))
    assert not result.below_floor(D("6425287.27"))
    assert not result.below_floor(None)


def test_a_room_priced_by_the_unit_needs_no_area():
    result = quote(
        list_total="98000.00", price_basis=PriceBasis.UNIT, gross_area=None, inside_area=None
    )
    assert (result.deal_total, result.deal_unit_price) == (D("98000.00"), None)
    per_area = DiscountTerms("d", "优惠", DiscountKind.PER_AREA, D(1))
    assert (
        refusal(price_basis=PriceBasis.UNIT, gross_area=None, discounts=[per_area])
        == "area_missing"
    )


def test_a_discount_that_stands_alone_refuses_company():
    alone = DiscountTerms("x", "独享", DiscountKind.PERCENT, D(3), is_stackable=False)
    assert quote(method=ONE_SUM, discounts=[alone], special=SpecialTerms("特", D(1))).steps[-1]
    assert refusal(discounts=[alone, OPENING]) == "not_stackable"
    assert refusal(discounts=[OPENING, OPENING]) == "discount_twice"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"list_total": "0"}, "list_total"),
        ({"list_total": "-1"}, "list_total"),
        ({"list_total": "1.005"}, "list_total"),
        ({"gross_area": None}, "room_area_missing"),
        ({"gross_area": D(0)}, "room_area_missing"),
        ({"price_basis": PriceBasis.INSIDE, "inside_area": None}, "room_area_missing"),
        ({"discounts": [replace(OPENING, value=D("-0.01"))]}, "discount_value"),
        ({"discounts": [replace(OPENING, value=D("100.01"))]}, "discount_value"),
        ({"discounts": [replace(OPENING, value=D(100))]}, "nothing_left"),
        ({"special": SpecialTerms("特", D("101"))}, "discount_value"),
        ({"special": SpecialTerms("特", D("100"))}, "nothing_left"),
        ({"list_total": "49.99", "rounding": D(100)}, "nothing_left"),
    ],
)
def test_terms_that_give_no_price_are_refused(terms, code):
    assert refusal(**terms) == code


def test_numbers_that_are_not_exact_are_refused():
    with pytest.raises(MoneyError):
        quote(discounts=[replace(OPENING, value=1.5)])
    with pytest.raises(MoneyError):
        quote(rounding=D(5))


# Payment lines.


def lines_of(total, *lines, **more):
    return amounts(quote(list_total=total, method=MethodTerms("方式", lines), **more))


def test_percent_lines_alone_give_the_odd_fen_to_the_last():
    third = [part(LineKind.INSTALMENT, value) for value in ("33.33", "33.33", "33.34")]
    assert lines_of("100.01", *third) == [
        ("instalment", "33.33"),
        ("instalment", "33.33"),
        ("instalment", "33.35"),
    ]


def test_loan_and_fund_each_round_down_to_their_own_step():
    assert lines_of(
        "3123456.78",
        fixed(LineKind.DEPOSIT, "50000"),
        part(LineKind.DOWN_PAYMENT, "30"),
        fixed(LineKind.FUND, "904321.00", round_down_to=D(1000)),
        rest(LineKind.LOAN),
    ) == [
        ("deposit", "50000.00"),
        ("down_payment", "889456.78"),
        ("fund", "904000.00"),
        ("loan", "1280000.00"),
    ]
    assert lines_of(
        "1000000.01",
        part(LineKind.DOWN_PAYMENT, "30"),
        rest(LineKind.LOAN, round_down_to=D("0.01")),
    ) == [("down_payment", "300000.00"), ("loan", "700000.01")]


def test_what_is_cut_off_goes_to_the_first_instalment_where_there_is_no_down_payment():
    assert lines_of(
        "1009999.99", part(LineKind.LOAN, "50"), rest(LineKind.INSTALMENT), DEPOSIT
    ) == [("loan", "500000.00"), ("instalment", "409999.99"), ("deposit", "100000.00")]


def test_a_loan_too_small_to_round_leaves_no_line():
    assert lines_of("13000.00", part(LineKind.DOWN_PAYMENT, "30"), rest(LineKind.LOAN)) == [
        ("down_payment", "13000.00")
    ]


def test_two_deposits_count_into_the_same_line_and_a_percent_deposit_is_possible():
    assert lines_of(
        "1000000.00",
        fixed(LineKind.DEPOSIT, "20000"),
        part(LineKind.DEPOSIT, "3"),
        part(LineKind.DOWN_PAYMENT, "30"),
        rest(LineKind.INSTALMENT),
    ) == [
        ("deposit", "20000.00"),
        ("deposit", "30000.00"),
        ("down_payment", "250000.00"),
        ("instalment", "700000.00"),
    ]


def test_lines_follow_their_position():
    assert lines_of(
        "1000000.00", rest(LineKind.INSTALMENT, position=2), replace(DEPOSIT, position=1)
    ) == [("deposit", "100000.00"), ("instalment", "900000.00")]


def test_a_deposit_equal_to_its_line_leaves_that_line_out():
    assert lines_of(
        "1000000.00", DEPOSIT, part(LineKind.DOWN_PAYMENT, "10"), rest(LineKind.INSTALMENT)
    ) == [("deposit", "100000.00"), ("instalment", "900000.00")]


def test_money_collected_for_others_comes_on_top():
    result = quote(
        list_total="1000000.00",
        method=MethodTerms(
            "方式",
            (
                DEPOSIT,
                fixed(LineKind.COLLECTED, "5000.00", name="维修基金"),
                rest(LineKind.INSTALMENT),
                part(LineKind.COLLECTED, "1.5", name="契税"),
            ),
        ),
    )
    assert amounts(result) == [
        ("deposit", "100000.00"),
        ("collected", "5000.00"),
        ("instalment", "900000.00"),
        ("collected", "15000.00"),
    ]
    assert result.deal_total == D("1000000.00")


@pytest.mark.parametrize(
    ("total", "lines", "code"),
    [
        ("99999.99", (DEPOSIT, rest(LineKind.INSTALMENT)), "deposit_above_total"),
        (
            "320000.00",
            (DEPOSIT, part(LineKind.DOWN_PAYMENT, "30"), rest(LineKind.INSTALMENT)),
            "deposit_above_line",
        ),
        (
            "150000.00",
            (DEPOSIT, part(LineKind.LOAN, "50"), rest(LineKind.INSTALMENT)),
            "deposit_above_line",
        ),
        (
            "100000.00",
            (fixed(LineKind.INSTALMENT, "100000.01"), rest(LineKind.INSTALMENT)),
            "lines_above_total",
        ),
        ("100000.00", (part(LineKind.INSTALMENT, "99"),), "lines_do_not_add_up"),
        ("100000.00", (part(LineKind.INSTALMENT, "100"), DEPOSIT), "lines_do_not_add_up"),
        ("100000.00", (), "lines_do_not_add_up"),
        ("100000.00", (fixed(LineKind.INSTALMENT, "99999.99"),), "lines_do_not_add_up"),
        (
            "100000.00",
            (rest(LineKind.INSTALMENT), rest(LineKind.LOAN)),
            "two_rests",
        ),
        ("105000.00", (rest(LineKind.LOAN),), "no_line_for_cut"),
        ("100000.00", (rest(LineKind.DEPOSIT),), "line_terms"),
        ("100000.00", (rest(LineKind.COLLECTED), rest(LineKind.LOAN)), "two_rests"),
        ("100000.00", (fixed(LineKind.INSTALMENT, "-1"), rest(LineKind.LOAN)), "line_terms"),
        ("100000.00", (part(LineKind.INSTALMENT, "101"), rest(LineKind.LOAN)), "line_terms"),
        ("100000.00", (rest(LineKind.LOAN, round_down_to=D(-1)),), "line_terms"),
        ("100000.00", (rest(LineKind.LOAN, round_down_to=D("0.005")),), "line_terms"),
    ],
)
def test_lines_that_cannot_come_to_the_total_are_refused(total, lines, code):
    assert refusal(list_total=total, method=MethodTerms("方式", lines)) == code


def test_a_cut_may_save_a_line_that_the_deposit_would_exceed():
    # 30 % of 320,000 is 96,000; the loan gives up 4,000, so that the deposit is all of it.
    assert lines_of(
        "320000.00", DEPOSIT, part(LineKind.DOWN_PAYMENT, "30"), rest(LineKind.LOAN)
    ) == [("deposit", "100000.00"), ("loan", "220000.00")]


# What holds for any input.

fen = st.integers(1, 10**11).map(lambda n: D(n).scaleb(-2))
rates = st.integers(0, 6000).map(lambda n: D(n).scaleb(-2))
kinds = st.sampled_from(list(LineKind))
any_line = st.one_of(
    st.builds(fixed, kinds, fen.map(str)),
    st.builds(part, kinds, rates.map(str)),
    st.builds(rest, kinds),
)
any_method = st.builds(
    MethodTerms,
    st.just("方式"),
    st.lists(any_line, max_size=6).map(tuple),
    st.integers(0, 1000).map(lambda n: D(n).scaleb(-2)),
)
sensible_method = st.builds(
    lambda deposit, down, fund, step, discount: MethodTerms(
        "方式",
        (
            fixed(LineKind.DEPOSIT, str(deposit)),
            part(LineKind.DOWN_PAYMENT, str(down)),
            part(LineKind.FUND, str(fund)),
            rest(LineKind.LOAN, round_down_to=step),
        ),
        discount,
    ),
    st.integers(0, 100_000),
    st.integers(20, 60),
    st.integers(0, 40),
    st.sampled_from([None, D("0.01"), D(1), D(100), D(1000)]),
    rates.filter(lambda rate: rate <= 10),
)
any_discounts = st.lists(
    st.builds(
        DiscountTerms,
        st.uuids().map(str),
        st.just("优惠"),
        st.sampled_from(list(DiscountKind)),
        st.integers(0, 500).map(lambda n: D(n).scaleb(-2)),
        st.integers(0, 3),
    ),
    max_size=4,
)
any_special = st.none() | st.builds(SpecialTerms, st.just("特"), st.just(D("2.50")))
any_rounding = st.sampled_from([D("0.01"), D(1), D(10), D(100)])


def check(result):
    assert result.steps[0].before == 0
    for one, following in zip(result.steps, result.steps[1:], strict=False):
        assert following.before == one.after
    assert all(step.before + step.amount == step.after for step in result.steps)
    assert all(step.after == yuan(step.after) for step in result.steps)
    assert result.steps[-1].after == result.deal_total > 0
    priced = [r.amount for r in result.receivables if r.kind is not LineKind.COLLECTED]
    assert sum(priced) == result.deal_total
    assert all(r.amount > 0 and r.amount == yuan(r.amount) for r in result.receivables)


@given(fen, any_method, any_discounts, any_special, any_rounding)
def test_lines_add_up_to_the_deal_total_or_are_refused(
    list_total, method, discounts, special, rounding
):
    try:
        result = quote(str(list_total), method, discounts, special=special, rounding=rounding)
    except QuoteError:
        return
    check(result)


@given(
    st.integers(60_000_000, 10**11).map(lambda n: D(n).scaleb(-2)),
    sensible_method,
    any_discounts,
    any_special,
    any_rounding,
)
def test_a_sensible_method_always_gives_lines_that_add_up(
    list_total, method, discounts, special, rounding
):
    result = quote(str(list_total), method, discounts, special=special, rounding=rounding)
    check(result)
    for receivable in result.receivables:
        if receivable.kind in {LineKind.LOAN, LineKind.FUND}:
            terms = next(t for t in method.lines if t.kind is receivable.kind)
            assert receivable.amount % (terms.round_down_to or 10_000) == 0

"""Money is exact: rounding, splitting, reading, writing and words."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import money
from app.core.money import MoneyError

fen = st.integers(-999_999_999_999_999, 999_999_999_999_999).map(lambda n: Decimal(n).scaleb(-2))
not_negative_fen = st.integers(0, 10**13).map(lambda n: Decimal(n).scaleb(-2))


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.015", "0.02"),
        ("2.675", "2.68"),
        ("-0.005", "-0.01"),
        ("1.0049999", "1.00"),
        ("12345678901234.565", "12345678901234.57"),
    ],
)
def test_yuan_area_and_percent_round_half_up(amount, rounded):
    for quantize in (money.yuan, money.area, money.percent):
        assert quantize(Decimal(amount)) == Decimal(rounded)
        assert quantize(Decimal(amount)).as_tuple().exponent == -2


def test_yuan_does_not_depend_on_the_callers_context():
    with localcontext(prec=5):
        assert money.yuan(Decimal("1234567.895")) == Decimal("1234567.90")
        assert money.times_area(Decimal("52229.87"), Decimal("125.53")) == Decimal("6556415.58")
    assert getcontext().prec == 28


@pytest.mark.parametrize("amount", [1.1, "1.1", True, None, float("nan")])
def test_yuan_refuses_what_is_not_exact(amount):
    with pytest.raises(MoneyError) as refused:
        money.yuan(amount)
    assert refused.value.code == "not_exact"


@pytest.mark.parametrize(
    ("amount", "code"),
    [("NaN", "not_finite"), ("Infinity", "not_finite"), ("1E+100", "too_large")],
)
def test_yuan_refuses_what_is_no_amount(amount, code):
    with pytest.raises(MoneyError) as refused:
        money.yuan(Decimal(amount))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("amount", "step", "rounded"),
    [
        ("1234.565", "0.01", "1234.57"),
        ("1234.50", "1", "1235.00"),
        ("1234.49", "1", "1234.00"),
        ("1235.00", "10", "1240.00"),
        ("1234.99", "10", "1230.00"),
        ("1250.00", "100", "1300.00"),
        ("1249.99", "100", "1200.00"),
        ("-1250.00", "100", "-1300.00"),
    ],
)
def test_round_to_the_projects_step(amount, step, rounded):
    assert money.round_to(Decimal(amount), Decimal(step)) == Decimal(rounded)


def test_round_to_knows_only_the_four_steps():
    with pytest.raises(MoneyError) as refused:
        money.round_to(Decimal(1), Decimal(5))
    assert refused.value.code == "rounding_step"


def test_percent_of_and_per_area():
    assert money.percent_of(Decimal("6556415.58"), Decimal("2.00")) == Decimal("131128.31")
    assert money.per_area(Decimal(6104507), Decimal("125.53")) == Decimal("48629.87")
    with pytest.raises(MoneyError) as refused:
        money.per_area(Decimal(1), Decimal(0))
    assert refused.value.code == "area_not_positive"


@pytest.mark.parametrize(
    ("total", "parts", "expected"),
    [
        ("100.00", 3, ["33.33", "33.33", "33.34"]),
        ("200.00", 3, ["66.67", "66.67", "66.66"]),
        ("100.01", [60, 40], ["60.01", "40.00"]),
        ("-100.00", 3, ["-33.33", "-33.33", "-33.34"]),
        ("0.05", 10, ["0.01"] * 5 + ["0.00"] * 5),
        ("10.00", [0, 1], ["0.00", "10.00"]),
        ("7.00", 1, ["7.00"]),
    ],
)
def test_split_gives_the_rest_to_the_last_part(total, parts, expected):
    assert money.split(Decimal(total), parts) == [Decimal(part) for part in expected]


@given(fen, st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any))
def test_split_adds_up_and_never_changes_sign(total, ratios):
    parts = money.split(total, ratios)
    assert sum(parts) == total
    assert all(part == money.yuan(part) for part in parts)
    assert all(part * total >= 0 for part in parts)


@pytest.mark.parametrize("parts", [0, -1, [], [0, 0], [1, -1]])
def test_split_refuses_ratios_that_divide_nothing(parts):
    with pytest.raises(MoneyError) as refused:
        money.split(Decimal(1), parts)
    assert refused.value.code == "split_ratios"


def test_split_refuses_a_total_below_the_fen():
    with pytest.raises(MoneyError) as refused:
        money.split(Decimal("1.005"), 2)
    assert refused.value.code == "below_the_fen"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("1234.5", "1234.50"),
        (" 8 ", "8.00"),
        ("-1,234,567.89", "-1234567.89"),
        ("+3", "3.00"),
        ("-0.00", "0.00"),
        ("9,999,999,999,999.99", "9999999999999.99"),
        (12, "12.00"),
        (Decimal("1.20"), "1.20"),
        (Decimal("-0.0"), "0.00"),
    ],
)
def test_parse_yuan(text, amount):
    assert str(money.parse_yuan(text)) == amount


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (1.5, "not_exact"),
        (True, "not_exact"),
        (None, "not_exact"),
        (Decimal("NaN"), "not_finite"),
        (Decimal("1E+2"), "exponent"),
        ("", "not_a_number"),
        ("NaN", "not_a_number"),
        ("inf", "not_a_number"),
        ("1e3", "not_a_number"),
        ("1_000", "not_a_number"),
        ("12,34.50", "not_a_number"),
        ("1,2345", "not_a_number"),
        ("1234,567", "not_a_number"),
        (".5", "not_a_number"),
        ("5.", "not_a_number"),
        ("1 000", "not_a_number"),
        ("¥5", "not_a_number"),
        ("１２", "not_a_number"),
        ("--1", "not_a_number"),
        ("1.234", "too_many_decimals"),
        ("1.230", "too_many_decimals"),
        (Decimal("0.001"), "too_many_decimals"),
        ("10,000,000,000,000.00", "too_large"),
        ("9" * 400, "too_large"),
        (10**40, "too_large"),
    ],
)
def test_parse_yuan_is_strict(text, code):
    with pytest.raises(MoneyError) as refused:
        money.parse_yuan(text)
    assert isinstance(refused.value, ValueError)
    assert refused.value.code == code
    assert str(refused.value) == refused.value.msgid % refused.value.params


def test_parse_area_and_percent_refuse_what_is_below_nothing():
    assert money.parse_area("125.53") == Decimal("125.53")
    assert money.parse_percent("2.5") == Decimal("2.50")
    for parse in (money.parse_area, money.parse_percent):
        with pytest.raises(MoneyError) as refused:
            parse("-0.01")
        assert refused.value.code == "negative"


@given(fen)
def test_what_is_written_is_read_back(amount):
    assert money.parse_yuan(money.format_yuan(amount)) == amount
    assert money.parse_yuan(money.plain(amount)) == amount


def test_nothing_is_written_as_minus_nothing():
    assert money.format_yuan(Decimal("-0.001")) == "0.00"
    assert money.plain(Decimal("-0.004")) == "0.00"
    assert money.format_yuan(Decimal("2134261656.44")) == "2,134,261,656.44"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        # The examples of the rule itself.
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
        ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        # Ours.
        ("123.45", "壹佰贰拾叁元肆角伍分"),
        ("0", "零元整"),
        ("0.01", "壹分"),
        ("0.10", "壹角"),
        ("0.56", "伍角陆分"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("10.05", "壹拾元零伍分"),
        ("11", "壹拾壹元整"),
        ("20", "贰拾元整"),
        ("100", "壹佰元整"),
        ("101.10", "壹佰零壹元壹角"),
        ("1000", "壹仟元整"),
        ("1001", "壹仟零壹元整"),
        ("1010", "壹仟零壹拾元整"),
        ("2020.20", "贰仟零贰拾元零贰角"),
        ("10000", "壹万元整"),
        ("10001", "壹万零壹元整"),
        ("100000.00", "壹拾万元整"),
        ("100100", "壹拾万零壹佰元整"),
        ("1000500", "壹佰万零伍佰元整"),
        ("5060708.09", "伍佰零陆万零柒佰零捌元零玖分"),
        ("6556415.58", "陆佰伍拾伍万陆仟肆佰壹拾伍元伍角捌分"),
        ("10000000", "壹仟万元整"),
        ("10000500", "壹仟万零伍佰元整"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"),
        ("1050000000", "壹拾亿伍仟万元整"),
        ("2134261656.44", "贰拾壹亿叁仟肆佰贰拾陆万壹仟陆佰伍拾陆元肆角肆分"),
        ("1000000000000", "壹万亿元整"),
        ("1000500000000", "壹万零伍亿元整"),
        (
            "9999999999999.99",
            "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
        ),
        ("-1.01", "负壹元零壹分"),
        ("-0.004", "零元整"),
        ("99.995", "壹佰元整"),
    ],
)
def test_capital(amount, words):
    assert money.capital(Decimal(amount)) == words


@given(not_negative_fen)
def test_capital_can_be_read_back(amount):
    assert _spoken(money.capital(amount)) == amount


@given(not_negative_fen, not_negative_fen)
def test_capital_tells_any_two_amounts_apart(one, other):
    assert (money.capital(one) == money.capital(other)) == (one == other)


def test_capital_ends_where_nobody_has_a_word():
    for amount in ("10000000000000.00", "-10000000000000.00"):
        with pytest.raises(MoneyError) as refused:
            money.capital(Decimal(amount))
        assert refused.value.code == "too_large"


def test_sum_of_products_is_rounded_half_up_not_to_even():
    price, area = Decimal("2.50"), Decimal("0.01")
    exact = price * area
    assert money.times_area(price, area) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert money.times_area(price, area) == Decimal("0.03")


def _spoken(words: str) -> Decimal:
    """Read words back by a method of its own: sums of digit × place, section by section."""
    digits = {char: value for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
    places = {"拾": 10, "佰": 100, "仟": 1000}
    total = section = digit = 0
    fraction = Decimal(0)
    for char in words:
        if char in digits:
            digit = digits[char]
        elif char in places:
            section, digit = section + digit * places[char], 0
        elif char == "万":
            total, section, digit = total + (section + digit) * 10**4, 0, 0
        elif char == "亿":
            total, section, digit = (total + section + digit) * 10**8, 0, 0
        elif char == "元":
            total, section, digit = total + section + digit, 0, 0
        elif char in "角分":
            fraction += digit * (Decimal("0.1") if char == "角" else Decimal("0.01"))
            digit = 0
    return total + fraction


def test_a_rate_has_up_to_four_decimals():
    assert money.parse_rate("3.075") == Decimal("3.075")
    assert money.parse_rate("0") == 0
    for wrong in ("3.07555", "-1", "1e2", 3.075, "", "三"):
        with pytest.raises(money.MoneyError):
            money.parse_rate(wrong)

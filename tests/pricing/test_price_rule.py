"""The rule by which plans are priced: tables of cases, and what holds for any rule and room."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bad_value import BadValue
from app.core.money import ROUNDING_STEPS, per_area
from app.pricing.price_rule import (
    TOP,
    FloorBand,
    PriceRule,
    RuledRoom,
    RuleError,
    SpecialFloor,
    read_rule,
)
from app.pricing.rules import Areas, fits_area, total_of, unit_of
from app.pricing.terms import PriceBasis

FEN = Decimal("0.01")
D = Decimal


def room(floor=1, *, gross="100.00", inside="80.00", name=None, top=False, **traits):
    areas = Areas(D(gross), None if inside is None else D(inside))
    return RuledRoom(7, f"3栋-{floor}01", floor, name or str(floor), top, areas, traits)


@pytest.mark.parametrize(
    ("rule", "asked", "unit"),
    [
        (PriceRule(D(50000)), room(31), "50000"),
        (PriceRule(D(50000), step=D(150)), room(31), "54500"),
        (PriceRule(D(50000), base_floor=10, step=D(100)), room(31), "52100"),
        (PriceRule(D(50000), base_floor=10, step=D(100)), room(4), "49400"),
        # There is no floor 0: the first basement is one step below the ground floor.
        (PriceRule(D(50000), step=D(100)), room(-1), "49900"),
        (PriceRule(D(50000), step=D(100), bands=(FloorBand(11, 20, D(200)),)), room(10), "50900"),
        (PriceRule(D(50000), step=D(100), bands=(FloorBand(11, 20, D(200)),)), room(20), "52900"),
        (PriceRule(D(50000), step=D(100), bands=(FloorBand(11, 20, D(200)),)), room(31), "54000"),
        (PriceRule(D(50000), special=(SpecialFloor(("4", "14"), D(-500)),)), room(14), "49500"),
        (PriceRule(D(50000), special=(SpecialFloor(("13A",), D(-9)),)), room(14, name="13A"),
         "49991"),
        (PriceRule(D(50000), special=(SpecialFloor((TOP,), D(-800)),)), room(31, top=True),
         "49200"),
        (PriceRule(D(50000), special=(SpecialFloor((TOP,), D(-800)),)), room(31), "50000"),
        # A room on several special floors gets each.
        (PriceRule(D(50000), special=(SpecialFloor((TOP,), D(-800)), SpecialFloor(("18",), D(-5)))),
         room(18, top=True), "49195"),
        (PriceRule(D(50000), differences={"orientation": {"南": D(600)}, "view": {"湖": D(900)}}),
         room(orientation="南", view="湖"), "51500"),
        (PriceRule(D(50000), differences={"house_type": {"A": D(600)}}), room(), "50000"),
    ],
)  # fmt: skip
def test_unit_prices_by_rule(rule, asked, unit):
    price = rule.price(asked, rounding=FEN)
    assert price.unit_price == D(unit)
    assert price.total == D(unit) * 100
    assert sum(amount for _name, amount in price.parts) == D(unit)


def test_a_basis_says_by_what_the_total_goes():
    inside = PriceRule(D(50000), basis=PriceBasis.INSIDE).price(room(), rounding=FEN)
    assert (inside.unit_price, inside.total) == (D(50000), D(4000000))
    unit = PriceRule(D(200000), basis=PriceBasis.UNIT, step=D(-1000)).price(room(3), rounding=FEN)
    assert (unit.unit_price, unit.total) == (D(1980), D(198000))


@pytest.mark.parametrize(
    ("rule", "asked", "code"),
    [
        (PriceRule(D(0)), room(), "base"),
        (PriceRule(D(50000), bands=(FloorBand(9, 3, D(1)),)), room(), "band"),
        (PriceRule(D(50000), bands=(FloorBand(1, 5, D(1)), FloorBand(5, 9, D(1)))), room(), "band"),
        (PriceRule(D(100), step=D(-10)), room(20), "no_price"),
        (PriceRule(D(100), basis=PriceBasis.INSIDE), room(inside=None), "no_inside_area"),
    ],
)
def test_rules_that_cannot_be_say_so(rule, asked, code):
    with pytest.raises(RuleError) as caught:
        rule.price_all([asked], rounding=FEN)
    assert caught.value.code == code
    if code in ("no_price", "no_inside_area"):
        assert asked.title in str(caught.value)


amounts = st.decimals(D(-3000), D(3000), places=2)
areas = st.decimals(D("8.00"), D("900.00"), places=2)
floors = st.integers(-3, 100).filter(bool)
bands = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 50), amounts).map(
        lambda it: FloorBand(it[0], it[0] + it[1], it[2])
    ),
    max_size=1,
).map(tuple)
rules = st.builds(
    PriceRule,
    base=st.decimals(D(20000), D(200000), places=2),
    basis=st.sampled_from([PriceBasis.GROSS, PriceBasis.INSIDE]),
    base_floor=st.integers(1, 30),
    step=amounts,
    bands=bands,
    special=st.lists(st.builds(SpecialFloor, st.just(("4", TOP)), amounts), max_size=2).map(tuple),
    differences=st.fixed_dictionaries({"orientation": st.dictionaries(st.just("南"), amounts)}),
)


@given(rules, areas, floors, st.sampled_from(ROUNDING_STEPS), st.booleans())
def test_any_price_adds_up_and_is_the_same_for_ever(rule, area, floor, rounding, top):
    asked = room(floor, gross=str(area), inside=str(area), top=top, orientation="南")
    try:
        price = rule.price(asked, rounding=rounding)
    except RuleError:
        # Steps far below 0 may leave nothing: then it is said, and no price is made up.
        assert rule.base + rule.climb(floor) - 12000 <= 0
        return
    assert sum(amount for _name, amount in price.parts) == price.unit_price
    assert price.total % rounding == 0
    assert abs(price.total - price.unit_price * area) <= rounding / 2 + D("0.005")
    assert fits_area(price.total, price.unit_price, area, rounding)
    assert read_rule(rule.as_data()).price(asked, rounding=rounding) == price


@given(rules, floors)
def test_a_floor_is_one_step_above_the_one_below(rule, floor):
    below = floor - 1 if floor != 1 else -1
    steps = {band.step for band in rule.bands if band.first <= floor <= band.last} or {rule.step}
    assert {rule.climb(floor) - rule.climb(below)} == steps
    assert rule.climb(rule.base_floor) == 0


@given(st.decimals(FEN, D(999999999), places=2), areas, st.sampled_from(ROUNDING_STEPS))
def test_unit_and_total_come_to_each_other(amount, area, rounding):
    assert fits_area(total_of(amount, area, rounding), amount, area, rounding)
    assert unit_of(amount, area) == per_area(amount, area)
    assert fits_area(amount, unit_of(amount, area), area, rounding)


@pytest.mark.parametrize("data", [{}, {"base": "1"}, {"base": "1", "basis": "gross", "odd": 1}])
def test_what_is_no_rule_is_refused(data):
    with pytest.raises(BadValue):
        read_rule(data)

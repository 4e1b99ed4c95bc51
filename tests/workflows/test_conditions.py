"""Conditions on figures: read exactly, refused loudly, told in words."""

from __future__ import annotations

import pytest

from app.core.errors import Invalid
from app.workflows.conditions import check_condition, describe, holds

FIGURES = {"percent": "2.50", "below_floor": False, "days": 30, "stage": "ticket", "rest": None}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        ({}, True),
        ({"all": [["percent", ">", "2.00"]]}, True),
        ({"all": [["percent", ">", 2]]}, True),
        ({"all": [["percent", ">", "2.50"]]}, False),
        ({"all": [["percent", ">=", "2.5"]]}, True),
        ({"all": [["percent", "=", "2.5"]]}, True),
        ({"all": [["percent", "!=", "2.50"]]}, False),
        ({"all": [["days", "<=", 30], ["below_floor", "=", False]]}, True),
        ({"any": [["percent", ">", "9"], ["below_floor", "=", True]]}, False),
        ({"any": [["percent", ">", "9"], ["days", "<", "31"]]}, True),
        ({"all": [["stage", "in", ["ticket", "subscription"]]]}, True),
        ({"all": [["stage", "in", ["filed"]]]}, False),
        ({"all": [["days", "in", ["30.00"]]]}, True),
        ({"all": [["rest", ">", 0]]}, False),
        ({"all": [["rest", "=", None]]}, True),
        ({"all": [{"any": [["percent", ">", 9], ["days", "=", 30]]}, ["days", ">", 1]]}, True),
        # A large number is compared as a number and not letter by letter.
        ({"all": [["percent", "<", "10.00"]]}, True),
    ],
)
def test_condition_on_figures(condition, expected):
    assert holds(condition, FIGURES) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "percent > 2",
        {"all": []},
        {"some": [["percent", ">", 2]]},
        {"all": [["percent", ">", 2]], "any": [["days", ">", 2]]},
        {"all": [["percent", ">"]]},
        {"all": [["percent", "~", 2]]},
        {"all": [[1, "=", 2]]},
        {"all": [["stage", ">", "ticket"]]},
        {"all": [["percent", ">", "NaN"]]},
        {"all": [["below_floor", ">", 0]]},
        {"all": [["stage", "in", "ticket"]]},
        {"all": [["stage", "=", ["ticket"]]]},
        {"all": [{"all": [{"all": [{"all": [["days", "=", 30]]}]}]}]},
    ],
)
def test_unreadable_condition_is_refused_and_never_skipped(condition):
    with pytest.raises(Invalid):
        holds(condition, FIGURES)


def test_unknown_figure_is_refused_even_where_the_first_part_decides():
    with pytest.raises(Invalid, match="amount"):
        holds({"any": [["percent", ">", 1], ["amount", ">", 1]]}, FIGURES)


def test_check_knows_the_figures_of_a_kind():
    check_condition({"all": [["percent", ">", "2"]]}, ["percent"])
    with pytest.raises(Invalid):
        check_condition({"all": [["percent", ">", "2"]]}, ["days"])
    with pytest.raises(Invalid):
        check_condition({"all": [["percent", ">", "two"]]})


def test_condition_in_words(app):
    titles = {"percent": "折扣", "below_floor": "低于底价", "stage": "阶段"}
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert describe(None, titles) == ""
        assert describe({"all": [["below_floor", "=", True]]}, titles) == "低于底价"
        words = describe({"any": [["percent", ">", "2.00"], ["below_floor", "=", True]]}, titles)
    assert words.startswith("折扣 > 2.00")
    assert words.endswith("低于底价")

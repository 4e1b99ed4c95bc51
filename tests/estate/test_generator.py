"""The rules of generated rooms: floors, lists of numbers, the four number rules, faults by name."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.estate.generator import (
    CellChange,
    ColumnPlan,
    EntrancePlan,
    FloorNames,
    ListFault,
    NumberRule,
    Specification,
    draw,
    expand_numbers,
    list_plan,
    name_floors,
    order_floors,
)
from app.estate.generator.floors import AVOIDED

PLAN = ColumnPlan("A1", Decimal("89.00"), Decimal("70.50"), "南")


def building(*, floors=3, entrances=2, columns=2, **more):
    plans = tuple(EntrancePlan(f"{n}单元", (PLAN,) * columns) for n in range(1, entrances + 1))
    return Specification(tuple(str(n) for n in range(1, floors + 1)), plans, **more)


def numbers(drawing, entrance):
    """Line by line from the top, as a person reads the drawing."""
    lines: dict[int, list[str]] = {}
    for room in drawing.rooms:
        if room.entrance == entrance:
            lines.setdefault(room.floor, []).append(room.number)
    return [" ".join(lines[floor]) for floor in sorted(lines, reverse=True)]


# ---- floors ----


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        (FloorNames(3), "1 2 3"),
        (FloorNames(2, below=2), "B2 B1 1 2"),
        (FloorNames(2, below=2, basement="-"), "-2 -1 1 2"),
        (FloorNames(5, avoided=AVOIDED), "1 2 3 5 6"),
        (FloorNames(13, avoided=AVOIDED), "1 2 3 5 6 7 8 9 10 11 12 15 16"),
        (FloorNames(5, avoided=AVOIDED, by_letter=True), "1 2 3 3A 5"),
        (FloorNames(15, avoided=(13, 14), by_letter=True),
         "1 2 3 4 5 6 7 8 9 10 11 12 12A 12B 15"),
        (FloorNames(0, below=1), "B1"),
    ],
)  # fmt: skip
def test_floors_are_named(wish, names):
    assert name_floors(wish) == names.split()


def test_a_hundred_floors_are_a_hundred_whatever_is_left_out():
    for by_letter in (False, True):
        names = name_floors(FloorNames(100, avoided=AVOIDED, by_letter=by_letter))
        assert len(names) == len(set(names)) == 100
        assert not {"4", "13", "14"} & set(names)


@pytest.mark.parametrize(
    ("names", "orders"),
    [
        ("B2 B1 1 2", [-2, -1, 1, 2]),
        ("-1 1", [-1, 1]),
        ("3 5 12 15", [3, 5, 12, 15]),
        ("3 3A 5", [3, 4, 5]),
        ("12 12A 12B 15", [12, 13, 14, 15]),
        ("B1 G 1 夹层 2", [-1, 1, 2, 3, 4]),
        ("夹层", [1]),
    ],
)
def test_floors_stand_where_their_names_say_else_above_the_one_below(names, orders):
    assert order_floors(names.split()) == orders


def test_floors_that_the_building_has_stay_where_they_are():
    assert order_floors(["1", "夹层", "2"], {"夹层": 5, "2": 6}) == [1, 5, 6]


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=40))
def test_orders_always_rise_and_there_is_no_floor_0(names):
    orders = order_floors(names)
    assert all(low < high for low, high in itertools.pairwise(orders))
    assert 0 not in orders


# ---- lists of numbers ----


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A001-A003", "A001 A002 A003"),
        ("A001-003", "A001 A002 A003"),
        ("8-11", "8 9 10 11"),
        ("A9 - A11", "A9 A10 A11"),
        ("A1、B2，C3 D4\nE5", "A1 B2 C3 D4 E5"),
        ("V01栋-V03栋", "V01栋 V02栋 V03栋"),
        ("A-1～A-3", "A-1 A-2 A-3"),
        ("负一-12", "负一-12"),
        ("", ""),
    ],
)
def test_lists_of_numbers_are_read(text, found):
    assert expand_numbers(text, most=100) == found.split()


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("A1, A9-A3", "backwards", "A9-A3"),
        ("A1-B3", "ends_differ", "A1-B3"),
        ("A1a-A3b", "ends_differ", "A1a-A3b"),
        ("A1-A999999999", "too_many", "A1-A999999999"),
        ("A1-A60 B1-B60", "too_many", "B1-B60"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(text, code, part):
    with pytest.raises(ListFault) as caught:
        expand_numbers(text, most=100)
    assert (caught.value.code, caught.value.part) == (code, part)


@given(
    st.integers(0, 5000), st.integers(0, 99), st.integers(1, 6), st.sampled_from(["", "A", "车"])
)
def test_a_range_counts_every_number_once(first, more, width, head):
    text = f"{head}{first:0{width}d}-{head}{first + more:0{width}d}"
    found = expand_numbers(text, most=100)
    assert [int(one.removeprefix(head)) for one in found] == list(range(first, first + more + 1))


# ---- the four rules ----


RULES = [
    (NumberRule.COLUMN, ["301 302", "201 202", "101 102"], ["301 302", "201 202", "101 102"]),
    (NumberRule.ACROSS_ENTRANCE, ["301 302", "201 202", "101 102"],
     ["301 302", "201 202", "101 102"]),
    (NumberRule.DOWN_ENTRANCE, ["301 304", "202 205", "103 106"],
     ["301 304", "202 205", "103 106"]),
    (NumberRule.ACROSS_BUILDING, ["301 302", "201 202", "101 102"],
     ["303 304", "203 204", "103 104"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "first", "second"), RULES)
def test_the_four_rules(rule, first, second):
    drawing = draw(building(rule=rule))
    assert drawing.faults == ()
    assert numbers(drawing, 0) == first
    assert numbers(drawing, 1) == second


BLANK = [
    (NumberRule.COLUMN, ["302", "201 202", "101 102"]),
    (NumberRule.ACROSS_ENTRANCE, ["301", "201 202", "101 102"]),
    (NumberRule.DOWN_ENTRANCE, ["303", "201 204", "102 105"]),
    (NumberRule.ACROSS_BUILDING, ["301", "201 202", "101 102"]),
]


@pytest.mark.parametrize(("rule", "lines"), BLANK)
def test_a_blank_cell_is_no_room_and_only_the_column_rule_leaves_a_gap(rule, lines):
    drawing = draw(building(rule=rule, cells=(CellChange(2, 0, 1, is_blank=True),)))
    assert numbers(drawing, 0) == lines
    assert len(drawing.rooms) == 11


def test_figures_grow_with_what_is_to_be_counted():
    tall = building(floors=60, entrances=1, columns=2, rule=NumberRule.DOWN_ENTRANCE)
    assert draw(tall).rooms[0].number == "60001"
    wished = building(floors=1, entrances=1, columns=1, digits=1)
    assert draw(wished).rooms[0].number == "11"


def test_an_own_number_stays_and_moves_no_other():
    own = CellChange(2, 0, 1, number="3S")
    drawing = draw(building(rule=NumberRule.ACROSS_ENTRANCE, cells=(own,)))
    assert numbers(drawing, 0)[0] == "3S 302"


@given(
    rule=st.sampled_from(NumberRule),
    floors=st.integers(1, 30),
    below=st.integers(0, 3),
    entrances=st.integers(1, 4),
    columns=st.integers(1, 5),
    avoid=st.booleans(),
    data=st.data(),
)
def test_numbers_are_unique_within_an_entrance_whatever_is_blank_or_wide(
    rule, floors, below, entrances, columns, avoid, data
):
    names = name_floors(FloorNames(floors, below, AVOIDED if avoid else ()))
    places = st.tuples(
        st.integers(0, len(names) - 1), st.integers(0, entrances - 1), st.integers(1, columns)
    )
    blank = data.draw(st.sets(places, max_size=10))
    plans = tuple(EntrancePlan(f"{n}", (PLAN,) * columns) for n in range(entrances))
    cells = tuple(CellChange(*place, is_blank=True) for place in blank)
    drawing = draw(Specification(tuple(names), plans, rule, cells=cells))
    assert len(drawing.rooms) == len(names) * entrances * columns - len(blank)
    if drawing.rooms:
        assert drawing.faults == ()
        assert len({(room.entrance, room.number) for room in drawing.rooms}) == len(drawing.rooms)
        floors_of = [drawing.floors[room.floor][1] for room in drawing.rooms]
        assert all(
            room.number.startswith(name)
            for room, name in zip(drawing.rooms, floors_of, strict=True)
        )


@given(
    wide=st.integers(1, 4),
    high=st.integers(1, 4),
    column=st.integers(1, 4),
    floor=st.integers(0, 3),
)
def test_a_room_over_several_cells_covers_them_or_is_refused(wide, high, column, floor):
    cell = CellChange(floor, 0, column, column_span=wide, row_span=high)
    drawing = draw(building(floors=4, entrances=1, columns=4, cells=(cell,)))
    if column + wide > 5 or high > floor + 1:
        (fault,) = drawing.faults
        assert (fault.floor, fault.entrance, fault.column) == (floor, 0, column)
    else:
        assert drawing.faults == ()
        assert len(drawing.rooms) == 16 - wide * high + 1


# ---- what is wrong is named ----


def change(**values):
    return CellChange(1, 1, 2, **values)


FAULTS = [
    ({"cells": (change(number="301", gross_area=Decimal(0)),)}, "2单元 2 层第 2 列", "建筑面积"),
    ({"cells": (change(inside_area=Decimal("89.01")),)}, "2单元 2 层第 2 列", "89.01"),
    ({"cells": (change(number="x y"),)}, "2单元 2 层第 2 列", "x y"),
    ({"cells": (change(number="3201"),)}, "", ""),
    ({"cells": (change(number="201"),)}, "2单元 2 层第 2 列", "201"),
    ({"cells": (change(column_span=2),)}, "2单元 2 层第 2 列", "超出"),
    ({"cells": (CellChange(1, 1, 1, column_span=2), CellChange(2, 1, 2, row_span=2))},
     "2单元 2 层第 1 列", "2单元 3 层第 2 列"),
    ({"cells": (CellChange(7, 1, 1),)}, "第 8 层", "第 2 单元"),
    ({"floors": 101}, "100 层", "101"),
    ({"entrances": 21}, "20 个单元", "21"),
    ({"floors": 100, "entrances": 20, "columns": 11}, "22000", "20000"),
    ({"columns": 0}, "1单元", "0 套"),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "place", "thing"), FAULTS)
def test_what_is_wrong_is_named(app, wish, place, thing):
    from flask_babel import force_locale

    drawing = draw(building(**wish))
    with app.test_request_context(), force_locale("zh"):
        said = " ".join(str(fault.sentence) for fault in drawing.faults)
    assert bool(said) == bool(place)
    assert place in said
    assert thing in said


@pytest.mark.parametrize(
    ("floors", "entrances"),
    [
        (("1", "1"), ("甲",)),
        (("1", ""), ("甲",)),
        (("1", "楼" * 21), ("甲",)),
        (("1",), ("甲", "甲")),
        (("1",), ("甲", None)),
    ],
)
def test_floors_and_entrances_have_names_of_their_own(floors, entrances):
    plans = tuple(EntrancePlan(name, (PLAN,)) for name in entrances)
    assert len(draw(Specification(floors, plans)).faults) >= 1


def test_nothing_but_blanks_is_no_building():
    cell = CellChange(0, 0, 1, is_blank=True)
    drawing = draw(building(floors=1, entrances=1, columns=1, cells=(cell,)))
    assert (drawing.rooms, len(drawing.faults)) == ((), 1)


def test_a_parking_floor_by_its_list():
    drawing = draw(list_plan(["A001", "A002", "B1"], floor="B1", entrance=None, plan=PLAN))
    assert [(room.number, room.column) for room in drawing.rooms] == [
        ("A001", 1), ("A002", 2), ("B1", 3)
    ]  # fmt: skip
    assert drawing.floors == ((-1, "B1"),)
    assert drawing.gross_area == Decimal("267.00")
    twice = draw(list_plan(["A1", "A1"], floor="B1", entrance=None, plan=PLAN))
    assert len(twice.faults) == 1

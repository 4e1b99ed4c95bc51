"""Price lists as a matrix, errors of formulas, and how single words are read."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter

from app.estate.sheets import read_price_list
from app.estate.sheets.names import split_buildings
from app.estate.sheets.values import CellFault, amount_of, column_of, floor_of, room_number
from tests.estate.sheet_files import (
    GOOD,
    HEADINGS,
    book,
    changed,
    ods,
    xls_with_error,
)

D = Decimal
CORNER = ["楼栋", "楼层"]


def found(content, **more):
    """Return line, column letter and code of each fault."""
    price_list = read_price_list(content, **more)
    return [(f.line, f.column.split(" ")[0], f.code) for f in price_list.faults]


def good(content, **more):
    price_list = read_price_list(content, **more)
    assert [(f.line, f.column, f.code) for f in price_list.faults] == []
    return price_list


def as_csv(rows, encoding="utf-8", delimiter=","):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode(encoding)


# The matrix shape.


def matrix(totals, prices, **more):
    return book({"总价分布": totals, "单价分布": prices}, **more)


def test_a_matrix_with_merged_buildings_and_empty_cells():
    totals = [
        [*CORNER, 1, 2, "03"],
        ["花园3栋1单元", 2, "6104507", "--", ""],
        ["", 1, "6123335.50", None, "4589004"],
        ["花园6栋--", "B1", "100000", None, None],
    ]
    prices = [
        [*CORNER, 1, 2, "03"],
        ["花园3栋1单元", 2, 48629.87, None, None],
        ["", 1, 48779.86, None, 48886.81],
        ["花园6栋--", "B1", 10000, None, None],
    ]
    rows = good(matrix(totals, prices, merged={"总价分布": [(1, 0, 2, 0)]})).rows
    assert [(r.building, r.entrance, r.floor, r.column, r.number, r.gross_area) for r in rows] == [
        ("3栋", "1单元", 2, 1, "201", D("125.53")),
        ("3栋", "1单元", 1, 1, "101", D("125.53")),
        ("3栋", "1单元", 1, 3, "103", D("93.87")),
        ("6栋", None, -1, 1, "B101", D("10.00")),
    ]


@pytest.mark.parametrize("kind", [as_csv, lambda rows: ods({"1": rows})])
def test_one_matrix_alone_says_what_it_is_above_its_headings(kind):
    rows = [["松风明月花园单价表", "", ""], ["楼栋", "楼层", "1"], ["松风3栋", "2", "48629.87"]]
    row = good(kind(rows)).rows[0]
    assert (row.number, row.unit_price, row.gross_area, row.total) == (
        "201",
        D("48629.87"),
        None,
        None,
    )


def test_a_matrix_may_bring_areas_house_types_and_entrances():
    corner = ["楼栋", "单元", "楼层", "A", "B", "合计"]
    content = book(
        {
            "建筑面积": [corner, ["3栋", "1", 2, 100, 90, 190], ["", "2", 2, 80, None, 80]],
            "套内面积": [corner, ["3栋", "1", 2, 80, 70, 150], ["", "2", 2, 60, None, 60]],
            "户型": [corner, ["3栋", "1", 2, "甲", "乙"], ["", "2", 2, "丙"]],
            "单价": [corner, ["3栋", "1", 2, 10, 20, 30], ["", "2", 2, 30, None], ["合计"]],
        }
    )
    rows = good(content).rows
    assert [
        (r.entrance, r.number, r.column, r.house_type, r.inside_area, r.total) for r in rows
    ] == [
        ("1", "2A", 1, "甲", D(80), D(1000)),
        ("1", "2B", 2, "乙", D(70), D(1800)),
        ("2", "2A", 1, "丙", D(60), D(2400)),
    ]


def test_a_matrix_may_repeat_its_headings_for_each_building():
    table = [[*CORNER, 1, 2], ["3栋", 1, 10, 20], [], [*CORNER, 5, ""], ["6栋", 1, 30]]
    rows = good(book({"单价": table})).rows
    assert [(r.building, r.number) for r in rows] == [
        ("3栋", "101"),
        ("3栋", "102"),
        ("6栋", "105"),
    ]


def test_faults_of_a_matrix_are_all_named():
    totals = [
        [*CORNER, 1, 2, "备用"],
        ["3栋", "2", "x", "100", None],
        ["", "夹层", "100", "100", None],
        ["", "2", "100", None, None],
        ["", "", "100", None, None],
        ["", "3", "-5", "9999999999", None],
        ["", "4", "100", None, None],
    ]
    prices = [
        [*CORNER, 1, 2],
        ["3栋", "2", "10", "10"],
        ["", "3", "10", "10"],
        ["", "5", "10", None],
    ]
    price_list = read_price_list(matrix(totals, prices))
    assert [(f.sheet[:2], f.line, f.column, f.code) for f in price_list.faults] == [
        ("总价", 1, "E 备用", "unknown_heading"),
        ("总价", 2, "C 1", "not_a_number"),
        ("总价", 3, "B 楼层", "not_a_floor"),
        ("总价", 4, "C 1", "duplicate_room"),
        ("总价", 5, "B 楼层", "missing_value"),
        ("总价", 6, "C 1", "not_positive"),
        ("总价", 6, "D 2", "too_large"),
        ("总价", 7, "C 1", "only_in_one_sheet"),
        ("单价", 4, "C 1", "only_in_one_sheet"),
    ]
    assert price_list.faults[-1].params["sheet"] == "总价分布"


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        ({"一": [[*CORNER, 1], ["3栋", 1, 10]]}, [(None, "", "sheet_kind_unknown")]),
        ({"总价(万元)": [[*CORNER, 1], ["3栋", 1, 10]]}, [(None, "", "heading_unit")]),
        ({"总价": [["楼层", 1, 2], [1, 10]]}, [(1, "", "missing_heading")]),
        ({"总价": [["楼栋", 1, 2], ["3栋", 10, 2]]}, [(1, "", "missing_heading")]),
        (
            {"总价": [[*CORNER, 1, "01", 1], ["3栋", 1, 10, None, 9]]},
            [(1, "E", "heading_twice"), (2, "E", "duplicate_room")],
        ),
        ({"总价": [[*CORNER, 1], ["", 1, 10]]}, [(2, "A", "missing_value")]),
        ({"总价": [[*CORNER, 1]]}, [(1, "", "no_rooms")]),
        ({"总价": [[*CORNER, 1], ["3栋", 1, ""]]}, [(None, "", "no_rooms")]),
        (
            {"总价": [[*CORNER, 1], ["3栋", 1, 10]], "房源": [HEADINGS, GOOD]},
            [(None, "", "mixed_shapes")],
        ),
        ({"总价": [[*CORNER, 1], ["3栋", 1, 10]], "x": [["a"]]}, [(None, "", "heading_not_found")]),
        ({"说明": [["a", "b"]]}, [(None, "", "heading_not_found")]),
        ({"单价": [[*CORNER, 1], ["3栋", True, date(2026, 1, 1)]]}, [(2, "B", "wrong_kind")]),
        (
            {"总价": [[*CORNER, 1], ["3栋", 1, 10**9]], "单价": [[*CORNER, 1], ["3栋", 1, 10]]},
            [(2, "C", "too_large")],
        ),
        (
            {"总价": [[*CORNER, 1], ["3栋", 1, 1]], "单价": [[*CORNER, 1], ["3栋", 1, 10**6]]},
            [(2, "C", "not_positive")],
        ),
        (
            {"建筑面积": [[*CORNER, 1], ["3栋", 1, 9]], "套内面积": [[*CORNER, 1], ["3栋", 1, 10]]},
            [(2, "C", "inside_above_gross")],
        ),
        (
            {
                "建筑面积": [[*CORNER, 1], ["3栋", 1, 9]],
                "单价": [[*CORNER, 1], ["3栋", 1, 10]],
                "总价": [[*CORNER, 1], ["3栋", 1, 92]],
            },
            [(2, "C", "total_disagrees")],
        ),
    ],
)
def test_a_matrix_that_cannot_be_used(sheets, expected):
    assert found(book(sheets)) == expected


# Errors of formulas, which the reader itself would take for empty cells.


def test_errors_of_formulas_are_found_in_every_kind_of_file():
    assert found(xls_with_error(5, 5)) == [(6, "F", "formula_error")]
    error = (
        '<table:table-cell office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#REF!</text:p></table:table-cell>'
    )
    assert found(ods({"单价": [[*CORNER, 1], ["3栋", 1, 10], ["", 2, (error,)]]})) == [
        (3, "C", "formula_error")
    ]
    assert found(as_csv([HEADINGS, changed(单价="#DIV/0!")])) == [(2, "H", "formula_error")]


def test_an_error_in_both_sheets_of_a_matrix_does_not_lose_the_room():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        for name in ("总价", "单价"):
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate([[*CORNER, 1], ["3栋", 1, 10], ["", 2]]):
                sheet.write_row(row, 0, cells)
            sheet.write_formula(2, 2, "=A1/B1", None, "#DIV/0!")
    faults = read_price_list(stream.getvalue()).faults
    assert [(f.sheet, f.line, f.value, f.code) for f in faults] == [
        ("总价", 3, "#DIV/0!", "formula_error"),
        ("单价", 3, "#DIV/0!", "formula_error"),
    ]


# Single words.


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        ("31", (31, "31")),
        ("31层", (31, "31")),
        ("3F", (3, "3")),
        ("第3层", (3, "3")),
        ("03", (3, "3")),
        ("首层", (1, "1")),
        ("十层", (10, "10")),
        ("二十三楼", (23, "23")),
        ("一百零一", (101, "101")),
        ("-1", (-1, "-1")),
        ("负一层", (-1, "-1")),
        ("地下2层", (-2, "-2")),
        ("B1", (-1, "B1")),
        ("b2层", (-2, "B2")),
        ("3A", (4, "3A")),
        ("0", None),
        ("B0", None),
        ("夹层", None),
        ("31.5", None),
        ("201", None),
        ("-21", None),
        ("", None),
    ],
)
def test_floor_of(text, floor):
    assert floor_of(text) == floor


@pytest.mark.parametrize(
    ("text", "floor_name", "number", "column"),
    [
        ("01", "31", "3101", 1),
        ("1", "31", "3101", 1),
        ("12", "5", "512", 12),
        ("3101", "31", "3101", 1),
        ("3101室", "31", "3101", 1),
        ("01号房", "31", "3101", 1),
        ("A", "31", "31A", 1),
        ("b", "31", "31B", 2),
        ("S-5", "1", "S-5", 5),
        ("01", "-1", "-101", 1),
        ("01", "B1", "B101", 1),
        ("商铺甲", "1", "商铺甲", 0),
    ],
)
def test_room_number_and_its_column(text, floor_name, number, column):
    assert room_number(text, floor_name) == number
    assert column_of(number) == column


@pytest.mark.parametrize(
    ("texts", "project_name", "names", "project"),
    [
        (["松风明月花园3栋1单元"], None, [("3栋", "1单元")], "松风明月花园"),
        (
            ["松风明月花园6栋--", "松风明月花园7栋"],
            None,
            [("6栋", None), ("7栋", None)],
            "松风明月花园",
        ),
        (["3栋"], None, [("3栋", None)], None),
        (["松风一期3栋", "松风二期3栋"], None, [("一期3栋", None), ("二期3栋", None)], "松风"),
        (["松风商业街", "松风3栋"], "松风", [("商业街", None), ("3栋", None)], "松风"),
        (["松风商业街", "松风3栋"], None, [("松风商业街", None), ("3栋", None)], "松风"),
        (["12号楼"], None, [("12号楼", None)], None),
        (["A座2单元"], None, [("A座", "2单元")], None),
        (["松风3栋A座"], None, [("3栋", "A座")], "松风"),
        (["松风3栋商铺", "松风3栋"], None, [("3栋商铺", None), ("3栋", None)], "松风"),
        (["1号院3栋二单元"], None, [("3栋", "二单元")], "1号院"),
        (["松风"], "松风", [("松风", None)], None),
    ],
)
def test_buildings_are_split_from_project_and_entrance(texts, project_name, names, project):
    assert split_buildings(texts, project_name) == (
        dict(zip(texts, names, strict=True)),
        project,
    )


def test_amount_of_takes_what_price_lists_write():
    for cell in ("1,234.50", "¥1234.5", "１２３４．５０", " 1234.50元/㎡ ", 1234.5, "1,234.50元"):
        assert amount_of(cell, largest=D(9999)) == D("1234.50")
    for nothing in ("", "--", "—", "／", None, "无"):
        assert amount_of(nothing, largest=D(9999)) is None
    with pytest.raises(CellFault) as fault:
        amount_of(float("inf"), largest=D(9999))
    assert fault.value.code == "not_a_number"


# What a person says of a matrix.


def said(**words):
    return lambda _keys: {key.replace("_", "·", 1): value for key, value in words.items()}


def test_a_matrix_tells_what_it_was_taken_for():
    totals = [[*CORNER, 1, 2], ["花园3栋1单元", 2, 6104507, 6145052], ["", 1, 6104507, ""]]
    prices = [[*CORNER, 1, 2], ["花园3栋1单元", 2, 48629.87, 48952.86], ["", 1, 48629.87, ""]]
    guess = good(matrix(totals, prices)).matrix
    assert [(one.name, one.kind) for one in guess.sheets] == [
        ("总价分布", "total"),
        ("单价分布", "unit_price"),
    ]
    assert [column.role for column in guess.sheets[0].columns] == [
        "building", "floor", "room", "room",
    ]  # fmt: skip
    (block,) = guess.blocks
    assert (block.text, block.building, block.entrance) == ("花园3栋1单元", "3栋", "1单元")
    assert (block.floors, block.rooms) == (2, 3)
    assert guess.matching["栋·花园3栋1单元"] == "3栋|1单元"


def test_what_is_said_of_a_matrix_is_followed():
    head = ["座落", "楼层", 1, 2, "复式甲"]
    totals = [head, ["花园东楼", 2, 6104507, 6145052, 4589004]]
    prices = [head, ["花园东楼", 2, 48629.87, 48952.86, 48886.81]]
    content = book({"一": totals, "二": prices})
    assert {code for _line, _column, code in found(content)} == {"sheet_kind_unknown"}
    words = {"表_一": "total", "表_二": "unit_price", "列_座落": "building", "列_2": "ignored"}
    recall = said(**words, 列_复式甲="room", 栋_花园东楼="5栋|2单元")
    price_list = good(content, recall=recall)
    assert [(row.building, row.entrance, row.floor, row.number) for row in price_list.rows] == [
        ("5栋", "2单元", 2, "201"),
        ("5栋", "2单元", 2, "复式甲"),
    ]
    assert price_list.is_matched
    assert price_list.matching["栋·花园东楼"] == "5栋|2单元"

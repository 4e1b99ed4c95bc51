"""Price lists are read in both shapes; whatever is wrong in one is found and named."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from app.estate.sheets import Shape, compare, read_price_list, reading
from tests.estate.sheet_files import (
    GOOD,
    HEADINGS,
    MATRIX_FILE,
    ROWS_FILE,
    book,
    changed,
    ods,
    rows_book,
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


# The two real files.


def test_the_real_list_of_rows():
    price_list = good(ROWS_FILE)
    assert (price_list.shape, price_list.project_name) == (Shape.ROWS, "松风明月花园")
    assert len(price_list.rows) == 416
    assert price_list.total_sum == D("2134261656.44")
    first, last = price_list.rows[0], price_list.rows[-1]
    assert (first.building, first.entrance, first.floor, first.column, first.number) == (
        "3栋",
        "1单元",
        31,
        1,
        "3101",
    )
    assert (first.gross_area, first.inside_area, first.unit_price, first.total) == (
        D("125.53"),
        D("100.05"),
        D("52229.87"),
        D("6556415.58"),
    )
    assert (last.building, last.entrance, last.number, last.line) == ("7栋", None, "304", 417)
    assert {(row.building, row.entrance) for row in price_list.rows} == {
        ("3栋", "1单元"),
        ("6栋", None),
        ("7栋", None),
    }


def test_the_real_matrix():
    price_list = good(MATRIX_FILE)
    assert (price_list.shape, price_list.project_name) == (Shape.MATRIX, "松风明月花园")
    assert len(price_list.rows) == 416
    first = price_list.rows[0]
    assert (first.building, first.entrance, first.number, first.column) == (
        "3栋",
        "1单元",
        "301",
        1,
    )
    assert (first.gross_area, first.inside_area, first.unit_price, first.total) == (
        D("125.53"),
        None,
        D("48629.87"),
        D("6104507.00"),
    )


def test_the_two_real_lists_agree_within_one_yuan():
    rows, matrix = read_price_list(ROWS_FILE), read_price_list(MATRIX_FILE)
    comparison = compare(rows, matrix)
    assert comparison.agrees
    assert (comparison.compared, comparison.largest_difference) == (416, D("0.85"))
    areas = {row.key: row.gross_area for row in rows.rows}
    assert all(areas[row.key] == row.gross_area for row in matrix.rows)
    places = {row.key: (row.floor, row.column) for row in rows.rows}
    assert all(places[row.key] == (row.floor, row.column) for row in matrix.rows)


def test_a_list_may_come_as_path_text_bytes_or_open_file():
    with ROWS_FILE.open("rb") as stream:
        for source in (ROWS_FILE, str(ROWS_FILE), ROWS_FILE.read_bytes(), stream):
            assert len(read_price_list(source).rows) == 416
    with pytest.raises(FileNotFoundError):
        read_price_list(ROWS_FILE.with_name("nothing.xls"))


def test_lists_that_differ_are_told_apart():
    one = read_price_list(
        rows_book(GOOD, changed(房号="02"), changed(房号="03"), changed(房号="05"))
    )
    other = read_price_list(
        rows_book(
            changed(楼栋="花园3幢"),
            changed(房号="02", 单价="52229.88"),
            changed(房号="04"),
            changed(房号="05", 单价="52229.86"),
        )
    )
    comparison = compare(one, other)
    assert not comparison.agrees
    assert comparison.compared == 3
    assert comparison.only_in_one == ("3栋-1单元-3103",)
    assert comparison.only_in_other == ("3栋-1单元-3104",)
    assert [(d.title, d.amount) for d in comparison.beyond] == [
        ("3栋-1单元-3102", D("1.26")),
        ("3栋-1单元-3105", D("1.25")),
    ]
    assert comparison.largest.title == "3栋-1单元-3102"
    assert compare(one, other, tolerance=D("1.26")).beyond == ()
    assert compare(one, one).agrees


def test_a_list_without_prices_does_not_agree_with_one_that_has_them():
    priced = read_price_list(rows_book(GOOD))
    bare = read_price_list(rows_book(GOOD[:-1], headings=HEADINGS[:-1]))
    assert not bare.has_prices
    assert compare(priced, bare).priced_in_one_only == ("3栋-1单元-3101",)
    assert not compare(priced, bare).agrees
    assert not compare(read_price_list(b""), read_price_list(b"")).agrees


# The rows shape.


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("utf-8", "\t"), ("gb18030", ";")],
)
def test_text_files(encoding, delimiter):
    row = good(as_csv([HEADINGS, GOOD], encoding, delimiter)).rows[0]
    assert (row.building, row.number, row.total) == ("3栋", "3101", D("6556415.58"))


def test_a_text_file_may_begin_with_a_title():
    for delimiter in ",\t;":
        rows = good(as_csv([["松风价目表"], [], HEADINGS, GOOD], delimiter=delimiter)).rows
        assert [(row.line, row.number) for row in rows] == [(4, "3101")]


def test_every_kind_of_file_gives_the_same():
    table = [HEADINGS, GOOD, ["花园3栋", "--", 2.0, 1.0, None, 93.87, None, 52336.82]]
    from_xlsx = good(book({"房源": table}))
    from_ods = good(ods({"房源": table}))
    texts = [["" if cell is None else str(cell) for cell in cells] for cells in table]
    texts[2][2:4] = ["2", "1"]
    from_csv = good(as_csv(texts))
    second = from_xlsx.rows[1]
    assert (second.entrance, second.floor_name, second.number, second.house_type) == (
        None,
        "2",
        "201",
        None,
    )
    assert [row.key for row in from_xlsx.rows] == [row.key for row in from_csv.rows]
    assert [row.total for row in from_xlsx.rows] == [row.total for row in from_csv.rows]
    assert [row.key for row in from_xlsx.rows] == [row.key for row in from_ods.rows]
    assert [row.total for row in from_xlsx.rows] == [row.total for row in from_ods.rows]


def test_headings_are_known_by_many_names_and_may_stand_below_a_title():
    price_list = good(
        book(
            {
                "价格表": [
                    ["松风明月花园一房一价表"],
                    [None, "制表日期 2026-07-01"],
                    [
                        "序号",
                        "幢号",
                        "所在层",
                        "室号",
                        "预测建筑面积（㎡）",
                        "户内面积(平方米)",
                        "分摊面积 ",
                        "备案单价（元/㎡）",
                        "总价（元）",
                        "套内单价",
                        "备注",
                    ],
                    [
                        1,
                        "３栋",
                        "三十一层",
                        "３１０１室",
                        125.53,
                        100.05,
                        25.48,
                        "¥52,229.87",
                        "6,556,415元",
                        65532,
                        "赠露台",
                    ],
                    [None, "合计", None, None, 125.53, None, None, None, 6556415],
                    ["备注：以实测面积为准"],
                ]
            }
        )
    )
    row = price_list.rows[0]
    assert (row.building, row.floor, row.number, row.total) == (
        "3栋",
        31,
        "3101",
        D("6556415.58"),
    )
    assert price_list.ignored == ("序号", "套内单价", "备注")


def test_headings_repeated_between_buildings_and_blank_lines_are_passed_over():
    other = changed(楼栋="花园6栋", 单元="--")
    price_list = good(rows_book(GOOD, [], HEADINGS, other))
    assert [(row.line, row.building) for row in price_list.rows] == [(2, "3栋"), (5, "6栋")]


def test_several_sheets_make_one_list_and_notes_are_passed_over():
    content = book(
        {
            "3栋": [HEADINGS, GOOD],
            "6栋": [HEADINGS, changed(楼栋="花园6栋")],
            "填写说明": [["列", "说明"], ["楼栋", "必填"]],
            "旧": [["x", "y"]],
            "Sheet4": [],
        },
        hidden=["旧"],
    )
    assert [(row.sheet, row.building) for row in good(content).rows] == [
        ("3栋", "3栋"),
        ("6栋", "6栋"),
    ]


def test_binary_noise_is_not_a_third_decimal():
    row = good(rows_book(changed(建筑面积=125.53000000000002, 单价=52229.87))).rows[0]
    assert row.gross_area == D("125.53")


def test_a_total_alone_gives_the_unit_price():
    headings = [*HEADINGS[:-1], "总价"]
    row = good(rows_book([*GOOD[:-1], "6556415"], headings=headings)).rows[0]
    assert (row.unit_price, row.total) == (D("52229.87"), D("6556415.00"))


def test_parking_spaces_that_share_two_digits_get_places_of_their_own():
    spaces = [changed(楼层="B1", 房号=number) for number in ("201", "101", "102", "302")]
    rows = good(rows_book(*spaces)).rows
    assert {row.number: (row.floor, row.column) for row in rows} == {
        "101": (-1, 1),
        "102": (-1, 2),
        "201": (-1, 3),
        "302": (-1, 4),
    }


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"楼栋": ""}, "A", "missing_value"),
        ({"楼层": None}, "C", "missing_value"),
        ({"房号": "--", "单元": "1单元"}, "D", "missing_value"),
        ({"建筑面积": ""}, "F", "missing_value"),
        ({"单价": None}, "H", "missing_value"),
        ({"楼栋": "长" * 61}, "A", "too_long"),
        ({"户型": "长" * 61}, "E", "too_long"),
        ({"楼层": "夹层"}, "C", "not_a_floor"),
        ({"楼层": "0"}, "C", "not_a_floor"),
        ({"楼层": 31.5}, "C", "not_a_floor"),
        ({"楼层": "201"}, "C", "not_a_floor"),
        ({"房号": "？？"}, "D", "not_a_room_number"),
        ({"房号": 1.5}, "D", "not_a_room_number"),
        ({"房号": True}, "D", "wrong_kind"),
        ({"建筑面积": "一百"}, "F", "not_a_number"),
        ({"建筑面积": "1e2"}, "F", "not_a_number"),
        ({"建筑面积": "nan"}, "F", "not_a_number"),
        ({"建筑面积": "12,55.3"}, "F", "not_a_number"),
        ({"建筑面积": True}, "F", "not_a_number"),
        ({"建筑面积": "0"}, "F", "not_positive"),
        ({"建筑面积": "-125.53"}, "F", "not_positive"),
        ({"套内面积": 0}, "G", "not_positive"),
        ({"建筑面积": "100000"}, "F", "too_large"),
        ({"建筑面积": 1e300}, "F", "too_large"),
        ({"单价": "9" * 400}, "H", "too_large"),
        ({"单价": "10000000000"}, "H", "too_large"),
        ({"单价": "9999999999.99"}, "H", "too_large"),
        ({"建筑面积": "125.535"}, "F", "too_many_decimals"),
        ({"单价": 52229.874}, "H", "too_many_decimals"),
        ({"套内面积": "125.54"}, "G", "inside_above_gross"),
        ({"建筑面积": "#REF!"}, "F", "formula_error"),
        ({"房号": "#N/A"}, "D", "formula_error"),
    ],
)
def test_a_wrong_cell_is_named(cells, column, code):
    assert found(rows_book(changed(房号="02"), changed(**cells))) == [(3, column, code)]


def test_a_date_where_a_text_should_be_is_named():
    stream = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(HEADINGS)
    workbook.active.append(changed(房号=date(2026, 3, 1), 建筑面积=date(2026, 3, 2)))
    workbook.save(stream)
    assert found(stream.getvalue()) == [(2, "D", "wrong_kind"), (2, "F", "not_a_number")]


def test_all_faults_are_collected():
    content = rows_book(
        changed(楼层="?", 建筑面积="x", 单价="-1"),
        GOOD,
        changed(楼栋=""),
        changed(套内面积="999", 单价=""),
    )
    assert found(content) == [
        (2, "C", "not_a_floor"),
        (2, "F", "not_a_number"),
        (2, "H", "not_positive"),
        (4, "A", "missing_value"),
        (5, "G", "inside_above_gross"),
        (5, "H", "missing_value"),
        (5, "D", "duplicate_room"),
    ]


def test_a_room_that_stands_twice_names_the_other_line():
    again = changed(楼栋="花园3栋1单元", 单元="", 房号="3101室")
    price_list = read_price_list(book({"甲": [HEADINGS, GOOD, again], "乙": [HEADINGS, GOOD]}))
    one, other = price_list.faults
    assert (one.sheet, one.line, one.code, one.value) == ("甲", 3, "duplicate_room", "3101室")
    assert one.params == {"room": "3栋-1单元-3101", "line": 2, "sheet": "甲"}
    assert (other.sheet, other.line, other.code) == ("乙", 2, "duplicate_room_in_sheet")
    assert len(price_list.rows) == 1
    assert not price_list.is_good


def test_merged_cells_are_one_fault_each():
    content = rows_book(
        GOOD,
        ["", "", *changed(房号="02")[2:]],
        ["", "", *changed(房号="03")[2:]],
        merged={"房源": [(1, 0, 3, 0), (1, 1, 3, 1)]},
    )
    faults = read_price_list(content).faults
    assert [(f.line, f.column, f.code, f.params["area"]) for f in faults] == [
        (2, "A 楼栋", "merged_cells", "A2:A4"),
        (2, "B 单元", "merged_cells", "B2:B4"),
    ]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            [*HEADINGS[:3], "户号码", *HEADINGS[4:]],
            [(1, "D", "unknown_heading"), (1, "", "missing_heading")],
        ),
        ([*HEADINGS[:5], "备注", *HEADINGS[6:]], [(1, "", "missing_heading")]),
        ([*HEADINGS[:4], "赠送面积", *HEADINGS[5:]], [(1, "E", "unknown_heading")]),
        ([*HEADINGS[:6], "建面", HEADINGS[7]], [(1, "G", "heading_twice")]),
        ([*HEADINGS[:7], "单价（万元）"], [(1, "H", "heading_unit")]),
        ([*HEADINGS[:7], "套内单价"], [(1, "H", "inside_price_only")]),
        ([*HEADINGS[:7], ""], [(2, "H", "column_without_heading")]),
    ],
)
def test_wrong_headings_are_named(headings, expected):
    assert found(rows_book(GOOD, headings=headings)) == expected


def test_areas_and_totals_must_go_together():
    headings = [*HEADINGS, "公摊面积", "总价"]
    right = [*GOOD, "25.48", "6556415"]
    off = [*changed(房号="02"), "25.50", "6556417.58"]
    assert good(rows_book(right, headings=headings)).rows[0].total == D("6556415.58")
    assert found(rows_book(right, off, headings=headings)) == [
        (3, "I", "areas_disagree"),
        (3, "J", "total_disagrees"),
    ]


def test_a_list_of_too_many_rooms_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    rooms = [changed(房号=str(number)) for number in (1, 2, 3)]
    assert good(rows_book(*rooms[:2])).rows
    assert found(rows_book(*rooms)) == [(None, "", "too_many_rows")]

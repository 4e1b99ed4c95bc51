"""Kinds of faulty sheet: refused with a sentence that names the cell, or read as a person would.

``test_sheet_files`` holds what is no spreadsheet at all, ``test_sheets`` single cells.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from flask_babel import force_locale

from app.estate.sheets import limits, read_price_list
from tests.estate.sheet_files import GOOD, HEADINGS, book, changed, repacked, rows_book

UNIT_PRICE = HEADINGS.index("单价")


def edited(*cells, headings=HEADINGS, rows=(GOOD,), change=None):
    """Return an .xlsx as openpyxl writes it, with ``(place, value, number format)`` put in."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "房源"
    for row in (headings, *rows):
        sheet.append(row)
    for place, value, *number_format in cells:
        sheet[place] = value
        if number_format:
            sheet[place].number_format = number_format[0]
    if change:
        change(sheet)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def text_file(rows, encoding="utf-8", delimiter=","):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode(encoding)


def with_price(value):
    return rows_book([*GOOD[:UNIT_PRICE], value])


MACRO = (b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml")

REFUSED = {
    "a heading that nobody knows": (
        rows_book([*GOOD, "x"], headings=[*HEADINGS, "抽屉"]),
        (1, "I 抽屉", "unknown_heading"),
    ),
    "two columns for one thing": (
        rows_book([*GOOD, "3栋"], headings=[*HEADINGS, "楼号"]),
        (1, "I 楼号", "heading_twice"),
    ),
    "a price in 10,000 yuan, by its heading": (
        rows_book([*GOOD, "655.64"], headings=[*HEADINGS, "总价（万元）"]),
        (1, "I 总价（万元）", "heading_unit"),
    ),
    "a price in 10,000 yuan, by its size": (with_price(5.22), (2, "H 单价", "price_too_small")),
    "a price as percentage": (
        edited(("H2", 0.95, "0%")),
        (2, "H 单价", "price_too_small"),
    ),
    "a percentage as text": (with_price("95%"), (2, "H 单价", "not_a_number")),
    "a price in words": (with_price("待定"), (2, "H 单价", "not_a_number")),
    "a price with a unit nobody uses": (with_price("5.2万"), (2, "H 单价", "not_a_number")),
    "a comma in the wrong place": (with_price("522,29.87"), (2, "H 单价", "not_a_number")),
    "a date where an area should be": (
        edited(("F2", date(2026, 1, 1))),
        (2, "F 建筑面积", "not_a_number"),
    ),
    "a date where a number should be": (
        edited(("D2", date(2026, 3, 1))),
        (2, "D 房号", "wrong_kind"),
    ),
    "a formula that was never calculated": (
        edited(("F2", "=125+0.53")),
        (2, "F 建筑面积", "formula_unsaved"),
    ),
    "an error of a formula": (edited(("F2", "#N/A")), (2, "F 建筑面积", "formula_error")),
    "a negative area": (rows_book(changed(建筑面积=-125.53)), (2, "F 建筑面积", "not_positive")),
    "no area at all": (rows_book(changed(建筑面积=0)), (2, "F 建筑面积", "not_positive")),
    "an area as wide as a town": (
        rows_book(changed(建筑面积="1000000")),
        (2, "F 建筑面积", "too_large"),
    ),
    "a price beyond reason": (with_price("1" + "0" * 30), (2, "H 单价", "too_large")),
    "thousandths": (rows_book(changed(建筑面积=125.533)), (2, "F 建筑面积", "too_many_decimals")),
    "more inside than outside": (
        rows_book(changed(套内面积="125.54")),
        (2, "G 套内面积", "inside_above_gross"),
    ),
    "areas that do not add up": (
        rows_book([*GOOD, "25.40"], headings=[*HEADINGS, "公摊面积"]),
        (2, "I 公摊面积", "areas_disagree"),
    ),
    "a total of another room": (
        rows_book([*GOOD, "6556417"], headings=[*HEADINGS, "总价"]),
        (2, "I 总价", "total_disagrees"),
    ),
    "a room that stands twice": (rows_book(GOOD, GOOD), (3, "D 房号", "duplicate_room")),
    "a building that is missing": (rows_book(changed(楼栋="")), (2, "A 楼栋", "missing_value")),
    "a floor in poetry": (rows_book(changed(楼层="云端")), (2, "C 楼层", "not_a_floor")),
    "emoji for a number": (rows_book(changed(房号="0🏠")), (2, "D 房号", "not_a_room_number")),
    "a very long text": (rows_book(changed(楼栋="长" * 61)), (2, "A 楼栋", "too_long")),
    "a character that cannot be seen": (
        text_file(
            [
                HEADINGS,
                *[changed(房号=f"{n:02}") for n in range(80)],
                changed(房号="99", 户型="A\0"),
            ]
        ),
        (82, "E 户型", "hidden_characters"),
    ),
    "contents in a column without heading": (
        rows_book([*GOOD, "x"]),
        (2, "I", "column_without_heading"),
    ),
    "a thousand columns": (
        rows_book(GOOD, headings=[*HEADINGS, *[f"列{n}" for n in range(992)]]),
        (1, "", "too_many_columns"),
    ),
    "headings and nothing else": (rows_book(), (1, "", "no_rooms")),
    "merged rooms": (
        rows_book(GOOD, ["", *changed(房号="02")[1:]], merged={"房源": [(1, 0, 2, 0)]}),
        (2, "A 楼栋", "merged_cells"),
    ),
    "no headings": (rows_book(GOOD, headings=["甲"] * 8), (None, "", "heading_not_found")),
    "two shapes in one file": (
        book({"房源": [HEADINGS, GOOD], "总价表": [["楼栋", "楼层", "01"], ["3栋", 31, 9]]}),
        (None, "", "mixed_shapes"),
    ),
    "a renamed program": (b"MZ" + bytes(range(256)) * 20, (None, "", "not_a_workbook")),
    "a packed file of another kind": (b"\x1f\x8b" + bytes(200), (None, "", "not_a_workbook")),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_faulty_sheet_is_refused_by_name_and_place(kind, app):
    content, (line, column, code) = REFUSED[kind]
    price_list = read_price_list(content)
    assert not price_list.is_good
    found = {(fault.line, fault.column, fault.code) for fault in price_list.faults}
    assert found == {(line, column, code)}
    with app.test_request_context(), force_locale("zh"):
        for fault in price_list.faults:
            for sentence in (str(fault.message), str(fault.remedy)):
                assert sentence.endswith("。")
                assert "%(" not in sentence


TWO_LINES = [
    ["松风明月花园价目表", *[""] * 7],
    ["楼栋", "单元", "楼层", "房号", "户型", "面积", None, "价格"],
    [None, None, None, None, None, "建筑\n（㎡）", "套内", "单价（元/㎡）"],
    GOOD,
]

READ = {
    "GBK": text_file([HEADINGS, GOOD], "gbk"),
    "UTF-16": text_file([HEADINGS, GOOD], "utf-16"),
    "what Excel calls Unicode text": text_file([HEADINGS, GOOD], "utf-16", "\t"),
    "a mark at the beginning": text_file([HEADINGS, GOOD], "utf-8-sig"),
    "semicolons": text_file([HEADINGS, GOOD], "utf-8", ";"),
    "full-width digits": rows_book(changed(建筑面积="１２５．５３", 楼层="３１")),
    "thousands separators": with_price("52,229.87"),
    "units": rows_book(changed(建筑面积="125.53㎡", 单价="￥52,229.87元/㎡")),
    "spaces around": rows_book(changed(建筑面积="\u00a0125.53 ", 楼栋=" 花园3栋\n")),
    "marks of width 0": rows_book(changed(房号="\u200b01")),
    "apostrophes before": text_file([HEADINGS, [f"'{cell}" for cell in GOOD]]),
    "texts kept by a formula": text_file([HEADINGS, changed(楼层='="31"', 房号='="01"')]),
    "whole numbers with a point": text_file([HEADINGS, changed(楼层="31.0", 房号="3101.0")]),
    "headings over two lines": book(
        {"房源": TWO_LINES},
        merged={"房源": [(1, 5, 1, 6), *[(1, place, 2, place) for place in range(5)]]},
    ),
    "headings over two lines, without merging": text_file(
        [[cell or "" for cell in row] for row in TWO_LINES]
    ),
    "line breaks and units in headings": rows_book(
        GOOD,
        headings=[
            "楼栋号\n(必填)", "单元\n名", "楼 层", "室 号", "房型", "建筑面积\n（平方米）",
            "户内面积\n(m²)", "单价\r\n（元/㎡）",
        ],
    ),
    "a file with macros": repacked(rows_book(GOOD), lambda _name, data: data.replace(*MACRO)),
    "notes on a sheet of their own": book({"填写说明": [["请填"]], "房源": [HEADINGS, GOOD]}),
    "another sheet that is hidden": book(
        {"房源": [HEADINGS, GOOD], "旧价": [["随手记"]]}, hidden={"旧价"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_what_a_person_would_understand_is_read(kind):
    price_list = read_price_list(READ[kind], project_name="花园")
    assert [(fault.column, fault.value, fault.code) for fault in price_list.faults] == []
    (row,) = price_list.rows
    assert (row.building, row.entrance, row.number) == ("3栋", "1单元", "3101")
    assert (row.gross_area, row.total) == (Decimal("125.53"), Decimal("6556415.58"))


def test_hidden_rows_are_taken_in_and_counted():
    def hide(sheet):
        sheet.row_dimensions[3].hidden = True

    price_list = read_price_list(edited(rows=(GOOD, changed(房号="02")), change=hide))
    assert [row.number for row in price_list.rows] == ["3101", "3102"]
    assert price_list.hidden_rows == 1


def test_a_formula_whose_result_is_empty_is_an_empty_cell():
    content = edited(("E2", '=IF(1,"","")'))
    saved = repacked(
        content, lambda _name, data: data.replace(b'<c r="E2"><f>', b'<c r="E2" t="str"><f>')
    )
    assert saved != content
    (row,) = read_price_list(saved).rows
    assert row.house_type is None


def test_what_looks_like_a_formula_stays_a_text():
    (row,) = read_price_list(rows_book(changed(户型="=cmd|' /C calc'!A0"))).rows
    assert row.house_type == "=cmd|' /C calc'!A0"


def test_one_room_too_many_is_refused():
    lines = [",".join(HEADINGS)]
    lines += [f"{n // 5000}栋,1单元,{n // 50 % 100 + 1},{n % 50 + 1},A,99,80,9999" for n in
              range(limits.MAX_ROWS + 1)]  # fmt: skip
    (fault,) = read_price_list("\n".join(lines).encode()).faults
    assert (fault.code, fault.params["most"]) == ("too_many_rows", limits.MAX_ROWS)

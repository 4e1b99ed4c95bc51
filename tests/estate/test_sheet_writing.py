"""The sheet of faults and the template, in Chinese, and harmless."""

from __future__ import annotations

import io
import re
from pathlib import Path

import openpyxl
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel

from app.estate.sheets import Fault, PriceList, read_price_list, write_fault_sheet, write_template
from app.estate.sheets.faults import TEXTS
from app.estate.sheets.headings import TITLES
from tests.estate.sheet_files import GOOD, HEADINGS, book, changed, rows_book

CATALOGUE = Path(__file__).parents[2] / "translations/zh/LC_MESSAGES/messages.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """Give a bare Flask application that speaks Chinese, without database and areas."""
    folder = tmp_path_factory.mktemp("translations")
    target = folder / "zh" / "LC_MESSAGES"
    target.mkdir(parents=True)
    with CATALOGUE.open("rb") as source, (target / "messages.mo").open("wb") as compiled:
        write_mo(compiled, read_po(source, locale="zh"))
    application = Flask(__name__)
    application.config["BABEL_DEFAULT_LOCALE"] = "zh"
    application.config["BABEL_TRANSLATION_DIRECTORIES"] = str(folder)
    Babel(application)
    with application.app_context():
        yield


def read_back(write, *arguments):
    stream = io.BytesIO()
    write(*arguments, stream)
    return openpyxl.load_workbook(io.BytesIO(stream.getvalue()))


@pytest.mark.usefixtures("chinese")
def test_the_sheet_of_faults_names_place_contents_fault_and_remedy():
    content = book(
        {"三栋": [HEADINGS, changed(建筑面积="一百"), GOOD, changed(房号="1", 楼栋="花园3栋")]}
    )
    sheet = read_back(write_fault_sheet, read_price_list(content)).active
    assert sheet.title == "导入错误"
    assert sheet.freeze_panes == "A2"
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["工作表", "行", "列", "单元格内容", "错误", "处理办法"],
        [
            "三栋",
            2,
            "F 建筑面积",
            "一百",
            "这不是数字。",
            "请只填数字，最多两位小数。",
        ],
        [
            "三栋",
            3,
            "D 房号",
            "01",
            "房间 3栋-1单元-3101 已在第 2 行出现。",
            "请删去其中一行。",
        ],
        [
            "三栋",
            4,
            "D 房号",
            "1",
            "房间 3栋-1单元-3101 已在第 2 行出现。",
            "请删去其中一行。",
        ],
    ]
    widths = [sheet.column_dimensions[letter].width for letter in "ABCDEF"]
    assert min(widths) >= 8
    assert widths[4] >= 40


@pytest.mark.usefixtures("chinese")
def test_a_file_that_cannot_be_read_has_a_sheet_of_faults_too():
    sheet = read_back(write_fault_sheet, read_price_list(b"")).active
    assert [cell.value for cell in sheet[2]] == [
        "",
        "",
        "",
        "",
        "文件是空的。",
        "请选择价目表文件。",
    ]


def test_nothing_found_in_a_file_comes_to_life_in_the_sheet_of_faults():
    bad = '=HYPERLINK("http://x","y")'
    content = rows_book(changed(建筑面积=bad), changed(房号="2", 单价="http://x.example"))
    sheet = read_back(write_fault_sheet, read_price_list(content)).active
    assert (sheet["D2"].value, sheet["D2"].data_type) == (bad, "s")
    assert (sheet["D3"].value, sheet["D3"].hyperlink) == ("http://x.example", None)


def test_a_very_long_value_is_cut():
    content = rows_book(changed(建筑面积="长" * 3000))
    sheet = read_back(write_fault_sheet, read_price_list(content)).active
    assert len(sheet["D2"].value) == 500


def test_the_sheet_of_faults_can_be_written_to_a_path(tmp_path):
    path = tmp_path / "faults.xlsx"
    faulty = PriceList(faults=[Fault("a", 1, "", "", "empty_file")])
    write_fault_sheet(faulty, path)
    write_template(str(tmp_path / "template.xlsx"))
    assert openpyxl.load_workbook(path).active["A2"].value == "a"


@pytest.mark.usefixtures("chinese")
def test_the_template_is_read_back_as_it_was_meant():
    workbook = read_back(write_template)
    assert workbook.sheetnames == ["房源", "填写说明"]
    sheet = workbook["房源"]
    assert [cell.value for cell in sheet[1]] == list(TITLES.values())
    assert sheet.freeze_panes == "A2"
    explained = list(workbook["填写说明"].values)
    assert explained[0] == ("列", "示例", "填写说明")
    assert [row[0] for row in explained[1:]] == list(TITLES.values())

    empty = io.BytesIO()
    workbook.save(empty)
    assert [fault.code for fault in read_price_list(empty.getvalue()).faults] == ["no_rooms"]

    for column, row in enumerate(explained[1:], start=1):
        sheet.cell(row=2, column=column, value=row[1])
    filled = io.BytesIO()
    workbook.save(filled)
    price_list = read_price_list(filled.getvalue())
    assert price_list.faults == []
    room = price_list.rows[0]
    assert (room.title, str(room.total)) == ("3栋-1单元-3101", "6556415.58")


def test_every_text_has_its_chinese_with_the_same_placeholders():
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="zh")
    ours = {text for texts in TEXTS.values() for text in texts}
    added_elsewhere = {"room_without_area", "room_on_market"}
    ours -= {text for code in added_elsewhere for text in TEXTS.get(code, ())}
    assert ours <= {message.id for message in catalogue if message.id}
    for message in catalogue:
        if message.id:
            assert message.string
            assert set(PLACEHOLDER.findall(message.id)) == set(PLACEHOLDER.findall(message.string))

"""Lists as files: lines written at once are what Excel and others read; light rows say the same."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.core.actor import acting
from app.estate.models import Room
from app.web import export
from app.web.exports import view_named
from app.web.light_rows import _names, light_rows
from app.web.sheet_lines import ListSheet, letters_of, style_of
from tests.factories.people import make_project

TEXTS = (
    "松风明月花园", "a < b & c > d", '"quoted"', " blank before", "behind ", "two\nlines",
    "bell\x07", "_x0041_ stays", "=1+1", "𠮷野家",
)  # fmt: skip


def written(lines):
    """The sheet's cells after writing lines of (letters, contents) pairs made by a function."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(worksheet_class=ListSheet)
        sheet.write_string(0, 0, "head")
        style = style_of(book.add_format({"num_format": "yyyy-mm-dd"}))
        made = lines(sheet, style)
        for line, cells in enumerate(made, start=1):
            sheet.write_line(line, [(letters_of(n), cell) for n, cell in enumerate(cells)])
        sheet.reach(len(made), 2)
    return openpyxl.load_workbook(file).active


def test_every_text_comes_back_as_it_was():
    sheet = written(lambda sheet, _style: [[sheet.text(one)] for one in TEXTS])
    assert sheet["A1"].value == "head"
    found = [openpyxl.utils.escape.unescape(row[0].value) for row in sheet.iter_rows(min_row=2)]
    assert found == list(TEXTS)
    assert all(row[0].data_type in ("s", "inlineStr") for row in sheet.iter_rows(min_row=2))


def test_figures_and_days_are_figures_and_days():
    values = (Decimal("6556415.58"), 12, Decimal("-0.01"))
    days = (date(2026, 12, 1), datetime(2026, 12, 1, 9, 30))  # noqa: DTZ001
    sheet = written(
        lambda sheet, style: (
            [[sheet.number(one, "")] for one in values]
            + [[sheet.moment(one, style)] for one in days]
        )
    )
    assert [sheet.cell(line, 1).value for line in (2, 3, 4)] == [6556415.58, 12, -0.01]
    assert sheet.cell(5, 1).value == datetime(2026, 12, 1)  # noqa: DTZ001
    assert sheet.cell(6, 1).value == days[1]


def test_a_text_longer_than_a_cell_holds_is_cut():
    sheet = written(lambda sheet, _style: [[sheet.text("长" * 40000)]])
    assert sheet["A2"].value == "长" * 32767


@pytest.mark.usefixtures("rooms")
@pytest.mark.parametrize("name", ["RoomView", "BuildingView", "HouseTypeView"])
def test_light_rows_say_what_whole_rows_say(app, session, actor_for, name):
    steward = actor_for("steward")
    view = view_named(name)
    with app.test_request_context(), acting(steward):
        columns = [one for one in view.offered if one.kind not in ("many", "json")]
        query, _filters = view.query(MultiDict(), steward, columns=columns)
        parts = light_rows(view, query, columns, 100)
        whole = list(session.scalars(query.ordered()).unique())
        assert parts is not None
        light = [row for part in parts for row in part]
        assert [[c.value(row) for c in columns] for row in light] == [
            [c.value(row) for c in columns] for row in whole
        ]


@pytest.mark.usefixtures("rooms")
def test_light_rows_are_only_those_within_reach(app, session, actor_for):
    stranger = actor_for("steward", project=make_project())
    view = view_named("RoomView")
    with app.test_request_context(), acting(stranger):
        query, _filters = view.query(MultiDict(), stranger, columns=view.columns)
        parts = light_rows(view, query, view.columns, 100)
        assert [row for part in parts for row in part] == []
        file = io.BytesIO()
        assert export.write(view, query, file, list(view.columns)) == 0
    assert session.scalar(select(Room.id)) is not None


def _told(self):
    return self.number


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        (lambda self: (self.number, self.building), ("building", "building_id", "number", "odd")),
        (lambda self: self.told(), None),
        (lambda self: getattr(self, "num" + "ber"), None),
        (lambda self: "-" + str(self), None),
    ],
)
def test_a_property_that_calls_or_looks_by_name_takes_whole_rows(monkeypatch, body, needs):
    monkeypatch.setattr(Room, "told", _told, raising=False)
    monkeypatch.setattr(Room, "odd", property(body), raising=False)
    _names.cache_clear()
    assert _names(Room, frozenset({"odd"})) == needs
    _names.cache_clear()

"""What tests of prices share: the published price list, people of a project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from app.core.actor import Actor
from config import ROOT

DATA = ROOT / "app" / "demo" / "data"
ROWS_FILE = DATA / "songfeng-rooms.xls"
MATRIX_FILE = DATA / "songfeng-matrix.xlsx"
#: gross area × unit price of every room, each rounded half up to the fen
PUBLISHED_TOTAL = "2134261656.44"
HEAD = ["楼栋", "单元", "楼层", "房号", "建筑面积", "套内面积", "单价"]


@pytest.fixture
def rows_file() -> bytes:
    return ROWS_FILE.read_bytes()


@pytest.fixture
def matrix_file() -> bytes:
    return MATRIX_FILE.read_bytes()


@pytest.fixture
def steward(actor_for: Callable[..., Actor]) -> Actor:
    return actor_for("steward")


@pytest.fixture
def director(actor_for: Callable[..., Actor]) -> Actor:
    return actor_for("director")


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., bytes]:
    """``sheet([row, …])``: an .xlsx price list of the rows shape."""

    def write(rows: list[list[Any]], head: list[str] = HEAD) -> bytes:
        path = tmp_path / "list.xlsx"
        book = xlsxwriter.Workbook(str(path))
        page = book.add_worksheet("房源")
        for line, cells in enumerate([head, *rows]):
            page.write_row(line, 0, cells)
        book.close()
        return path.read_bytes()

    return write

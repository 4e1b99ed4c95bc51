"""Finds the headings of a sheet, says what each column holds and which shape the sheet has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.estate.sheets.limits import MAX_COLUMNS
from app.estate.sheets.opening import Cell, Sheet
from app.estate.sheets.price_list import Shape
from app.estate.sheets.values import shown

HEADING_LINES: Final = 20


class Column(StrEnum):
    """What a column holds."""

    BUILDING = "building"
    ENTRANCE = "entrance"
    FLOOR = "floor"
    NUMBER = "number"
    HOUSE_TYPE = "house_type"
    GROSS_AREA = "gross_area"
    INSIDE_AREA = "inside_area"
    SHARED_AREA = "shared_area"
    UNIT_PRICE = "unit_price"
    INSIDE_UNIT_PRICE = "inside_unit_price"
    TOTAL = "total"
    ORIENTATION = "orientation"
    VIEW = "view"
    STRUCTURE = "structure"
    FIT_OUT = "fit_out"
    USAGE = "usage"
    PRODUCT_TYPE = "product_type"
    ZONE = "zone"
    IGNORED = "ignored"


#: the heading that the template uses for each column
TITLES: Final = {
    Column.BUILDING: "楼栋",
    Column.ENTRANCE: "单元",
    Column.FLOOR: "楼层",
    Column.NUMBER: "房号",
    Column.HOUSE_TYPE: "户型",
    Column.GROSS_AREA: "建筑面积",
    Column.INSIDE_AREA: "套内面积",
    Column.SHARED_AREA: "公摊面积",
    Column.UNIT_PRICE: "单价",
    Column.TOTAL: "总价",
    Column.ORIENTATION: "朝向",
    Column.VIEW: "景观",
    Column.STRUCTURE: "户型结构",
    Column.FIT_OUT: "装修标准",
    Column.USAGE: "租售类型",
    Column.PRODUCT_TYPE: "产品类型",
    Column.ZONE: "分区",
}

_NAMES: Final = {
    Column.BUILDING: (
        "楼栋 楼号 楼栋号 楼栋名称 楼栋名 楼幢 楼幢号 楼座 楼座号 楼宇 楼宇名称 幢 "
        "幢号 栋 栋号 栋座 座号 所在楼栋 建筑物 building"
    ),
    Column.ENTRANCE: ("单元 单元号 单元名称 单元名 所在单元 门栋 梯号 entrance"),
    Column.FLOOR: ("楼层 层 层号 层次 楼层号 楼层名称 所在层 所在楼层 floor"),
    Column.NUMBER: (
        "房号 室号 房间号 房间 房屋号 房间编号 户号 户室号 门牌号 房源 房源编号 number room"
    ),
    Column.HOUSE_TYPE: ("户型 户型名称 户型编号 房型 housetype"),
    Column.GROSS_AREA: ("建筑面积 建面 预测建筑面积 预售建筑面积 房屋建筑面积 预测面积 grossarea"),
    Column.INSIDE_AREA: (
        "套内面积 户内面积 套内建筑面积 户内建筑面积 预测套内面积 预测套内建筑面积 "
        "预售套内面积 套内 insidearea"
    ),
    Column.SHARED_AREA: (
        "公摊面积 分摊面积 公摊建筑面积 分摊建筑面积 预测公摊面积 预测分摊面积 公摊 "
        "分摊共有建筑面积 分摊的共有建筑面积 sharedarea"
    ),
    Column.UNIT_PRICE: (
        "单价 预售单价 备案单价 销售单价 标准单价 面价单价 拟售单价 申报单价 "
        "建面单价 建筑面积单价 建筑单价 按建筑面积单价 按建筑面积计单价 "
        "单价建筑面积 单价按建筑面积 unitprice"
    ),
    Column.INSIDE_UNIT_PRICE: (
        "套内单价 套内面积单价 套内建筑面积单价 户内单价 户内面积单价 "
        "按套内面积单价 按套内建筑面积单价 按套内建筑面积计单价 单价套内 "
        "单价套内面积 单价按套内面积"
    ),
    Column.TOTAL: (
        "总价 预售总价 备案总价 销售总价 标准总价 面价总价 拟售总价 申报总价 总价款 "
        "总房价 房屋总价 房价 total"
    ),
    Column.ORIENTATION: "朝向 房屋朝向 房间朝向 主朝向 orientation",
    Column.VIEW: "景观 景观资源 景观类型 房间景观 view",
    Column.STRUCTURE: "户型结构 房型结构 户室结构 structure",
    Column.FIT_OUT: "装修标准 装修标准名称 交付标准 fitout",
    Column.USAGE: "租售类型 租售方式 租售属性 usage",
    Column.PRODUCT_TYPE: "产品类型 产品类别 producttype",
    Column.ZONE: "分区 所属分区 所在分区 组团 zone",
    Column.IGNORED: (
        "序号 编号 备注 说明 状态 销售状态 房屋状态 房间状态 预售状态 "
        "用途 房屋用途 规划用途 层高 装修 装修情况 项目 项目名称 项目名 "
        "楼盘 楼盘名称 小区 地址 坐落 房屋坐落 得房率 实用率 房屋类型 房屋性质 "
        "物业类型 预售许可证 预售证号"
    ),
}
_BY_NAME: Final = {name: column for column, names in _NAMES.items() for name in names.split()}
_USED: Final = frozenset(Column) - {Column.IGNORED}
# A sheet is one of rows when it has a room number beside another of these, or three of them; a
# matrix when it has building, floor and labels of columns, three together.
_FEW, _MANY = 2, 3

_UNIT: Final = r"元/m2|元/平方米|元/平米|元/套|人民币|元|m2|平方米|平米|必填|选填|可空"
_UNIT_IN_BRACKETS: Final = re.compile(rf"[(\[【](?:单位[::]?)?(?:{_UNIT})[)\]】]")
_UNIT_AT_END: Final = re.compile(rf"(?<=[价积])(?:{_UNIT})$")
_PUNCTUATION: Final = re.compile(r"[\s*::_()\[\]【】/]+")
_OTHER_UNIT: Final = re.compile(r"万|亿|美元|港元|港币|亩|公顷")
_LABEL: Final = re.compile(r"(?:0?[1-9]|[1-9][0-9]|[A-Z])(?:室|房|号房|号|户)?")
_NOTES: Final = re.compile(
    r"说明|填写说明|填表说明|备注|封面|目录|字典|instructions", re.IGNORECASE
)


@dataclass(slots=True)
class Headings:
    """The headings of one sheet: ``row`` is their place from 0, ``columns`` what stands where."""

    row: int
    shape: Shape
    titles: dict[int, str]
    columns: dict[int, Column | None]
    labels: dict[int, str] = field(default_factory=dict)
    #: what somebody said that the cells of a matrix hold
    kind: Column | None = None

    def place_of(self, column: Column) -> int | None:
        return next((place for place, found in self.columns.items() if found is column), None)

    def title_of(self, column: Column) -> str:
        place = self.place_of(column)
        return TITLES.get(column, "") if place is None else self.titles[place]


def find_headings(sheet: Sheet) -> Headings | None:
    """Return the headings within the first 20 lines, or None."""
    for row, cells in enumerate(sheet.rows[:HEADING_LINES]):
        found = read_headings(row, cells)
        if found is not None and found.shape is Shape.MATRIX:
            return found
        if found or _two_lines(sheet, row):
            return _best_headings(sheet, row)
    return None


def _best_headings(sheet: Sheet, row: int) -> Headings:
    """Return the headings that say most: this line, the next, or either with the one below.

    Among equals a single line, and the first: a title above the headings, or the first room below
    them, adds nothing.
    """
    lines = range(row, min(row + 2, len(sheet.rows)))
    singles = [read_headings(line, sheet.rows[line]) for line in lines]
    found = [one for one in (*singles, *(_two_lines(sheet, line) for line in lines)) if one]
    return max(found, key=lambda headings: len(_used(headings)))


def _two_lines(sheet: Sheet, row: int) -> Headings | None:
    """Return headings that stand over two lines: 面积 above 建筑 and 套内."""
    if row + 1 >= len(sheet.rows):
        return None
    upper = heading_titles(sheet.rows[row])
    for (top, left), (bottom, right) in sheet.merged:
        if top == bottom == row and left in upper:
            upper |= dict.fromkeys(range(left, min(right, left + MAX_COLUMNS) + 1), upper[left])
    lower = heading_titles(sheet.rows[row + 1])
    titles, columns = {}, {}
    for place in sorted(upper.keys() | lower.keys()):
        above, below = upper.get(place, ""), lower.get(place, "")
        wordings = (above + below, below + above, below, above)
        titles[place] = " ".join(filter(None, (above, below)))
        columns[place] = next(
            (known for text in wordings if (known := _BY_NAME.get(_plain(text)))), None
        )
    found = Headings(row + 1, Shape.ROWS, titles, columns)
    return found if _is_list(_used(found)) else None


def _used(headings: Headings) -> set[Column]:
    return {column for column in headings.columns.values() if column in _USED}


def _is_list(used: set[Column]) -> bool:
    return len(used) >= (_FEW if Column.NUMBER in used else _MANY)


def heading_titles(cells: Sequence[Cell]) -> dict[int, str]:
    """Return the texts of a line by their places, without the empty ones."""
    titles = {place: shown(cell).strip() for place, cell in enumerate(cells)}
    return {place: title for place, title in titles.items() if title}


def read_headings(row: int, cells: Sequence[Cell]) -> Headings | None:
    """Return the headings in this line, or None when it is no line of headings."""
    titles = heading_titles(cells)
    columns = {place: _BY_NAME.get(_plain(title)) for place, title in titles.items()}
    used = {column for column in columns.values() if column in _USED}
    labels = {
        place: label
        for place, title in titles.items()
        if columns[place] is None and (label := label_of(title))
    }
    axes = used & {Column.FLOOR, Column.BUILDING}
    per_room = {Column.NUMBER, Column.GROSS_AREA, Column.UNIT_PRICE, Column.TOTAL}
    if labels and axes and len(axes) + len(labels) > _FEW and not used & per_room:
        return Headings(row, Shape.MATRIX, titles, columns, labels)
    if _is_list(used):
        return Headings(row, Shape.ROWS, titles, columns)
    return None


def has_other_unit(title: str) -> bool:
    """Tell whether a heading gives its figures in 万元 or another unit that is not used."""
    return _OTHER_UNIT.search(title) is not None


def is_notes(sheet: Sheet) -> bool:
    """Tell whether a sheet is hidden, or by its name holds no list."""
    return sheet.is_hidden or _NOTES.fullmatch(sheet.name.strip()) is not None


def sheet_kind(sheet: Sheet, headings: Headings) -> Column | None:
    """Return what the cells of a matrix hold, by its name, the lines above it or its headings."""
    return next((kind for text in kind_texts(sheet, headings) if (kind := _kind(text))), None)


def kind_texts(sheet: Sheet, headings: Headings) -> Iterator[str]:
    """Yield the texts that may say what a matrix holds, and in which unit."""
    yield sheet.name
    for cells in sheet.rows[: headings.row]:
        yield from map(shown, cells)
    yield from headings.titles.values()


def _kind(text: str) -> Column | None:
    for word, column in (
        ("单价", Column.UNIT_PRICE),
        ("总价", Column.TOTAL),
        ("套内", Column.INSIDE_AREA),
        ("户内", Column.INSIDE_AREA),
        ("建筑面积", Column.GROSS_AREA),
        ("户型", Column.HOUSE_TYPE),
    ):
        if word in text:
            return column
    return None


def _plain(title: str) -> str:
    """Return a heading without spaces, marks and the units that are used anyway."""
    text = "".join(unicodedata.normalize("NFKC", title).split()).lower()
    text = _PUNCTUATION.sub("", _UNIT_IN_BRACKETS.sub("", text))
    return _UNIT_AT_END.sub("", text)


def label_of(title: str) -> str:
    """Return the number or letter of a matrix column, or nothing."""
    text = unicodedata.normalize("NFKC", title).strip().upper()
    return text if _LABEL.fullmatch(text) else ""

"""A worksheet that is filled line by line, top to bottom, at a fifth of XlsxWriter's own cost.

XlsxWriter keeps every cell as an object and decides for each what it is; a list knows that of its
columns beforehand. What stands around the lines (heads, widths, filters) is XlsxWriter's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

#: letters that a cell may hold
LONGEST: Final = 32767
#: texts of one column that are kept as they were written
KEPT: Final = 2000
#: what a text cell must write otherwise: markup, control characters, escapes of those, blank ends
_UNPLAIN: Final = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\s|\s$")

#: a value to the cell's markup behind its number of line
CellWriter = Callable[[Any], str]


class ListSheet(Worksheet):
    """A worksheet of a workbook with ``constant_memory``."""

    previous_row: int
    dim_rowmax: int | None

    def write_line(self, line: int, cells: list[tuple[str, str]]) -> None:
        """Write a line below all that was written; ``cells`` are column letters and contents."""
        if line > self.previous_row:
            self._write_single_row(line + 1)
        row = line + 1
        text = "".join([f'<c r="{letters}{row}"{rest}' for letters, rest in cells])
        self.fh.write(f'<row r="{row}">{text}</row>')
        self.previous_row = line + 1

    def reach(self, line: int, columns: int) -> None:
        """Say how far the lines go: the sheet's head says it."""
        self._check_dimensions(line, max(0, columns - 1), ignore_row=False)
        self.dim_rowmax = max(self.dim_rowmax or 0, line)

    def number(self, value: Decimal | float, style: str) -> str:
        """Return a cell of a figure."""
        return f"{style}><v>{value:.16G}</v></c>"

    def moment(self, value: date, style: str) -> str:
        """Return a cell of a day or a moment without zone."""
        return self.number(self._convert_date_time(value), style)

    def text(self, value: str) -> str:
        """Return a cell of a text; what a cell cannot hold of it is cut off."""
        if len(value) <= LONGEST // 2 and not _UNPLAIN.search(value):
            return f' t="inlineStr"><is><t>{value}</t></is></c>'
        escaped = self._escape_data(self._escape_control_characters(_cut(value)))
        return f' t="inlineStr"><is><t xml:space="preserve">{escaped}</t></is></c>'


def _cut(value: str) -> str:
    """Return as much as a cell holds, counted as Excel does."""
    units = value.encode("utf-16-le")
    return units[: 2 * LONGEST].decode("utf-16-le", "ignore")


def letters_of(place: int) -> str:
    """Return the letters of a column, from 0."""
    return str(xl_col_to_name(place))


def style_of(style: Any) -> str:
    """Return the attribute that gives a cell its format."""
    # As XlsxWriter does for each cell of its own.
    return f' s="{style._get_xf_index()}"' if style is not None else ""  # noqa: SLF001

"""A receipt as lines that fit the paper: wrapped by display width, nothing ever clipped."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.devices.capabilities import FeedLine, Line, PairLine, Receipt, RuleLine, TextLine
from app.devices.drivers.escpos_generic.codec import PrintLine, clean_text, display_width

# Printed on the customer's paper, therefore Chinese whatever the clerk's language is.
REPRINT_MARK: Final = "补打第{}次"
JOB_MARK: Final = "任务"
COPY_MARK: Final = "（{}/{}）"
# An amount or a number stays in one piece as long as a line can hold it.
_TOKENS: Final = re.compile("￥?[!-~]+| +|[^ -~]")


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns; only spaces at a break are dropped. At least one line."""
    rows = [""]
    for token in _TOKENS.findall(text):
        if display_width(rows[-1] + token) <= width:
            rows[-1] += token
        elif token.isspace():
            rows.append("")
        else:
            _add_row(rows, token, width)
    return [row.rstrip(" ") for row in rows if row.strip(" ")] or [""]


def _add_row(rows: list[str], token: str, width: int) -> None:
    """Begin a line with a token that did not fit, broken where it is wider than a line."""
    rows.append("")
    for character in token:
        if display_width(rows[-1] + character) > width:
            rows.append("")
        rows[-1] += character


@dataclass(slots=True)
class Layout:
    """Lays out documents for one kind of paper and collects what could not be printed."""

    columns: int
    gb18030: bool
    replaced: list[str] = field(default_factory=list)

    def pages(self, receipt: Receipt, *, job_id: str) -> list[list[PrintLine]]:
        """One list of lines per copy, each ending with the mark of the job."""
        self.replaced.clear()
        shared = [*self._head(receipt), *self._body(receipt)]
        return [
            [*shared, *self._foot(job_id, copy, receipt.copies)]
            for copy in range(1, receipt.copies + 1)
        ]

    def _head(self, receipt: Receipt) -> Iterator[PrintLine]:
        if receipt.reprint:
            mark = REPRINT_MARK.format(receipt.reprint)
            yield from self._text(TextLine(mark, "center", "double", bold=True))
        if receipt.title:
            yield from self._text(TextLine(receipt.title, "center", "double"))

    def _body(self, receipt: Receipt) -> Iterator[PrintLine]:
        for line in receipt.lines:
            yield from self._line(line)

    def _foot(self, job_id: str, copy: int, copies: int) -> Iterator[PrintLine]:
        mark = COPY_MARK.format(copy, copies) if copies > 1 else ""
        yield from self._text(TextLine(f"{JOB_MARK} {job_id}{mark}"))

    def _line(self, line: Line) -> Iterator[PrintLine]:
        match line:
            case TextLine():
                yield from self._text(line)
            case PairLine():
                yield from self._pair(line)
            case RuleLine():
                yield PrintLine("-" * self.columns)
            case FeedLine():
                yield from [PrintLine()] * line.lines

    def _clean(self, text: str) -> str:
        kept, replaced = clean_text(text, gb18030=self.gb18030)
        self.replaced += [character for character in replaced if character not in self.replaced]
        return kept

    def _text(self, line: TextLine) -> Iterator[PrintLine]:
        width = self.columns // 2 if line.size == "double" else self.columns
        for paragraph in self._clean(line.text).split("\n"):
            for row in wrap(paragraph, width):
                yield PrintLine(row, line.align, line.size, line.bold)

    def _pair(self, line: PairLine) -> Iterator[PrintLine]:
        """Label and value on one line where they fit; else the value at the right, below."""
        lefts = wrap(self._clean(line.left).replace("\n", " "), self.columns)
        rights = wrap(self._clean(line.right).replace("\n", " "), self.columns)
        gap = self.columns - display_width(lefts[-1]) - display_width(rights[0])
        if len(rights) == 1 and gap >= (1 if lefts[-1] else 0):
            lefts[-1] += " " * gap + rights.pop()
        for row in (*lefts, *(" " * (self.columns - display_width(row)) + row for row in rights)):
            yield PrintLine(row)


_JOB_MARK: Final = re.compile(rf"{JOB_MARK}([!-~]+)(?:（(\d+)/\d+）)?")


def parse_job_mark(rows: Sequence[str]) -> tuple[str | None, int | None]:
    """The job and the copy that a paper's last words name; the mark may be wrapped."""
    starts = [at for at, row in enumerate(rows) if row.strip().startswith(JOB_MARK)]
    if not starts:
        return None, None
    found = _JOB_MARK.fullmatch("".join(rows[starts[-1] :]).replace(" ", ""))
    if not found:
        return None, None
    return found[1], int(found[2]) if found[2] else None

"""A receipt printer in memory: interprets ESC/POS into lines of paper, with its sensors. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.devices.drivers.escpos_generic.codec import GETA

ESC, GS, FS, LF, DLE = 0x1B, 0x1D, 0x1C, 0x0A, 0x10
_QUESTION_STARTS: Final = (b"\x10", b"\x10\x04")
_FIRST_CHINESE: Final = 0x81
_FIRST_PRINTABLE: Final = 0x20
_DIGITS: Final = range(0x30, 0x3A)
_CUT_WITH_FEED: Final = (65, 66)
# Parameters of the commands known here; any other two bytes are skipped as they are.
_PARAMETERS: Final[Mapping[bytes, int]] = {
    b"\x1b!": 1,
    b"\x1b-": 1,
    b"\x1b3": 1,
    b"\x1bE": 1,
    b"\x1bJ": 1,
    b"\x1bM": 1,
    b"\x1bR": 1,
    b"\x1ba": 1,
    b"\x1bd": 1,
    b"\x1bp": 3,
    b"\x1bt": 1,
    b"\x1b{": 1,
    b"\x1d!": 1,
    b"\x1dB": 1,
    b"\x1dV": 1,
    b"\x1da": 1,
    b"\x1dr": 1,
    b"\x1c!": 1,
    b"\x1c-": 1,
    b"\x1cS": 2,
}


@dataclass(slots=True)
class Sensors:
    """What keeps a printer from printing."""

    paper: str = "in"
    is_cover_open: bool = False
    is_offline: bool = False
    has_cutter_error: bool = False
    has_fatal_error: bool = False

    @property
    def can_print(self) -> bool:
        return self.paper != "out" and not (
            self.is_cover_open or self.is_offline or self.has_cutter_error or self.has_fatal_error
        )

    def status(self, question: int) -> int:
        """The answer to DLE EOT 1..4."""
        bits = {
            1: 0x08 * (not self.can_print),
            2: 0x04 * self.is_cover_open
            | 0x20 * (self.paper == "out")
            | 0x40 * (self.has_cutter_error or self.has_fatal_error),
            3: 0x08 * self.has_cutter_error | 0x20 * self.has_fatal_error,
            4: 0x0C * (self.paper != "in") | 0x60 * (self.paper == "out"),
        }
        return 0x12 | bits.get(question, 0)

    def buffered(self) -> int:
        """The answer to `GS r 1`."""
        return 0x03 * (self.paper != "in") | 0x0C * (self.paper == "out")


@dataclass(slots=True)
class Style:
    """How the next character comes out."""

    align: str = "left"
    bold: bool = False
    is_ascii_double: bool = False
    is_chinese_double: bool = False
    is_chinese: bool = False

    def change(self, name: bytes, values: bytes) -> None:
        """Take over what a style command sets; others change nothing."""
        match name:
            case b"\x1ba":
                self.align = {1: "center", 2: "right"}.get(values[0] % 48, "left")
            case b"\x1bE":
                self.bold = bool(values[0] & 1)
            case b"\x1b!":
                self.bold = bool(values[0] & 0x08)
                self.is_ascii_double = bool(values[0] & 0x30)
            case b"\x1d!":
                self.is_ascii_double = bool(values[0])
            case b"\x1c!":
                self.is_chinese_double = bool(values[0] & 0x0C)
            case b"\x1c&" | b"\x1c.":
                self.is_chinese = name == b"\x1c&"


@dataclass(slots=True)
class Sheet:
    """The paper since the last cut."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    drawer: int = 0

    @property
    def is_blank(self) -> bool:
        return not any(line["text"].strip() for line in self.lines)


class VirtualPrinter:
    """Takes bytes, prints while it can, answers. Real-time questions pass what waits."""

    def __init__(self, columns: int, *, gb18030: bool = False) -> None:
        self.columns = columns
        self.sensors = Sensors()
        self.sheet = Sheet()
        self.finished: list[Sheet] = []
        self.answers = bytearray()
        self._gb18030 = gb18030
        self._style = Style()
        self._question = bytearray()
        self._waiting = bytearray()
        self._row = ""
        self._row_width = 0
        self._is_row_double = False

    def receive(self, data: bytes, room: int | None = None) -> tuple[int, int]:
        """Take `data`, or as much of it as has `room` bytes that are no real-time question.

        Returns the bytes taken and how many of them were no question.
        """
        used = counted = 0
        for byte in data:
            if room is not None and counted >= room:
                break
            used += 1
            counted += self._take(byte)
        self.work()
        return used, counted

    def _take(self, byte: int) -> int:
        """Sort one byte into question or data; how many bytes turned out to be data."""
        self._question.append(byte)
        if bytes(self._question) in _QUESTION_STARTS:
            return 0
        if self._question.startswith(_QUESTION_STARTS[-1]):
            self.answers.append(self.sensors.status(byte))
            self._question.clear()
            return 0
        # It was none; yet its last byte may begin another one.
        size = len(self._question) - (byte == DLE)
        self._waiting += self._question[:size]
        del self._question[:size]
        return size

    def work(self) -> None:
        """Print what waits, as far as the sensors let it and commands are complete."""
        while self._waiting and self.sensors.can_print:
            size = self._step(bytes(self._waiting[:8]))
            if not size:
                return
            del self._waiting[:size]

    def cut(self) -> None:
        """End the sheet, also by tearing it off. A blank one is waste, not paper."""
        if self._row:
            self._end_row()
        if not self.sheet.is_blank:
            self.finished.append(self.sheet)
        self.sheet = Sheet()

    def dump(self) -> dict[str, Any]:
        """What survives the power going: the sensors and what is on the sheet."""
        return {
            "sensors": asdict(self.sensors),
            "lines": self.sheet.lines,
            "raw": self.sheet.raw.hex(),
            "drawer": self.sheet.drawer,
        }

    def restore(self, state: Mapping[str, Any], *, with_sheet: bool) -> None:
        self.sensors = Sensors(**state["sensors"])
        if with_sheet:
            self.sheet = Sheet(state["lines"], bytearray.fromhex(state["raw"]), state["drawer"])

    # --- interpreting ---

    def _step(self, head: bytes) -> int:
        """Do the first command or character; its length, 0 when it is not complete."""
        first = head[0]
        if first in (ESC, GS, FS):
            return self._command(head)
        if first == LF:
            return self._done(head[:1], self._end_row)
        if first < _FIRST_PRINTABLE:
            return self._done(head[:1], None)
        if self._style.is_chinese and first >= _FIRST_CHINESE:
            return self._chinese(head)
        character = chr(first) if first < _FIRST_CHINESE - 1 else "?"
        width = 2 if self._style.is_ascii_double else 1
        return self._done(head[:1], lambda: self._put(character, width))

    def _done(self, code: bytes, action: Callable[[], None] | None) -> int:
        # Noted first: what an action cuts off bears the bytes that cut it.
        self.sheet.raw += code
        if action:
            action()
        return len(code)

    def _chinese(self, head: bytes) -> int:
        is_long = self._gb18030 and len(head) > 1 and head[1] in _DIGITS
        size = 4 if is_long else 2
        if len(head) < size:
            return 0
        try:
            character = head[:size].decode("gb18030" if self._gb18030 else "gbk")
        except UnicodeDecodeError:
            character = GETA
        width = 4 if self._style.is_chinese_double else 2
        return self._done(head[:size], lambda: self._put(character, width))

    def _command(self, head: bytes) -> int:
        name = head[:2]
        size = 2 + _PARAMETERS.get(name, 0)
        if name == b"\x1dV" and len(head) > len(name) and head[2] in _CUT_WITH_FEED:
            size += 1
        if len(head) < size:
            return 0
        return self._done(head[:size], lambda: self._obey(name, head[2:size]))

    def _obey(self, name: bytes, values: bytes) -> None:
        match name:
            case b"\x1b@":
                self._style, self._row, self._row_width = Style(), "", 0
                self._is_row_double = False
            case b"\x1bd":
                self._feed(values[0])
            case b"\x1bp":
                self.sheet.drawer += 1
            case b"\x1dr":
                self.answers.append(self.sensors.buffered() if values[0] in (1, 49) else 0)
            case b"\x1dV":
                self.cut()
            case _:
                self._style.change(name, values)

    def _put(self, character: str, width: int) -> None:
        if self._row_width + width > self.columns:
            self._end_row()
        self._row += character
        self._row_width += width
        self._is_row_double |= width > (1 if character.isascii() else 2)

    def _end_row(self) -> None:
        self.sheet.lines.append(
            {
                "text": self._row.rstrip(" "),
                "align": self._style.align,
                "size": "double" if self._is_row_double else "normal",
                "bold": self._style.bold,
            }
        )
        self._row, self._row_width, self._is_row_double = "", 0, False

    def _feed(self, lines: int) -> None:
        if self._row:
            self._end_row()
            lines -= 1
        for _line in range(lines):
            self._end_row()

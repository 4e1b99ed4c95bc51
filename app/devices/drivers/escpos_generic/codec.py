"""ESC/POS as bytes: Chinese text, styles, cut, drawer, status questions and answers. No I/O."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.devices.capabilities import Align, Size

RESET: Final = b"\x1b@"
CHINESE_ON: Final = b"\x1c&"
CHINESE_OFF: Final = b"\x1c."
# Without it a printer set to China prints ¥ for $.
ASCII_USA: Final = b"\x1bR\x00"
NO_AUTO_STATUS: Final = b"\x1da\x00"
ASK_PAPER_BUFFERED: Final = b"\x1dr\x01"
# Completes a command that an earlier job left unfinished; four bytes are the longest rest.
RESYNC: Final = b"\x00\x00\x00\x00"
_ALIGN: Final[Mapping[Align, bytes]] = {
    "left": b"\x1ba\x00",
    "center": b"\x1ba\x01",
    "right": b"\x1ba\x02",
}
_BOLD: Final = (b"\x1bE\x00", b"\x1bE\x01")
# GS ! doubles what is one byte, FS ! what is Chinese; makes differ in whether one does both.
_SIZE: Final[Mapping[Size, bytes]] = {
    "normal": b"\x1d!\x00\x1c!\x00",
    "double": b"\x1d!\x11\x1c!\x0c",
}
_CUT: Final[Mapping[str, bytes]] = {
    "partial": b"\x1dVB\x00",
    "full": b"\x1dVA\x00",
    "none": b"\x1bd\x05",
}
_DRAWER: Final[Mapping[int, bytes]] = {2: b"\x1bp\x00\x19\xfa", 5: b"\x1bp\x01\x19\xfa"}
_STATUS: Final = b"\x10\x04"


def ask_status(question: int) -> bytes:
    """Real-time status question 1..4: answered at once, past everything that waits."""
    return _STATUS + bytes([question])


def open_drawer(pin: int) -> bytes:
    return _DRAWER[pin]


def cut(how: str) -> bytes:
    """End a paper: "partial", "full", or "none" for feeding it past the tear bar."""
    return _CUT[how]


# --- text -----------------------------------------------------------------------------------

GETA: Final = "〓"
# Look-alikes with no GBK code; ¥ would go out as four bytes that GBK printers print as garbage.
_LOOK_ALIKES: Final = str.maketrans(
    {"¥": "￥", "\u00a0": " ", "\t": " ", "\u2022": "·", "\u2027": "·", "\u30fb": "·"}
)
# Control characters, surrogates and private use; GB18030 has codes for most of them.
_NOT_TEXT: Final = frozenset({"Cc", "Cs", "Co"})
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")


def clean_text(text: str, *, gb18030: bool) -> tuple[str, list[str]]:
    """What the printer can print of `text`, and the characters that became 〓.

    Only the line feed remains of the control characters: a name must not command the printer.
    """
    text = _LINE_BREAK.sub("\n", unicodedata.normalize("NFC", text))
    text = text.replace("m²", "㎡").translate(_LOOK_ALIKES)
    kept, replaced = [], []
    for character in text:
        if unicodedata.category(character) == "Cf":
            continue
        if character == "\n" or encode_character(character, gb18030=gb18030):
            kept.append(character)
        else:
            kept.append(GETA)
            replaced.append(character)
    return "".join(kept), replaced


def encode_character(character: str, *, gb18030: bool) -> bytes:
    """Its code as the printer knows it; b"" for none (control characters have none)."""
    if unicodedata.category(character) in _NOT_TEXT:
        return b""
    if not character.isascii():
        for encoding in ("gbk", "gb18030") if gb18030 else ("gbk",):
            try:
                return character.encode(encoding)
            except UnicodeEncodeError:
                continue
        return b""
    return character.encode()


def display_width(text: str) -> int:
    """Columns of cleaned text: what takes two or four bytes is printed two columns wide."""
    return sum(1 if character.isascii() else 2 for character in text)


@dataclass(frozen=True, slots=True)
class PrintLine:
    """One line that fits the paper."""

    text: str = ""
    align: Align = "left"
    size: Size = "normal"
    bold: bool = False


def encode_line(line: PrintLine) -> bytes:
    """Style, text and line feed of cleaned text, leaving plain style behind."""
    before = after = b""
    if line.align != "left":
        before, after = before + _ALIGN[line.align], after + _ALIGN["left"]
    if line.size != "normal":
        before, after = before + _SIZE[line.size], after + _SIZE["normal"]
    if line.bold:
        before, after = before + _BOLD[1], after + _BOLD[0]
    text = b"".join(encode_character(character, gb18030=True) for character in line.text)
    return before + text + b"\n" + after


def encode_document(lines: Iterable[PrintLine]) -> bytes:
    """A whole document without its cut; starts from and leaves behind the plain state."""
    body = b"".join(encode_line(line) for line in lines)
    return RESET + ASCII_USA + CHINESE_ON + body + CHINESE_OFF


# --- status ---------------------------------------------------------------------------------

_STATUS_FIXED: Final = 0b10010011
_STATUS_MARK: Final = 0b00010010
# GS r 1: two bits each for near end and end; nothing else is taken for an answer.
_PROOF_PAPER_END: Final = 0b1100
_PROOFS: Final = frozenset({0x00, 0x03, 0x0C, 0x0F})


def is_status(byte: int) -> bool:
    """Whether a byte can be the answer to a real-time status question (0xx1xx10)."""
    return byte & _STATUS_FIXED == _STATUS_MARK


def is_proof(byte: int) -> bool:
    """Whether a byte can be the answer to `GS r 1`."""
    return byte in _PROOFS


def proof_shows_paper_end(byte: int) -> bool:
    return byte & _PROOF_PAPER_END == _PROOF_PAPER_END


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the answers to DLE EOT 1..4 say."""

    offline: bool = False
    cover_open: bool = False
    paper_stop: bool = False
    error: bool = False
    cutter_error: bool = False
    unrecoverable: bool = False
    near_end: bool = False
    paper_end: bool = False
    drawer_pin_high: bool = False

    @property
    def problem(self) -> str:
        """The error code that keeps it from printing, "" for none; the cause before its sign."""
        codes = {
            "cover_open": self.cover_open,
            "paper_out": self.paper_end or self.paper_stop,
            "unrecoverable_error": self.unrecoverable,
            "cutter_error": self.cutter_error,
            "offline": self.offline or self.error,
        }
        return next((code for code, holds in codes.items() if holds), "")


def decode_status(answers: Mapping[int, int]) -> PrinterStatus:
    """From question number → answer byte; a question that was not asked counts as no trouble."""
    general, offline = answers.get(1, 0), answers.get(2, 0)
    error, paper = answers.get(3, 0), answers.get(4, 0)
    return PrinterStatus(
        drawer_pin_high=bool(general & 0x04),
        offline=bool(general & 0x08),
        cover_open=bool(offline & 0x04),
        paper_stop=bool(offline & 0x20),
        error=bool(offline & 0x40) or bool(error & 0x40),
        cutter_error=bool(error & 0x08),
        unrecoverable=bool(error & 0x20),
        near_end=bool(paper & 0x0C),
        paper_end=bool(paper & 0x60),
    )

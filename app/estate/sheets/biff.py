"""Looks into old .xls files before they are opened: locks, span, cell errors.

The reader takes an error like ``#REF!`` for an empty cell, and memory for every cell between the
first and the last; both are found here. The container is [MS-CFB], the records are [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from app.estate.sheets.limits import FileRefused, check_span
from app.estate.sheets.packed import SheetFacts

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_END: Final = 0xFFFFFFFA  # the first of the special sector numbers
_ENTRY: Final = 128

_BOF, _FILEPASS, _BOUNDSHEET = 0x0809, 0x002F, 0x0085
_FORMULA, _BOOLERR = 0x0006, 0x0205
# Records that hold one value: number, text (three kinds), boolean or error, packed number, formula.
_VALUES: Final = frozenset({0x0203, 0x0204, 0x00FD, 0x00D6, _BOOLERR, 0x027E, _FORMULA})
_PACKED_NUMBERS: Final = 0x00BD
_ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def look_into(content: bytes) -> list[SheetFacts]:
    """Return the facts of each sheet of an .xls workbook. Raises FileRefused."""
    try:
        container = _Container(content)
        streams = container.streams()
        if "EncryptedPackage" in streams:
            raise FileRefused("locked_file")
        entry = streams.get("Workbook") or streams.get("Book")
        if entry is None:
            raise FileRefused("not_a_workbook")
        facts = _sheets(container.read(*entry))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise FileRefused("corrupt_file") from error
    for sheet in facts:
        check_span(sheet.name, sheet.rows, sheet.columns)
    return facts


class _Container:
    """The streams of a compound file."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        shifts = struct.unpack_from("<HH", content, 30)
        if shifts not in {(9, 6), (12, 6)}:
            raise FileRefused("corrupt_file")
        self.size, self.mini_size = 1 << shifts[0], 1 << shifts[1]
        _, directory, _, self.cutoff, mini_fat = struct.unpack_from("<5I", content, 44)
        self.fat = self._fat(*struct.unpack_from("<2I", content, 68))
        self.directory = self._chain(directory)
        self.mini_fat = _numbers(self._chain(mini_fat))

    def streams(self) -> dict[str, tuple[int, int]]:
        """Return first sector and size of every stream, by name."""
        found = {}
        for at in range(0, len(self.directory) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", self.directory, at + 64)
            if kind == 2 and 2 <= length <= 64:  # noqa: PLR2004 - a stream with a name
                name = self.directory[at : at + length - 2].decode("utf-16-le")
                found[name] = struct.unpack_from("<II", self.directory, at + 116)
        return found

    def read(self, first: int, size: int) -> bytes:
        if size >= self.cutoff:
            return self._chain(first)[:size]
        root_first, _ = struct.unpack_from("<II", self.directory, 116)
        store = self._chain(root_first)
        parts = (
            store[number * self.mini_size : (number + 1) * self.mini_size]
            for number in _follow(self.mini_fat, first)
        )
        return b"".join(parts)[:size]

    def _fat(self, difat: int, count: int) -> list[int]:
        sectors = list(struct.unpack_from("<109I", self.content, 76))
        per_sector = self.size // 4 - 1
        for _ in range(min(count, len(self.content) // self.size)):
            *more, difat = _numbers(self._sector(difat))
            sectors += more[:per_sector]
        return _numbers(b"".join(self._sector(number) for number in sectors if number < _END))

    def _chain(self, first: int) -> bytes:
        return b"".join(self._sector(number) for number in _follow(self.fat, first))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        if start >= len(self.content):
            raise FileRefused("corrupt_file")
        return self.content[start : start + self.size]


def _numbers(sector: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(sector) // 4}I", sector[: len(sector) // 4 * 4]))


def _follow(table: list[int], number: int) -> Iterator[int]:
    """Walk a chain; one that is longer than its table goes in a circle."""
    for _ in range(len(table) + 1):
        if number >= _END:
            return
        yield number
        number = table[number]
    raise FileRefused("corrupt_file")


def _sheets(stream: bytes) -> list[SheetFacts]:
    facts: list[SheetFacts] = []
    by_offset: dict[int, SheetFacts] = {}
    current: SheetFacts | None = None
    for offset, kind, data in _records(stream):
        if kind == _FILEPASS:
            raise FileRefused("locked_file")
        if kind == _BOUNDSHEET:
            facts.append(SheetFacts(_sheet_name(data)))
            by_offset[struct.unpack_from("<I", data)[0]] = facts[-1]
        elif kind == _BOF:
            current = by_offset.get(offset, current)
        elif current is not None:
            _note(current, kind, data)
    return facts


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _sheet_name(data: bytes) -> str:
    """Return the name behind offset (4), flags (2), length (1) and, in BIFF8, the width (1)."""
    if data[7] > 1:
        return data[7:].decode("gb18030", "replace")
    return data[8:].decode("utf-16-le" if data[7] else "latin-1", "replace")


def _note(facts: SheetFacts, kind: int, data: bytes) -> None:
    if kind in _VALUES:
        row, column = struct.unpack_from("<HH", data)
        facts.reach(row, column)
        code = None
        if kind == _BOOLERR and data[7]:
            code = data[6]
        elif kind == _FORMULA and data[6] == 2 and data[12:14] == b"\xff\xff":  # noqa: PLR2004
            code = data[8]
        if code is not None:
            facts.errors[row, column] = _ERRORS.get(code, "#ERR!")
    elif kind == _PACKED_NUMBERS:
        facts.reach(*struct.unpack_from("<H", data), *struct.unpack_from("<H", data, len(data) - 2))

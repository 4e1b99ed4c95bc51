"""Looks into .xlsx and .ods before they are opened: size, span, cell errors, merged cells.

The reader takes an error like ``#REF!`` for an empty cell, and memory for every cell between the
first and the last; both are found here.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from typing import Final

from app.estate.sheets.limits import (
    MAX_PACKED_FILES,
    MAX_UNPACKED_BYTES,
    FileRefused,
    check_span,
)

# What the zip module raises for a damaged, locked or exotic archive.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
# Other ways of packing have no bound to what a few bytes become.
_PACKED_BY: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

Place = tuple[int, int]
Area = tuple[Place, Place]

_CHUNK: Final = 1 << 20
# Longer than any cell with its formula (at most 8,192 characters), so that none is torn in two.
_OVERLAP: Final = 1 << 14

_ATTRIBUTE: Final = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHEET_TAG: Final = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
_RELATION_TAG: Final = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")

# Cells and rows of a sheet. One that closes itself is only formatted and holds nothing. Nearly
# all cells are written in the plain way; the others are looked at one by one. Every pattern is
# bounded and possessive, so that no file can make the search slow.
_PREFIX: Final = rb"<(?:[^\s<>:/]{1,40}:)?"
_PLAIN_CELL: Final = re.compile(
    _PREFIX + rb"""c r="([A-Z]{1,3})([0-9]{1,7})"(?=[\s>/])[^<>]{0,600}+(?<!/)>"""
)
_PLAIN_ROW: Final = re.compile(_PREFIX + rb"""row r="([0-9]{1,7})"(?=[\s>/])""")
_OTHER_TAG: Final = re.compile(
    _PREFIX
    + rb"""(c|row)(?=[\s>])(?!(?<=c) r="[A-Z]{1,3}[0-9]{1,7}"[\s>/])"""
    + rb"""(?!(?<=row) r="[0-9]{1,7}"[\s>/])([^<>]{0,600}+)(?<!/)>"""
)
_ENDLESS_TAG: Final = re.compile(_PREFIX + rb"(?:c|row)\s[^<>]{600}")
_ERROR_CELL: Final = re.compile(
    _PREFIX
    + rb"""c\s(?=[^<>]{0,600}?\bt\s*=\s*["']e["'])([^<>]{0,600}+)>"""
    + rb"""(?:<(?:\w+:)?f[^<>]{0,600}(?:/>|>[^<]{0,9000}</(?:\w+:)?f>))?"""
    + rb"""<(?:\w+:)?v>([^<]{0,40})<"""
)
# A formula that no spreadsheet program has calculated: programs write the result beside it. An
# empty text is a result, and says so.
_UNSAVED: Final = re.compile(
    rb"<(?:\w+:)?v ?/></(?:\w+:)?c>|<v></v></c>|</(?:\w+:)?f></(?:\w+:)?c>"
)
_UNSAVED_CELL: Final = re.compile(
    _PREFIX
    + rb"""c\s(?![^<>]{0,600}?\bt\s*=\s*["']str["'])([^<>]{0,600}+)>"""
    + rb"""<(?:\w+:)?f(?:>|\s[^<>]{0,600}(?<!/)>)[^<]{0,9000}</(?:\w+:)?f>"""
    + rb"""(?:<(?:\w+:)?v ?/>|<v></v>)?</(?:\w+:)?c>"""
)
_HIDDEN_ROW: Final = re.compile(
    _PREFIX + rb"""row\s[^<>]{0,600}?\bhidden=["'](?:1|true)["'][^<>]{0,600}(?<!/)>"""
)
_PLACE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")

_ODS_TAG: Final = re.compile(
    rb"<(/?)table:(table-row|table-cell|covered-table-cell|table)(?=[\s>/])([^<>]{0,2000}+)>"
    rb"(?:<text:p>([^<]{0,40}))?"
)


@dataclass(slots=True)
class SheetFacts:
    """What the reader does not tell of one sheet."""

    name: str
    errors: dict[Place, str] = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)
    rows: int = 0
    columns: int = 0
    row_tags: int = 0
    has_placeless: bool = False
    hidden_rows: int = 0

    @property
    def span(self) -> tuple[int, int]:
        """Rows and columns that hold something; a cell without a place stands in its row."""
        return max(self.rows, self.row_tags if self.has_placeless else 0), max(self.columns, 1)

    def reach(self, row: int, column: int) -> None:
        """Note that a cell at this place (from 0) holds something."""
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)


def look_into(content: bytes) -> list[SheetFacts]:
    """Return the facts of each sheet of a packed workbook. Raises FileRefused."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _check_size(archive)
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                facts = list(_xlsx_facts(archive, names))
            elif "content.xml" in names:
                facts = list(_ods_facts(archive))
            else:
                raise FileRefused("not_a_workbook")
    except _DAMAGE as error:
        raise FileRefused("corrupt_file") from error
    for sheet in facts:
        check_span(sheet.name, *sheet.span)
    return facts


def _check_size(archive: zipfile.ZipFile) -> None:
    """Unpack everything once, throwing it away, because the sizes in a zip's index may lie."""
    entries = archive.infolist()
    if len(entries) > MAX_PACKED_FILES:
        raise FileRefused("unpacked_too_large")
    unpacked = 0
    for entry in entries:
        if entry.compress_type not in _PACKED_BY:
            raise FileRefused("corrupt_file")
        for chunk in _chunks(archive, entry):
            unpacked += len(chunk)
            if unpacked > MAX_UNPACKED_BYTES:
                raise FileRefused("unpacked_too_large")


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    honest = copy(entry)
    honest.file_size = MAX_UNPACKED_BYTES + 1
    with archive.open(honest) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _xlsx_facts(archive: zipfile.ZipFile, names: set[str]) -> Iterator[SheetFacts]:
    targets = {}
    if "xl/_rels/workbook.xml.rels" in names:
        for tag in _RELATION_TAG.findall(archive.read("xl/_rels/workbook.xml.rels")):
            relation = _attributes(tag)
            targets[relation.get("Id", "")] = relation.get("Target", "")
    for tag in _SHEET_TAG.findall(archive.read("xl/workbook.xml")):
        sheet = _attributes(tag)
        target = targets.get(next((v for k, v in sheet.items() if k.endswith(":id")), ""), "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        facts = SheetFacts(sheet.get("name", ""))
        if path in names:
            _read_xlsx_sheet(archive, path, facts)
        yield facts


def _read_xlsx_sheet(archive: zipfile.ZipFile, path: str, facts: SheetFacts) -> None:
    seen = b""
    hidden: set[bytes] = set()
    for chunk in _chunks(archive, archive.getinfo(path)):
        text = seen[-_OVERLAP:] + chunk
        if _ENDLESS_TAG.search(text):
            raise FileRefused("corrupt_file")
        cells = _PLAIN_CELL.findall(text)
        for column in {column for column, _ in cells}:
            facts.reach(0, _column_place(column.decode()))
        for row in {row for _, row in cells}:
            facts.reach(int(row) - 1, 0)
        facts.row_tags = max(facts.row_tags, *map(int, _PLAIN_ROW.findall(text)), 0)
        for name, raw in _OTHER_TAG.findall(text):
            _note_other_tag(facts, name, raw)
        for raw, value in _ERROR_CELL.findall(text):
            if place := _PLACE.fullmatch(_attributes(raw).get("r", "")):
                at = int(place[2]) - 1, _column_place(place[1])
                facts.errors[at] = value.decode("utf-8", "replace")
        if _UNSAVED.search(text):
            _note_unsaved(facts, text)
        hidden |= set(_HIDDEN_ROW.findall(text))
        seen = text
    facts.hidden_rows = len(hidden)


def _note_unsaved(facts: SheetFacts, text: bytes) -> None:
    """Take formulas without a value, which the reader gives as empty cells."""
    for raw in _UNSAVED_CELL.findall(text):
        if place := _PLACE.fullmatch(_attributes(raw).get("r", "")):
            facts.errors[int(place[2]) - 1, _column_place(place[1])] = "="


def _note_other_tag(facts: SheetFacts, name: bytes, raw: bytes) -> None:
    """Take a row, or a cell that is written in an uncommon way or without its place."""
    if raw.count(b'"') % 2 or raw.count(b"'") % 2:
        raise FileRefused("corrupt_file")
    reference = _attributes(raw).get("r", "")
    if name == b"row":
        facts.row_tags = max(facts.row_tags, int(reference) if reference.isdecimal() else 0)
    elif place := _PLACE.fullmatch(reference):
        facts.reach(int(place[2]) - 1, _column_place(place[1]))
    else:
        facts.has_placeless = True


def _ods_facts(archive: zipfile.ZipFile) -> Iterator[SheetFacts]:
    facts: SheetFacts | None = None
    row = row_repeat = column = 0
    for tag in _ODS_TAG.finditer(archive.read("content.xml")):
        closing, name, attributes = tag[1], tag[2], _attributes(tag[3])
        if name == b"table":
            if facts is not None:
                yield facts
            facts = None if closing else SheetFacts(attributes.get("table:name", ""))
            row = row_repeat = 0
        elif facts is None or closing:
            continue
        elif name == b"table-row":
            row, column = row + row_repeat, 0
            row_repeat = _count(attributes, "table:number-rows-repeated")
        else:
            repeat = _count(attributes, "table:number-columns-repeated")
            if "office:value-type" in attributes:
                facts.reach(row + row_repeat - 1, column + repeat - 1)
            _note_ods_cell(facts, (row, column), attributes, tag[4] or b"")
            column += repeat


def _note_ods_cell(
    facts: SheetFacts, place: Place, attributes: dict[str, str], text: bytes
) -> None:
    if attributes.get("calcext:value-type") == "error":
        facts.errors[place] = text.decode("utf-8", "replace") or "#ERR!"
    down = _count(attributes, "table:number-rows-spanned")
    across = _count(attributes, "table:number-columns-spanned")
    if down > 1 or across > 1:
        facts.merged.append((place, (place[0] + down - 1, place[1] + across - 1)))


def _attributes(tag: bytes) -> dict[str, str]:
    found = _ATTRIBUTE.findall(tag.decode("utf-8", "replace"))
    return {name: unescape(double or single) for name, double, single in found}


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(int(text), 1) if text.isdecimal() else 1


def _column_place(letters: str) -> int:
    """Return the place from 0 of a column: A → 0, AA → 26."""
    place = 0
    for letter in letters.upper():
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1

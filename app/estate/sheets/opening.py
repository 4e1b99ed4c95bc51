"""Opens a price list of any kind of file and gives its sheets as rows of plain cells."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import islice
from typing import BinaryIO, Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.estate.sheets import biff, packed
from app.estate.sheets.limits import MAX_FILE_BYTES, MAX_ROWS, FileRefused
from app.estate.sheets.packed import Area, SheetFacts
from app.estate.sheets.spool import Spool

Cell = str | int | float | bool | date | time | timedelta
Source = bytes | str | os.PathLike[str] | BinaryIO

_ZIP_MAGIC: Final = b"PK\x03\x04"
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
# What a spreadsheet program calls "Unicode text" begins with one of these.
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
# How much of a text file is looked at to tell its kind.
_HEAD: Final = 2000
_CHUNK: Final = 1 << 16
_MARKUP: Final = (b"<html", b"<!doctype", b"<table", b"<?xml", b"%pdf", b"{\\rtf")


class CellError(str):
    """What a formula that failed shows, such as ``#REF!``; ``=`` for one without a saved value."""

    __slots__ = ()


@dataclass(slots=True)
class Sheet:
    """One sheet: ``rows[0]`` is line 1; ``merged`` are areas of places counted from 0."""

    name: str
    rows: Sequence[list[Cell]]
    merged: list[Area] = field(default_factory=list)
    is_hidden: bool = False
    #: rows that are hidden and hold something, as far as the kind of file tells
    hidden_rows: int = 0


def open_sheets(source: Source) -> list[Sheet]:
    """Return the sheets of an .xls, .xlsx, .ods or .csv file, by content and not by name.

    Raises FileRefused for a file that is empty, too large, locked, damaged or of another kind, and
    OSError for a path that cannot be read.
    """
    content = _content(source)
    if not content.strip():
        raise FileRefused("empty_file")
    if content.startswith(_ZIP_MAGIC):
        return _workbook(content, packed.look_into(content))
    if content.startswith(biff.MAGIC):
        return _workbook(content, biff.look_into(content))
    return [Sheet("", _csv_rows(content))]


def _content(source: Source) -> bytes:
    if isinstance(source, bytes):
        content = source
    elif isinstance(source, str | os.PathLike):
        with open(source, "rb") as stream:  # noqa: PTH123 - a str is a path as well
            content = stream.read(MAX_FILE_BYTES + 1)
    else:
        content = source.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise FileRefused("file_too_large", megabytes=MAX_FILE_BYTES // 1024 // 1024)
    return content


def _workbook(content: bytes, facts: list[SheetFacts]) -> list[Sheet]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            return list(_sheets(book, facts))
    except PasswordError as error:
        raise FileRefused("locked_file") from error
    except CalamineError as error:
        raise FileRefused("corrupt_file") from error
    except BaseException as error:
        # The reader's own panics derive from BaseException, and their class cannot be imported.
        if type(error).__name__ == "PanicException":
            raise FileRefused("corrupt_file") from error
        raise


def _sheets(book: CalamineWorkbook, facts: list[SheetFacts]) -> Iterator[Sheet]:
    if len(facts) != len(book.sheet_names):
        raise FileRefused("corrupt_file")
    for place, (meta, fact) in enumerate(zip(book.sheets_metadata, facts, strict=True)):
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_index(place)
        merged = sheet.merged_cell_ranges if fact.merged == [] else fact.merged
        is_hidden = meta.visible != SheetVisibleEnum.Visible
        yield Sheet(meta.name, _rows(sheet, fact), list(merged or []), is_hidden, fact.hidden_rows)


def _rows(sheet: CalamineSheet, facts: SheetFacts) -> list[list[Cell]]:
    """Return all rows from line 1, with the errors put back that the reader leaves out."""
    rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)
    for (row, column), text in facts.errors.items():
        while len(rows) <= row:
            rows.append([])
        cells = rows[row]
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = CellError(text)
    return rows


def _csv_rows(content: bytes) -> Sequence[list[Cell]]:
    if content[:200].lower().lstrip().startswith(_MARKUP):
        raise FileRefused("not_a_workbook")
    if b"\0" in content[:_HEAD] and not content.startswith(_WIDE_MARKS):
        raise FileRefused("not_a_workbook")
    encoding = _encoding(content)
    # Decoded as it is read: the whole text at once would take four bytes a letter.
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as text:
        head = text.read(_HEAD)
        if any(ord(char) < ord(" ") and char not in "\t\r\n" for char in head):
            raise FileRefused("not_a_workbook")
        delimiter = max(",\t;", key=head.count)
        text.seek(0)
        try:
            reader = csv.reader(text, delimiter=delimiter)
            rows: Spool[list[Cell]] = Spool(list(row) for row in islice(reader, 2 * MAX_ROWS))
        except csv.Error as error:
            raise FileRefused("corrupt_file") from error
    if len(rows) == 2 * MAX_ROWS:
        raise FileRefused("too_many_rows", most=MAX_ROWS)
    return rows


def _encoding(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith(_WIDE_MARKS) else _ENCODINGS
    for encoding in encodings:
        try:
            with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as text:
                while text.read(_CHUNK):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileRefused("wrong_encoding")

"""What sheets, columns and blocks of a matrix were taken for, so that a person can say otherwise.

A word on any of them has a key of its own: 表·总价分布, 列·01, 栋·松风明月花园3栋1单元.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from app.estate.sheets.faults import column_letter
from app.estate.sheets.headings import Column, Headings, label_of, sheet_kind
from app.estate.sheets.limits import MAX_COLUMNS
from app.estate.sheets.matching import Recall, keys_of, samples_below
from app.estate.sheets.opening import Sheet

SHEET: Final = "表·"
COLUMN: Final = "列·"
BLOCK: Final = "栋·"
#: between building and entrance in what is said of a block
SEPARATOR: Final = "|"
#: a column that holds one room of each floor; its heading is the room's number there
ROOM: Final = "room"
#: what a sheet can hold of every room
KINDS: Final = (
    Column.TOTAL,
    Column.UNIT_PRICE,
    Column.GROSS_AREA,
    Column.INSIDE_AREA,
    Column.HOUSE_TYPE,
    Column.IGNORED,
)
#: what a column can hold
ROLES: Final = (
    ROOM,
    Column.BUILDING.value,
    Column.ENTRANCE.value,
    Column.FLOOR.value,
    Column.IGNORED.value,
)
_LAST_DIGITS: Final = re.compile(r"[0-9]{1,2}(?=\D*$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """A column of a sheet; ``role`` is one of ``ROLES``, empty where nobody knows."""

    key: str
    letter: str
    heading: str
    role: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixSheetGuess:
    """A sheet; ``kind`` is one of ``KINDS``, empty where nobody knows."""

    key: str
    name: str
    kind: str
    columns: tuple[MatrixColumn, ...]


@dataclass(frozen=True, slots=True)
class MatrixBlock:
    """The rows of one building or entrance: what stands there, and what it was taken for."""

    key: str
    text: str
    sheet: str
    line: int
    building: str
    entrance: str
    floors: int
    rooms: int


@dataclass(slots=True)
class MatrixGuess:
    """All that was guessed or said of a matrix."""

    sheets: list[MatrixSheetGuess] = field(default_factory=list)
    blocks: list[MatrixBlock] = field(default_factory=list)

    @property
    def matching(self) -> dict[str, str]:
        """Return every key with what it was taken for, to be followed again."""
        found = {sheet.key: sheet.kind for sheet in self.sheets}
        for sheet in self.sheets:
            found |= {column.key: column.role for column in sheet.columns}
        return found | {
            block.key: f"{block.building}{SEPARATOR}{block.entrance}" for block in self.blocks
        }


def apply_matrix_matching(sheet: Sheet, headings: Headings, recall: Recall) -> bool:
    """Take a matrix's columns and what it holds for what is known; tell whether anything was."""
    keys = _column_keys(headings)
    known = recall(frozenset({SHEET + sheet.name, *keys.values()}))
    if not known:
        return False
    kind = known.get(SHEET + sheet.name)
    if kind:
        headings.kind = Column(kind)
    for place, key in keys.items():
        if key in known:
            _say(headings, place, known[key])
    headings.labels = dict(sorted(headings.labels.items()))
    return kind is not None or not known.keys().isdisjoint(keys.values())


def _say(headings: Headings, place: int, role: str) -> None:
    headings.labels.pop(place, None)
    headings.columns[place] = None
    if role == ROOM:
        title = headings.titles[place]
        digits = _LAST_DIGITS.search(title)
        headings.labels[place] = label_of(title) or (digits[0] if digits else title)
    elif role:
        headings.columns[place] = Column(role)


def block_key(building: str, entrance: str | None) -> str:
    """Return the key of a block by what stands there."""
    return BLOCK + (f"{building}{SEPARATOR}{entrance}" if entrance else building)


def said_of_block(key: str, recall: Recall) -> tuple[str, str] | None:
    """Return building and entrance that somebody said a block is, or None."""
    known = recall(frozenset({key}))
    said = known.get(key) if known else None
    if not said:
        return None
    building, _, entrance = said.partition(SEPARATOR)
    return building.strip(), entrance.strip()


def sheet_guess(sheet: Sheet, headings: Headings) -> MatrixSheetGuess:
    """Return what a sheet and its columns were taken for."""
    kind = headings.kind or sheet_kind(sheet, headings)
    columns = [
        MatrixColumn(
            key=key,
            letter=column_letter(place),
            heading=" ".join(headings.titles[place].split()),
            role=ROOM if place in headings.labels else headings.columns[place] or "",
            samples=samples_below(sheet, headings.row, place),
        )
        for place, key in list(_column_keys(headings).items())[:MAX_COLUMNS]
    ]
    return MatrixSheetGuess(SHEET + sheet.name, sheet.name, kind or "", tuple(columns))


def fault_of(key: str, said: str) -> bool:
    """Tell whether this cannot be said of that sheet, column or block."""
    if key.startswith(SHEET):
        return said not in {"", *(kind.value for kind in KINDS)}
    if key.startswith(BLOCK):
        return not said.partition(SEPARATOR)[0].strip()
    return said not in {"", *ROLES}


def is_of_matrix(key: str) -> bool:
    """Tell whether a key is one of a matrix."""
    return key.startswith((SHEET, COLUMN, BLOCK))


def _column_keys(headings: Headings) -> dict[int, str]:
    return {place: COLUMN + key for place, key in keys_of(headings).items()}

"""Reads single cells: text, amounts, floors and room numbers, as price lists write them."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Final

from app.core.money import FEN
from app.estate.sheets.opening import Cell, CellError

#: what price lists write for "nothing here"
NOTHING: Final = frozenset({"", "-", "--", "---", "—", "——", "–", "/", "\\", "无", "N/A"})

MAX_FLOOR: Final = 200
MIN_FLOOR: Final = -20

_PLAIN_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?", re.ASCII)
_NUMBER: Final = re.compile(
    r"[¥￥]?\s*([+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)"
    r"\s*(?:元/m2|元/平方米|元/平米|元|m2|平方米|平米)?",
    re.ASCII,
)
_ERROR_TEXT: Final = re.compile(
    r"#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|ERR!|SPILL!|CALC!)|Err:\d{3}"
)
# What programs put before or around a figure so that it stays a text: '31 and ="31".
_KEPT_AS_TEXT: Final = re.compile(r"""['’](?=.)|="([^"]*)"$""")
_WHOLE_NUMBER: Final = re.compile(r"([0-9]+)\.0+", re.ASCII)
_LARGEST_EXPONENT: Final = 20
_EXACT_DIGITS: Final = 15

_FLOOR: Final = re.compile(
    r"第?(?P<sign>-|负|地下|B)?(?P<count>[0-9]{1,3}|[零一二三四五六七八九十百]{1,5})(?P<letter>[A-D]?)"
    r"(?:层|楼|F)?"
)
_DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")}
_SHORT_NUMBER: Final = re.compile(r"[0-9]{1,2}", re.ASCII)
_NUMBER_TAIL: Final = re.compile(r"(?<=[0-9A-Za-z])(?:室|房|号房|号|户)$")
_ROOM_NUMBER: Final = re.compile(r"(?=.*[0-9A-Z])[\w#-]+")
_LAST_DIGITS: Final = re.compile(r"([0-9]{1,2})$", re.ASCII)
_LAST_LETTER: Final = re.compile(r"(?:^|[0-9])([A-Z])$", re.ASCII)


class CellFault(Exception):
    """A cell cannot be read; ``code`` is one of the codes in ``faults``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def shown(cell: Cell | None) -> str:
    """Return the cell as a person sees it, for messages."""
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return "" if cell is None else str(cell)


def text_of(cell: Cell | None) -> str:
    """Return the text of a cell: trimmed, full-width digits made plain, ``3.0`` as ``3``.

    The apostrophe that keeps a figure a text (``'31``, ``="31"``) is taken off. Raises CellFault
    for the error of a formula, a date or a yes/no value, and characters that cannot be seen.
    """
    if isinstance(cell, str):
        text = cell.strip()
        if isinstance(cell, CellError) or (text[:1] in {"#", "E"} and _ERROR_TEXT.fullmatch(text)):
            raise CellFault("formula_unsaved" if text == "=" else "formula_error")
        if text[:1] in {"'", "’", "="} and (kept := _KEPT_AS_TEXT.match(text)):
            text = kept[1] if text.startswith("=") else text[1:]
        if text.isascii() and text.isprintable():
            return text
        return _printable(" ".join(unicodedata.normalize("NFKC", text).split()))
    if isinstance(cell, bool) or not isinstance(cell, int | float | None):
        raise CellFault("wrong_kind")
    return shown(cell)


def _printable(text: str) -> str:
    """Return the text without marks of width 0; raise CellFault for other hidden characters."""
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise CellFault("hidden_characters")
    return text


def amount_of(cell: Cell | None, *, largest: Decimal) -> Decimal | None:
    """Return the amount in a cell with 2 decimals, or None for nothing.

    A binary number is taken with the 15 digits that a spreadsheet shows, so that
    125.53000000000002 is 125.53. Raises CellFault for anything that is not an amount above 0 with
    at most 2 decimals and up to ``largest``.
    """
    if isinstance(cell, str) and _PLAIN_NUMBER.fullmatch(cell):
        number = Decimal(cell)
    elif (found := _amount(cell)) is None:
        return None
    else:
        number = found
    if number <= 0:
        raise CellFault("not_positive")
    if number > largest:
        raise CellFault("too_large", largest=f"{largest:,}")
    exact = number.quantize(FEN)
    if exact != number:
        raise CellFault("too_many_decimals")
    return exact


def _amount(cell: Cell | None) -> Decimal | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not math.isfinite(cell):
            raise CellFault("not_a_number")
        return _bounded(Decimal(f"{cell:.{_EXACT_DIGITS}g}"))
    if not isinstance(cell, str | None):
        raise CellFault("not_a_number")
    text = text_of(cell)
    if text in NOTHING:
        return None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise CellFault("not_a_number")
    return _bounded(Decimal(match[1].replace(",", "")))


def _bounded(number: Decimal) -> Decimal:
    """Keep what follows from meeting numbers of hundreds of digits."""
    return number if number.adjusted() <= _LARGEST_EXPONENT else Decimal(10) ** _LARGEST_EXPONENT


@lru_cache(maxsize=4096)
def floor_of(text: str) -> tuple[int, str] | None:
    """Return a floor's order and name: ``31层`` → 31, 31; ``B1`` → -1, B1; ``3A`` → 4, 3A.

    None when it cannot be read, or is 0 or beyond -20 to 200. 3A and the like stand for the floors
    whose number is avoided, counted on from 3.
    """
    match = _FLOOR.fullmatch(_whole(text.replace(" ", "").upper().replace("首", "1")))
    if match is None:
        return None
    count = int(match["count"]) if match["count"].isascii() else _chinese(match["count"])
    letter = match["letter"]
    if not count or (letter and match["sign"]):
        return None
    order = -count if match["sign"] else count + (ord(letter) - ord("A") + 1 if letter else 0)
    name = f"{'B' if match['sign'] == 'B' else '-' if match['sign'] else ''}{count}{letter}"
    return (order, name) if MIN_FLOOR <= order <= MAX_FLOOR else None


def room_number(text: str, floor_name: str) -> str:
    """Return the number of a room: one or two digits, or a letter, are put behind the floor.

    31 and ``01`` → 3101; 31 and ``1`` → 3101; 31 and ``A`` → 31A; ``3101室`` → 3101.
    """
    number = _NUMBER_TAIL.sub("", _whole(text.replace(" ", "").upper()))
    if _SHORT_NUMBER.fullmatch(number):
        return floor_name + number.zfill(2)
    if len(number) == 1 and "A" <= number <= "Z":
        return floor_name + number
    return number


def is_room_number(number: str) -> bool:
    """Tell whether a number can be shown and sorted: letters, digits, # and -, one digit or A-Z."""
    return _ROOM_NUMBER.fullmatch(number) is not None


def column_of(number: str) -> int:
    """Return the place of a room on its floor by the last two digits of its number, else 0."""
    if digits := _LAST_DIGITS.search(number):
        return int(digits[1])
    letter = _LAST_LETTER.search(number)
    return ord(letter[1]) - ord("A") + 1 if letter else 0


def _whole(text: str) -> str:
    """Return 31 for the 31.0 that programs make of it on the way to a text file."""
    found = _WHOLE_NUMBER.fullmatch(text)
    return found[1] if found else text


def _chinese(text: str) -> int:
    """Return the value of 一 to 九百九十九 as floors are numbered, or 0."""
    total = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            total += (digit or 1) * (10 if char == "十" else 100)
            digit = 0
    return total + digit

"""What each column of a list was taken for, so that a person can look and say otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from app.estate.sheets.faults import column_letter
from app.estate.sheets.headings import HEADING_LINES, Column, Headings, heading_titles
from app.estate.sheets.limits import MAX_COLUMNS
from app.estate.sheets.opening import Sheet
from app.estate.sheets.price_list import MatchedColumn, Shape
from app.estate.sheets.values import shown

#: heading → what its column holds, a value of ``Column``
Matching = Mapping[str, str]
#: answers what is known of a set of headings; None is nothing
Recall = Callable[[frozenset[str]], Matching | None]

SAMPLES: Final = 3
_LONGEST_SAMPLE: Final = 30
_FEWEST_HEADINGS: Final = 3


def nothing_known(_keys: frozenset[str]) -> None:
    """Recall nothing: the headings alone decide."""


def apply_matching(headings: Headings, recall: Recall) -> bool:
    """Take columns for what is known of these headings; tell whether anything was known.

    Only lists with a row for each room: a matrix has keys of its own (``matrix_matching``).
    """
    if headings.shape is not Shape.ROWS:
        return False
    keys = keys_of(headings)
    known = recall(frozenset(keys.values()))
    if not known:
        return False
    for place, key in keys.items():
        if key in known:
            headings.columns[place] = Column(known[key]) if known[key] else None
    return True


def guess_headings(sheet: Sheet) -> Headings | None:
    """Return the line that looks like headings though none of them is known.

    The first within the first 20 that has at least three different texts and no number.
    """
    for row, cells in enumerate(sheet.rows[:HEADING_LINES]):
        titles = heading_titles(cells)
        texts = {title for title in titles.values() if not _is_figure(title)}
        if len(texts) == len(titles) and _FEWEST_HEADINGS <= len(texts) <= MAX_COLUMNS:
            return Headings(row, Shape.ROWS, titles, dict.fromkeys(titles))
    return None


def matched_columns(sheet: Sheet, headings: Headings) -> list[MatchedColumn]:
    """Return the columns of a list of rows with the first cells of each."""
    return [
        MatchedColumn(
            key=key,
            letter=column_letter(place),
            heading=" ".join(headings.titles[place].split()),
            column=headings.columns[place] or "",
            samples=samples_below(sheet, headings.row, place),
            sheet=sheet.name,
        )
        for place, key in keys_of(headings).items()
    ]


def samples_below(sheet: Sheet, row: int, place: int) -> tuple[str, ...]:
    """Return the first cells of a column below its headings."""
    below = sheet.rows[row + 1 : row + 1 + SAMPLES]
    return tuple(
        shown(cells[place]).strip()[:_LONGEST_SAMPLE] for cells in below if place < len(cells)
    )


def keys_of(headings: Headings) -> dict[int, str]:
    """Return the heading of each column; one that comes again is counted: 备注, 备注·2."""
    keys: dict[int, str] = {}
    counts: dict[str, int] = {}
    for place, title in sorted(headings.titles.items()):
        text = "".join(unicodedata.normalize("NFKC", title).split())
        counts[text] = counts.get(text, 0) + 1
        keys[place] = text if counts[text] == 1 else f"{text}·{counts[text]}"
    return keys


def _is_figure(title: str) -> bool:
    return title.replace(",", "").replace(".", "").removeprefix("-").isdecimal()

"""Reads lists of numbers as people write them: ``A001-A120, B01、B05``."""

from __future__ import annotations

import re
from typing import Any, Final

_PARTS: Final = re.compile(r"[,，、;；\s]+")
_RANGE: Final = re.compile(
    r"(?P<head>[^\d]*?)(?P<first>\d{1,9})(?P<tail>[^\d]*?)"
    r"\s*[-~～—–至到]\s*(?P<head2>[^\d]*?)(?P<last>\d{1,9})(?P<tail2>[^\d]*)",
    re.ASCII,
)


class ListFault(ValueError):
    """A part of the list cannot be read; ``code`` says why, ``part`` which."""

    def __init__(self, code: str, part: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.part = part
        self.params = params


def expand_numbers(text: str, *, most: int) -> list[str]:
    """Return every number of the list in its order: ``A1-A3 B7`` → A1, A2, A3, B7.

    A range counts up from its first to its last number; the noughts before the first are kept
    (``A001-A120``). What stands around the number must be the same on both sides, and may be left
    out on the right (``A001-120``). Raises ListFault for a part that runs backwards, for two that
    do not fit together, and for more than ``most`` numbers.
    """
    found: list[str] = []
    for part in filter(None, _PARTS.split(_tight(text))):
        found += _expand(part, most)
        if len(found) > most:
            raise ListFault("too_many", part, most=most)
    return found


def _tight(text: str) -> str:
    # A range may be written with air around its sign.
    return re.sub(r"\s*([-~～—–至到])\s*", r"\1", text)


def _expand(part: str, most: int) -> list[str]:
    match = _RANGE.fullmatch(part)
    if match is None:
        return [part]
    head, tail = match["head"], match["tail"] or match["tail2"]
    if match["head2"] not in {"", head} or (match["tail"] and match["tail2"] != match["tail"]):
        raise ListFault("ends_differ", part)
    first, last = int(match["first"]), int(match["last"])
    if last < first:
        raise ListFault("backwards", part)
    if last - first >= most:
        raise ListFault("too_many", part, most=most)
    width = len(match["first"])
    return [f"{head}{number:0{width}d}{tail}" for number in range(first, last + 1)]

"""Finds buildings and entrances in texts that also carry the project's name."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from app.estate.sheets.values import NOTHING

# 3栋, A栋, A3栋, 三栋, 12号楼, 5#楼: what is called a building.
_BUILDING: Final = (
    r"(?:[A-Za-z]?[0-9]+[A-Za-z]?|[A-Za-z]|[一二三四五六七八九十]+)(?:栋|幢|座|号楼|#楼|楼|号|#)"
)
_ENTRANCE: Final = (
    r"(?:[0-9]+|[A-Za-z]|[一二三四五六七八九十甲乙丙丁]+|东|西|南|北|中)(?:单元|门|座|梯)"
)
_COUNTS: Final = "0123456789一二三四五六七八九十甲乙丙丁ABCDEFGH东西南北"
_WHOLE: Final = re.compile(
    rf"(?P<project>.*?)(?P<building>{_BUILDING})[\s\-—]*(?P<entrance>{_ENTRANCE})?[\s\-—/]*"
)
_START: Final = re.compile(rf"(?P<project>.*?)(?P<building>{_BUILDING}.*)")

Names = dict[str, tuple[str, str | None]]


def split_buildings(texts: Collection[str], project_name: str | None) -> tuple[Names, str | None]:
    """Return building and entrance of every text, and the project's name if one was found.

    The project's name is ``project_name`` where a text begins with it, and besides what stands
    before every building: 松风明月花园3栋1单元 → 3栋, 1单元. ``--`` behind it is no entrance.
    """
    rests = {text: _without(text, project_name) for text in texts}
    parts = {text: _parts(rest) for text, rest in rests.items()}
    befores = [project for project, _, _ in parts.values() if project is not None]
    common = _common_start(befores)
    names: Names = {}
    for text, (project, building, entrance) in parts.items():
        before = "" if project is None else project[len(common) :]
        names[text] = (before + building).strip(), entrance
    found = (project_name if any(rests[text] != text for text in texts) else None) or common
    return names, found.strip() or None


def entrance_of(text: str) -> str | None:
    """Return the name of an entrance; ``--`` and nothing are none."""
    return None if text in NOTHING else text


def _common_start(texts: list[str]) -> str:
    """Return what all begin with; where they go on differently, no number is torn off its word."""
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    if first == last:
        return first
    length = next((at for at, char in enumerate(first) if last[at : at + 1] != char), len(first))
    return first[:length].rstrip(_COUNTS)


def _without(text: str, project_name: str | None) -> str:
    if project_name and text.startswith(project_name):
        return text[len(project_name) :].strip() or text
    return text


def _parts(text: str) -> tuple[str | None, str, str | None]:
    """Return what stands before the building (None: there is no such word), it, and entrance."""
    if match := _WHOLE.fullmatch(text):
        return match["project"], match["building"], match["entrance"]
    if match := _START.fullmatch(text):
        return match["project"], match["building"], None
    return None, text, None

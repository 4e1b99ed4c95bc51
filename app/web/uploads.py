"""Files that people hand in: a name that is only a name, and what a file is by its content."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

LONGEST_NAME = 120

#: first bytes → what the file is
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)


def clean_name(given: str | None) -> str:
    """Return the last part of a file's name without what no name may hold.

    Browsers send paths, attackers send worse; the ending is kept when the name is shortened.
    """
    name = PurePosixPath(PureWindowsPath(given or "").name).name
    name = "".join(
        letter for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter)[0] != "C"
    ).strip(" .")  # fmt: skip
    if len(name) > LONGEST_NAME:
        ending = PurePosixPath(name).suffix[:10]
        name = name[: LONGEST_NAME - len(ending)] + ending
    return name


def kind_of(content: bytes) -> str | None:
    """Return the media type that the content itself shows, None for what we do not know.

    The name and the type that a browser sends are whatever the sender likes.
    """
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), None)

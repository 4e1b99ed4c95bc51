"""COPY: rows into a table while they are being made, so that memory stays flat."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

#: rows that are handed to the database at a time
CHUNK = 2000

Told = Callable[[int], None]


def copy_rows(
    session: Session,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    told: Told | None = None,
) -> int:
    """Copy the rows into the table inside the session's transaction; return how many they were.

    None and the empty text both become NULL. ``told`` hears how many rows each part had.
    """
    stream = _Lines(rows, told)
    cursor = session.connection().connection.cursor()
    try:
        names = ", ".join(columns)
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN WITH (FORMAT csv)", stream)
    finally:
        cursor.close()
    return stream.count


class _Lines(io.TextIOBase):
    """A file to read from that is written while it is read."""

    def __init__(self, rows: Iterable[Sequence[Any]], told: Told | None) -> None:
        super().__init__()
        self.rows = iter(rows)
        self.told = told
        self.rest = ""
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        """Return up to ``size`` characters; the database asks again until there are none."""
        most = size if size is not None and size >= 0 else CHUNK
        while len(self.rest) < most:
            chunk = list(islice(self.rows, CHUNK))
            if not chunk:
                break
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(chunk)
            self.rest += buffer.getvalue()
            self.count += len(chunk)
            if self.told is not None:
                self.told(len(chunk))
        given, self.rest = self.rest[:most], self.rest[most:]
        return given

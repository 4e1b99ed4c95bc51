"""A list that keeps what does not fit in little memory in a file of its own."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any, Final, TypeVar, overload

#: items that are written and read together
CHUNK: Final = 1000


Item = TypeVar("Item")


class Spool(Sequence[Item]):
    """Items in the order in which they were added; all but the last and one more chunk are on disk.

    What is read again is a copy: changing it changes nothing. The file has no name and is gone
    with the spool; it is never anything but what this process wrote.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._size = CHUNK
        self._last: list[Item] = []
        self._places: list[int] = []
        self._file: IO[bytes] | None = None
        self._read: tuple[int, list[Item]] | None = None
        self.extend(items)

    def extend(self, items: Iterable[Item]) -> None:
        """Add the items, as they come."""
        for item in items:
            self._last.append(item)
            if len(self._last) == self._size:
                self._put_away()

    def _put_away(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
            weakref.finalize(self, self._file.close)
        self._places.append(self._file.seek(0, 2))
        pickle.dump(self._last, self._file, pickle.HIGHEST_PROTOCOL)
        self._last = []

    def _chunk(self, number: int) -> list[Item]:
        if number == len(self._places):
            return self._last
        if self._file is not None and (self._read is None or self._read[0] != number):
            self._file.seek(self._places[number])
            self._read = number, pickle.load(self._file)  # noqa: S301 - written above
        return self._read[1] if self._read else []

    def __len__(self) -> int:
        return len(self._places) * self._size + len(self._last)

    def __iter__(self) -> Iterator[Item]:
        numbers = range(len(self._places) + 1)
        return chain.from_iterable(self._chunk(number) for number in numbers)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        number, rest = divmod(at, self._size)
        return self._chunk(number)[rest]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | Spool):
            return NotImplemented
        return len(self) == len(other) and all(
            one == twin for one, twin in zip(self, other, strict=True)
        )

    __hash__: Any = None

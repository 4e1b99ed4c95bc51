"""The wire log: what went over a line and when, bounded, with card and identity numbers masked."""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

# 64 KiB as JSON: the hex digits and what surrounds them.
MOST_BYTES: Final = 64 * 1024
_ENTRY_COST: Final = 80
_KEEP_FIRST: Final = 6
_KEEP_LAST: Final = 4
_NUMBER: Final = re.compile(rb"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?:[ -]?[Xx])?(?![0-9])")


@dataclass(frozen=True, slots=True)
class _Note:
    at: datetime
    direction: str
    data: bytes

    @property
    def cost(self) -> int:
        return 2 * len(self.data) + _ENTRY_COST


@dataclass(slots=True)
class WireLog:
    """Notes of one job. When they grow past the bound, the middle goes: both ends matter."""

    _head: list[_Note] = field(default_factory=list)
    _tail: deque[_Note] = field(default_factory=deque)
    _head_cost: int = 0
    _tail_cost: int = 0

    def outgoing(self, data: bytes) -> None:
        self._note("out", data)

    def incoming(self, data: bytes) -> None:
        self._note("in", data)

    def _note(self, direction: str, data: bytes) -> None:
        note = _Note(datetime.now(UTC), direction, data)
        if not self._tail and self._head_cost + note.cost <= MOST_BYTES // 2:
            self._head.append(note)
            self._head_cost += note.cost
            return
        self._tail.append(note)
        self._tail_cost += note.cost
        while self._tail_cost > MOST_BYTES // 2:
            self._tail_cost -= self._tail.popleft().cost

    def entries(self) -> list[dict[str, str]]:
        """What the server is told: `at` (UTC), `dir` "out" or "in", `hex`."""
        notes = [*self._head, *self._tail]
        masked = {way: self._masked(notes, way) for way in ("out", "in")}
        entries = []
        for note in notes:
            data, masked[note.direction] = (
                masked[note.direction][: len(note.data)],
                masked[note.direction][len(note.data) :],
            )
            at = note.at.isoformat(timespec="milliseconds")
            entries.append({"at": at, "dir": note.direction, "hex": data.hex()})
        return entries

    @staticmethod
    def _masked(notes: list[_Note], direction: str) -> bytes:
        """One direction's bytes joined before masking: a number may lie across two writes."""
        return mask_numbers(b"".join(note.data for note in notes if note.direction == direction))


def mask_numbers(data: bytes) -> bytes:
    """The same bytes with card and identity numbers reduced to the first 6 and last 4 digits."""
    return _NUMBER.sub(lambda found: _mask(found[0]), data)


def _mask(number: bytes) -> bytes:
    digits = [at for at, byte in enumerate(number) if byte not in b" -"]
    masked = bytearray(number)
    for at in digits[_KEEP_FIRST:-_KEEP_LAST]:
        masked[at] = ord("*")
    return bytes(masked)

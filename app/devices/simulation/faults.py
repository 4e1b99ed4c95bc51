"""The fault script that every simulator knows: what goes wrong on the line, and when. No I/O."""

from dataclasses import dataclass, field
from typing import Final, Self

GARBAGE: Final = bytes([0xFF, 0x55, 0xA0, 0x81])


@dataclass(frozen=True, slots=True)
class Command:
    """One order to a simulator: `verb [value] [after=BYTES] [reappear=SECONDS]`."""

    verb: str
    value: str = ""
    after: int = 0
    reappear: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError with a sentence."""
        verb, *words = text.split() or [""]
        value, options = "", {}
        for word in words:
            name, separator, given = word.partition("=")
            if separator and name in {"after", "reappear"}:
                options[name] = given
            elif separator or value:
                raise ValueError(f"{word!r} is not understood")
            else:
                value = word
        reappear = float(options["reappear"]) if "reappear" in options else None
        return cls(verb, value, int(options.get("after", 0)), reappear)


@dataclass(slots=True)
class LineFaults:
    """Lasting faults of the line; `ok` ends them all."""

    is_silent: bool = False
    is_mute: bool = False
    is_duplicating: bool = False
    bytes_per_second: float = 0
    piece: int = 0
    garbage: int = 0
    delay: float = 0

    def apply(self, command: Command) -> bool:
        """Take up a fault of the line; False when the verb is none. Raises ValueError."""
        match command.verb:
            case "silent":
                self.is_silent = True
            case "mute":
                self.is_mute = True
            case "duplicate":
                self.is_duplicating = True
            case "slow":
                self.bytes_per_second = _positive(command)
            case "split":
                self.piece = int(_positive(command))
            case "garbage-before":
                self.garbage = int(_positive(command))
            case "late":
                self.delay = _positive(command)
            case _:
                return False
        return True

    def spoil(self, answer: bytes) -> bytes:
        """What of an answer gets on the line."""
        if self.is_silent or self.is_mute or not answer:
            return b""
        garbage = (GARBAGE * (self.garbage // len(GARBAGE) + 1))[: self.garbage]
        return (garbage + answer) * (2 if self.is_duplicating else 1)

    def pieces(self, data: bytes) -> list[bytes]:
        step = self.piece or len(data) or 1
        return [data[at : at + step] for at in range(0, len(data), step)]


def _positive(command: Command) -> float:
    value = float(command.value or 0)
    if value <= 0:
        raise ValueError(f"{command.verb} needs a number above 0")
    return value


@dataclass(slots=True)
class Triggers:
    """Commands that wait until so many more bytes have come."""

    waiting: list[tuple[int, Command]] = field(default_factory=list)
    _count: int = 0

    @property
    def room(self) -> int | None:
        """How many bytes may pass before the next command is due; None for any number."""
        return min((at - self._count for at, _command in self.waiting), default=None)

    def add(self, command: Command) -> None:
        self.waiting.append((self._count + command.after, command))

    def passed(self, count: int) -> list[Command]:
        """Note that `count` bytes came; the commands that are now due, in order."""
        self._count += count
        due = [command for at, command in self.waiting if at <= self._count]
        self.waiting = [(at, command) for at, command in self.waiting if at > self._count]
        return due

"""A null modem: a line whose far end is a function in the same process; needs no port."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.devices.transports.line import LineError


@dataclass(slots=True)
class MemoryLine:
    """A `Line` to `device`, which takes bytes and returns what it answers.

    `unplug_after` bytes the line is lost in the middle of a write, those bytes having arrived.
    """

    device: Callable[[bytes], bytes]
    unplug_after: int | None = None
    sent: bytearray = field(default_factory=bytearray)
    _arrived: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        room = len(data) if self.unplug_after is None else self.unplug_after - len(self.sent)
        self.sent += data[: max(room, 0)]
        self._arrived += self.device(data[: max(room, 0)])
        if room < len(data):
            raise LineError("line_lost", "unplugged")

    def read(self) -> bytes:
        if self.unplug_after is not None and len(self.sent) >= self.unplug_after:
            raise LineError("line_lost", "unplugged")
        arrived = bytes(self._arrived)
        self._arrived.clear()
        return arrived

    def discard_input(self) -> None:
        self._arrived.clear()

    def discard_output(self) -> None:
        """Nothing waits here: what was written has arrived."""

    def close(self) -> None:
        """Nothing to close."""

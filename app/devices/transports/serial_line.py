"""A line over a pyserial URL: a port (`/dev/ttyUSB0`, `COM3`), `socket://…` or `rfc2217://…`."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import serial

from app.devices.transports.line import LineError, port_lock

# Unplugging shows as any of these, by port and by moment; SerialException is an OSError.
_gone: tuple[type[Exception], ...] = (OSError,)
if sys.platform != "win32":
    import termios

    _gone = (OSError, termios.error)

# pyserial knows more schemes, some of which open files; a device needs none of them.
SCHEMES: Final = ("socket", "rfc2217")
_CODES: Final = {
    errno.EWOULDBLOCK: "port_busy",
    errno.EBUSY: "port_busy",
    errno.ENOENT: "port_missing",
    errno.ENODEV: "port_missing",
    errno.ENXIO: "port_missing",
    errno.EACCES: "port_denied",
    errno.EPERM: "port_denied",
    errno.EINVAL: "bad_settings",
}


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How a serial port is set; network lines know only the times (seconds)."""

    baudrate: int = 9600
    parity: str = "none"
    flow: str = "none"
    write_seconds: float = 5.0
    tick_seconds: float = 0.01


class SerialLine:
    """A `Line` over an open pyserial port; every trouble is a LineError."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise LineError("stalled", str(error)) from error
        except _gone as error:
            raise LineError("line_lost", str(error)) from error

    def read(self) -> bytes:
        # The port's time-out is set once: changing it re-negotiates an rfc2217 line each time.
        try:
            first: bytes = self._port.read(1)
        except _gone as error:
            raise LineError("line_lost", str(error)) from error
        if not first:
            return first
        try:
            return first + bytes(self._port.read(self._port.in_waiting))
        except _gone:
            # The far end said something and went: its last word counts, the next read raises.
            return first

    def discard_input(self) -> None:
        try:
            self._port.reset_input_buffer()
        except _gone as error:
            raise LineError("line_lost", str(error)) from error

    def discard_output(self) -> None:
        try:
            self._port.reset_output_buffer()
        except _gone as error:
            raise LineError("line_lost", str(error)) from error

    def close(self) -> None:
        """Close; a device that is already gone is closed as well as it can be."""
        with suppress(*_gone):
            self._port.close()


@contextmanager
def open_line(url: str, settings: LineSettings) -> Iterator[SerialLine]:
    """The line for one conversation: locked in this process, exclusive in this machine.

    Without `exclusive` a second opener would succeed and the two would steal each other's bytes.
    Raises LineError.
    """
    with port_lock(url):
        line = SerialLine(_open_port(url, settings))
        try:
            yield line
        finally:
            line.close()


def _open_port(url: str, settings: LineSettings) -> Any:
    scheme, separator, _rest = url.partition("://")
    if separator and scheme.lower() not in SCHEMES:
        raise LineError("bad_settings", f"{url}: a port, socket:// or rfc2217:// is needed")
    try:
        return serial.serial_for_url(
            url,
            baudrate=settings.baudrate,
            parity=settings.parity[0].upper(),
            rtscts=settings.flow == "rtscts",
            dsrdtr=settings.flow == "dsrdtr",
            xonxoff=settings.flow == "xonxoff",
            timeout=settings.tick_seconds,
            # pyserial refuses one for rfc2217, whose socket gives up after 5 s by itself.
            write_timeout=None if scheme.lower() == "rfc2217" else settings.write_seconds,
            exclusive=True,
        )
    except ValueError as error:
        raise LineError("bad_settings", str(error)) from error
    except _gone as error:
        # termios.error carries its number as the first argument only.
        number = getattr(error, "errno", None) or next(iter(error.args), None)
        code = _CODES.get(number) if isinstance(number, int) else None
        raise LineError(code or "port_unreachable", f"{url}: {error}") from error

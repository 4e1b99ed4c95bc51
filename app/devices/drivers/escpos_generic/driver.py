"""Drives a receipt printer: asks before, prints, and wants proof before it says printed."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from app.devices.capabilities import (
    PRINT_RECEIPT,
    DeviceError,
    DeviceState,
    DeviceStatus,
    Driver,
    Receipt,
    Wire,
)
from app.devices.drivers.escpos_generic import DRIVER, codec
from app.devices.drivers.escpos_generic.codec import PrinterStatus
from app.devices.drivers.escpos_generic.conversation import Conversation
from app.devices.drivers.escpos_generic.layout import Layout
from app.devices.transports.line import Line, LineError
from app.devices.transports.serial_line import LineSettings, open_line

# Announcing a job may take a while; the printer is then looked at once more.
STALE_SECONDS: Final = 1.0
OpenLine = Callable[[str, LineSettings], AbstractContextManager[Line]]


def create(url: str, settings: Mapping[str, object]) -> Driver:
    """The driver for the printer at `url`; raises DeviceError `bad_settings`."""
    return EscposPrinter(url, DRIVER.parse_settings(settings))


class EscposPrinter:
    """One printer. Papers of different jobs never hang together, whatever happened before."""

    def __init__(
        self, url: str, settings: Mapping[str, Any], *, opener: OpenLine = open_line
    ) -> None:
        self._url = url
        self._settings = settings
        self._open = opener
        self._line_settings = LineSettings(
            baudrate=settings["baudrate"], parity=settings["parity"], flow=settings["flow"]
        )
        # A piece of an earlier job may hang in the printer: from before this process, too.
        self._is_paper_clean = False

    def execute(
        self,
        command: str,
        payload: Mapping[str, Any],
        *,
        job_id: str,
        begin: Callable[[], None],
        wire: Wire,
    ) -> dict[str, Any]:
        """Print a receipt; see `Driver.execute` for what is guaranteed."""
        if command != PRINT_RECEIPT:
            raise DeviceError("unknown_command", command)
        receipt = Receipt.from_payload(payload)
        layout = Layout(self._settings["columns"], self._settings["gb18030"])
        documents = [codec.encode_document(lines) for lines in layout.pages(receipt, job_id=job_id)]
        result = {"copies_printed": 0, "bytes": 0, "replaced": list(layout.replaced)}
        try:
            with self._open(self._url, self._line_settings) as line:
                talk = Conversation(line, self._settings, wire)
                talk.require_ready()
                talk.wait_for_earlier_data()
                self._announce(begin, talk)
                self._print(talk, self._pieces(receipt, documents), result)
        except LineError as error:
            raise _before_the_first_byte(error) from error
        return result

    def _announce(self, begin: Callable[[], None], talk: Conversation) -> None:
        started = time.monotonic()
        begin()
        if time.monotonic() - started > STALE_SECONDS:
            talk.require_ready()

    def _pieces(self, receipt: Receipt, documents: Sequence[bytes]) -> list[bytes]:
        """What is sent and proved copy by copy. The drawer opens once, and never for a 补打."""
        how = str(self._settings["cut"]) if receipt.cut else "none"
        pieces = [document + codec.cut(how) for document in documents]
        if receipt.open_drawer and not receipt.reprint:
            pieces[0] = codec.open_drawer(self._settings["drawer_pin"]) + pieces[0]
        if not self._is_paper_clean:
            pieces[0] = codec.RESET + codec.cut(str(self._settings["cut"])) + pieces[0]
        return pieces

    def _print(self, talk: Conversation, pieces: list[bytes], result: dict[str, Any]) -> None:
        """Send and prove each copy; from here on every trouble leaves the outcome unknown."""
        self._is_paper_clean = False
        for piece in pieces:
            try:
                talk.print(piece)
            except DeviceError as error:
                raise error.midway(result) from error
            result["copies_printed"] += 1
            result["bytes"] += len(piece)
        self._is_paper_clean = True

    def probe(self) -> DeviceStatus:
        """The printer's state by real-time status, which leaves no trace on paper."""
        try:
            with self._open(self._url, self._line_settings) as line:
                return _state_of(Conversation(line, self._settings, None).status())
        except LineError as error:
            return DeviceStatus(DeviceState.UNREACHABLE, _before_the_first_byte(error).code)
        except DeviceError as error:
            return DeviceStatus(DeviceState.UNREACHABLE, error.code)


def _state_of(status: PrinterStatus) -> DeviceStatus:
    states = {
        "": DeviceState.PAPER_NEAR_END if status.near_end else DeviceState.OK,
        "paper_out": DeviceState.PAPER_OUT,
        "cover_open": DeviceState.COVER_OPEN,
    }
    return DeviceStatus(states.get(status.problem, DeviceState.OFFLINE), status.problem)


def _before_the_first_byte(error: LineError) -> DeviceError:
    """A line that failed while only questions had been sent."""
    return DeviceError("no_answer" if error.code == "stalled" else error.code, error.detail)

"""Questions to and data for a receipt printer over one open line."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from app.devices.capabilities import DeviceError, Wire
from app.devices.drivers.escpos_generic import codec
from app.devices.drivers.escpos_generic.codec import PrinterStatus
from app.devices.transports.line import Line, LineError

CHUNK_BYTES: Final = 256
# A burst of answers is over when the line has been quiet for so long.
QUIET_SECONDS: Final = 0.015
# While a print is awaited, the status is asked so often: paper may end in the middle.
POLL_SECONDS: Final = 0.5
# One answer may be a stray byte; two, with the status asked in between, are proof.
PROOFS_WANTED: Final = 2
# The status question whose answer says whether anything at all is wrong.
_GENERAL: Final = 1


class Conversation:
    """Before the document only questions are sent, so a DeviceError then means: not started."""

    def __init__(self, line: Line, settings: Mapping[str, Any], wire: Wire | None) -> None:
        self._line = line
        self._wire = wire
        self._questions = [int(question) for question in settings["status_queries"]]
        self._answer_seconds = settings["answer_ms"] / 1000
        self._print_seconds = settings["print_ms"] / 1000
        self._is_buffered = settings["proof"] == "buffered"
        self._bytes_per_second = settings["baudrate"] / 10
        self._proof: int | None = None
        self._line.discard_input()

    def require_ready(self) -> None:
        """Raise what keeps the printer from printing."""
        problem = self.status().problem
        if problem:
            raise DeviceError(problem)

    def status(self) -> PrinterStatus:
        """Ask all questions at once, and again one by one where noise came with the answers.

        Raises `no_answer` when one is not answered in time.
        """
        wanted = len(self._questions)
        self._write(b"".join(map(codec.ask_status, self._questions)))
        heard = self._burst(self._answer_seconds, codec.is_status, wanted)
        if not any(map(codec.is_status, heard)):
            raise DeviceError("no_answer", f"DLE EOT {self._questions}")
        if len(heard) != wanted or not all(map(codec.is_status, heard)):
            heard = bytes(self._ask_status(question) for question in self._questions)
        return codec.decode_status(dict(zip(self._questions, heard, strict=True)))

    def _ask_status(self, question: int) -> int:
        """The last fitting byte of the burst: noise comes before an answer, not after it."""
        self._heard(self._line.read())
        self._write(codec.ask_status(question))
        heard = self._burst(self._answer_seconds, codec.is_status, 1)
        answers = [byte for byte in heard if codec.is_status(byte)]
        if not answers:
            raise DeviceError("no_answer", f"DLE EOT {question}")
        return answers[-1]

    def wait_for_earlier_data(self) -> None:
        """Return when all that was sent before is printed, so that no late answer is mistaken.

        Answers to `GS r 1` carry no number. One that is still owed for an earlier job comes
        before ours, and nothing is printed between the two, so both lie in one burst.
        """
        self._write(codec.RESYNC + codec.RESET + codec.NO_AUTO_STATUS)
        if self._is_buffered:
            self._ask_proof()
            self._hear_proof(self._answer_seconds)
            if self._proof is None:
                raise DeviceError("no_proof", "GS r 1 before the document")

    def print(self, document: bytes) -> None:
        """Send it and return when all of it is on paper; raises DeviceError with the cause."""
        try:
            for start in range(0, len(document), CHUNK_BYTES):
                self._write(document[start : start + CHUNK_BYTES])
            if self._is_buffered:
                self._prove()
            else:
                self._watch(
                    min(1 + 2 * len(document) / self._bytes_per_second, self._print_seconds)
                )
        except LineError as error:
            # Where the printer can still be asked, it knows the cause; else the line is to blame.
            with suppress(LineError):
                self._line.discard_output()
                self.require_ready()
            code = "stalled_midway" if error.code == "stalled" else "line_lost_midway"
            raise DeviceError(code, error.detail) from error

    def _prove(self) -> None:
        end = time.monotonic() + self._print_seconds
        for _wanted in range(PROOFS_WANTED):
            self._ask_proof()
            while self._proof is None and time.monotonic() < end:
                self._hear_proof(min(POLL_SECONDS, max(end - time.monotonic(), 0)))
                if self._proof is None:
                    self._look()
            self.require_ready()
            if self._proof is None:
                raise DeviceError("no_proof", "GS r 1 after the document")
            if codec.proof_shows_paper_end(self._proof):
                raise DeviceError("paper_out", "GS r 1 after the document")

    def _look(self) -> None:
        """Raise what stops the print. No answer says nothing: data on its way comes before it.

        Always the same question: answers that come late cannot be taken for those to another.
        """
        self._write(codec.ask_status(_GENERAL))
        heard = self._burst(POLL_SECONDS, _is_status_or_proof, 1)
        if any(
            codec.decode_status({_GENERAL: byte}).offline for byte in heard if codec.is_status(byte)
        ):
            self.require_ready()

    def _watch(self, seconds: float) -> None:
        """For printers that do not confirm: no trouble as long as the print should take."""
        end = time.monotonic() + seconds
        while True:
            self.require_ready()
            if time.monotonic() >= end:
                return
            time.sleep(min(POLL_SECONDS, max(end - time.monotonic(), 0)))

    def _ask_proof(self) -> None:
        self._proof = None
        self._write(codec.ASK_PAPER_BUFFERED)

    def _hear_proof(self, seconds: float) -> None:
        self._burst(seconds, codec.is_proof, 1)

    def _burst(self, seconds: float, fits: Callable[[int], bool], wanted: int) -> bytes:
        """What arrives until `wanted` fitting bytes have come and the line is quiet again."""
        heard = bytearray()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            data = self._line.read()
            if data:
                self._heard(data)
                heard += data
                if sum(map(fits, heard)) >= wanted:
                    end = time.monotonic() + QUIET_SECONDS
        return bytes(heard)

    def _write(self, data: bytes) -> None:
        if self._wire:
            self._wire.outgoing(data)
        self._line.write(data)

    def _heard(self, data: bytes) -> None:
        """Note what came. A proof may arrive while the status is being asked."""
        if data and self._wire:
            self._wire.incoming(data)
        for byte in data:
            if codec.is_proof(byte):
                self._proof = byte


def _is_status_or_proof(byte: int) -> bool:
    return codec.is_status(byte) or codec.is_proof(byte)

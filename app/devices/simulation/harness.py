"""Runs a simulated device: its port, its faults and the socket through which it is told them."""

import fcntl
import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from app.devices.simulation.faults import Command, LineFaults, Triggers
from app.devices.simulation.papers import device_folder, simulators_folder
from app.devices.simulation.pty_port import PtyPort

MOST_AT_ONCE: Final = 4096
SLOW_STEP_SECONDS: Final = 0.02
PIECE_SECONDS: Final = 0.005
CONTROL_SECONDS: Final = 2.0
LINE_VERBS: Final = frozenset({"ok", "die", "reappear", "busy", "unsolicited", "state"})


@dataclass(frozen=True, slots=True)
class Taken:
    """How many bytes a device took, and how many of them count for `after=`."""

    used: int
    counted: int


class SimulatedDevice(Protocol):
    """What the harness needs of a device; `verbs` are the orders it knows beside the line's."""

    verbs: frozenset[str]

    def receive(self, data: bytes, room: int | None) -> Taken:
        """Take bytes from the line, all or until `room` of them counted."""
        ...

    def take_answers(self) -> bytes:
        """What the device has to say since it was last asked."""
        ...

    def apply(self, command: Command) -> None:
        """Take up a fault or its end, or `ok`, which ends them all."""
        ...

    def describe(self) -> dict[str, Any]: ...


class AlreadyRunning(Exception):
    """Another process simulates the device of this name."""


class Harness:
    """One simulated device until `stop`. Sleeps in select; works without a reader."""

    def __init__(self, device: SimulatedDevice, data_dir: Path, name: str) -> None:
        self._device = device
        self._folder = device_folder(data_dir, name)
        self._port = PtyPort(simulators_folder(data_dir).absolute() / f"{name}.tty")
        self._control_path = simulators_folder(data_dir) / f"{name}.control"
        self._faults = LineFaults()
        self._triggers = Triggers()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._read_from = 0.0
        self._is_stopping = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    @property
    def url(self) -> str:
        """What a driver opens."""
        return str(self._port.link)

    @property
    def wake_fd(self) -> int:
        """A byte written here ends `select`; for `signal.set_wakeup_fd`."""
        return self._wake_write

    def stop(self) -> None:
        """End `run`; may be called from a signal handler or another thread."""
        self._is_stopping = True
        with suppress(BlockingIOError):
            os.write(self._wake_write, b"\0")

    def run(self) -> None:
        """Serve until stopped; raises AlreadyRunning."""
        with self._claimed(), _listening(self._control_path) as control:
            self._port.open()
            try:
                while not self._is_stopping:
                    self._serve_once(control)
            finally:
                self._port.close()
                os.close(self._wake_read)
                os.close(self._wake_write)

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunning(str(self._folder)) from error
            yield

    def _serve_once(self, control: socket.socket) -> None:
        self._fire_due()
        sources: list[Any] = [self._wake_read, control]
        if self._port.is_open and time.monotonic() >= self._read_from:
            sources.append(self._port)
        ready, _write, _error = select.select(sources, [], [], self._wait_seconds())
        if self._wake_read in ready:
            os.read(self._wake_read, MOST_AT_ONCE)
        if control in ready:
            self._serve_control(control)
        if self._port in ready and self._port.is_open:
            self._serve_port()

    def _wait_seconds(self) -> float | None:
        moments = [moment for moment, _action in self._timers]
        if self._read_from > time.monotonic():
            moments.append(self._read_from)
        return max(min(moments) - time.monotonic(), 0) if moments else None

    def _fire_due(self) -> None:
        now = time.monotonic()
        due = sorted((timer for timer in self._timers if timer[0] <= now), key=lambda one: one[0])
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for _moment, action in due:
            action()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append((time.monotonic() + seconds, action))

    def _serve_port(self) -> None:
        rate = self._faults.bytes_per_second
        most = max(int(rate * SLOW_STEP_SECONDS), 1) if rate else MOST_AT_ONCE
        data = self._port.read(min(most, self._faults.piece or most))
        if rate:
            self._read_from = time.monotonic() + len(data) / rate
        while data and self._port.is_open and not self._faults.is_silent:
            taken = self._device.receive(data, self._triggers.room)
            data = data[taken.used :]
            self._answer()
            for command in self._triggers.passed(taken.counted):
                self._apply(command)

    def _answer(self) -> None:
        pieces = self._faults.pieces(self._faults.spoil(self._device.take_answers()))
        for at, piece in enumerate(pieces):
            wait = self._faults.delay + at * PIECE_SECONDS
            if wait:
                self._later(wait, partial(self._send, piece))
            else:
                self._send(piece)

    def _send(self, data: bytes) -> None:
        if self._port.is_open:
            self._port.write(data)

    def _serve_control(self, control: socket.socket) -> None:
        connection, _address = control.accept()
        with connection:
            connection.settimeout(CONTROL_SECONDS)
            try:
                text = connection.makefile("r", encoding="utf-8").readline()
                answer = self.control(text)
            except (ValueError, OSError) as error:
                answer = {"error": str(error)}
            with suppress(OSError):
                connection.sendall(json.dumps(answer, ensure_ascii=False).encode() + b"\n")

    def control(self, text: str) -> dict[str, Any]:
        """Carry out one order and describe the device; raises ValueError with a sentence."""
        command = Command.parse(text)
        known = LINE_VERBS | self._device.verbs
        if command.verb not in known and not LineFaults().apply(command):
            raise ValueError(f"{command.verb!r} is none of {', '.join(sorted(known))}")
        if command.after:
            self._triggers.add(command)
        elif command.verb != "state":
            self._apply(command)
            self._answer()
        return {"port": self._port.is_open, "waiting": len(self._triggers.waiting)} | (
            self._device.describe()
        )

    def _apply(self, command: Command) -> None:
        match command.verb:
            case "ok":
                self._recover(command)
            case "die":
                self._port.close()
                if command.reappear is not None:
                    self._later(command.reappear, self._port.open)
            case "reappear":
                self._port.open()
            case "busy":
                self._port.occupy()
            case "unsolicited":
                self._send(bytes.fromhex(command.value))
            case _ if not self._faults.apply(command):
                self._device.apply(command)

    def _recover(self, command: Command) -> None:
        self._faults = LineFaults()
        self._triggers.waiting.clear()
        self._port.open()
        self._port.vacate()
        self._device.apply(command)


def _address(path: Path) -> tuple[int, str]:
    """A socket's address may have 107 bytes; through its open folder any path is short enough."""
    folder = os.open(path.parent, os.O_RDONLY)
    return folder, f"/proc/self/fd/{folder}/{path.name}"


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    """A control socket at `path`, in place of one that a killed process left behind."""
    path.unlink(missing_ok=True)
    folder, address = _address(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.bind(address)
            control.listen()
            yield control
    finally:
        path.unlink(missing_ok=True)
        os.close(folder)


def send_control(path: Path, text: str) -> dict[str, Any]:
    """Tell the simulator behind a control socket; raises OSError when none is there."""
    folder, address = _address(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(CONTROL_SECONDS)
            client.connect(address)
            client.sendall(text.encode() + b"\n")
            answer: dict[str, Any] = json.loads(client.makefile("rb").readline())
    finally:
        os.close(folder)
    return answer

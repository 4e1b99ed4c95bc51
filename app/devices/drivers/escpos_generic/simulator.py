"""A receipt printer as a process: `python -m app.devices.drivers.escpos_generic.simulator`.

Without orders it serves `DATA_DIR/simulators/NAME.tty` until SIGTERM; with orders it tells one
that is running what goes wrong.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.devices.drivers.escpos_generic.layout import parse_job_mark
from app.devices.drivers.escpos_generic.printer import Sensors, Sheet, VirtualPrinter
from app.devices.simulation.faults import Command
from app.devices.simulation.harness import AlreadyRunning, Harness, Taken, send_control
from app.devices.simulation.papers import PaperStore, device_folder, simulators_folder

COLUMNS: Final = 48


class SimulatedPrinter:
    """A printer whose papers are kept; killed and started again it goes on where it was."""

    verbs: frozenset[str] = frozenset(
        {
            "paper-in",
            "paper-near-end",
            "paper-out",
            "cover-open",
            "cover-closed",
            "offline",
            "online",
            "cutter-error",
            "fatal-error",
            "tear",
        }
    )

    def __init__(
        self, folder: Path, name: str, *, columns: int = COLUMNS, gb18030: bool = False
    ) -> None:
        self._name = name
        self._store = PaperStore(folder)
        self._printer = VirtualPrinter(columns, gb18030=gb18030)
        self._number = self._store.last_number + 1
        self._kept: tuple[object, ...] = ()
        state = self._store.load()
        if state:
            # A sheet whose number was given to a paper had been cut before the state was kept.
            self._printer.restore(state, with_sheet=state["no"] == self._number)

    def receive(self, data: bytes, room: int | None) -> Taken:
        used, counted = self._printer.receive(data, room)
        self._keep()
        return Taken(used, counted)

    def take_answers(self) -> bytes:
        answers = bytes(self._printer.answers)
        self._printer.answers.clear()
        return answers

    def apply(self, command: Command) -> None:
        sensors = self._printer.sensors
        match command.verb:
            case "ok":
                self._printer.sensors = Sensors()
            case "paper-in" | "paper-near-end" | "paper-out":
                sensors.paper = command.verb.removeprefix("paper-").replace("-", "_")
            case "cover-open" | "cover-closed":
                sensors.is_cover_open = command.verb == "cover-open"
            case "offline" | "online":
                sensors.is_offline = command.verb == "offline"
            case "cutter-error":
                sensors.has_cutter_error = True
            case "fatal-error":
                sensors.has_fatal_error = True
            case "tear":
                self._printer.cut()
        self._printer.work()
        self._keep()

    def describe(self) -> dict[str, Any]:
        state = self._printer.dump()
        return {**state["sensors"], "papers": self._number - 1, "lines": len(state["lines"])}

    def _keep(self) -> None:
        for sheet in self._printer.finished:
            self._store.append(self._record(sheet))
            self._number += 1
        self._printer.finished.clear()
        sheet = self._printer.sheet
        kept = (self._number, len(sheet.lines), sheet.drawer, astuple(self._printer.sensors))
        if kept != self._kept:
            self._store.save({"no": self._number, **self._printer.dump()})
            self._kept = kept

    def _record(self, sheet: Sheet) -> dict[str, Any]:
        job_id, copy = parse_job_mark([line["text"] for line in sheet.lines])
        return {
            "no": self._number,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "device": self._name,
            "job_id": job_id,
            "copy": copy,
            "columns": self._printer.columns,
            "lines": sheet.lines,
            "drawer": sheet.drawer,
            "raw": sheet.raw.hex(),
        }


def build(data_dir: Path, name: str, *, columns: int = COLUMNS, gb18030: bool = False) -> Harness:
    """A simulator that is ready to run; raises ValueError for a name that is none."""
    folder = device_folder(data_dir, name)
    return Harness(SimulatedPrinter(folder, name, columns=columns, gb18030=gb18030), data_dir, name)


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    control = options.control or simulators_folder(options.data_dir) / f"{options.name}.control"
    if options.order:
        return _order(control, " ".join(options.order))
    harness = build(
        options.data_dir, options.name, columns=options.columns, gb18030=options.gb18030
    )
    signal.set_wakeup_fd(harness.wake_fd)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: harness.stop())
    try:
        harness.run()
    except AlreadyRunning as error:
        sys.stderr.write(f"Another process already simulates this printer: {error}\n")
        return 1
    return 0


def _order(control: Path, text: str) -> int:
    try:
        answer = send_control(control, text)
    except OSError as error:
        sys.stderr.write(f"No simulator answers at {control}: {error}\n")
        return 1
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 1 if "error" in answer else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    parser.add_argument("--name", default="receipt_printer")
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument("--gb18030", action="store_true", help="knows four-byte characters")
    parser.add_argument("--control", type=Path, help="socket of the one that is running")
    parser.add_argument("order", nargs="*", help="such as: paper-out after=200")
    return parser


if __name__ == "__main__":
    sys.exit(main())

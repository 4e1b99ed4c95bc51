"""The simulator as a process of its own: found, told, ended, killed and started again."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.devices import drivers
from app.devices.capabilities import DeviceState
from app.devices.drivers.escpos_generic import simulator
from app.devices.simulation.faults import Command
from app.devices.simulation.papers import PaperStore, device_folder, read_papers, simulator_name
from app.devices.transports.serial_line import LineSettings, open_line
from app.devices.transports.wire import WireLog
from tests.devices.counter import PRINTER, QUICK, receipt, wait_for

MODULE = "app.devices.drivers.escpos_generic.simulator"


class Process:
    """A simulator in a process of its own."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.link = data_dir / "simulators" / f"{PRINTER}.tty"
        self.driver = drivers.create("escpos_generic", str(self.link), QUICK)
        self.running = None

    def start(self):
        command = [sys.executable, "-m", MODULE, "--data-dir", self.data_dir, "--name", PRINTER]
        self.running = subprocess.Popen(command)
        wait_for(lambda: self.driver.probe().state is not DeviceState.UNREACHABLE)

    def end(self, number):
        self.running.send_signal(number)
        return self.running.wait(timeout=5)

    def print(self, job_id):
        self.driver.execute("print_receipt", receipt(), job_id=job_id, begin=list, wire=WireLog())

    def order(self, *words):
        control = self.data_dir / "simulators" / f"{PRINTER}.control"
        return simulator.main(["--control", str(control), *words])

    @property
    def jobs(self):
        return [paper["job_id"] for paper in read_papers(self.data_dir, PRINTER)]


@pytest.fixture
def process(tmp_path):
    # Longer than the address of a socket may be.
    folder = tmp_path / ("x" * 60) / ("y" * 60)
    folder.mkdir(parents=True)
    running = Process(folder)
    running.start()
    yield running
    if running.running.poll() is None:
        running.end(signal.SIGTERM)


def test_it_serves_until_it_is_told_to_end_and_leaves_nothing(process):
    process.print("1")
    assert process.jobs == ["1"]
    assert process.end(signal.SIGTERM) == 0
    names = sorted(path.name for path in process.link.parent.iterdir())
    assert names == [PRINTER]


def test_killed_and_started_again_it_goes_on(process, capsys):
    process.print("1")
    assert process.order("paper-out") == 0
    process.end(signal.SIGKILL)
    assert process.driver.probe().state is DeviceState.UNREACHABLE
    process.start()
    assert process.driver.probe().state is DeviceState.PAPER_OUT
    assert process.order("paper-in") == 0
    process.print("2")
    assert process.jobs == ["1", "2"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["paper"] == "in"


def test_half_a_paper_survives_the_kill_and_is_counted_once(process):
    with open_line(str(process.link), LineSettings()) as line:
        line.write(b"\x1b@half\n")
        state = process.data_dir / "simulators" / PRINTER / "state.json"
        wait_for(lambda: "half" in state.read_text())
    process.end(signal.SIGKILL)
    process.start()
    with open_line(str(process.link), LineSettings()) as line:
        line.write(b"rest\n\x1dV\x00")
        wait_for(lambda: process.jobs)
    (paper,) = read_papers(process.data_dir, PRINTER)
    assert [line["text"] for line in paper["lines"]] == ["half", "rest"]


def test_it_needs_no_reader_and_no_processor(process):
    with open_line(str(process.link), LineSettings()) as line:
        for _question in range(3000):
            line.write(b"\x10\x04\x01" * 4)

    def used():
        return sum(map(int, stat.read_text().split()[13:15]))

    def is_idle():
        before = used()
        time.sleep(0.3)
        return used() == before

    stat = Path(f"/proc/{process.running.pid}/stat")
    wait_for(is_idle)
    assert process.driver.probe().state is DeviceState.OK


def test_a_second_one_of_the_same_name_refuses(process, capsys):
    assert simulator.main(["--data-dir", str(process.data_dir)]) == 1
    assert "already simulates" in capsys.readouterr().err
    process.print("1")


def test_orders_from_the_command_line(process, capsys, tmp_path):
    assert process.order("slow", "100") == 0
    assert process.order("explode") == 1
    assert "explode" in capsys.readouterr().out
    assert simulator.main(["--control", str(tmp_path / "none.control"), "ok"]) == 1
    assert "No simulator answers" in capsys.readouterr().err


def device(tmp_path):
    return simulator.SimulatedPrinter(device_folder(tmp_path, PRINTER), PRINTER)


def test_killed_between_paper_and_state_nothing_is_doubled(tmp_path, monkeypatch):
    first = device(tmp_path)
    first.receive(b"one\n", None)
    monkeypatch.setattr(PaperStore, "save", lambda _self, _state: None)
    first.receive(b"\x1dV\x00", None)
    monkeypatch.undo()
    again = device(tmp_path)
    again.receive(b"two\n\x1dV\x00", None)
    papers = read_papers(tmp_path, PRINTER)
    assert [[line["text"] for line in paper["lines"]] for paper in papers] == [["one"], ["two"]]
    assert [paper["no"] for paper in papers] == [1, 2]


def test_a_line_that_was_half_written_is_dropped(tmp_path):
    first = device(tmp_path)
    first.receive(b"one\n\x1dV\x00", None)
    path = device_folder(tmp_path, PRINTER) / "papers.jsonl"
    with path.open("ab") as file:
        file.write(b'{"no": 2, "li')
    assert len(read_papers(tmp_path, PRINTER)) == 1
    device(tmp_path).receive(b"two\n\x1dV\x00", None)
    assert [paper["no"] for paper in read_papers(tmp_path, PRINTER)] == [1, 2]


def test_a_torn_off_paper_is_kept(tmp_path):
    printer = device(tmp_path)
    printer.receive(b"\x1c&" + "任务 5\n".encode("gbk"), None)
    printer.apply(Command("tear"))
    assert read_papers(tmp_path, PRINTER, job_id="5")[0]["lines"][0]["text"] == "任务 5"
    assert read_papers(tmp_path, PRINTER, job_id="6") == []


def test_only_our_own_ports_belong_to_a_simulator(tmp_path):
    url = simulator.build(tmp_path, PRINTER).url
    assert simulator_name(tmp_path, url) == PRINTER
    assert simulator_name(tmp_path, "/dev/ttyUSB0") is None
    assert simulator_name(tmp_path / "other", url) is None
    assert simulator_name(tmp_path, "socket://127.0.0.1:9100") is None
    with pytest.raises(ValueError, match="cannot be the name"):
        device_folder(tmp_path, "../secrets")

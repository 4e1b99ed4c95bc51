"""Ports: what opening and losing one is called, locks, and the wire log."""

import errno
import os
import socket
import stat
import termios
import threading
from pathlib import Path

import pytest
import serial

from app.devices.simulation.pty_port import PtyPort
from app.devices.transports.line import LineError, port_lock
from app.devices.transports.serial_line import LineSettings, open_line
from app.devices.transports.wire import MOST_BYTES, WireLog, mask_numbers

QUICK = LineSettings(write_seconds=0.2)


@pytest.fixture
def port(tmp_path):
    port = PtyPort(tmp_path / "device.tty")
    port.open()
    yield port
    port.close()


def code_of(url, settings=QUICK):
    with pytest.raises(LineError) as caught, open_line(str(url), settings):
        pass
    return caught.value.code


def test_bytes_go_both_ways_unchanged(port):
    everything = bytes(range(256))
    with open_line(str(port.link), QUICK) as line:
        line.write(everything)
        assert port.read(4096) == everything
        port.write(everything)
        assert line.read() == everything
        assert line.read() == b""


def test_what_came_before_can_be_discarded(port):
    with open_line(str(port.link), QUICK) as line:
        port.write(b"old")
        line.discard_input()
        port.write(b"new")
        assert line.read() == b"new"


def test_old_bytes_are_not_read_by_the_next_opener(port):
    port.write(b"late answer")
    with open_line(str(port.link), QUICK) as line:
        assert line.read() == b""


def test_missing_and_strange_ports(tmp_path):
    assert code_of(tmp_path / "none") == "port_missing"
    dangling = tmp_path / "dangling"
    dangling.symlink_to("/dev/pts/99999")
    assert code_of(dangling) == "port_missing"
    assert code_of("spy://file=/tmp/x") == "bad_settings"
    assert code_of("socket://nonsense") in {"bad_settings", "port_unreachable"}


def test_a_port_held_by_another_program_is_busy(port):
    port.occupy()
    assert code_of(port.link) == "port_busy"
    port.vacate()
    with open_line(str(port.link), QUICK):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_without_permission_is_denied(port):
    Path(os.path.realpath(port.link)).chmod(stat.S_IWOTH)
    assert code_of(port.link) == "port_denied"


def test_a_setting_that_the_port_refuses(port, monkeypatch):
    assert code_of(port.link, LineSettings(baudrate=-1)) == "bad_settings"

    def refuse(*_arguments, **_settings):
        raise termios.error(errno.EINVAL, "Invalid argument")

    # What a pseudo-terminal says to parity on some kernels; it is no OSError.
    monkeypatch.setattr(serial, "serial_for_url", refuse)
    assert code_of(port.link, LineSettings(parity="even")) == "bad_settings"


def test_one_job_at_a_time_within_the_process(port, tmp_path):
    other = tmp_path / "other.tty"
    other.symlink_to(os.path.realpath(port.link))
    with (
        port_lock(str(port.link)),
        pytest.raises(LineError) as caught,
        port_lock(str(other), seconds=0.01),
    ):
        pass
    assert caught.value.code == "port_busy"
    with port_lock(str(other), seconds=0.01):
        pass


def test_unplugged_while_reading_and_writing(port):
    with open_line(str(port.link), QUICK) as line:
        port.close()
        with pytest.raises(LineError) as caught:
            line.read()
        assert caught.value.code == "line_lost"
        with pytest.raises(LineError) as caught:
            line.write(b"x")
        assert caught.value.code == "line_lost"
        with pytest.raises(LineError) as caught:
            line.discard_input()
        assert caught.value.code == "line_lost"


def fill(line):
    for _chunk in range(100):
        line.write(bytes(256))


def test_a_device_that_takes_nothing_stalls_the_writer_no_longer_than_allowed(port):
    with open_line(str(port.link), QUICK) as line:
        with pytest.raises(LineError) as caught:
            fill(line)
        assert caught.value.code == "stalled"
        line.discard_output()
        line.write(b"x")


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_network_printer(listener):
    host, port = listener.getsockname()
    answers = []

    def serve():
        connection, _address = listener.accept()
        with connection:
            answers.append(connection.recv(100))
            connection.sendall(b"\x12")

    thread = threading.Thread(target=serve)
    thread.start()
    with open_line(f"socket://{host}:{port}", QUICK) as line:
        line.write(b"\x10\x04\x01")
        heard = b""
        while not heard:
            heard = line.read()
        thread.join()
        assert (answers, heard) == ([b"\x10\x04\x01"], b"\x12")
        with pytest.raises(LineError) as caught:
            line.read()
        assert caught.value.code == "line_lost"


def test_a_network_printer_that_is_off(listener):
    host, port = listener.getsockname()
    listener.close()
    assert code_of(f"socket://{host}:{port}") == "port_unreachable"


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (b"6222021234567890123", b"622202*********0123"),
        (b"6222 0212 3456 7890 123", b"6222 02** **** ***0 123"),
        (b"11010519491231002X", b"110105********002X"),
        (b"13800138000", b"13800138000"),
        (b"12345678901234567890", b"12345678901234567890"),
        (b"1,234,567.00", b"1,234,567.00"),
    ],
)
def test_numbers_are_masked(data, masked):
    assert mask_numbers(data) == masked


def test_a_number_across_two_writes_is_masked_too():
    log = WireLog()
    log.outgoing(b"card 62220212345")
    log.incoming(b"\x12")
    log.outgoing(b"67890123 ok")
    texts = [bytes.fromhex(entry["hex"]) for entry in log.entries()]
    assert texts == [b"card 622202*****", b"\x12", b"****0123 ok"]
    assert [entry["dir"] for entry in log.entries()] == ["out", "in", "out"]
    assert log.entries()[0]["at"].endswith("+00:00")


def test_the_log_is_bounded_and_keeps_both_ends():
    log = WireLog()
    for number in range(3000):
        log.outgoing(b"%04d" % number + bytes(60))
    entries = log.entries()
    assert len(str(entries)) < MOST_BYTES * 1.2
    assert bytes.fromhex(entries[0]["hex"]).startswith(b"0000")
    assert bytes.fromhex(entries[-1]["hex"]).startswith(b"2999")

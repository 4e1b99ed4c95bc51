"""The driver over a null modem: every receipt, every byte at which the plug may be pulled."""

from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.devices.capabilities import DeviceError, DeviceState, Outcome
from app.devices.drivers.escpos_generic import DRIVER, conversation
from app.devices.drivers.escpos_generic.codec import clean_text
from app.devices.drivers.escpos_generic.driver import EscposPrinter
from app.devices.drivers.escpos_generic.printer import VirtualPrinter
from app.devices.transports.line import LineError
from app.devices.transports.memory import MemoryLine
from app.devices.transports.wire import WireLog
from tests.devices.counter import QUICK, receipt


@pytest.fixture(autouse=True, scope="module")
def _no_noise():
    """Nothing comes late over a null modem: the wait for quiet can be short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversation, "QUIET_SECONDS", 0.0)
        yield


class Bench:
    """A driver and a printer in memory; `begun` is when the first byte might leave."""

    def __init__(self, unplug_after=None, **values):
        self.printer = VirtualPrinter(48)
        self.unplug_after = unplug_after
        self.begun = []
        self.lines = []
        chosen = DRIVER.parse_settings({**QUICK, "print_ms": 100, "answer_ms": 50, **values})
        self.driver = EscposPrinter("memory", chosen, opener=self._open)

    @contextmanager
    def _open(self, _url, _settings):
        line = MemoryLine(self._device, unplug_after=self.unplug_after)
        self.lines.append(line)
        yield line

    def _device(self, data):
        self.printer.receive(data)
        answers = bytes(self.printer.answers)
        self.printer.answers.clear()
        return answers

    def print(self, payload=None, job_id="7"):
        return self.driver.execute(
            "print_receipt",
            payload or receipt(),
            job_id=job_id,
            begin=lambda: self.begun.append(len(self.lines[-1].sent)),
            wire=WireLog(),
        )

    @property
    def papers(self):
        return [[line["text"] for line in sheet.lines] for sheet in self.printer.finished]


def test_a_receipt_is_printed_and_proved():
    bench = Bench()
    result = bench.print()
    assert result["copies_printed"] == 1
    assert result["replaced"] == []
    assert len(bench.papers) == 1
    assert bench.papers[0][0] == "收款收据"
    assert bench.papers[0][-1] == "任务 7"
    assert "定金" + " " * 32 + "￥100,000.00" in bench.papers[0]


def test_nothing_but_questions_and_a_reset_leave_before_the_job_is_announced():
    bench = Bench()
    bench.print()
    sent = bytes(bench.lines[0].sent[: bench.begun[0]])
    assert sent.hex() == "100401100402100403100404" + "00000000" + "1b40" + "1d6100" + "1d7201"


def test_what_the_announcement_raises_goes_through_and_nothing_is_printed():
    bench = Bench()

    def begin():
        raise KeyError("dropped")

    with pytest.raises(KeyError):
        bench.driver.execute("print_receipt", receipt(), job_id="1", begin=begin, wire=WireLog())
    assert bench.printer.finished == []
    assert bench.printer.sheet.lines == []


def test_the_drawer_opens_once_for_all_copies_and_not_for_a_reprint():
    bench = Bench()
    bench.print(receipt(copies=3, open_drawer=True))
    bench.print(receipt(open_drawer=True, reprint=1))
    assert [sheet.drawer for sheet in bench.printer.finished] == [1, 0, 0, 0]
    assert bench.papers[3][0] == "补打第1次"


def test_replaced_characters_are_reported():
    assert Bench().print(receipt(title="张𠮷"))["replaced"] == ["𠮷"]


@pytest.mark.parametrize(
    ("command", "payload", "code"),
    [("open_sesame", {}, "unknown_command"), ("print_receipt", {"x": 1}, "bad_payload")],
)
def test_a_job_that_cannot_be_done_fails_before_the_port_is_opened(command, payload, code):
    bench = Bench()
    with pytest.raises(DeviceError) as caught:
        bench.driver.execute(command, payload, job_id="1", begin=list, wire=WireLog())
    assert (caught.value.code, caught.value.outcome) == (code, Outcome.FAILED)
    assert bench.lines == []


def lengths():
    """Bytes that leave before the announcement, and altogether, for a receipt in two copies."""
    bench = Bench()
    bench.print(receipt(copies=2))
    return bench.begun[0], len(bench.lines[0].sent)


def test_the_plug_may_be_pulled_at_any_byte():
    """At most one paper per copy, and no more is claimed than can be known."""
    outcomes, preface, length = [], *lengths()
    for at in range(length):
        bench = Bench(unplug_after=at)
        with pytest.raises(DeviceError) as caught:
            bench.print(receipt(copies=2))
        error = caught.value
        outcomes.append(error.outcome)
        if at <= preface:
            assert (error.code, bench.begun, bench.papers) == ("line_lost", [], [])
        else:
            assert error.code == "line_lost_midway"
            assert error.result["copies_printed"] <= len(bench.papers) <= 2
    assert outcomes[: preface + 1] == [Outcome.NOT_STARTED] * (preface + 1)
    assert set(outcomes[preface + 1 :]) == {Outcome.UNKNOWN}


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6, 0.9])
def test_the_next_paper_does_not_hang_on_the_broken_one(share):
    preface, length = lengths()
    bench = Bench()
    bench.print(job_id="1")
    bench.unplug_after = preface + int((length - preface) * share)
    with pytest.raises(DeviceError):
        bench.print(receipt(copies=2), job_id="2")
    bench.unplug_after = None
    bench.print(job_id="3")
    assert bench.papers[-1][-1] == "任务 3"
    assert bench.papers[-1].count("收款收据") == 1
    assert bench.papers[-1][0] == "收款收据"


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_printer_that_does_not_confirm_leaves_the_outcome_unknown(is_silent):
    bench = Bench()
    answer = bench._device

    def strange(data):
        answered = answer(data)
        if not bench.begun:
            return answered
        return b"" if is_silent else bytes(byte for byte in answered if byte == 0x12)

    bench._device = strange
    with pytest.raises(DeviceError) as caught:
        bench.print()
    assert caught.value.code == ("no_answer_midway" if is_silent else "no_proof_midway")
    assert len(bench.papers) == 1


def test_one_stray_byte_is_no_proof():
    bench = Bench()
    answer = bench._device
    strays = [b"\x00"]

    def noisy(data):
        answered = answer(data)
        if not bench.begun:
            return answered
        real = bytes(byte for byte in answered if byte != 0x00)
        return real or (strays.pop() if strays else b"")

    bench._device = noisy
    with pytest.raises(DeviceError) as caught:
        bench.print()
    assert caught.value.code == "no_proof_midway"


def test_a_printer_that_never_confirms_is_told_so_before_anything_is_printed():
    bench = Bench()
    bench._device, answer = (lambda data: answer(data.replace(b"\x1dr\x01", b""))), bench._device
    with pytest.raises(DeviceError) as caught:
        bench.print()
    assert (caught.value.code, caught.value.outcome) == ("no_proof", Outcome.NOT_STARTED)
    assert (bench.begun, bench.papers) == ([], [])


def test_with_status_only_it_prints_without_confirmation():
    bench = Bench(proof="status")
    bench._device, answer = (lambda data: answer(data.replace(b"\x1dr\x01", b""))), bench._device
    assert bench.print()["copies_printed"] == 1
    assert b"\x1dr\x01" not in bench.lines[0].sent


def test_a_silent_question_may_be_left_out_by_setting():
    bench = Bench(status_queries="14")
    bench.print()
    assert b"\x10\x04\x02" not in bench.lines[0].sent


@pytest.mark.parametrize(
    ("trouble", "state", "detail"),
    [
        ({}, DeviceState.OK, ""),
        ({"paper": "near_end"}, DeviceState.PAPER_NEAR_END, ""),
        ({"paper": "out"}, DeviceState.PAPER_OUT, "paper_out"),
        ({"is_cover_open": True}, DeviceState.COVER_OPEN, "cover_open"),
        ({"is_offline": True}, DeviceState.OFFLINE, "offline"),
        ({"has_cutter_error": True}, DeviceState.OFFLINE, "cutter_error"),
        ({"has_fatal_error": True}, DeviceState.OFFLINE, "unrecoverable_error"),
    ],
)
def test_probe(trouble, state, detail):
    bench = Bench()
    for name, value in trouble.items():
        setattr(bench.printer.sensors, name, value)
    status = bench.driver.probe()
    assert (status.state, status.detail) == (state, detail)
    assert bytes(bench.lines[0].sent).hex() == "100401100402100403100404"


def test_probe_says_unreachable_and_why():
    bench = Bench(unplug_after=0)
    assert bench.driver.probe().detail == "line_lost"

    @contextmanager
    def missing(_url, _settings):
        raise LineError("port_missing")
        yield

    status = EscposPrinter("x", DRIVER.parse_settings({}), opener=missing).probe()
    assert (status.state, status.detail) == (DeviceState.UNREACHABLE, "port_missing")


LINES = st.one_of(
    st.builds(
        lambda text, align: {"text": text, "align": align},
        st.text(max_size=60),
        st.sampled_from(["left", "center", "right"]),
    ),
    st.builds(
        lambda left, right: {"left": left, "right": right},
        st.text(max_size=40),
        st.text(max_size=40),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.lists(LINES, max_size=6), st.sampled_from([32, 48]))
def test_whatever_is_to_be_printed_is_on_the_paper(title, lines, columns):
    bench = Bench(columns=columns)
    bench.printer.columns = columns
    bench.print({"title": title, "lines": lines})
    wanted = [title, *(part for line in lines for part in line.values() if part not in ALIGNS)]
    wanted = "".join("".join(clean_text(part, gb18030=False)[0] for part in wanted).split())
    (paper,) = bench.papers
    assert "".join("".join(paper[:-1]).split()) == wanted


ALIGNS = ("left", "center", "right")

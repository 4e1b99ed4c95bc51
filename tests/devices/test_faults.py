"""The driver on the simulator's pseudo-terminal: one test for each thing that goes wrong."""

import time

import pytest

from app.devices import drivers
from app.devices.capabilities import DeviceError, DeviceState, Outcome
from app.devices.drivers.escpos_generic import conversation
from app.devices.transports.wire import WireLog
from tests.devices.counter import QUICK, SILENT, RunningPrinter, receipt, wait_for

# What comes before the document: rest of a command, reset, no automatic status, GS r 1.
PREFACE_BYTES = 12
MIDDLE = PREFACE_BYTES + 200


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Ask for the status more often while a print is awaited."""
    monkeypatch.setattr(conversation, "POLL_SECONDS", 0.05)


class Counter:
    """A driver at the simulated printer, and whether its job was announced."""

    def __init__(self, printer, **values):
        self.printer = printer
        self.driver = drivers.create("escpos_generic", printer.url, {**QUICK, **values})
        self.announced = 0
        self.wire = WireLog()

    def begin(self):
        self.announced += 1

    def print(self, job_id="7", **changes):
        return self.driver.execute(
            "print_receipt", receipt(**changes), job_id=job_id, begin=self.begin, wire=self.wire
        )

    def fails(self, code, job_id="7", **changes):
        with pytest.raises(DeviceError) as caught:
            self.print(job_id, **changes)
        assert caught.value.code == code
        return caught.value


@pytest.fixture
def counter(printer):
    return Counter(printer)


def test_ok(counter, printer):
    assert counter.print()["copies_printed"] == 1
    (paper,) = printer.papers("7")
    assert paper["lines"][0] == {
        "text": "收款收据",
        "align": "center",
        "size": "double",
        "bold": False,
    }
    assert "任务 7" in [line["text"] for line in paper["lines"]]
    assert bytes.fromhex(paper["raw"]).endswith(b"\x1dVB\x00")
    assert counter.driver.probe().state is DeviceState.OK


@pytest.mark.parametrize(
    ("order", "back", "code"),
    [
        ("paper-out", "paper-in", "paper_out"),
        ("cover-open", "cover-closed", "cover_open"),
        ("offline", "online", "offline"),
        ("cutter-error", "ok", "cutter_error"),
        ("silent", "ok", "no_answer"),
        ("mute", "ok", "no_answer"),
        ("die", "reappear", "port_missing"),
        ("busy", "ok", "port_busy"),
    ],
)
def test_trouble_before_the_first_byte_prints_nothing_and_then_once(counter, order, back, code):
    counter.printer.order(order)
    hasty = Counter(counter.printer, **SILENT) if code == "no_answer" else counter
    assert hasty.fails(code).outcome is Outcome.NOT_STARTED
    assert hasty.announced == 0
    counter.printer.order(back)
    assert counter.printer.papers() == []
    counter.print()
    assert len(counter.printer.papers("7")) == 1


def test_a_fault_that_stays_fails(counter, printer):
    printer.order("fatal-error")
    assert counter.fails("unrecoverable_error").outcome is Outcome.FAILED
    assert counter.announced == 0


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("paper-out", "paper_out_midway"),
        ("cover-open", "cover_open_midway"),
        ("offline", "offline_midway"),
        ("cutter-error", "cutter_error_midway"),
        ("fatal-error", "unrecoverable_error_midway"),
        ("silent", "no_answer_midway"),
        ("mute", "no_answer_midway"),
        ("die", "line_lost_midway"),
    ],
)
def test_trouble_in_the_middle_leaves_the_outcome_unknown(printer, order, code):
    counter = Counter(printer, **(SILENT if code == "no_answer_midway" else {}))
    printer.order(f"{order} after={MIDDLE}")
    error = counter.fails(code)
    assert error.outcome is Outcome.UNKNOWN
    assert error.result["copies_printed"] == 0
    assert counter.announced == 1


def test_paper_that_ends_in_the_middle_comes_out_when_there_is_more(counter, printer):
    printer.order(f"paper-out after={MIDDLE}")
    counter.fails("paper_out_midway")
    assert printer.papers() == []
    printer.order("paper-in")
    # The rest was still in the printer: one paper, which is why it may not be printed again.
    assert len(printer.papers("7")) == 1
    counter.print("8")
    assert [paper["job_id"] for paper in printer.papers()] == ["7", "8"]


def test_paper_that_ends_in_the_second_copy_tells_how_many_came_out(counter, printer):
    printer.order(f"paper-out after={MIDDLE * 2}")
    assert counter.fails("paper_out_midway", copies=2).result["copies_printed"] == 1
    assert [paper["copy"] for paper in printer.papers("7")] == [1]


@pytest.mark.parametrize("after", [PREFACE_BYTES + 1, MIDDLE, MIDDLE + 60])
def test_a_piece_left_by_a_broken_job_is_cut_off(counter, printer, after):
    printer.order(f"die after={after} reappear=0.05")
    counter.fails("line_lost_midway")
    wait_for(lambda: counter.driver.probe().state is DeviceState.OK)
    Counter(printer).print("8")
    papers = printer.papers()
    assert [line["text"] for line in papers[-1]["lines"]].count("收款收据") == 1
    assert papers[-1]["job_id"] == "8"
    assert [paper["job_id"] for paper in papers[:-1]] in ([], [None])


def test_near_end_prints_and_shows(counter, printer):
    printer.order("paper-near-end")
    assert counter.print()["copies_printed"] == 1
    assert counter.driver.probe().state is DeviceState.PAPER_NEAR_END


@pytest.mark.parametrize("rate", [5000, 700])
def test_slow(printer, rate):
    """At the lower rate the status is asked, and not answered in time, while data is on its way."""
    printer.order(f"slow {rate}")
    counter = Counter(printer)
    counter.print()
    assert len(printer.papers("7")) == 1


def test_so_slow_that_it_is_not_waited_for(printer):
    printer.order("slow 400")
    error = Counter(printer, answer_ms=300, print_ms=150).fails("no_answer_midway")
    assert error.outcome is Outcome.UNKNOWN
    printer.order("ok")
    # It is still printing then; only what comes after its end may be said of the next job.
    Counter(printer).print("8")
    assert [paper["job_id"] for paper in printer.papers()] == ["7", "8"]


@pytest.mark.parametrize("order", ["split 1", "garbage-before 3", "duplicate", "late 0.05"])
def test_noise_on_the_line(counter, printer, order):
    printer.order(order)
    counter.print()
    assert len(printer.papers("7")) == 1
    assert counter.driver.probe().state is DeviceState.OK
    printer.order("paper-out")
    assert counter.driver.probe().state is DeviceState.PAPER_OUT
    counter.fails("paper_out", "8")


def test_garbage_in_pieces(counter, printer):
    printer.order("garbage-before 9")
    printer.order("split 2")
    counter.print()
    assert len(printer.papers("7")) == 1


def test_unsolicited_bytes_before_a_job(counter, printer):
    printer.order("unsolicited 1000000000")
    counter.print()
    assert len(printer.papers("7")) == 1


def test_answers_that_come_after_the_time_is_up_do_not_prove_the_next_job(counter, printer):
    printer.order("late 0.5")
    Counter(printer, **SILENT).fails("no_answer")
    printer.order("ok")
    counter.print("8")
    time.sleep(0.6)
    assert [paper["job_id"] for paper in printer.papers()] == ["8"]


def test_unplugged_and_back(counter, printer):
    printer.order("die reappear=0.2")
    assert counter.driver.probe().detail == "port_missing"
    wait_for(lambda: counter.driver.probe().state is DeviceState.OK)
    counter.print()
    assert len(printer.papers("7")) == 1


def test_a_long_announcement_is_followed_by_another_look(counter, printer, monkeypatch):
    monkeypatch.setattr("app.devices.drivers.escpos_generic.driver.STALE_SECONDS", 0.0)

    def slow_begin():
        printer.order("paper-out")

    with pytest.raises(DeviceError) as caught:
        counter.driver.execute(
            "print_receipt", receipt(), job_id="7", begin=slow_begin, wire=counter.wire
        )
    assert (caught.value.code, caught.value.outcome) == ("paper_out", Outcome.NOT_STARTED)
    printer.order("paper-in")
    assert printer.papers() == []


def test_the_wire_log_has_what_was_sent_with_card_numbers_masked(counter):
    counter.print(lines=[{"left": "卡号", "right": "6222021234567890123"}])
    sent = b"".join(
        bytes.fromhex(entry["hex"]) for entry in counter.wire.entries() if entry["dir"] == "out"
    )
    assert b"622202*********0123" in sent
    assert b"6222021234567890123" not in sent
    assert counter.wire.entries()[1]["hex"] == "12121212"


def test_rare_characters_where_the_printer_knows_them(tmp_path):
    running = RunningPrinter(tmp_path, gb18030=True)
    try:
        result = Counter(running, gb18030=True).print(title="张𠮷㛃")
        assert result["replaced"] == []
        assert running.papers("7")[0]["lines"][0]["text"] == "张𠮷㛃"
    finally:
        running.stop()


def test_orders_that_are_not_understood_are_answered_with_a_sentence(printer):
    for order in ("explode", "explode after=3", "slow", "slow -1", "slow fast", "ok a b", ""):
        assert "error" in printer.order(order), order
    assert printer.order("state")["papers"] == 0

"""The simulated printer's interpreter: what it prints, answers and waits for."""

import pytest

from app.devices.drivers.escpos_generic import codec
from app.devices.drivers.escpos_generic.printer import VirtualPrinter

ALL_QUESTIONS = b"".join(map(codec.ask_status, (1, 2, 3, 4)))


def printed(data, **options):
    printer = VirtualPrinter(32, **options)
    printer.receive(data + codec.cut("partial"))
    return [line["text"] for sheet in printer.finished for line in sheet.lines]


def test_chinese_needs_to_be_turned_on():
    text = "定金1".encode("gbk") + b"\n"
    assert printed(codec.CHINESE_ON + text) == ["定金1"]
    assert printed(text) == ["????1"]


def test_four_bytes_are_one_character_only_where_known():
    text = codec.CHINESE_ON + "𠮷A".encode("gb18030") + b"\n"
    assert printed(text, gb18030=True) == ["𠮷A"]
    assert printed(text) == ["〓〓A"]


def test_a_line_that_is_too_long_is_broken_by_the_printer():
    assert printed(b"a" * 33 + b"\n") == ["a" * 32, "a"]


def test_sizes_of_chinese_and_ascii_are_apart():
    printer = VirtualPrinter(32)
    printer.receive(codec.encode_document([codec.PrintLine("双A", size="double")]))
    printer.receive(codec.CHINESE_ON + b"\x1d!\x11" + "中".encode("gbk") + b"\n")
    assert [line["size"] for line in printer.sheet.lines] == ["double", "normal"]


def test_real_time_questions_pass_what_waits_for_paper():
    printer = VirtualPrinter(32)
    printer.sensors.paper = "out"
    printer.receive(b"A\n" + codec.ASK_PAPER_BUFFERED + ALL_QUESTIONS)
    assert printer.answers.hex() == "1a32127e"
    assert printer.sheet.lines == []
    printer.sensors.paper = "in"
    printer.work()
    assert printer.answers.hex() == "1a32127e00"
    assert [line["text"] for line in printer.sheet.lines] == ["A"]


@pytest.mark.parametrize("at", range(1, 12))
def test_bytes_may_come_in_any_pieces(at):
    data = codec.ask_status(1) + codec.CHINESE_ON + "定".encode("gbk") + b"\n\x1dVB\x00"
    whole, halved = VirtualPrinter(32), VirtualPrinter(32)
    whole.receive(data)
    halved.receive(data[:at])
    halved.receive(data[at:])
    assert (whole.finished, whole.answers) == (halved.finished, halved.answers)
    assert [line["text"] for line in halved.finished[0].lines] == ["定"]


def test_room_counts_data_but_no_questions():
    printer = VirtualPrinter(32)
    assert printer.receive(codec.ask_status(1) + b"abc", 2) == (5, 2)
    assert printer.receive(b"\x10\x10\x04\x01x") == (5, 2)
    assert len(printer.answers) == 2


@pytest.mark.parametrize("broken", ["1b", "1b61", "1d", "1d56", "1d5642", "1b700019", "1c21", "b6"])
def test_a_command_that_was_left_unfinished_does_not_eat_the_next_document(broken):
    printer = VirtualPrinter(32)
    printer.receive(codec.CHINESE_ON + bytes.fromhex(broken))
    printer.receive(codec.RESYNC + codec.RESET + codec.encode_document([codec.PrintLine("定")]))
    printer.receive(codec.cut("full"))
    assert [line["text"] for line in printer.finished[-1].lines] == ["定"]
    assert printer.finished[-1].drawer in (0, 1)


def test_a_blank_sheet_is_no_paper_and_a_torn_one_is():
    printer = VirtualPrinter(32)
    printer.receive(b"\n\n" + codec.cut("full"))
    assert printer.finished == []
    printer.receive(b"half")
    printer.cut()
    assert [line["text"] for line in printer.finished[0].lines] == ["half"]


def test_what_is_on_the_sheet_survives_the_power():
    printer = VirtualPrinter(32)
    printer.receive(b"first\nsecond")
    again = VirtualPrinter(32)
    again.restore(printer.dump(), with_sheet=True)
    again.receive(b"third\n")
    assert [line["text"] for line in again.sheet.lines] == ["first", "third"]

"""ESC/POS byte by byte: text, styles, cut, drawer, status."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.devices.drivers.escpos_generic import codec
from app.devices.drivers.escpos_generic.codec import PrintLine


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (PrintLine(), "0a"),
        (PrintLine("A1"), "41310a"),
        (PrintLine("定金"), "b6a8bdf00a"),
        (PrintLine("￥1"), "a3a4310a"),
        (PrintLine("A", bold=True), "1b4501410a1b4500"),
        (PrintLine("A", align="center"), "1b6101410a1b6100"),
        (PrintLine("A", align="right"), "1b6102410a1b6100"),
        (PrintLine("A", size="double"), "1d21111c210c410a1d21001c2100"),
        (PrintLine("𠮷㛃"), "9534b235 8230b731 0a"),
    ],
)
def test_a_line_becomes_these_bytes(line, expected):
    assert codec.encode_line(line).hex() == expected.replace(" ", "")


def test_a_document_turns_chinese_on_and_off():
    assert codec.encode_document([PrintLine("好")]).hex() == "1b401b52001c26bac30a1c2e"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (codec.ask_status(1), "100401"),
        (codec.ask_status(4), "100404"),
        (codec.ASK_PAPER_BUFFERED, "1d7201"),
        (codec.cut("partial"), "1d564200"),
        (codec.cut("full"), "1d564100"),
        (codec.cut("none"), "1b6405"),
        (codec.open_drawer(2), "1b700019fa"),
        (codec.open_drawer(5), "1b700119fa"),
    ],
)
def test_commands(made, expected):
    assert made.hex() == expected


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}, ""),
        # The answers of a printer without paper, as captured from one.
        ({1: 0x1A, 2: 0x32, 4: 0x7E}, "paper_out"),
        ({1: 0x1A, 2: 0x16, 3: 0x12, 4: 0x12}, "cover_open"),
        ({1: 0x1A, 2: 0x12, 3: 0x12, 4: 0x12}, "offline"),
        ({1: 0x1A, 2: 0x52, 3: 0x1A, 4: 0x12}, "cutter_error"),
        ({1: 0x1A, 2: 0x52, 3: 0x32, 4: 0x12}, "unrecoverable_error"),
        ({1: 0x12, 2: 0x12, 3: 0x52, 4: 0x12}, "offline"),
        ({1: 0x12, 2: 0x12, 3: 0x12, 4: 0x1E}, ""),
        ({1: 0x1A, 2: 0x36, 3: 0x12, 4: 0x72}, "cover_open"),
        ({1: 0x12}, ""),
    ],
)
def test_status_names_the_cause(answers, problem):
    assert codec.decode_status(answers).problem == problem


def test_near_end_and_drawer_are_read():
    status = codec.decode_status({1: 0x16, 4: 0x1E})
    assert (status.near_end, status.drawer_pin_high, status.paper_end) == (True, True, False)


def test_a_proof_is_never_taken_for_a_status_and_is_one_of_four_bytes():
    assert [byte for byte in range(256) if codec.is_proof(byte)] == [0x00, 0x03, 0x0C, 0x0F]
    assert not [byte for byte in range(256) if codec.is_proof(byte) and codec.is_status(byte)]
    assert [codec.proof_shows_paper_end(byte) for byte in (0x00, 0x03, 0x0C, 0x0F)] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "kept", "replaced"),
    [
        ("¥100.00", "￥100.00", []),
        ("89.50m²", "89.50㎡", []),
        ("阿依古丽·买买提", "阿依古丽·买买提", []),
        ("阿依古丽•买买提", "阿依古丽·买买提", []),
        ("张𠮷㛃", "张〓〓", ["𠮷", "㛃"]),
        ("a\tb\u00a0c", "a b c", []),
        ("a\r\nb\rc", "a\nb\nc", []),
        ("零\u200b宽", "零宽", []),
        ("\x1bp\x00", "〓p〓", ["\x1b", "\x00"]),
        ("\x10\x04\x01", "〓〓〓", ["\x10", "\x04", "\x01"]),
        ("\x7f\x80", "〓〓", ["\x7f", "\x80"]),
        ("\ud800", "〓", ["\ud800"]),
        ("e\u0301", "é", []),
    ],
)
def test_what_cannot_be_printed_is_replaced_and_told(text, kept, replaced):
    assert codec.clean_text(text, gb18030=False) == (kept, replaced)


def test_rare_characters_go_out_in_four_bytes_only_where_the_printer_knows_them():
    assert codec.clean_text("㛃𠮷€", gb18030=True) == ("㛃𠮷€", [])
    assert codec.clean_text("㛃𠮷€", gb18030=False) == ("〓〓〓", ["㛃", "𠮷", "€"])


@given(st.text(alphabet=st.characters()), st.booleans())
def test_any_text_encodes_and_commands_nothing(text, gb18030):
    kept, replaced = codec.clean_text(text, gb18030=gb18030)
    data = codec.encode_line(PrintLine(kept.replace("\n", "")))
    assert data.endswith(b"\n")
    assert min(data[:-1], default=0x20) >= 0x20
    assert kept.count("〓") >= len(replaced)
    assert codec.display_width(kept.replace("\n", "")) <= len(data) - 1


@given(st.characters(exclude_categories=["Cs"]))
def test_gbk_characters_have_the_same_code_in_gb18030(character):
    short = codec.encode_character(character, gb18030=False)
    if short:
        assert codec.encode_character(character, gb18030=True) == short
        assert len(short) == codec.display_width(character)

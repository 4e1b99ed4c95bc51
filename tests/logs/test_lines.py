"""Lines of the log: both shapes, and nothing personal in either."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from app.logs.scrub import scrub, scrub_error
from app.logs.setup import start_logging
from app.logs.shape import HumanShape, JsonShape
from app.logs.trace import accepted, request_id, traced


def record(message, *args, exc_info=None, **more):
    made = logging.LogRecord("xiaokong.test", logging.INFO, __file__, 1, message, args, exc_info)
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("called 13812345678 today", "13812345678"),
        ("called +86 138 1234 5678 today", "1234 5678"),
        ("id 11010519491231002X and more", "11010519491231002X"),
        ("card 6222021234567890123", "6222021234567890123"),
        ("office 0755-82345678", "82345678"),
        ("passport E12345678", "E12345678"),
        ("GET /customers/?q=zhang&mobile=138", "zhang"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("token eyJhbGciOi.eyJzdWIiOiIx.abc-def", "eyJzdWIiOiIx"),
        ("postgresql://app:s3cr3t@db/x refused", "s3cr3t"),
        ("{'password': 'hunter22'}", "hunter22"),
        ("otp=123456", "123456"),
        ("SECRET_KEY=abc", "abc"),
        ("mail to zhang.san@example.com", "zhang.san"),
        ("sold to 张三丰 yesterday", "张三丰"),
    ],
)
def test_what_no_log_may_hold_is_taken_out(text, secret):
    assert secret not in scrub(text)


@pytest.mark.parametrize(
    "text",
    ["slow request", "job 1234567 done in 12.5 ms", "user:7 room 416", "2026-11-21T10:32:05"],
)
def test_the_rest_stays(text):
    assert scrub(text) == text


def test_an_error_is_written_without_the_values_it_quotes():
    told = scrub_error(
        "duplicate key\nDETAIL:  Key (mobile)=(13812345678) already exists.\n"
        "invalid literal for int(): 'Zhang San'"
    )
    assert "duplicate key" in told
    assert "1381234" not in told
    assert "Zhang" not in told


@pytest.mark.parametrize(
    "told",
    [
        "check\nDETAIL:  Failing row contains (7, Li Lei\nHan Meimei, 8 Road).\n[SQL: INSERT]",
        "check\nDETAIL:  Key (name, road)=(Li\nHan Meimei, 8 Road) already exists.",
        "check\nLINE 1: INSERT INTO t VALUES (Han Meimei, 8 Road)\n  ^\n(Background)",
        "Failing row contains (7, Li Lei (junior), Han Meimei, 8 Road).",
        "check\nCONTEXT:  COPY t, line 1:\nHan Meimei\nHINT:  8 Road",
        'invalid input syntax for type integer: "Han Meimei, 8 Road"',
    ],
)
def test_a_quoted_row_goes_whole_however_many_lines_it_has(told):
    said = scrub_error(told)
    assert "Meimei" not in said
    assert "Road" not in said
    assert ("check" in said) == ("check" in told)
    assert ("INSERT" in said) == ("[SQL" in told)


def test_a_json_line_holds_the_id_the_facts_and_the_place_of_the_error():
    try:
        int("Zhang San 13812345678")
    except ValueError:
        failed = sys.exc_info()
    with traced("0123456789abcdef"):
        line = json.loads(
            JsonShape("web").format(
                record("it failed", exc_info=failed, facts={"ms": 12.5, "route": "/x?q=zhang"})
            )
        )
    assert (line["process"], line["level"], line["ms"]) == ("web", "info", 12.5)
    assert line["request_id"] == "0123456789abcdef"
    assert any("test_lines.py" in one for one in line["error"])
    assert "zhang" not in json.dumps(line).lower().replace("test_lines", "")


def test_a_terminal_gets_a_sentence():
    with traced("0123456789abcdef"):
        told = HumanShape().format(record("room %d taken", 7, facts={"ms": 3}))
    assert told.endswith("room 7 taken ms=3 [0123456789abcdef]")


@pytest.mark.parametrize("given", ["a" * 8, "req-2026.11_21-abc", "deadbeefdeadbeef"])
def test_a_fit_id_is_taken(given):
    assert accepted(given) == given


@pytest.mark.parametrize(
    "given",
    [None, "", "short", "x" * 65, "a b c d e f g h", "1234567890", "no\nline-breaks",
     "x13812345678"[1:], "11010519491231002X", "<script>alert"],
)  # fmt: skip
def test_an_unfit_id_is_replaced(given):
    made = accepted(given)
    assert made != given
    assert len(made) == 16


def test_the_id_ends_with_its_block():
    with traced() as outer:
        assert request_id() == outer
        with traced("inner-id-1"):
            assert request_id() == "inner-id-1"
        assert request_id() == outer
    assert request_id() == ""


def test_a_program_of_its_own_keeps_a_rotating_file(tmp_path):
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        start_logging("agent", folder=tmp_path)
        logging.getLogger("xiaokong.test").warning("hello %s", "13812345678")
        line = json.loads((tmp_path / "agent.log").read_text().splitlines()[-1])
    finally:
        for handler in [one for one in root.handlers if one not in before]:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)
        logging.captureWarnings(False)
    assert line["process"] == "agent"
    assert "138" not in line["message"]

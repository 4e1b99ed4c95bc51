"""The receipt document, the settings and the error table."""

import json
import re

import pytest

from app.devices.capabilities import (
    ERRORS,
    OUTCOMES,
    DeviceError,
    FeedLine,
    Outcome,
    PairLine,
    Receipt,
    RuleLine,
    Setting,
    TextLine,
)
from app.devices.drivers.escpos_generic import DRIVER
from tests.devices.counter import receipt


def test_a_receipt_is_read_from_json():
    payload = json.loads(json.dumps(receipt(copies=2, reprint=1, cut=False, open_drawer=True)))
    payload["lines"] += [{"feed": 3}, {"text": "大", "size": "double"}, {"right": "值"}]
    read = Receipt.from_payload(payload)
    assert (read.title, read.copies, read.reprint) == ("收款收据", 2, 1)
    assert (read.cut, read.open_drawer) == (False, True)
    assert read.lines == (
        PairLine("票据号", "SJ00001"),
        PairLine("房号", "松风明月花园 3栋 1201"),
        RuleLine(),
        PairLine("定金", "¥100,000.00"),
        TextLine("人民币壹拾万元整", "right", "normal", bold=True),
        FeedLine(3),
        TextLine("大", size="double"),
        PairLine("", "值"),
    )


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        (None, "payload"),
        ([], "payload"),
        ({"titel": "x"}, "payload.titel"),
        ({"title": 1}, "payload.title"),
        ({"copies": True}, "payload.copies"),
        ({"copies": "2"}, "payload.copies"),
        ({"copies": 0}, "copies"),
        ({"copies": 6}, "copies"),
        ({"reprint": -1}, "reprint"),
        ({"lines": {}}, "payload.lines"),
        ({"lines": [{}]}, "lines[0]"),
        ({"lines": ["text"]}, "lines[0]"),
        ({"lines": [{"text": "a"}, {"text": None}]}, "lines[1].text"),
        ({"lines": [{"text": "a", "align": "middle"}]}, "lines[0]"),
        ({"lines": [{"text": "a", "size": "huge"}]}, "lines[0]"),
        ({"lines": [{"text": "a", "colour": "red"}]}, "lines[0].colour"),
        ({"lines": [{"text": "a", "left": "b"}]}, "lines[0].left"),
        ({"lines": [{"left": 1, "right": "2"}]}, "lines[0].left"),
        ({"lines": [{"rule": False}]}, "lines[0].rule"),
        ({"lines": [{"feed": 0}]}, "lines[0].feed"),
        ({"lines": [{"feed": 21}]}, "lines[0].feed"),
        ({"lines": [{"text": "a" * 2001}]}, "lines[0].text"),
        ({"lines": [{"rule": True}] * 501}, "lines"),
    ],
)
def test_a_bad_receipt_fails_and_names_the_place(payload, where):
    with pytest.raises(DeviceError) as caught:
        Receipt.from_payload(payload)
    assert caught.value.code == "bad_payload"
    assert caught.value.outcome is Outcome.FAILED
    assert caught.value.detail.startswith(f"{where}:")


def test_every_error_has_a_sentence_that_names_the_device_and_says_what_to_do():
    assert set(ERRORS) == set(OUTCOMES)
    for code, sentence in ERRORS.items():
        assert re.fullmatch(r"[a-z_]{1,40}", code)
        assert sentence % {"device": "P"} != sentence
        assert len(re.findall(r"[.;](?: |$)", sentence)) >= 2, code


def test_only_what_was_not_started_may_be_repeated():
    assert OUTCOMES["paper_out"] is Outcome.NOT_STARTED
    assert OUTCOMES["agent_restarted"] is Outcome.UNKNOWN
    assert all(
        outcome is Outcome.UNKNOWN for code, outcome in OUTCOMES.items() if code.endswith("_midway")
    )


@pytest.mark.parametrize("code", sorted(OUTCOMES))
def test_after_the_first_byte_every_trouble_is_unknown(code):
    later = DeviceError(code, "why").midway({"copies_printed": 1})
    assert later.outcome is Outcome.UNKNOWN
    assert (later.detail, later.result) == ("why", {"copies_printed": 1})


def test_settings_have_defaults_and_take_what_a_form_gives():
    assert DRIVER.parse_settings({})["columns"] == 48
    given = {"columns": "32", "gb18030": "y", "answer_ms": "250", "cut": "full"}
    values = DRIVER.parse_settings(given)
    assert [values[name] for name in given] == [32, True, 250, "full"]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"columns": 40}, "columns"),
        ({"columns": True}, "columns"),
        ({"gb18030": "perhaps"}, "gb18030"),
        ({"answer_ms": 1}, "answer_ms"),
        ({"answer_ms": "-5"}, "answer_ms"),
        ({"answer_ms": 2.5}, "answer_ms"),
        ({"colums": 32}, "colums"),
    ],
)
def test_bad_settings_are_named(values, where):
    with pytest.raises(DeviceError) as caught:
        DRIVER.parse_settings(values)
    assert caught.value.code == "bad_settings"
    assert caught.value.detail.startswith(f"{where}:")


def test_a_text_setting_takes_text_only():
    setting = Setting("name", "Name", "x")
    assert setting.parse("y") == "y"
    with pytest.raises(DeviceError):
        setting.parse(1)

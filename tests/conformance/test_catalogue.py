"""Structure: every sentence that the product can show has its Chinese."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from config import ROOT
from tests.conformance.faults import expect_none
from tests.conformance.msgids import extracted, placeholders

#: msgids that are names or signs, the same in Chinese
SAME_IN_CHINESE = {"English", "Excel", "SHA-256"}

CHINESE = re.compile(r"[一-鿿]")


@pytest.fixture(scope="module")
def texts(catalogue) -> dict[str, list[str]]:
    """msgid → its Chinese texts; a plural stands under both its msgids."""
    found: dict[str, list[str]] = {}
    for message in read(catalogue):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        found |= {msgid: [text for text in strings if text] for msgid in ids if msgid}
    return found


def read(path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh", charset="utf-8", abort_invalid=True)


def test_the_extraction_sees_every_kind_of_mark():
    found = extracted()
    assert len(found) > 1000
    assert "Please sign in." in found, "gettext"
    assert "Property consultant" in found, "lazy_gettext as _l"
    assert "The file is empty." in found, "N_"
    assert any(place.startswith("app/templates/") for at in found.values() for place in at)


def test_every_sentence_has_its_chinese(texts):
    expect_none(
        f"{places[0]}: {msgid!r}" for msgid, places in extracted().items() if not texts.get(msgid)
    )


def test_every_chinese_text_is_chinese(texts):
    expect_none(
        f"{msgid!r}: {text!r}"
        for msgid, found in texts.items()
        for text in found
        if not CHINESE.search(text) and re.search(r"[a-z]{2}", re.sub(r"%\(\w+\)", "", text))
        if msgid not in SAME_IN_CHINESE
    )


def test_every_text_fills_in_the_same_values(texts):
    expect_none(
        f"{msgid!r}: {text!r}"
        for msgid, found in texts.items()
        for text in found
        if placeholders(msgid) != placeholders(text)
    )


def test_texts_end_as_their_msgids_do(texts):
    """A sentence stays a sentence, a title stays a title; Chinese takes full-width signs."""
    expect_none(
        f"{msgid!r}: {text!r}"
        for msgid, found in texts.items()
        for text in found
        if CHINESE.search(text)
        if text.endswith((".", ",", "?", "!", ";"))
        or (msgid.endswith(".") and len(msgid) > 40 and not text.endswith(("。", "！", "）", "”")))
        or (not msgid.endswith((".", "!")) and text.endswith("。"))
    )


def test_nothing_is_fuzzy_or_obsolete(catalogue):
    found = read(catalogue)
    expect_none(repr(message.id) for message in found if message.id and message.fuzzy)
    expect_none(map(repr, found.obsolete))


def test_two_texts_for_one_msgid_are_refused(tmp_path):
    """The tool that merges the parts, on a copy with a clash planted."""
    tool = ROOT / "tools" / "merge_catalogue"
    if not tool.exists():
        pytest.skip("the parts have been merged for good")
    (tmp_path / "tools").mkdir()
    copy = tmp_path / "tools" / "merge_catalogue"
    copy.write_text(tool.read_text())
    parts = tmp_path / "translations" / "parts"
    parts.mkdir(parents=True)
    (parts / "a.po").write_text('msgid "Room"\nmsgstr "房间"\n', "utf-8")
    (parts / "b.po").write_text('msgid "Room"\nmsgstr "房间"\n\nmsgid "Sold"\nmsgstr "已售"\n')

    def run():
        return subprocess.run(
            [sys.executable, copy], capture_output=True, text=True, check=False, timeout=60
        )

    done = run()
    assert done.returncode == 0, done.stderr
    catalogue = tmp_path / "translations/zh/LC_MESSAGES/messages.po"
    assert {message.id: message.string for message in read(catalogue) if message.id} == {
        "Room": "房间",
        "Sold": "已售",
    }
    (parts / "b.po").write_text('msgid "Room"\nmsgstr "房号"\n')
    done = run()
    assert done.returncode == 1
    assert "房号" in done.stderr
    assert "房号" not in catalogue.read_text()

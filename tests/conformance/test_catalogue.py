"""Structure: every sentence that the product can show has its Chinese."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

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

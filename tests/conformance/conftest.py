"""What the structure tests share: the catalogue, and an application that speaks from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

from config import ROOT
from tests.conformance.msgids import extracted
from tests.conformance.office import Office, open_office

TRANSLATIONS = ROOT / "translations"
PO = TRANSLATIONS / "zh" / "LC_MESSAGES" / "messages.po"


@pytest.fixture(scope="session")
def catalogue() -> Path:
    """The Chinese catalogue."""
    return PO


@pytest.fixture(scope="session")
def speaking(
    app: Flask, catalogue: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Let the application speak from that catalogue, compiled just now."""
    folder = tmp_path_factory.mktemp("translations")
    (folder / "zh" / "LC_MESSAGES").mkdir(parents=True)
    with catalogue.open("rb") as po, (folder / "zh/LC_MESSAGES/messages.mo").open("wb") as mo:
        write_mo(mo, read_po(po, locale="zh", charset="utf-8"))
    babel = app.extensions["babel"]
    before = list(babel.translation_directories)
    assert str(TRANSLATIONS) in before
    babel.translation_directories[:] = [
        str(folder) if one == str(TRANSLATIONS) else one for one in before
    ]
    babel.instance.domain_instance.cache.clear()
    yield
    babel.translation_directories[:] = before
    babel.instance.domain_instance.cache.clear()


@pytest.fixture(scope="module")
def office(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo with a deal under way, on a database of its own."""
    with open_office(app, tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture(scope="module")
def english(catalogue: Path) -> set[str]:
    """The sentences that a Chinese page must not show."""
    assert catalogue.exists()
    return {msgid for msgid in extracted() if re.search("[a-z]", msgid)}

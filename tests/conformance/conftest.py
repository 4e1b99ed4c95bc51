"""What the structure tests share: the catalogue, and an application that speaks from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

from config import ROOT

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

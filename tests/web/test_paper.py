"""Papers as PDF: the vendored font, nothing fetched, and what is said where Pango is missing."""

from __future__ import annotations

from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader
from weasyprint.urls import FatalURLFetchingError

from app.core import pdf
from app.web import paper


@pytest.fixture
def drawn(app):
    """``drawn("<h1>…</h1>")``: the PDF of a body."""
    templates = {}

    def draw(body):
        templates["body.html"] = app.jinja_env.from_string(
            '{% extends "web/paper.html" %}{% block content %}' + body + "{% endblock %}"
        )
        with app.test_request_context("/"):
            return PdfReader(BytesIO(paper.draw_pdf(templates["body.html"])))

    return draw


def fonts_of(reader):
    found = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            base = font.get_object()["/DescendantFonts"][0].get_object()
            found[base["/BaseFont"]] = "/FontFile3" in base["/FontDescriptor"].get_object()
    return found


def test_rare_characters_of_names_are_drawn_with_the_vendored_font(drawn):
    reader = drawn("<h1>松风明月花园</h1><p>囍 㛃 䶮 龘 堃 𠮷 ¥1,234.00 ㎡ ①</p>")
    text = reader.pages[0].extract_text()
    assert "松风明月花园" in text
    for one in "囍㛃䶮龘堃𠮷¥㎡①":
        assert one in text, one
    assert all(fonts_of(reader).values()), "a font is not embedded"
    assert all("Paper" in name for name in fonts_of(reader))


def test_every_character_of_gb2312_has_a_glyph_in_both_weights():
    wanted = {
        bytes([row, cell]).decode("gb2312")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
        if not (row == 0xD7 and cell > 0xF9)
    }
    assert len(wanted) == 6763
    for weight in ("Regular", "Bold"):
        has = TTFont(pdf.VENDOR / f"NotoSansCJKsc-{weight}.woff2").getBestCmap()
        assert {one for one in wanted if ord(one) not in has} == set()


def test_long_papers_repeat_their_head_and_number_their_pages(drawn):
    rows = "".join(f"<tr><td>{number}</td></tr>" for number in range(200))
    reader = drawn(f"<table><thead><tr><th>房号</th></tr></thead><tbody>{rows}</tbody></table>")
    assert len(reader.pages) > 2
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        assert "房号" in text
        assert f"{number} / {len(reader.pages)}" in text


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.png", "file:///etc/passwd"])
def test_a_paper_fetches_nothing(drawn, address):
    with pytest.raises(FatalURLFetchingError, match="may not fetch"):
        drawn(f'<img src="{address}">')


def test_without_pango_it_is_said_what_to_install(drawn, monkeypatch):
    def missing():
        raise OSError("cannot load library 'libpango-1.0-0'\nmore")

    monkeypatch.setattr(pdf, "_weasyprint", missing)
    with pytest.raises(pdf.PaperUnavailable) as refused:
        drawn("<p>x</p>")
    assert "libpango-1.0-0" in str(refused.value.message)
    assert pdf.pdf_problem() == "cannot load library 'libpango-1.0-0'"

"""The look as data: contrast, both dark blocks alike, drawings that exist, the same marks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.estate.models import ROOM_MARKS
from app.web import formats

ROOT = Path(__file__).resolve().parents[2] / "app"
SHEET = (ROOT / "static/css/xiaokong.css").read_text()
LEAST = 4.5


def block(selector):
    """The first block of a selector; tokens stand nowhere else."""
    start = SHEET.index(selector) + len(selector)
    return SHEET[start : SHEET.index("}", start)]


def tokens(text):
    return dict(re.findall(r"--([a-z0-9-]+):\s*([^;]+);", text))


LIGHT_TOKENS = tokens(block(":root {"))
DARK_TOKENS = {**LIGHT_TOKENS, **tokens(block(':root[data-theme="dark"] {'))}
STATUSES = sorted(name[2:-2] for name in LIGHT_TOKENS if re.fullmatch(r"s-.+-i", name))
PAIRS = [
    *(("ink", ground) for ground in ("bg", "surface", "raised", "sunken", "hover", "brand-weak")),
    *(("ink-2", ground) for ground in ("bg", "surface", "raised", "sunken", "line-2")),
    *(("ink-3", ground) for ground in ("bg", "surface", "raised")),
    *(("brand-ink", ground) for ground in ("bg", "surface", "brand-weak")),
    *(
        (tone, ground)
        for tone in ("ok", "warn", "bad", "info")
        for ground in (f"{tone}-weak", "surface")
    ),
    ("on-brand", "brand"),
    ("on-brand", "brand-strong"),
    *((f"s-{status}-i", f"s-{status}") for status in STATUSES),
]


def luminance(colour):
    colour = colour.strip().lstrip("#")
    if len(colour) == 3:
        colour = "".join(digit * 2 for digit in colour)
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("theme", "of"), [("light", LIGHT_TOKENS), ("dark", DARK_TOKENS)])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_everything_can_be_read(theme, of, ink, ground):
    assert contrast(of[ink], of[ground]) >= LEAST, (theme, ink, ground)


def test_dark_is_the_same_chosen_or_followed():
    followed = block(':root[data-theme="auto"] {')
    assert tokens(followed) == tokens(block(':root[data-theme="dark"] {'))


def test_every_room_status_has_its_mark_its_colours_and_its_class():
    assert formats.ROOM_MARKS == ROOM_MARKS
    for status in ROOM_MARKS:
        assert f".st-{status} {{" in SHEET
    assert len(set(ROOM_MARKS.values())) == len(ROOM_MARKS)
    # A room merged away stands nowhere among others: it wears the colours of 未放盘.
    assert len(STATUSES) == len(ROOM_MARKS) - 1


def test_every_drawing_that_a_page_asks_for_is_there():
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', (ROOT / "static/img/icons.svg").read_text()))
    asked = set()
    for template in ROOT.glob("templates/**/*.html"):
        asked |= set(re.findall(r"icon\('([a-z-]+)'", template.read_text()))
    for module in ROOT.glob("*/*views.py"):
        asked |= set(re.findall(r"\bicon=\"([a-z-]+)\"", module.read_text()))
    assert asked
    assert asked <= drawn


def test_no_style_goes_around_the_policy():
    for template in ROOT.glob("templates/**/*.html"):
        text = template.read_text()
        assert not re.search(r"<[^>]*\sstyle=", text), template
        assert not re.search(r"<[^>]*\son[a-z]+=", text), template
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template
        assert "|safe" not in text, template
    for script in ROOT.glob("static/js/**/*.js"):
        text = script.read_text()
        assert "innerHTML" not in text, script
        assert "eval(" not in text, script

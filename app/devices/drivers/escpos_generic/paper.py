"""A printed paper as a picture: SVG text in a grid of columns, without any font of its own."""

from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from app.devices.drivers.escpos_generic.codec import display_width

CELL: Final = 7
ROW: Final = 20
MARGIN: Final = 16
_DOUBLE: Final = 2
_TOOTH: Final = 7
_BASELINE: Final = 0.72
_FONT_SIZE: Final = 14
_BMP: Final = 0xFFFF
# Each character has its own place, so that any font keeps the columns.
_FONTS: Final = "'Noto Sans Mono CJK SC','Source Han Mono SC',SimSun,monospace"


def render_svg(paper: Mapping[str, Any]) -> str:
    """An SVG picture of a paper as `read_papers` gives it; black on white, safe to embed."""
    columns = int(paper["columns"])
    rows, top = [], MARGIN
    for line in paper["lines"]:
        rows.append(_row(line, columns, top))
        top += ROW * _scale(line)
    width, height = columns * CELL + 2 * MARGIN, top + MARGIN
    label = next((line["text"].strip() for line in paper["lines"] if line["text"].strip()), "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label={quoteattr(label)}>'
        f'<path d="{_outline(width, height)}" fill="#fff" stroke="#d5d9df"/>'
        f'<g fill="#1c1f23" font-family="{_FONTS}" font-size="{_FONT_SIZE}">'
        f"{''.join(rows)}</g></svg>"
    )


def _scale(line: Mapping[str, Any]) -> int:
    return _DOUBLE if line["size"] == "double" else 1


def _row(line: Mapping[str, Any], columns: int, top: int) -> str:
    """One line's characters; spaces need no drawing, they are the places left out."""
    text, scale = str(line["text"]), _scale(line)
    spare = columns - display_width(text) * scale
    shift = {"center": spare / 2, "right": spare}.get(str(line["align"]), 0)
    place = MARGIN + max(shift, 0) * CELL
    runs: list[tuple[str, list[str]]] = []
    for character in text:
        if not character.isspace():
            # Viewers disagree on how many places a character beyond U+FFFF takes: it ends a run.
            if not runs or ord(runs[-1][0][-1]) > _BMP:
                runs.append(("", []))
            runs[-1] = (runs[-1][0] + character, [*runs[-1][1], f"{place:g}"])
        place += display_width(character) * scale * CELL
    size = f' font-size="{_FONT_SIZE * scale}"' if scale > 1 else ""
    weight = ' font-weight="700"' if line["bold"] else ""
    style = f'y="{top + ROW * scale * _BASELINE:g}"{size}{weight}'
    return "".join(
        f'<text x="{" ".join(places)}" {style}>{escape(run)}</text>' for run, places in runs
    )


def _outline(width: int, height: int) -> str:
    """Straight sides and top, and the teeth of the cutter below."""
    teeth = []
    for at, place in enumerate(range(width, 0, -_TOOTH)):
        teeth.append(f"L{place} {height - (_TOOTH if at % 2 else 0)}")
    return f"M0 0H{width}{''.join(teeth)}L0 {height - _TOOTH}Z"

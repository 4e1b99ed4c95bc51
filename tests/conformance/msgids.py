"""Which sentences the product can show: extracted from the sources as the catalogue is."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from config import ROOT

KEYWORDS: dict[str, Any] = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)([#0\- +]?[\d.]*[a-z])|(?<!%)%(?:%%)*([sdr])")


@cache
def extracted() -> dict[str, list[str]]:
    """Return every msgid (of a plural, both) with the places that use it."""
    with (ROOT / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[str, list[str]] = {}
    for path, line, message, _comments, _context in extract_from_dir(
        ROOT, method_map=methods, options_map=options, keywords=KEYWORDS
    ):
        for msgid in message if isinstance(message, tuple) else (message,):
            if msgid:
                found.setdefault(msgid, []).append(f"{path}:{line}")
    return found


def placeholders(text: str) -> list[str]:
    """Return the placeholders of a sentence, sorted."""
    return sorted(match.group(0) for match in PLACEHOLDER.finditer(text))

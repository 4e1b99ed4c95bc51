"""A page as a reader meets it: its words, its links, and what a strict policy would refuse."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

#: attributes whose text people see or hear
SHOWN = {"title", "placeholder", "aria-label", "alt", "data-confirm", "data-label", "label"}
#: attributes that lead to a page of ours
LEADING = {"href", "data-href", "data-choices", "hx-get", "src"}
#: elements whose content is no prose
NO_PROSE = {"script", "style", "code", "pre", "svg", "template"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr"}  # fmt: skip


@dataclass
class Page:
    """What one page shows."""

    language: str = ""
    words: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    icons: set[str] = field(default_factory=set)
    #: what the content security policy does not let run
    refused: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.page.language = given.get("lang", "")
        if tag not in VOID:
            self._open.append(tag)
        if tag == "use":
            self.page.icons.add(given.get("href", "").rpartition("#")[2])
        else:
            self.page.links |= {given[name] for name in LEADING & given.keys()}
        if not (set(self._open) & NO_PROSE):
            self.page.words += [given[name] for name in SHOWN & given.keys()]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.page.words.append(given.get("value", ""))
        self._find_refused(tag, given)

    def _find_refused(self, tag, given):
        if "style" in given or any(name.startswith("on") for name in given):
            self.page.refused.append(self.get_starttag_text() or tag)
        inert = given.get("type") in ("application/json", "text/template")
        if tag == "style" or (tag == "script" and "src" not in given and not inert):
            self.page.refused.append(f"<{tag}> inside the page")

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data):
        text = re.sub(r"\s+", " ", data).strip()
        if text and not (set(self._open) & NO_PROSE):
            self.page.words.append(text)


def read(text: str) -> Page:
    """Return what a page shows."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.page


ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[,.']? +[A-Za-z]{2,})+")
#: what was to be filled in and was not
RAW = re.compile(r"%\(\w+\)|{{|}}|^None$|<\w+ \d+>|\[object ")
#: names that stay as they are
LATIN = re.compile(r"ESC/POS|Idempotency-Key")
#: texts that are the same in Chinese
STAYS = {"none"}


def english_in(words: Iterable[str], english: Collection[str]) -> Iterator[str]:
    """Yield texts that are not Chinese, and ones that were never filled in.

    ``english`` are the sentences that have a Chinese text.
    """
    for text in words:
        said = LATIN.sub("", text)
        known = text in english and text not in STAYS
        if known or ENGLISH.search(said) or RAW.search(text):
            yield text

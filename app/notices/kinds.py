"""What people can be told: each area declares its kinds of notices with their words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


class _Words(dict[str, Any]):
    """Words of a sentence; one that an older notice lacks is a dash and not an error."""

    def __missing__(self, key: str) -> str:
        return "–"


@dataclass(frozen=True)
class NoticeKind:
    """A kind of notice: ``sentence`` has ``%(name)s`` where words are filled in."""

    key: str
    title: Any
    sentence: Any
    icon: str = "bell"
    #: ok, warn, bad or info: the tint of its mark
    tone: str = "info"
    #: why one gets it, for the page where kinds are chosen
    when: Any = ""
    #: cannot be switched off, and is told of what the person did himself: another may have done it
    always: bool = False

    def say(self, words: Mapping[str, Any]) -> str:
        """Return the sentence in the reader's language."""
        return str(self.sentence) % _Words(words)


_kinds: dict[str, NoticeKind] = {}


def declare_notices(*kinds: NoticeKind) -> None:
    """Make kinds of notices known. Raises ValueError if one is declared twice."""
    for kind in kinds:
        if kind.key in _kinds:
            message = f"notice kind {kind.key} is declared twice"
            raise ValueError(message)
        _kinds[kind.key] = kind


def find_kind(key: str) -> NoticeKind:
    """Return the kind; one that is no longer declared still has a sentence."""
    return _kinds.get(key) or NoticeKind(
        key, _l("Notice"), _l("Something has changed. Open it to see what.")
    )


def is_known(key: str) -> bool:
    """Tell whether there is such a kind."""
    return key in _kinds


def all_kinds() -> Iterable[NoticeKind]:
    """Return every kind in the order of declaration."""
    return _kinds.values()

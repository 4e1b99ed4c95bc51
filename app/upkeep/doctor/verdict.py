"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _


@dataclass(frozen=True)
class Verdict:
    """``ok``, ``warn`` (works, but), ``bad`` (must be mended) or ``skip`` (could not be seen)."""

    key: str
    state: str
    title: Any
    sentence: Any
    remedy: Any = ""

    def plain(self) -> dict[str, str]:
        """Return it for programs."""
        return {
            "key": self.key,
            "state": self.state,
            "title": str(self.title),
            "sentence": str(self.sentence),
            "remedy": str(self.remedy),
        }


def ok(key: str, title: Any, sentence: Any) -> Verdict:
    """Say that all is well."""
    return Verdict(key, "ok", title, sentence)


def warn(key: str, title: Any, sentence: Any, remedy: Any) -> Verdict:
    """Say that it works, but should be better."""
    return Verdict(key, "warn", title, sentence, remedy)


def bad(key: str, title: Any, sentence: Any, remedy: Any) -> Verdict:
    """Say that it must be mended."""
    return Verdict(key, "bad", title, sentence, remedy)


def skipped(key: str, title: Any) -> Verdict:
    """Say that it could not be looked at, since the database does not answer."""
    return Verdict(key, "skip", title, _("Not looked at: the database does not answer."))

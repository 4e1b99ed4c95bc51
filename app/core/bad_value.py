"""The error that pure code raises for a value it refuses: a code, a msgid and its parameters."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext


def N_(msgid: str) -> str:  # noqa: N802 - the name by which the catalogue's extractor knows it
    """Mark a msgid for the catalogue without translating it here."""
    return msgid


class BadValue(ValueError):
    """A value is refused: ``code`` for programs, ``msgid`` with ``params`` for people.

    ``str()`` is the English sentence and needs no application; ``message`` is lazy text in the
    reader's language.
    """

    def __init__(self, code: str, msgid: str, **params: object) -> None:
        super().__init__(code, msgid, params)
        self.code = code
        self.msgid = msgid
        self.params = params

    @property
    def message(self) -> Any:
        """Lazy text; the catalogue holds the Chinese of ``msgid``."""
        return lazy_gettext(self.msgid, **self.params)

    def __str__(self) -> str:
        return self.msgid % self.params if self.params else self.msgid

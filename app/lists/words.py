"""Sentences that several verbs of lists say."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l


def no_such_record() -> Any:
    """Return what is said of a row that is not there or not one's own."""
    return _l("There is nothing here, or it is not within your scope.")

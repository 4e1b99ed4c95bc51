"""The id of what is going on: made or taken at the door, carried into jobs and back."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from app.logs.scrub import scrub

HEADER = "X-Request-ID"
_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_current: ContextVar[str] = ContextVar("xiaokong_request_id", default="")


def new_id() -> str:
    """Return a fresh id: short enough to be told over the phone."""
    return uuid.uuid4().hex[:16]


def accepted(given: str | None) -> str:
    """Return the caller's id if it is one, else a fresh one.

    An id goes into logs and rows: what could be a telephone or identity number is not taken.
    """
    if given and _SHAPE.fullmatch(given) and not given.isdigit() and scrub(given) == given:
        return given
    return new_id()


def request_id() -> str:
    """Return the id of what is going on, or an empty text."""
    return _current.get()


def set_request_id(value: str) -> None:
    """Name what is going on for the rest of this context; an empty text ends it."""
    _current.set(value)


@contextmanager
def traced(value: str | None = None) -> Iterator[str]:
    """Carry an id (a fresh one without) through the block."""
    token = _current.set(value or new_id())
    try:
        yield _current.get()
    finally:
        _current.reset(token)

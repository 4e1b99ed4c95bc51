"""Writes down statements that take long: their text, never their values."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

log = logging.getLogger("xiaokong.database")

LONGEST_STATEMENT = 400
_BEGUN = "xiaokong_begun_at"


def watch(engine: Engine, *, milliseconds: int) -> None:
    """Write down every statement of the engine that takes at least so long; 0 watches nothing."""
    if milliseconds <= 0 or engine.dialect.name != "postgresql":
        return
    allowed = milliseconds / 1000

    def begin(connection: Any, *_rest: Any) -> None:
        connection.info[_BEGUN] = time.perf_counter()

    def end(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        begun = connection.info.pop(_BEGUN, None)
        if begun is None:
            return
        seconds = time.perf_counter() - begun
        if seconds >= allowed:
            # Values are bound, so the text of a statement says nothing about anybody.
            text = re.sub(r"\s+", " ", statement).strip()[:LONGEST_STATEMENT]
            facts = {"ms": round(seconds * 1000, 1), "statement": text}
            log.warning("slow statement", extra={"facts": facts})

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)

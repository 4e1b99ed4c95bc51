"""What is begun in every serving process after it has been forked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EXTENSION = "xiaokong_process_start"


def on_process_start(app: Any, start: Callable[[str], None]) -> None:
    """Have ``start(kind)`` called in each process that begins to serve."""
    app.extensions.setdefault(EXTENSION, []).append(start)


def process_started(app: Any, kind: str) -> None:
    """Call what was asked for; the server's own hook does this after the fork."""
    for start in app.extensions.get(EXTENSION, ()):
        start(kind)

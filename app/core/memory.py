"""The garbage collector, kept from looking through everything while many rows pass by."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pausing = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Run without the cyclic collector; rows are let go by their counts of references.

    Measured at the export of rooms, whose rows make no cycles: a quarter of the time was the
    collector walking through the application's own objects. Whoever reads rows in here for long
    calls ``collect_young`` between parts. Several threads may be in here at once.
    """
    global _pausing  # noqa: PLW0603 - the collector is the process's own
    with _lock:
        _pausing += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pausing -= 1
            if not _pausing:
                gc.enable()


def collect_young() -> None:
    """Let go what has become garbage in cycles lately."""
    gc.collect(0)

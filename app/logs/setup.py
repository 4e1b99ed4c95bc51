"""Where a process writes its log: the terminal, the supervisor or systemd, or a file of its own."""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.logs.shape import HumanShape, JsonShape

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5
NAME = "xiaokong"
#: libraries that tell more than anybody wants to read
QUIET = {"procrastinate": logging.WARNING, "urllib3": logging.WARNING, "asyncio": logging.WARNING}


def start_logging(process: str, *, folder: Path | None = None) -> None:
    """Write this process's log: a person's shape on a terminal, JSON lines anywhere else.

    Under the supervisor standard error is a file of ``DATA_DIR/logs`` that it rotates; under
    systemd it is the journal. With ``folder`` (or ``LOG_DIR``) the process keeps a rotating file
    of its own: only for programs of one process, since two would rotate each other's.
    """
    given = os.environ.get("LOG_DIR")
    place = folder or (Path(given) if given else None)
    handler: logging.Handler
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            place / f"{process}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
        )
        handler.setFormatter(JsonShape(process))
    else:
        handler = logging.StreamHandler(sys.stderr)
        is_human = sys.stderr.isatty() and os.environ.get("LOG_SHAPE") != "json"
        handler.setFormatter(HumanShape() if is_human else JsonShape(process))
    root = logging.getLogger()
    for old in [one for one in root.handlers if one.get_name() == NAME]:
        root.removeHandler(old)
        old.close()
    handler.set_name(NAME)
    root.addHandler(handler)
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)

"""The two shapes of a log line: JSON for programs, a sentence for a terminal."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from app.logs.scrub import scrub, scrub_error
from app.logs.trace import request_id

#: what a line may carry beside its message, given as ``extra={"facts": {...}}``
FACTS = "facts"
#: loggers whose Chinese is names of devices, not of people
SPEAKS_OF_DEVICES = ("app.devices.agent", "app.devices.drivers", "app.devices.simulation")
DEEPEST = 40


def message_of(record: logging.LogRecord) -> str:
    """Return the record's message, fit to be written down."""
    return scrub(record.getMessage(), keep_han=record.name.startswith(SPEAKS_OF_DEVICES))


def error_lines(error: BaseException | None, trace: TracebackType | None) -> list[str]:
    """Return where it happened and what it was, without the values that it speaks of."""
    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(trace or error.__traceback__)[-DEEPEST:]
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        lines.append(
            f"{type(error).__module__}.{type(error).__qualname__}: {scrub_error(str(error))}"
        )
        error, trace = error.__cause__ or error.__context__, None
        if error is not None:
            lines.append("-- while handling:")
    return lines


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class JsonShape(logging.Formatter):
    """One JSON object a line, with the same names in every process."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "process": self.process,
            "pid": record.process,
            "logger": record.name,
            "message": message_of(record),
        }
        known = getattr(record, "request_id", "") or request_id()
        if known:
            line["request_id"] = known
        for name, value in (getattr(record, FACTS, None) or {}).items():
            line[name] = scrub(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = error_lines(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


class HumanShape(logging.Formatter):
    """For somebody who looks at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        known = getattr(record, "request_id", "") or request_id()
        facts = getattr(record, FACTS, None) or {}
        parts = [
            moment,
            record.levelname,
            record.name.removeprefix("xiaokong."),
            message_of(record),
        ]
        parts += [f"{k}={scrub(v) if isinstance(v, str) else v}" for k, v in facts.items()]
        if known:
            parts.append(f"[{known}]")
        text = " ".join(parts)
        if record.exc_info and record.exc_info[1] is not None:
            text += "\n  " + "\n  ".join(error_lines(record.exc_info[1], record.exc_info[2]))
        return text

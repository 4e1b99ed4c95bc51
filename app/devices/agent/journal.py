"""The agent's memory on disk: how far each job came, so that a killed agent does not repeat one."""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

log: Final = logging.getLogger(__name__)

# Announced perhaps, nothing sent · bytes may have left · the outcome is known, not yet told.
STARTING: Final = "starting"
WORKING: Final = "working"
DONE: Final = "done"


@dataclass(slots=True)
class Entry:
    """One attempt at a job, and the report on it once there is one."""

    job_id: int | str
    attempt: int
    lease: str
    stage: str
    report: dict[str, Any] = field(default_factory=dict)
    #: of the request that ordered the job; the report is told under it
    request_id: str = ""


class AlreadyRunning(Exception):
    """Another agent of the same station uses this journal."""


class Journal:
    """One small file per job that was begun and is not yet reported. Writes are durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the journal, so that no second agent takes a running job for a broken one."""
        with (self._folder / "lock").open("w") as lock:
            try:
                _lock(lock)
            except OSError as error:
                raise AlreadyRunning(str(self._folder)) from error
            yield

    def write(self, entry: Entry) -> None:
        """Keep the entry; it is whole and on disk when this returns."""
        path = self._path(entry)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(entry), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(self._folder)

    def forget(self, entry: Entry) -> None:
        self._path(entry).unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """What an earlier agent left, oldest first. A file that is no entry is put aside, once."""
        found = []
        for path in sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
            try:
                found.append(Entry(**json.loads(path.read_text(encoding="utf-8"))))
            except (ValueError, TypeError):
                log.exception("Journal entry %s cannot be read and is put aside", path)
                path.replace(path.with_suffix(".bad"))
        return found

    def _path(self, entry: Entry) -> Path:
        name = re.sub(r"[^A-Za-z0-9-]", "_", f"{entry.job_id}-{entry.attempt}")
        return self._folder / f"{name}.json"


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

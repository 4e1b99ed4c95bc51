"""What simulated devices have put out: one JSON line per paper, added durably."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def simulators_folder(data_dir: Path | str) -> Path:
    return Path(data_dir) / "simulators"


def device_folder(data_dir: Path | str, name: str) -> Path:
    """Where a simulator keeps its things; ValueError for what is no simulator's name."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a simulator")
    return simulators_folder(data_dir) / name


def simulator_name(data_dir: Path | str, url: str) -> str | None:
    """The simulator behind a device's URL, None when the device is a real one."""
    path = Path(url)
    is_ours = path.parent == simulators_folder(data_dir).absolute() and path.suffix == ".tty"
    return path.stem if is_ours else None


def read_papers(
    data_dir: Path | str, name: str, *, job_id: str | None = None
) -> list[dict[str, Any]]:
    """The papers of a simulator, oldest first, or only those that bear a job's mark."""
    path = device_folder(data_dir, name) / "papers.jsonl"
    if not path.exists():
        return []
    papers = []
    for line in path.read_bytes().splitlines(keepends=True):
        # A line without its end is being written, or was when the power went.
        if line.endswith(b"\n"):
            paper: dict[str, Any] = json.loads(line)
            if job_id is None or paper["job_id"] == job_id:
                papers.append(paper)
    return papers


class PaperStore:
    """The simulator's side: adds papers, keeps a state that survives being killed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._papers = folder / "papers.jsonl"
        self._state = folder / "state.json"
        self._drop_torn_line()

    def _drop_torn_line(self) -> None:
        if self._papers.exists():
            whole = self._papers.read_bytes().rpartition(b"\n")
            os.truncate(self._papers, len(whole[0]) + len(whole[1]))

    def append(self, paper: Mapping[str, Any]) -> None:
        """Add a paper; it is on disk when this returns."""
        line = json.dumps(paper, ensure_ascii=False) + "\n"
        with self._papers.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    @property
    def last_number(self) -> int:
        """The number of the last paper, 0 before the first."""
        lines = self._papers.read_bytes().splitlines() if self._papers.exists() else []
        return int(json.loads(lines[-1])["no"]) if lines else 0

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep the state, whole or not at all."""
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._state)

    def load(self) -> dict[str, Any]:
        """The state that was kept, empty before the first."""
        if not self._state.exists():
            return {}
        state: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        return state

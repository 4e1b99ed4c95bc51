"""An open screen: the grid and its stream, as a page follows them through every kill."""

from __future__ import annotations

import json
import threading
from typing import Any

import requests

from chaos.person import Over
from chaos.story import Scene


class Screen(threading.Thread):
    """Follows the rooms of the project; ``versions`` is what it shows."""

    def __init__(self, scene: Scene, username: str) -> None:
        super().__init__(name="screen", daemon=True)
        self.versions: dict[int, int] = {}
        self.reconnects = 0
        self.events = 0
        self.closed = threading.Event()
        self._scene = scene
        self._person = scene.person(username)
        # It goes on while the others wind up.
        self._person._stop = self.closed
        self._cursor: int | None = None

    def run(self) -> None:
        while not self.closed.is_set():
            try:
                if self._cursor is None:
                    self._load()
                self._follow()
            except Over:
                return
            except (requests.RequestException, OSError, ValueError):
                pass
            self.reconnects += 1
            self.closed.wait(0.3)

    def _load(self) -> None:
        grid = self._person.read(f"projects/{self._scene.project}/grid")
        for room in grid["rooms"]:
            self._note(room)
        self._cursor = int(grid["cursor"])

    def _note(self, room: dict[str, Any]) -> None:
        if not room.get("gone"):
            known = self.versions.get(room["id"], 0)
            self.versions[room["id"]] = max(known, room["version"])

    def _follow(self) -> None:
        address = f"{self._scene.office.url}/api/v1/projects/{self._scene.project}/grid/stream"
        header = {"Authorization": self._person.authorization()}
        first = requests.get(
            address,
            params={"since": self._cursor},
            headers=header,
            timeout=(3, 20),
            allow_redirects=False,
        )
        if first.status_code == 401:
            self._person.forget_token()
        if first.status_code != 307:
            return
        with requests.get(first.headers["Location"], stream=True, timeout=(3, 30)) as answer:
            if answer.status_code == 200:
                self._listen(answer)

    def _listen(self, answer: requests.Response) -> None:
        event: dict[str, str] = {}
        for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
            if self.closed.is_set():
                return
            if line:
                name, _mark, value = line.partition(":")
                event[name] = value.strip()
                continue
            if self._take(event):
                return
            event = {}

    def _take(self, event: dict[str, str]) -> bool:
        """Take an event in; True when the grid is to be read anew."""
        if "data" in event:
            self.events += 1
            if event.get("event") == "reload":
                self._cursor = None
                return True
            if "event" not in event:
                self._note(json.loads(event["data"]))
        if "id" in event:
            self._cursor = int(event["id"])
        return False

    def behind(self, truth: dict[int, int]) -> dict[int, tuple[int, int | None]]:
        """Return the rooms that the screen shows otherwise than the database has them."""
        return {
            room: (version, self.versions.get(room))
            for room, version in truth.items()
            if self.versions.get(room) != version
        }

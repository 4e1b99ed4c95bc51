"""Who is killed, when, and how often: SIGKILL to a process of the office."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence

import psutil

from chaos.diary import Diary
from chaos.office import Office

#: how often each kind is chosen; the heavy ones bring the whole office to a halt for seconds
WEIGHTS = {
    "web worker": 34,
    "agent": 16,
    "simulator": 18,
    "live": 7,
    "worker": 4,
    "database backend": 14,
    "database helper": 3,
    "web master": 3,
    "postmaster": 4,
}
HEAVY = ("database backend", "database helper", "web master", "postmaster")
#: after a heavy kill so many deeds are answered, or seconds pass, before the next one
DEEDS_BETWEEN = 10
SECONDS_BETWEEN = 90.0
#: after any kill one deed is answered, or seconds pass: where nothing is done nothing is proven
LONGEST_QUIET = 2.5
#: the share of heavy kills that come in the middle of getting up again
ON_TOP = 0.04


def sort_of(process: psutil.Process) -> str | None:
    """Return which kind of process of the office this is."""
    command = process.cmdline()
    line = " ".join(command)
    if command and command[0].startswith("postgres: "):
        is_client = command[0].startswith("postgres: xiaokong ")
        return "database backend" if is_client else "database helper"
    if command and command[0].endswith("bin/postgres"):
        return "postmaster"
    if "-m gunicorn" in line:
        parent = process.parent()
        is_worker = parent is not None and "-m gunicorn" in " ".join(parent.cmdline())
        return "web worker" if is_worker else "web master"
    for words, kind in (
        ("-m app.live", "live"),
        ("-m app.devices.agent", "agent"),
        ("escpos_generic.simulator", "simulator"),
    ):
        if words in line:
            return kind
    return "worker" if line.endswith("app:create_app worker") else None


class Killer(threading.Thread):
    """Kills until ``wanted`` are dead, at random moments or one after the other as told."""

    def __init__(
        self, office: Office, diary: Diary, *, seed: int, wanted: int, seconds: float
    ) -> None:
        super().__init__(name="killer")
        self.killed: Counter[str] = Counter()
        self.events: list[tuple[float, str, int, str]] = []
        self.over = threading.Event()
        self._office = office
        self._diary = diary
        self._chance = random.Random(seed)
        self._wanted = wanted
        self._rate = wanted / seconds
        self._heavy_at = (-DEEDS_BETWEEN, -SECONDS_BETWEEN)
        self._answered = 0

    def run(self) -> None:
        due = time.monotonic()
        while sum(self.killed.values()) < self._wanted and not self.over.is_set():
            due += self._chance.expovariate(self._rate)
            # What could not be done in time is made up for, a little faster than one by one.
            if self.over.wait(max(due - time.monotonic(), self._chance.uniform(0.02, 0.3))):
                return
            self._await_progress()
            self.kill(self._choose())

    def _await_progress(self) -> None:
        before, end = self._answered, time.monotonic() + LONGEST_QUIET
        while self._diary.answered() <= before and time.monotonic() < end:
            time.sleep(0.05)
        self._answered = self._diary.answered()

    def kill_each(self, kinds: Sequence[str], *, pause: float) -> None:
        """Kill one of each kind in this order, each found as soon as it runs."""
        for kind in kinds:
            end = time.monotonic() + 30
            while not self.kill(kind) and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(self._chance.uniform(pause / 2, pause))

    def _choose(self) -> str:
        (kind,) = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if kind in HEAVY:
            answered, now = self._diary.answered(), time.monotonic()
            is_up = (
                answered - self._heavy_at[0] >= DEEDS_BETWEEN
                or now - self._heavy_at[1] >= SECONDS_BETWEEN
            )
            if not is_up and self._chance.random() > ON_TOP:
                return "web worker"
            self._heavy_at = (answered, now)
        return kind

    def kill(self, kind: str) -> bool:
        """Kill one process of the kind; False if there is none just now."""
        found = []
        for process in self._office.family():
            try:
                if sort_of(process) == kind:
                    found.append((process, process.cmdline()[0]))
            except psutil.Error:
                continue
        if not found:
            return False
        busy = [one for one in found if not one[1].endswith("idle")]
        wanted = busy if busy and self._chance.random() < 0.7 else found
        process, title = self._chance.choice(wanted)
        try:
            process.kill()
        except psutil.Error:
            return False
        self.killed[kind] += 1
        self.events.append((round(self._diary.now(), 2), kind, process.pid, title[:80]))
        return True

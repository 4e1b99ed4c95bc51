"""What the people of the story asked for and what they were answered, request by request."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

#: how much of a long story is told
SHOWN = 10
LONGEST = 300


@dataclass
class Deed:
    """One thing that somebody wanted: one Idempotency-Key, any number of attempts."""

    tag: str
    kind: str
    who: str
    path: str
    body: Any
    key: str
    #: what it is about, for the oracle: a receipt's or an approval's id
    about: int = 0
    #: seconds since the start, and what came of the attempt
    attempts: list[tuple[float, str]] = field(default_factory=list)
    status: int | None = None
    answer: Any = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return self.status is not None and not self.succeeded

    def story(self) -> str:
        tries = [f"{at:.2f} s {what}" for at, what in self.attempts]
        if len(tries) > SHOWN:
            tries[SHOWN // 2 : -SHOWN // 2] = ["…"]
        body = str(self.body)[:LONGEST]
        return f"{self.kind} {self.tag} by {self.who}: {self.path} {body} → {', '.join(tries)}"


class Diary:
    """All deeds; any thread may write."""

    def __init__(self, name: str) -> None:
        self.begun = time.monotonic()
        self.deeds: list[Deed] = []
        #: answers to readers that are no answers
        self.faults: list[str] = []
        self._name = name
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()

    def now(self) -> float:
        return time.monotonic() - self.begun

    def tag(self) -> str:
        """Return a word that occurs once: it goes into the record that a deed makes."""
        with self._guard:
            return f"{self._name}-{next(self._numbers):06d}"

    def number(self) -> int:
        with self._guard:
            return next(self._numbers)

    def add(self, deed: Deed) -> Deed:
        with self._guard:
            self.deeds.append(deed)
        return deed

    def all(self) -> list[Deed]:
        with self._guard:
            return list(self.deeds)

    def fault(self, sentence: str) -> None:
        with self._guard:
            self.faults.append(f"{self.now():.2f} s {sentence}")

    def answered(self) -> int:
        return sum(deed.status is not None for deed in self.all())

    def about(self, *words: str) -> list[str]:
        """Return the stories of the deeds in which one of the words occurs, whole."""
        wanted = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words))
        return [
            deed.story()
            for deed in self.all()
            if wanted.search(f"{deed.tag} {deed.path} {str(deed.body)[:LONGEST]}")
        ][:SHOWN]

    def figures(self) -> dict[str, Any]:
        """Return how many deeds of each kind were answered how, and how often was repeated."""
        deeds = self.all()
        kinds = sorted({deed.kind for deed in deeds})
        return {
            "deeds": len(deeds),
            "attempts": sum(len(deed.attempts) for deed in deeds),
            "repeated": sum(len(deed.attempts) > 1 for deed in deeds),
            "outcomes": dict(
                Counter(what for deed in deeds for _at, what in deed.attempts).most_common()
            ),
            "kinds": {
                kind: {
                    "done": sum(d.succeeded for d in deeds if d.kind == kind),
                    "refused": sum(d.refused for d in deeds if d.kind == kind),
                    "open": sum(d.status is None for d in deeds if d.kind == kind),
                }
                for kind in kinds
            },
        }

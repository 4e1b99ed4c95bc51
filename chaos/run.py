"""One run: an office, its people, the kills, and then the oracle's verdict."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import requests

from chaos import answers, papers
from chaos.diary import Deed, Diary
from chaos.kills import Killer, sort_of
from chaos.office import Office
from chaos.person import Person
from chaos.records import AT_REST, Read, all_rules, broken, history
from chaos.screen import Screen
from chaos.story import Scene, cast

_JOB = (
    "SELECT subject_id, state, attempts, reprint, started_at, state_at, error_code, result"
    " FROM devices_job WHERE id = %s"
)
CHECK_SECONDS = 30.0
#: for so long people are waited for who still repeat their last request
WIND_UP_SECONDS = 120.0
REST_SECONDS = 150.0
REPEATED = 300
#: what runs when all is well
WHOLE = {"postmaster": 1, "web master": 1, "web worker": 2, "live": 1, "worker": 1, "agent": 1}
WHOLE |= {"simulator": 1}


@dataclass
class Verdict:
    """What a run gave."""

    seed: int
    seconds: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    checks: int = 0
    violations: list[str] = field(default_factory=list)


class Trial:
    """An office with people in it, and what is found out about it."""

    def __init__(self, office: Office, *, seed: int) -> None:
        self.office = office
        self.seed = seed
        self.diary = Diary(f"K{seed}")
        self.scene = Scene(office, self.diary)
        self.verdict = Verdict(seed)
        self.screens: list[Screen] = []
        self._people: list[threading.Thread] = []
        self._seen: set[str] = set()

    def open(self) -> None:
        self.scene.prepare()
        self.screens = [Screen(self.scene, "consultant1"), Screen(self.scene, "manager")]
        self._people = cast(self.scene)
        for thread in [*self.screens, *self._people]:
            thread.start()

    def watch(self, killer: Killer) -> None:
        """Check again and again while there is killing; Ctrl-C ends it before its time."""
        while killer.is_alive():
            try:
                killer.join(CHECK_SECONDS)
            except KeyboardInterrupt:
                killer.over.set()
                killer.join()
            with contextlib.suppress(psycopg2.Error):
                self.check_records()
            self.say(killer)

    def say(self, killer: Killer) -> None:
        dead, figures = sum(killer.killed.values()), self.diary.figures()
        print(
            f"{self.diary.now():6.0f} s  {dead} kills  {figures['deeds']} requests,"
            f" {figures['attempts']} attempts  {len(self.verdict.violations)} violations",
            flush=True,
        )

    def close(self, killer: Killer) -> Verdict:
        """Let everybody come to an end, then look at everything."""
        self.scene.stop.set()
        end = time.monotonic() + WIND_UP_SECONDS
        for thread in self._people:
            thread.join(max(end - time.monotonic(), 0))
        self._expect("all processes come back", self._missing, seconds=90)
        self._expect("all comes to rest", self._restless, seconds=REST_SECONDS)
        self._expect("streams catch up", self._behind, seconds=60)
        self.check_records()
        self.check_answers()
        self._check_books()
        for screen in self.screens:
            screen.closed.set()
        for fault in self.diary.faults:
            self._violated("no reader is answered with a fault of ours", fault, [])
        self.verdict.violations += [f"the story itself failed: {one}" for one in self.scene.faults]
        self.verdict.seconds = round(self.diary.now(), 1)
        self.verdict.kills = dict(killer.killed)
        self.verdict.figures = self.diary.figures() | self._more_figures()
        return self.verdict

    def _more_figures(self) -> dict[str, Any]:
        jobs = self.office.ask("SELECT state, count(*) FROM devices_job GROUP BY 1 ORDER BY 1")
        return {
            "jobs": dict(jobs),
            "papers": len(self.office.papers()),
            "screens": [
                {"events": one.events, "reconnects": one.reconnects} for one in self.screens
            ],
        }

    # --- the oracle ---

    def check_records(self) -> None:
        """Hold every rule against one moment of the database."""
        # Papers first: what is on paper by then is known of by the moment looked at.
        out = self.office.papers()
        with self.office.reading(snapshot=True) as read:
            for rule, row in broken(read, all_rules()):
                self._violated(rule, str(row), history(read, row[0], row[1]), *_tags(row))
            for rule, what, job in papers.check(read, out):
                row = read(_JOB, (job,))
                about = (f"device-jobs/{job}", f"receipts/{row[0][0]}")
                self._violated(rule, f"job {job}: {what}", [str(row)], *about)
        self.verdict.checks += 1

    def check_answers(self) -> None:
        """Hold what clients were told against the database."""
        deeds = self.diary.all()
        with self.office.reading(snapshot=True) as read:
            for rule, what, deed in answers.check(read, deeds):
                self._violated(rule, what, _audit_of(read, deed), deed.tag)
        again = [deed for deed in deeds if deed.succeeded and not isinstance(deed.body, bytes)]
        chosen = random.Random(self.seed).sample(again, min(REPEATED, len(again)))
        for rule, what, deed in answers.repeat(chosen, self._ask_again()):
            self._violated(rule, what, [], deed.tag)

    def _ask_again(self) -> Callable[[Deed], tuple[int | None, Any]]:
        people: dict[str, Person] = {}

        def ask(deed: Deed) -> tuple[int | None, Any]:
            person = people.setdefault(deed.who, self.scene.person(deed.who))
            for _try in range(5):
                answer = person.post(deed)
                if answer is not None and answer.status_code not in (401, 503):
                    return answer.status_code, answer.json()
                time.sleep(0.5)
            return None, None

        return ask

    def _check_books(self) -> None:
        done = self.office.flask("ledger", "check")
        if done.returncode != 0:
            self._violated("the books are in order", done.stdout + done.stderr, [])

    def _violated(self, rule: str, what: str, past: Sequence[str], *words: str) -> None:
        name = f"{rule}: {what}"
        if name in self._seen:
            return
        self._seen.add(name)
        lines = [f"VIOLATED {name}", *past, *(self.diary.about(*words) if words else [])]
        self.verdict.violations.append("\n    ".join(lines))
        print(self.verdict.violations[-1], flush=True)

    def _expect(self, what: str, wrong: Callable[[], Any], *, seconds: float) -> None:
        """Wait until nothing is wrong any more."""
        end = time.monotonic() + seconds
        while found := wrong():
            if time.monotonic() > end:
                self._violated(what, f"not within {seconds:.0f} s: {found}"[:3000], [])
                return
            time.sleep(0.5)

    def _missing(self) -> list[str]:
        kinds = [kind for kind in self._kinds() if kind]
        missing = [name for name, count in WHOLE.items() if kinds.count(name) != count]
        for port in (self.office.port, self.office.live_port):
            try:
                if not requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok:
                    missing.append(f"port {port} is not well")
            except requests.RequestException:
                missing.append(f"port {port} does not answer")
        return missing

    def _kinds(self) -> Iterator[str | None]:
        for process in self.office.family():
            with contextlib.suppress(Exception):
                yield sort_of(process)

    def _restless(self) -> list[Any]:
        with self.office.reading() as read:
            return list(broken(read, AT_REST))

    def _behind(self) -> list[Any]:
        truth = dict(
            self.office.ask(
                "SELECT id, version FROM estate_room WHERE project_id = %s", self.scene.project
            )
        )
        return [found for screen in self.screens if (found := screen.behind(truth))]


def _tags(row: Any) -> list[str]:
    """Return what to look for in the diary for a row that breaks a rule."""
    paths = {"estate_room": "rooms", "finance_receipt": "receipts", "devices_job": "device-jobs"}
    paths["workflows_approval_request"] = "approvals"
    return [f"{paths[row[0]]}/{row[1]}"] if row[0] in paths else []


def _audit_of(read: Read, deed: Deed) -> list[str]:
    rows = read(
        "SELECT at, actor, action, table_name, row_id FROM core_audit_entry"
        " WHERE after::text LIKE %s ORDER BY id LIMIT 20",
        (f"%{deed.tag}%",),
    )
    return [deed.story(), *map(str, rows)]

"""The agent itself: asks for jobs, gives them to the devices, tells how the devices are."""

import argparse
import hashlib
import logging
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from app.devices.agent.client import ANSWER_SECONDS, AgentClient, Backoff, Rejected, Unavailable
from app.devices.agent.jobs import Job, JobBook
from app.devices.agent.journal import AlreadyRunning, Journal
from app.devices.agent.worker import DeviceWorker
from app.logs.setup import start_logging

log: Final = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
MOST_JOBS: Final = 5
RENEW_SECONDS: Final = 10.0
HEARTBEAT_SECONDS: Final = 10.0
# A print that has begun is waited for; what takes longer is in the journal.
LAST_PRINT_SECONDS: Final = 25.0
LAST_WORD_SECONDS: Final = 3.0


class Agent:
    """One station's agent, from the first call until `stop` is set."""

    def __init__(self, client: AgentClient, journal: Journal, stop: threading.Event) -> None:
        self.id = str(uuid.uuid4())
        self._client = client
        self._stop = stop
        self._book = JobBook(client, journal, stop)
        self._workers: dict[Any, DeviceWorker] = {}
        self._states_changed = threading.Event()
        self._is_reachable: bool | None = None
        self._is_over = threading.Event()

    def run(self) -> None:
        self._book.recover()
        tellers = [
            threading.Thread(target=target, name=target.__name__, daemon=True)
            for target in (self._tell_results, self._renew_leases, self._tell_states)
        ]
        for teller in tellers:
            teller.start()
        self._ask_for_jobs()
        self._wind_up()
        for teller in tellers:
            teller.join(timeout=ANSWER_SECONDS)

    # --- jobs ---

    def _ask_for_jobs(self) -> None:
        backoff, key = Backoff(), str(uuid.uuid4())
        while not self._stop.is_set():
            asked_at = time.monotonic()
            body = {"agent": self.id, "limit": MOST_JOBS}
            try:
                answer = self._client.post("lease", body, key=key)
            except (Unavailable, Rejected) as error:
                self._note_reachable(error)
                if isinstance(error, Rejected):
                    key = str(uuid.uuid4())
                self._stop.wait(backoff.delay(getattr(error, "retry_after", 0)))
                continue
            self._note_reachable(None)
            backoff.reset()
            key = str(uuid.uuid4())
            self._book.changed.clear()
            try:
                self._accept(answer, asked_at)
            except (KeyError, TypeError, ValueError):
                log.exception("The server's answer is not understood; is the agent of its version?")
            self._pause(float(answer.get("poll_seconds", POLL_SECONDS)))

    def _pause(self, seconds: float) -> None:
        """Wait for the next call; a finished job ends the wait, for there may be another."""
        until = time.monotonic() + seconds
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._book.changed.wait(min(left, POLL_SECONDS)):
                return

    def _note_reachable(self, error: Exception | None) -> None:
        """Say it once when the server goes, and once when it is back."""
        if error and self._is_reachable is not False:
            log.warning("The server gives no jobs: %s", error)
        elif not error and not self._is_reachable:
            log.info("The server answers")
        self._is_reachable = error is None

    def _accept(self, answer: Mapping[str, Any], asked_at: float) -> None:
        jobs = [Job.from_answer(raw, asked_at=asked_at) for raw in answer.get("jobs", ())]
        devices = {device["id"]: device for device in answer.get("devices", ())}
        devices |= {job.device["id"]: job.device for job in jobs}
        for number, device in devices.items():
            self._worker(number, device)
        for job in jobs:
            if self._book.take(job):
                self._workers[job.device["id"]].give(job)
        for number in set(self._workers) - set(devices):
            self._workers.pop(number).end()

    def _worker(self, number: Any, device: Mapping[str, Any]) -> None:
        if number in self._workers:
            self._workers[number].configure(device)
            return
        worker = DeviceWorker(device, self._book, self._states_changed.set)
        self._workers[number] = worker
        worker.start()

    # --- telling ---

    def _tell_results(self) -> None:
        while not self._is_over.is_set():
            self._book.has_news.clear()
            self._book.has_news.wait(max(self._book.tell(), 0.05))

    def _renew_leases(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            self._book.renew()

    def _tell_states(self) -> None:
        while not self._stop.is_set():
            self._states_changed.wait(HEARTBEAT_SECONDS)
            self._states_changed.clear()
            self._heartbeat()

    def _heartbeat(self) -> None:
        states = [
            {"id": number, "state": worker.status.state.value, "detail": worker.status.detail}
            for number, worker in list(self._workers.items())
            if worker.status
        ]
        try:
            self._client.post("heartbeat", {"agent": self.id, "devices": states})
        except (Unavailable, Rejected) as error:
            log.debug("Heartbeat: %s", error)

    def _wind_up(self) -> None:
        """Let what has begun come to its end, and tell it."""
        for worker in self._workers.values():
            worker.end()
        until = time.monotonic() + LAST_PRINT_SECONDS
        for worker in self._workers.values():
            worker.join(timeout=max(until - time.monotonic(), 0))
        until = time.monotonic() + LAST_WORD_SECONDS
        while not self._book.is_idle and time.monotonic() < until:
            time.sleep(0.05)
        self._is_over.set()
        self._book.has_news.set()
        self._states_changed.set()


def run(
    server: str,
    token: str,
    *,
    data_dir: Path | str | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Be the agent of the token's station until `stop` is set.

    The journal lies under `data_dir` (default: DATA_DIR, else `var`), apart for each station.
    Raises AlreadyRunning when another agent of this station uses it.
    """
    base = Path(data_dir or os.environ.get("DATA_DIR") or "var")
    station = hashlib.sha256(f"{server.rstrip('/')} {token}".encode()).hexdigest()[:16]
    journal = Journal(base / "agent" / station)
    with journal.claimed(), closing(AgentClient(server, token)) as client:
        Agent(client, journal, stop or threading.Event()).run()


def main(argv: Sequence[str] | None = None) -> int:
    """The command: runs until SIGTERM or Ctrl-C; 1 when it may not run at all."""
    options = _parser().parse_args(argv)
    start_logging("agent")
    token = options.token_file.read_text(encoding="utf-8").strip()
    if not token:
        sys.stderr.write(f"{options.token_file} holds no token.\n")
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        run(options.server, token, data_dir=options.data_dir, stop=stop)
    except AlreadyRunning as error:
        sys.stderr.write(f"Another agent of this station is running: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agent", description=__doc__)
    parser.add_argument("--server", required=True, help="address of the web application")
    parser.add_argument("--token-file", required=True, type=Path, help="the station's token")
    parser.add_argument("--data-dir", type=Path, help="where the journal is kept")
    return parser

"""The jobs an agent holds: announcing, reporting until heard, keeping the leases alive."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.devices.agent.client import AgentClient, Backoff, Rejected, Unavailable
from app.devices.agent.journal import DONE, STARTING, WORKING, Entry, Journal
from app.devices.capabilities import OUTCOMES, DeviceError, Outcome
from app.logs.trace import traced

log: Final = logging.getLogger(__name__)


class JobDropped(Exception):
    """The job is no longer this agent's; nothing was sent and nothing is to be said."""


@dataclass(slots=True)
class Job:
    """One leased attempt."""

    id: int | str
    attempt: int
    lease: str
    device: Mapping[str, Any]
    command: str
    payload: Mapping[str, Any]
    ends_at: float
    lease_seconds: float
    is_lost: bool = False
    #: of the request that ordered it
    request_id: str = ""

    @classmethod
    def from_answer(cls, raw: Mapping[str, Any], *, asked_at: float) -> "Job":
        """A job of the lease call's answer; the lease runs since the call was made, at most."""
        seconds = float(raw["lease_seconds"])
        return cls(
            id=raw["id"],
            attempt=raw["attempt"],
            lease=raw["lease"],
            device=raw["device"],
            command=raw["command"],
            payload=raw["payload"],
            ends_at=asked_at + seconds,
            lease_seconds=seconds,
            request_id=raw.get("request_id") or "",
        )

    def entry(self, stage: str) -> Entry:
        return Entry(self.id, self.attempt, self.lease, stage, request_id=self.request_id)


@dataclass(slots=True)
class _Pending:
    entry: Entry
    due: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)


class JobBook:
    """All jobs from lease to heard report. Any thread may call."""

    def __init__(self, client: AgentClient, journal: Journal, stop: threading.Event) -> None:
        self._client = client
        self._journal = journal
        self._stop = stop
        self._held: dict[str, Job] = {}
        self._pending: list[_Pending] = []
        self._guard = threading.Lock()
        self.changed = threading.Event()
        self.has_news = threading.Event()

    def recover(self) -> None:
        """Take up what an earlier agent left: begun is unknown, only announced is not started."""
        for entry in self._journal.entries():
            if entry.stage != DONE:
                code = "agent_restarted" if entry.stage == WORKING else "agent_stopped"
                entry.report = failure(DeviceError(code))
                entry.stage = DONE
                self._journal.write(entry)
            self._queue(entry)

    def take(self, job: Job) -> bool:
        """Hold a job; False when it is held already (an answer that was repeated)."""
        with self._guard:
            if job.lease in self._held:
                return False
            self._held[job.lease] = job
            return True

    def begin(self, job: Job) -> None:
        """Announce a job. Returning means: the server knows, and so would a restarted agent.

        Raises JobDropped, or DeviceError when neither could be brought about in time.
        """
        if self._stop.is_set():
            raise DeviceError("agent_stopped")
        if job.is_lost:
            raise JobDropped
        self._note(job, STARTING)
        backoff = Backoff()
        while True:
            try:
                self._announce(job)
            except Rejected as error:
                log.warning("Job %s is not ours any more: %s", job.id, error)
                raise JobDropped from error
            except Unavailable as error:
                wait = backoff.delay(error.retry_after)
                if time.monotonic() + wait >= job.ends_at or self._stop.wait(wait):
                    raise DeviceError("server_unreachable", str(error)) from error
            else:
                self._note(job, WORKING)
                return

    def _note(self, job: Job, stage: str) -> None:
        """Without a journal nothing may be sent: a restarted agent would not know of it."""
        try:
            self._journal.write(job.entry(stage))
        except OSError as error:
            raise DeviceError("journal_failed", str(error)) from error

    def _announce(self, job: Job) -> None:
        if time.monotonic() >= job.ends_at:
            raise Unavailable("the lease has ended")
        body = {"lease": job.lease, "attempt": job.attempt}
        self._client.post(f"jobs/{job.id}/started", body, key=f"started-{job.lease}")

    def drop(self, job: Job) -> None:
        self._journal.forget(job.entry(STARTING))
        self._release(job.lease)

    def report(self, job: Job, report: dict[str, Any]) -> None:
        """Keep the outcome and see to it that the server hears it."""
        entry = job.entry(DONE)
        entry.report = report
        try:
            self._journal.write(entry)
        except OSError:
            # It is still told from memory; a restarted agent would say unknown, which is true.
            log.exception("The outcome of job %s is not in the journal", job.id)
        self._queue(entry)

    def _queue(self, entry: Entry) -> None:
        with self._guard:
            self._pending.append(_Pending(entry))
        self.has_news.set()

    def tell(self) -> float:
        """Send what is due; the seconds until there is something to send again."""
        with self._guard:
            pending = list(self._pending)
        for one in pending:
            if one.due > time.monotonic():
                continue
            with traced(one.entry.request_id):
                is_heard = self._is_heard(one)
            if is_heard:
                self._journal.forget(one.entry)
                self._release(one.entry.lease)
                with self._guard:
                    self._pending.remove(one)
        with self._guard:
            return min((one.due - time.monotonic() for one in self._pending), default=60.0)

    def _is_heard(self, one: _Pending) -> bool:
        entry = one.entry
        body = {"lease": entry.lease, "attempt": entry.attempt, **entry.report}
        try:
            self._client.post(f"jobs/{entry.job_id}/result", body, key=f"result-{entry.lease}")
        except Rejected as error:
            log.warning("The result of job %s was not taken: %s", entry.job_id, error)
        except Unavailable as error:
            one.due = time.monotonic() + one.backoff.delay(error.retry_after)
            log.info("The result of job %s is told later: %s", entry.job_id, error)
            return False
        return True

    def _release(self, lease: str) -> None:
        with self._guard:
            self._held.pop(lease, None)
        self.changed.set()

    def renew(self) -> None:
        """Ask for more time for all that is held."""
        with self._guard:
            held = list(self._held.values())
        for job in held:
            asked_at = time.monotonic()
            try:
                with traced(job.request_id):
                    self._client.post(f"jobs/{job.id}/renew", {"lease": job.lease})
            except Rejected as error:
                job.is_lost = True
                log.warning("The lease of job %s is lost: %s", job.id, error)
            except Unavailable as error:
                log.info("The lease of job %s was not renewed: %s", job.id, error)
            else:
                job.ends_at = asked_at + job.lease_seconds

    @property
    def is_idle(self) -> bool:
        with self._guard:
            return not self._held and not self._pending


def success(result: Mapping[str, Any]) -> dict[str, Any]:
    """The report on a job that is done."""
    return {"outcome": Outcome.SUCCEEDED.value, "result": dict(result)}


def failure(error: DeviceError) -> dict[str, Any]:
    """The report on a job that ended with an error."""
    return {
        "outcome": OUTCOMES[error.code].value,
        "error_code": error.code,
        "detail": error.detail,
        "result": error.result,
    }

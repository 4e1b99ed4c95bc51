"""A small server in place of ours, and a printer to print on: what the agent's tests need."""

import json
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.devices.drivers.escpos_generic import simulator
from app.devices.simulation.papers import read_papers

TOKEN = "station-token"
PRINTER = "receipt_printer"
# Long enough for a busy machine; what is expected to stay silent is waited for shortly.
QUICK = {"answer_ms": 1000, "print_ms": 4000}
SILENT = {"answer_ms": 150, "print_ms": 300}


def receipt(**changes):
    """A receipt's payload as the server sends it."""
    lines = [
        {"left": "票据号", "right": "SJ00001"},
        {"left": "房号", "right": "松风明月花园 3栋 1201"},
        {"rule": True},
        {"left": "定金", "right": "¥100,000.00"},
        {"text": "人民币壹拾万元整", "align": "right", "bold": True},
    ]
    return {"title": "收款收据", "lines": lines, **changes}


class RunningPrinter:
    """The simulator on a thread; `order` is what its control socket does."""

    def __init__(self, data_dir, **options):
        self.data_dir = Path(data_dir)
        self.harness = simulator.build(self.data_dir, PRINTER, **options)
        self.url = self.harness.url
        self._thread = threading.Thread(target=self.harness.run)
        self._thread.start()
        wait_for(lambda: Path(self.url).exists())

    def order(self, text):
        return simulator.send_control(self.data_dir / "simulators" / f"{PRINTER}.control", text)

    def papers(self, job_id=None):
        return read_papers(self.data_dir, PRINTER, job_id=job_id)

    def stop(self):
        self.harness.stop()
        self._thread.join(timeout=5)
        assert not self._thread.is_alive()


def wait_for(condition, seconds=10.0):
    """What `condition` gives once it is true; fails after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


@dataclass
class FakeJob:
    """A job as the server keeps it."""

    id: int
    device: dict
    payload: dict
    command: str = "print_receipt"
    state: str = "queued"
    attempt: int = 0
    lease: str = ""
    leased_until: float = 0
    is_started: bool = False
    due: float = 0
    reports: list = field(default_factory=list)


class FakeServer:
    """The agent's calls, answered as the contract says. Faults are put in by call."""

    def __init__(self):
        self.jobs = {}
        self.devices = {}
        self.heartbeats = []
        self.calls = defaultdict(list)
        self.keys = defaultdict(list)
        self.problems = []
        # Call → how many next answers get lost after having taken effect, or what else to answer:
        # a status, or a status with its code.
        self.lose = defaultdict(int)
        self.refuse = defaultdict(list)
        self.lease_seconds = 30.0
        self.retry_seconds = 0.2
        self._kept = {}
        self._guard = threading.RLock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=5)
        assert not self.problems

    def device(self, number, url, **settings):
        self.devices[number] = {
            "id": number,
            "name": f"打印机{number}",
            "kind": "receipt_printer",
            "driver": "escpos_generic",
            "url": str(url),
            "settings": {**QUICK, **settings},
        }
        return self.devices[number]

    def job(self, number, device, **changes):
        job = FakeJob(number, device, receipt(**changes))
        with self._guard:
            self.jobs[number] = job
        return job

    def answer(self, call, path, body, headers):
        """Status and body of one call; None when the answer is to be lost."""
        with self._guard:
            key = headers.get("Idempotency-Key", "")
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"error": "unauthorized"}
            if not 0 < len(key) <= 64:
                self.problems.append(f"{path}: key {key!r}")
            self.calls[call].append(body)
            self.keys[call].append(key)
            if self.refuse[call]:
                refusal = self.refuse[call].pop(0)
                status, code = refusal if isinstance(refusal, tuple) else (refusal, "try_again")
                return status, {"error": code}
            if key not in self._kept:
                self._kept[key] = (body, getattr(self, f"_{call}")(path, body))
            first_body, kept = self._kept[key]
            if first_body != body:
                self.problems.append(f"{path}: another body under the same key")
            if self.lose[call]:
                self.lose[call] -= 1
                return None
            return kept

    def _lease(self, _path, _body):
        now = time.monotonic()
        jobs = []
        for job in self.jobs.values():
            if job.state == "sent" and job.leased_until < now:
                job.state = "unknown" if job.is_started else "queued"
        busy = {job.device["id"] for job in self.jobs.values() if job.state == "sent"}
        for job in self.jobs.values():
            if job.state == "queued" and job.due <= now and job.device["id"] not in busy:
                busy.add(job.device["id"])
                jobs.append(self._leased(job, now))
        station = {"id": 1, "name": "前台"}
        devices = list(self.devices.values())
        return 200, {"station": station, "jobs": jobs, "devices": devices, "poll_seconds": 0.05}

    def _leased(self, job, now):
        job.state, job.is_started, job.lease = "sent", False, str(uuid.uuid4())
        job.attempt += 1
        job.leased_until = now + self.lease_seconds
        fields = ("id", "attempt", "lease", "device", "command", "payload")
        return {name: getattr(job, name) for name in fields} | {"lease_seconds": self.lease_seconds}

    def _own(self, path, body):
        job = self.jobs.get(int(path.split("/")[1]))
        if job and (job.lease, job.state) == (body["lease"], "sent"):
            return job
        return None

    def _started(self, path, body):
        job = self._own(path, body)
        if not job:
            return 409, {"error": "lease_lost"}
        job.is_started = True
        return 200, {}

    def _renew(self, path, body):
        job = self._own(path, body)
        if not job:
            return 409, {"error": "lease_lost"}
        job.leased_until = time.monotonic() + self.lease_seconds
        return 200, {}

    def _result(self, path, body):
        job = self._own(path, body)
        if not job:
            return 409, {"error": "lease_lost"}
        job.reports.append(body)
        if body["outcome"] == "not_started":
            job.state, job.due = "queued", time.monotonic() + self.retry_seconds
        else:
            job.state = body["outcome"]
        return 200, {}

    def _heartbeat(self, _path, body):
        self.heartbeats.append(body)
        return 200, {}


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            path = self.path.removeprefix("/api/v1/agent/")
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = server.answer(path.split("/")[-1], path, body, self.headers)
            if found is None:
                self.close_connection = True
                return
            status, answer = found
            data = json.dumps(answer).encode()
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments):
            """Quiet."""

    return Handler

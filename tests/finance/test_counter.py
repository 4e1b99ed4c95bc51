"""The counter for real: HTTP server, agent process, simulator process, paper; nothing replaced."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from werkzeug.serving import make_server

from app.admin.models import AppUser
from app.core.db import db
from app.devices.operations import add_operator, create_station
from app.devices.queries import get_job, known_statuses, list_logs
from app.devices.simulation.harness import send_control
from app.finance.ledger import check_ledger
from app.finance.models import Receipt
from tests.factories.devices import make_device, make_hook
from tests.factories.finance import SYSTEM, make_account, make_book, make_slip
from tests.factories.people import make_project, token_for

pytestmark = pytest.mark.commit
_keys = itertools.count(1)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    message = f"not within {seconds} s"
    raise AssertionError(message)


class Process:
    """A child that can be killed and started again."""

    def __init__(self, log: Path, *command):
        self._command = [sys.executable, "-m", *map(str, command)]
        self._log = log
        self._running = None

    def start(self):
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(self._command, stdout=log, stderr=log)

    def end(self, number=signal.SIGTERM):
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(number)
            self._running.wait(timeout=30)


class Counter:
    """One project with a cashier, a station, its agent and its simulated printer."""

    def __init__(self, committed, folder: Path, url: str):
        self.url, self.folder, self.app = url, folder, committed.app
        self.project = make_project()
        self.cashier = committed.actor("cashier", self.project)
        self.account = make_account(self.project)
        make_book(self.project, self.cashier, prefix="SJ")
        station, token = create_station(project_id=self.project.id, name="一号台", actor=SYSTEM)
        add_operator(station_id=station.id, user_id=self.cashier.id, actor=SYSTEM)
        port = folder / "simulators" / "shouju.tty"
        self.device = make_device(station, name="收据打印机", url=str(port)).id
        make_hook(self.project)
        self.token = token_for(db.session.get_one(AppUser, self.cashier.id))
        db.session.commit()
        (folder / "token").write_text(token)
        self.printer = Process(
            folder / "printer.log",
            "app.devices.drivers.escpos_generic.simulator",
            "--data-dir",
            folder,
            "--name",
            "shouju",
        )
        self.agent = Process(
            folder / "agent.log",
            "app.devices.agent",
            "--server",
            url,
            "--token-file",
            folder / "token",
            "--data-dir",
            folder / "agent-data",
        )
        self.printer.start()
        wait_for(port.exists)
        self.agent.start()

    def order(self, text):
        return send_control(self.folder / "simulators" / "shouju.control", text)

    def slip(self, amount="100000.00"):
        slip = make_slip(self.account, amount=amount)
        db.session.commit()
        return slip.id

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"k{next(_keys)}"}
        answer = requests.request(
            method, f"{self.url}/api/v1/{path}", json=body, headers=headers, timeout=20
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def confirm(self, slip_id):
        done = self.call("POST", f"receipts/{slip_id}/confirm")
        (job,) = done["jobs"]
        return done, job["id"]

    def job(self, job_id):
        return self.call("GET", f"device-jobs/{job_id}")

    def is_in(self, job_id, *states):
        return lambda: self.job(job_id)["state"] in states

    def papers(self, job_id):
        return self.call("GET", f"device-jobs/{job_id}/paper")["papers"]

    def wire(self, job_id):
        db.session.rollback()
        return [log.outcome for log in list_logs(job_id)]

    def end(self):
        self.agent.end()
        self.printer.end()


@pytest.fixture
def counter(committed, tmp_path, monkeypatch):
    monkeypatch.setitem(committed.app.config, "DATA_DIR", str(tmp_path))
    server = make_server("127.0.0.1", 0, committed.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    running = Counter(committed, tmp_path, f"http://127.0.0.1:{server.server_port}")
    try:
        yield running
    finally:
        running.end()
        server.shutdown()
        thread.join(timeout=20)
        server.server_close()


def sound():
    db.session.rollback()
    return [proof.name for proof, breach in check_ledger() if breach is not None] == []


def test_a_receipt_comes_out_of_the_printer(counter):
    done, job_id = counter.confirm(counter.slip())
    assert done["bill_number"] == "SJ00001"
    wait_for(counter.is_in(job_id, "succeeded"))
    (paper,) = counter.papers(job_id)
    for word in ("收据", "No. SJ00001", "100,000.00", "壹拾万元整", "王建国", "定金", "转账"):
        assert word in paper["text"], word
    assert f"任务 {job_id}" in paper["text"]
    assert "补打" not in paper["text"]
    assert paper["svg"].startswith("<svg")
    assert counter.wire(job_id) == ["succeeded"]
    assert sound()


def test_out_of_paper_the_receipt_stands_and_prints_once_after_paper_is_put_in(counter):
    counter.order("paper-out")
    first, first_job = counter.confirm(counter.slip("1.00"))
    second, second_job = counter.confirm(counter.slip("2.00"))
    assert [first["bill_number"], second["bill_number"]] == ["SJ00001", "SJ00002"]
    wait_for(lambda: counter.job(first_job)["attempts"] >= 2)
    waiting = counter.job(first_job)
    assert (waiting["state"], waiting["error"]) in [("queued", "paper_out"), ("sent", "paper_out")]
    assert "收据打印机" in waiting["message"]
    assert counter.job(second_job)["attempts"] == 0
    assert counter.papers(first_job) == counter.papers(second_job) == []
    counter.order("paper-in")
    started = time.monotonic()
    wait_for(counter.is_in(second_job, "succeeded"), seconds=30)
    assert time.monotonic() - started < 15, "the printer was ready, the jobs should not wait"
    texts = [paper["text"] for job in (first_job, second_job) for paper in counter.papers(job)]
    assert len(texts) == 2
    assert not any("补打" in text for text in texts)
    # In order: the first receipt came out first.
    numbers = [counter.papers(job)[0]["number"] for job in (first_job, second_job)]
    assert numbers == sorted(numbers)
    assert sound()


def test_paper_that_ends_midway_is_unknown_until_a_person_has_looked(counter):
    counter.order("paper-out after=120")
    done, job_id = counter.confirm(counter.slip())
    wait_for(counter.is_in(job_id, "unknown"))
    shown = counter.job(job_id)
    assert shown["error"] == "paper_out_midway"
    assert set(shown["actions"]) == {"retry", "mark", "cancel"}
    counter.order("paper-in")
    counter.order("tear")
    time.sleep(1.5)
    assert counter.job(job_id)["state"] == "unknown"
    counter.call("POST", f"device-jobs/{job_id}/retry", {"reason": "只出了半张"})
    wait_for(counter.is_in(job_id, "succeeded"))
    # What the printer still had in its buffer came out with the new roll: the first print. The
    # second bears its mark, so that nobody takes the two for two receipts.
    texts = [paper["text"] for paper in counter.papers(job_id)]
    assert ["补打第1次" in text for text in texts].count(True) == 1
    assert "补打第1次" in texts[-1]
    assert done["bill_number"] in texts[-1]


def test_an_agent_killed_while_printing_loses_and_doubles_nothing(counter):
    counter.order("slow 150")
    done, job_id = counter.confirm(counter.slip())

    def has_begun():
        db.session.rollback()
        return get_job(job_id, actor=SYSTEM).started_at

    wait_for(has_begun)
    time.sleep(0.5)
    counter.agent.end(signal.SIGKILL)
    counter.order("ok")
    counter.agent.start()
    wait_for(counter.is_in(job_id, "unknown"))
    assert len(counter.papers(job_id)) <= 1
    counter.call("POST", f"device-jobs/{job_id}/mark", {"reason": "看到纸了"})
    assert counter.job(job_id)["state"] == "succeeded"
    _done, next_job = counter.confirm(counter.slip("5.00"))
    wait_for(counter.is_in(next_job, "succeeded"))
    db.session.rollback()
    assert db.session.get(Receipt, done["id"]).state == "confirmed"
    assert sound()


def test_the_server_away_for_a_while(counter):
    """The agent keeps asking; what was confirmed meanwhile comes out when it is back."""
    counter.agent.end(signal.SIGKILL)
    _done, job_id = counter.confirm(counter.slip())
    time.sleep(1)
    assert counter.job(job_id)["state"] == "queued"
    counter.agent.start()
    wait_for(counter.is_in(job_id, "succeeded"))
    assert len(counter.papers(job_id)) == 1


def test_the_status_light_follows_the_printer(counter):
    def state():
        db.session.rollback()
        found = known_statuses([counter.device]).get(counter.device)
        return found.state if found else None

    wait_for(lambda: state() == "ok")
    counter.order("cover-open")
    wait_for(lambda: state() == "cover_open")
    counter.order("cover-closed")
    wait_for(lambda: state() == "ok")

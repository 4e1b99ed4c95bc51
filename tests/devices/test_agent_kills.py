"""The agent as a process of its own, killed at any moment: one paper, or unknown."""

import random
import signal
import subprocess
import sys
import time

import pytest

from tests.devices.counter import TOKEN, wait_for


class AgentProcess:
    """An agent that can be killed."""

    def __init__(self, server, folder):
        token = folder / "token"
        token.write_text(f"{TOKEN}\n")
        self._command = [sys.executable, "-m", "app.devices.agent", "--server", server.url]
        self._command += ["--token-file", token, "--data-dir", folder / "agent-data"]
        self._log = (folder / "agent.log").open("ab")
        self._running = None
        self.folder = folder

    def start(self):
        self._running = subprocess.Popen(self._command, stderr=self._log)

    def end(self, number):
        self._running.send_signal(number)
        return self._running.wait(timeout=15)

    def close(self):
        if self._running and self._running.poll() is None:
            self.end(signal.SIGKILL)
        self._log.close()

    @property
    def journal(self):
        return list((self.folder / "agent-data" / "agent").glob("*/*.json"))


@pytest.fixture
def process(server, tmp_path):
    running = AgentProcess(server, tmp_path)
    yield running
    running.close()


@pytest.fixture
def device(server, printer):
    return server.device(1, printer.url, print_ms=5000)


def test_killed_between_started_and_result_it_says_unknown(server, printer, device, process):
    printer.order("slow 200")
    job = server.job(7, device)
    process.start()
    wait_for(lambda: job.is_started)
    wait_for(lambda: b'"working"' in b"".join(path.read_bytes() for path in process.journal))
    process.end(signal.SIGKILL)
    printer.order("ok")
    process.start()
    wait_for(lambda: job.state == "unknown")
    assert job.reports[0]["error_code"] == "agent_restarted"
    assert len(printer.papers("7")) <= 1
    wait_for(lambda: not process.journal)
    after = server.job(8, device)
    wait_for(lambda: after.state == "succeeded")
    assert [paper["job_id"] for paper in printer.papers()][-1] == "8"


def test_killed_before_the_server_heard_the_result_it_tells_it_again(
    server, printer, device, process
):
    server.refuse["result"] = [503] * 1000
    job = server.job(7, device)
    process.start()
    wait_for(lambda: server.calls["result"])
    process.end(signal.SIGKILL)
    server.refuse["result"].clear()
    process.start()
    wait_for(lambda: job.state == "succeeded")
    assert len(printer.papers("7")) == 1
    assert server.calls["result"][0] == server.calls["result"][-1]


def test_a_result_whose_answer_was_lost_is_told_once(server, printer, device, process):
    server.lose["result"] = 1
    job = server.job(7, device)
    process.start()
    wait_for(lambda: len(server.calls["result"]) >= 2)
    assert job.state == "succeeded"
    assert len(job.reports) == 1
    assert len(printer.papers("7")) == 1


def test_it_ends_on_sigterm(server, printer, device, process):
    job = server.job(7, device)
    process.start()
    wait_for(lambda: job.state == "succeeded")
    assert process.end(signal.SIGTERM) == 0
    assert process.journal == []
    assert len(printer.papers("7")) == 1


def test_a_token_file_that_is_empty_is_refused(server, process):
    (process.folder / "token").write_text("\n")
    process.start()
    assert process._running.wait(timeout=15) == 1
    assert b"holds no token" in (process.folder / "agent.log").read_bytes()
    assert not server.calls


@pytest.mark.parametrize("seed", [1, 3])
def test_killed_at_any_moment_no_paper_comes_twice_and_none_is_lost(
    server, printer, device, process, seed
):
    """What the server says afterwards holds: succeeded is one paper, unknown at most one."""
    chance = random.Random(seed)
    server.lease_seconds = 1.0
    printer.order("slow 2500")
    jobs = [server.job(number, device) for number in range(1, 7)]
    for _kill in range(3):
        process.start()
        asked = len(server.calls["lease"])
        wait_for(lambda asked=asked: len(server.calls["lease"]) > asked)
        time.sleep(chance.uniform(0, 0.7))
        process.end(signal.SIGKILL)
    process.start()
    wait_for(lambda: all(job.state in ("succeeded", "unknown") for job in jobs), seconds=20)
    counts = {job.id: len(printer.papers(str(job.id))) for job in jobs}
    states = {job.id: job.state for job in jobs}
    assert all(counts[number] == 1 for number in counts if states[number] == "succeeded"), states
    assert max(counts.values()) == 1
    assert "succeeded" in states.values()
    for paper in printer.papers():
        if paper["job_id"]:
            assert [line["text"] for line in paper["lines"]].count("收款收据") == 1

"""``make run`` as a person meets it: starts, says where, stops whole, keeps the data."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile

import psutil
import pytest
import requests

from config import ROOT
from tests.scenarios.office import free_ports, wait_for

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("run"), pytest.mark.timeout(300)]


class Run:
    """One ``run.py`` on a DATA_DIR of its own."""

    def __init__(self, folder, port, live_port):
        self.folder, self.port, self.live_port = folder, port, live_port
        self.output = folder.parent / f"run-{port}.txt"
        self.process = None

    def start(self):
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "SECRET_KEY", "FIELD_KEY", "DEMO")
        }
        env = clean | {
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "LIVE_PORT": str(self.live_port),
            "DEMO_PASSWORD": "run-it-1-run-it",
        }
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "run.py"], cwd=ROOT, env=env, stdout=output, stderr=output
            )
        return self

    def wait_up(self):
        wait_for("the address is printed, or it has ended", self._told, seconds=120)
        assert self.said("Ctrl-C"), self.output.read_text()

    def _told(self):
        return self.said("Ctrl-C") or self.process.poll() is not None

    def said(self, words):
        return self.output.exists() and words in self.output.read_text()

    def tree(self):
        return psutil.Process(self.process.pid).children(recursive=True)


def left_of(processes):
    _, alive = psutil.wait_procs(processes, timeout=30)
    return [process.cmdline() for process in alive if process.status() != "zombie"]


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "data"
    # The database's account must be able to walk there.
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() == "root" and parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(0o755)
    runs = []

    def make():
        runs.append(Run(folder, *free_ports(2)))
        return runs[-1]

    yield make
    for run in runs:
        if run.process and run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.process.wait(timeout=90)


def people(run):
    answer = requests.post(
        f"http://127.0.0.1:{run.port}/api/v1/security/login",
        json={"username": "steward", "password": "run-it-1-run-it", "provider": "db"},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    return requests.get(
        f"http://127.0.0.1:{run.port}/api/v1/projects",
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    ).json()["result"]


def test_it_starts_says_where_refuses_a_second_stops_whole_and_keeps_the_data(place):
    run = place().start()
    run.wait_up()
    assert run.said(f"http://127.0.0.1:{run.port}")
    assert run.said("consultant1")
    assert {row["code"] for row in people(run)} == {"SFMY", "YQYY"}

    second = place().start()
    assert second.process.wait(timeout=60) == 1
    assert second.said("running on")

    family = run.tree()
    assert len(family) >= 8
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(timeout=90) == 0
    assert left_of(family) == []
    assert not (run.folder / "run/postgres.json").exists()

    again = place().start()
    again.wait_up()
    assert len(people(again)) == 2


def test_killed_hard_it_leaves_no_process_and_starts_again(place):
    run = place().start()
    run.wait_up()
    family = run.tree()
    run.process.kill()
    run.process.wait()
    assert left_of(family) == []
    again = place().start()
    again.wait_up()
    assert len(people(again)) == 2


def test_a_taken_port_is_named(place):
    run = place()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", run.port))
        taken.listen()
        run.start()
        assert run.process.wait(timeout=60) == 1
    assert run.said(f"Port {run.port} (PORT) is taken")


def test_a_killed_process_comes_back(place):
    run = place().start()
    run.wait_up()
    agent = agents_of(run)[0]
    agent.kill()
    wait_for(
        "the supervisor starts it again",
        lambda: [found for found in agents_of(run) if found.pid != agent.pid],
        seconds=30,
    )


def agents_of(run):
    found = []
    for process in run.tree():
        # A process may end while it is looked at.
        with contextlib.suppress(psutil.Error):
            if "app.devices.agent" in " ".join(process.cmdline()):
                found.append(process)
    return found

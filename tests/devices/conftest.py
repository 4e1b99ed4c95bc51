"""A simulated printer and a small server, for the tests of the counter's side; no database."""

import pytest

from app.devices.drivers.escpos_generic import conversation
from tests.devices.counter import FakeServer, RunningPrinter


@pytest.fixture
def printer(tmp_path, monkeypatch):
    """A simulated printer behind a pseudo-terminal, on a thread; no cable makes it late."""
    monkeypatch.setattr(conversation, "QUIET_SECONDS", 0.005)
    running = RunningPrinter(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def server():
    """A server that answers the agent's calls."""
    running = FakeServer()
    yield running
    running.close()

"""The agent against a small server and a simulated printer, on a thread."""

import threading
import time

import pytest

from app.devices import agent
from app.devices.agent import client, program, worker
from app.devices.agent.client import AgentClient, Backoff, Rejected, Unavailable
from app.devices.agent.journal import DONE, STARTING, WORKING, AlreadyRunning, Entry, Journal
from tests.devices.counter import TOKEN, wait_for


class RunningAgent:
    """An agent on a thread; an error of its own fails the test at the end."""

    def __init__(self, server, data_dir):
        self.server = server
        self.data_dir = data_dir
        self.stop_event = threading.Event()
        self.error = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            agent.run(self.server.url, TOKEN, data_dir=self.data_dir, stop=self.stop_event)
        except Exception as error:  # noqa: BLE001 - told by stop()
            self.error = error

    def stop(self):
        self.stop_event.set()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()
        assert self.error is None

    @property
    def journal(self):
        return sorted((self.data_dir / "agent").glob("*/*.json"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Short waits between repetitions, states told soon."""
    monkeypatch.setattr(client, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(program, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(program, "RENEW_SECONDS", 0.2)
    monkeypatch.setattr(worker, "TROUBLE_SECONDS", 0.1)


@pytest.fixture
def start(server, tmp_path):
    running = []

    def start_agent():
        running.append(RunningAgent(server, tmp_path / "agent-data"))
        return running[-1]

    yield start_agent
    for one in running:
        one.stop()


@pytest.fixture
def device(server, printer):
    return server.device(1, printer.url)


def is_over(job):
    return job.state not in ("queued", "sent")


def test_a_job_is_printed_once_and_told(server, printer, device, start):
    job = server.job(7, device)
    running = start()
    wait_for(lambda: job.state == "succeeded")
    assert len(printer.papers("7")) == 1
    (report,) = job.reports
    assert report["result"]["copies_printed"] == 1
    assert report["wire_log"][0]["dir"] == "out"
    assert server.calls["started"] == [{"lease": job.lease, "attempt": 1}]
    wait_for(lambda: not running.journal)
    assert server.calls["lease"][0]["limit"] == 5


def test_jobs_of_a_device_keep_their_order(server, printer, device, start):
    jobs = [server.job(number, device) for number in range(1, 6)]
    start()
    wait_for(lambda: all(is_over(job) for job in jobs))
    assert [paper["job_id"] for paper in printer.papers()] == ["1", "2", "3", "4", "5"]


def test_devices_work_side_by_side(server, printer, start):
    printer.order("slow 300")
    slow = server.job(1, server.device(1, printer.url, print_ms=9000))
    gone = server.job(2, server.device(2, printer.data_dir / "no-such-port"))
    start()
    wait_for(lambda: gone.reports)
    assert slow.state == "sent"
    assert gone.reports[0]["error_code"] == "port_missing"
    wait_for(lambda: slow.state == "succeeded")


def test_paper_out_and_then_in_is_exactly_one_paper(server, printer, device, start):
    printer.order("paper-out")
    job = server.job(7, device)
    start()
    wait_for(lambda: len(job.reports) >= 2)
    assert {report["outcome"] for report in job.reports} == {"not_started"}
    assert job.reports[0]["error_code"] == "paper_out"
    assert not server.calls["started"]
    printer.order("paper-in")
    wait_for(lambda: job.state == "succeeded")
    assert len(printer.papers()) == 1


def test_paper_that_ends_in_the_middle_is_unknown_and_not_repeated(server, printer, device, start):
    printer.order("paper-out after=150")
    job = server.job(7, device)
    start()
    wait_for(lambda: job.state == "unknown")
    assert job.reports[0]["error_code"] == "paper_out_midway"
    printer.order("paper-in")
    time.sleep(0.3)
    assert len(printer.papers()) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"driver": "none"}, "unknown_driver"),
        ({"settings": {"columns": 1}}, "bad_settings"),
        ({"url": "spy://x"}, "bad_settings"),
    ],
)
def test_a_device_that_is_set_wrong_fails(server, device, start, changes, code):
    device.update(changes)
    job = server.job(7, device)
    start()
    wait_for(lambda: job.state == "failed")
    assert job.reports[0]["error_code"] == code


def test_changed_settings_are_taken_over(server, printer, start):
    server.device(1, printer.url)
    running = start()
    wait_for(lambda: server.heartbeats)
    changed = server.device(1, printer.url, columns=32)
    job = server.job(7, changed)
    wait_for(lambda: job.state == "succeeded")
    texts = [line["text"] for line in printer.papers("7")[0]["lines"]]
    assert "-" * 32 in texts
    assert running.error is None


@pytest.mark.parametrize("call", ["lease", "started", "result", "heartbeat"])
def test_a_lost_answer_is_asked_for_again_with_the_same_key(server, printer, device, start, call):
    server.lose[call] = 2
    job = server.job(7, device)
    start()
    wait_for(lambda: job.state == "succeeded")
    assert len(printer.papers("7")) == 1
    assert len(job.reports) == 1
    if call != "heartbeat":
        wait_for(lambda: len(server.calls[call]) >= 3)
        assert server.calls[call][0] == server.calls[call][1] == server.calls[call][2]
        assert len(set(server.keys[call][:3])) == 1


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("lease", 503),
        ("lease", 401),
        ("started", 503),
        ("started", (409, "request_running")),
        ("result", 500),
        ("result", 429),
        ("result", (409, "request_running")),
    ],
)
def test_a_call_that_was_not_judged_is_repeated(server, printer, device, start, call, status):
    server.refuse[call] = [status] * 2
    job = server.job(7, device)
    start()
    wait_for(lambda: job.state == "succeeded")
    assert len(printer.papers("7")) == 1


def test_a_job_that_is_no_longer_ours_is_not_printed(server, printer, device, start):
    server.refuse["started"] = [409]
    job = server.job(7, device)
    running = start()
    wait_for(lambda: server.calls["started"])
    wait_for(lambda: not running.journal)
    assert printer.papers() == []
    assert job.reports == []


def test_a_result_that_is_refused_is_not_told_for_ever(server, printer, device, start):
    server.refuse["result"] = [409]
    server.job(7, device)
    running = start()
    wait_for(lambda: server.calls["result"])
    wait_for(lambda: not running.journal)
    assert len(printer.papers("7")) == 1
    assert len(server.calls["result"]) == 1


def test_a_server_that_cannot_be_told_in_time_means_nothing_is_printed(
    server, printer, device, start
):
    server.lease_seconds = 0.5
    server.refuse["started"] = [503] * 100
    server.retry_seconds = 60
    job = server.job(7, device)
    start()
    wait_for(lambda: job.reports)
    assert job.reports[0]["error_code"] == "server_unreachable"
    assert printer.papers() == []


def test_the_lease_is_renewed_while_the_printer_is_slow(server, printer, start):
    server.lease_seconds = 0.6
    printer.order("slow 300")
    job = server.job(7, server.device(1, printer.url, print_ms=9000))
    start()
    wait_for(lambda: job.state == "succeeded")
    assert len(server.calls["renew"]) >= 3
    assert len(printer.papers("7")) == 1


def test_a_lease_that_is_lost_before_the_first_byte_drops_the_job(
    server, printer, device, start, monkeypatch, caplog
):
    server.refuse["renew"] = [409]
    looked = threading.Event()
    require = "app.devices.drivers.escpos_generic.conversation.Conversation.wait_for_earlier_data"
    monkeypatch.setattr(require, lambda _self: looked.wait(30))
    server.job(7, device)
    running = start()
    wait_for(lambda: "The lease of job 7 is lost" in caplog.text)
    looked.set()
    wait_for(lambda: running.stop_event.is_set() or not running.journal)
    time.sleep(0.1)
    assert printer.papers() == []
    assert not server.calls["started"]


def test_states_are_told_and_changes_at_once(server, printer, start, monkeypatch):
    server.device(1, printer.url)
    monkeypatch.setattr(program, "HEARTBEAT_SECONDS", 60)
    monkeypatch.setattr(worker, "PROBE_SECONDS", 0.1)
    server.device(2, printer.data_dir / "no-such-port")
    start()

    def told():
        states = server.heartbeats[-1]["devices"] if server.heartbeats else []
        return {state["id"]: (state["state"], state["detail"]) for state in states}

    wait_for(lambda: told() == {1: ("ok", ""), 2: ("unreachable", "port_missing")})
    for order, state in [
        ("paper-near-end", ("paper_near_end", "")),
        ("paper-out", ("paper_out", "paper_out")),
        ("ok", ("ok", "")),
        ("cover-open", ("cover_open", "cover_open")),
        ("silent", ("unreachable", "no_answer")),
    ]:
        printer.order(order)
        wait_for(lambda state=state: told()[1] == state)


def test_a_fault_of_a_driver_is_told_and_harms_no_other_job(server, device, start, monkeypatch):
    layout = "app.devices.drivers.escpos_generic.driver.Layout"
    monkeypatch.setattr(layout, lambda *_arguments: 1 / 0)
    job = server.job(7, device)
    start()
    wait_for(lambda: job.state == "failed")
    assert job.reports[0]["error_code"] == "driver_fault"
    assert "ZeroDivisionError" in job.reports[0]["detail"]
    monkeypatch.undo()
    good = server.job(8, device)
    wait_for(lambda: good.state == "succeeded")


def test_a_fault_after_the_announcement_leaves_the_outcome_unknown(
    server, device, start, monkeypatch
):
    send = "app.devices.drivers.escpos_generic.conversation.Conversation.print"
    monkeypatch.setattr(send, lambda *_arguments: 1 / 0)
    job = server.job(7, device)
    start()
    wait_for(lambda: job.state == "unknown")
    assert job.reports[0]["error_code"] == "driver_fault_midway"


def test_without_a_journal_nothing_is_printed(server, printer, device, start, monkeypatch):
    def full(_self, _entry):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "write", full)
    job = server.job(7, device)
    start()
    wait_for(lambda: job.reports)
    assert job.reports[0]["error_code"] == "journal_failed"
    assert not server.calls["started"]
    monkeypatch.undo()
    wait_for(lambda: job.state == "succeeded")
    assert len(printer.papers("7")) == 1


def test_an_answer_that_is_not_understood_does_not_end_the_agent(server, device, start):
    job = server.job(7, device)
    kept = server._leased
    strange = [True]

    def leased(found, now):
        answer = kept(found, now)
        if strange:
            strange.pop()
            found.state = "queued"
            del answer["payload"]
        return answer

    server._leased = leased
    start()
    wait_for(lambda: job.state == "succeeded")


def test_it_ends_when_told_after_what_it_has_begun(server, printer, device, start):
    printer.order("slow 400")
    job = server.job(7, server.device(1, printer.url, print_ms=9000))
    later = server.job(8, device)
    running = start()
    wait_for(lambda: job.is_started)
    running.stop()
    assert job.state == "succeeded"
    assert later.state == "queued"
    assert running.journal == []


def test_only_one_agent_of_a_station_may_run(server, start):
    running = start()
    wait_for(lambda: server.calls["lease"])
    with pytest.raises(AlreadyRunning):
        agent.run(server.url, TOKEN, data_dir=running.data_dir)


@pytest.mark.parametrize(
    ("stage", "outcome", "code"),
    [(STARTING, "not_started", "agent_stopped"), (WORKING, "unknown", "agent_restarted")],
)
def test_what_an_earlier_agent_left_is_told(server, device, start, stage, outcome, code):
    job = server.job(7, device)
    job.state, job.attempt, job.lease = "sent", 1, "lease-1"
    job.leased_until = time.monotonic() + 60
    folder = AgentJournal.folder_of(server, start)
    Journal(folder).write(Entry(7, 1, "lease-1", stage))
    start()
    wait_for(lambda: job.reports)
    assert (job.reports[0]["outcome"], job.reports[0]["error_code"]) == (outcome, code)


class AgentJournal:
    """Where the agent under test keeps its journal."""

    @staticmethod
    def folder_of(server, start):
        running = start()
        wait_for(lambda: server.calls["lease"])
        running.stop()
        (lock,) = (running.data_dir / "agent").glob("*/lock")
        return lock.parent


def test_the_journal_keeps_entries_and_puts_aside_what_is_none(tmp_path):
    journal = Journal(tmp_path)
    first, second = Entry(1, 1, "a", DONE, {"outcome": "succeeded"}), Entry("x/y", 2, "b", WORKING)
    journal.write(first)
    journal.write(second)
    (tmp_path / "3-1.json").write_text('{"job_id": 3')
    assert Journal(tmp_path).entries() == [first, second]
    assert (tmp_path / "3-1.bad").exists()
    journal.forget(first)
    journal.forget(first)
    assert Journal(tmp_path).entries() == [second]


def test_delays_grow_to_ten_seconds_and_are_spread(monkeypatch):
    monkeypatch.setattr(client, "FIRST_DELAY", 0.5)
    backoff = Backoff()
    delays = [backoff.delay() for _failure in range(12)]
    for number, delay in enumerate(delays):
        longest = min(0.5 * 2**number, 10)
        assert longest / 2 <= delay <= longest
    backoff.reset()
    assert backoff.delay() <= 0.5
    assert backoff.delay(retry_after=4) == 4
    assert backoff.delay(retry_after=3600) <= 10


def test_the_client_sorts_answers(server):
    caller = AgentClient(server.url, TOKEN)
    assert caller.post("heartbeat", {}) == {}
    server.refuse["heartbeat"] = [422, 503]
    with pytest.raises(Rejected):
        caller.post("heartbeat", {})
    with pytest.raises(Unavailable):
        caller.post("heartbeat", {})
    caller.close()
    stranger = AgentClient(server.url, "wrong")
    with pytest.raises(Unavailable, match="401"):
        stranger.post("heartbeat", {})
    stranger.close()
    nobody = AgentClient("http://127.0.0.1:9", TOKEN)
    with pytest.raises(Unavailable):
        nobody.post("heartbeat", {})
    nobody.close()

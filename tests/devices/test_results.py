"""Every report against every state: what a job becomes, and what is refused."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.devices import lease, results
from app.devices.capabilities import Outcome
from app.devices.models import DeviceJobLog
from app.devices.operations import mark_job, retry_job
from app.devices.results import AttemptReport, settle, wait_before
from tests.factories.devices import make_device, make_job, make_station

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
WIRE = [{"at": "2026-11-21T04:00:00", "dir": "out", "hex": "1b40", "more": "x"}]


@pytest.fixture
def station(project):
    return make_station(project)


@pytest.fixture
def agent(station):
    projects = frozenset({station.project_id})
    return Actor(kind="device", id=station.id, name=station.name, projects=projects)


@pytest.fixture(autouse=True)
def noon(clock_at):
    clock_at(2026, 11, 21, 4)


@pytest.fixture
def job(station, agent):
    job = make_job(make_device(station))
    lease.lease_jobs(station, limit=1, actor=agent)
    return job


@pytest.fixture
def tell(station, agent):
    def tell(job, outcome, **more):
        given = {"attempt": job.attempts, "lease": job.lease, "wire_log": WIRE, **more}
        return settle(
            job.id, AttemptReport(outcome=Outcome(outcome), **given), station=station, actor=agent
        )

    return tell


def later(seconds):
    return clock.frozen(NOON + timedelta(seconds=seconds))


def logs(job):
    found = db.session.query(DeviceJobLog).filter_by(job_id=job.id).order_by(DeviceJobLog.attempt)
    return [(one.attempt, one.outcome) for one in found]


@pytest.mark.parametrize(
    ("outcome", "code", "state"),
    [
        ("succeeded", None, "succeeded"),
        ("failed", "bad_payload", "failed"),
        ("unknown", "paper_out_midway", "unknown"),
        ("not_started", "paper_out", "queued"),
    ],
)
def test_each_outcome_has_its_state(job, tell, outcome, code, state):
    tell(job, outcome, error_code=code, detail="d", result={"papers": 1})
    assert (job.state, job.error_code) == (state, code)
    assert job.error_detail == (None if outcome == "succeeded" else "d")
    assert job.result == {"papers": 1}
    assert logs(job) == [(1, outcome)]
    (log,) = db.session.query(DeviceJobLog).filter_by(job_id=job.id)
    assert log.entries == [{"at": "2026-11-21T04:00:00", "dir": "out", "hex": "1b40"}]


def test_a_failure_without_a_code_still_has_one(job, tell):
    tell(job, "failed")
    assert job.error_code == "driver_fault"


def test_what_did_not_start_is_tried_again_later(job, tell, station, agent):
    waits = []
    for _attempt in range(6):
        tell(job, "not_started", error_code="paper_out")
        assert (job.state, job.started_at) == ("queued", None)
        waits.append((job.next_attempt_at - clock.now()).total_seconds())
        assert lease.lease_jobs(station, limit=1, actor=agent) == []
        job.next_attempt_at = clock.now()
        lease.lease_jobs(station, limit=1, actor=agent)
    assert waits == [3, 6, 12, 24, 30, 30]
    assert wait_before(1000) == timedelta(seconds=30)
    tell(job, "succeeded")
    assert (job.state, job.error_code, job.attempts) == ("succeeded", None, 7)


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "unknown", "not_started"])
def test_the_same_report_again_changes_nothing(job, tell, outcome):
    held = {"lease": job.lease, "attempt": job.attempts}
    tell(job, outcome)
    state = job.state
    assert tell(job, outcome, **held).state == state
    assert logs(job) == [(1, outcome)]


def test_an_old_report_again_after_the_next_attempt_began(job, tell, station, agent):
    held = {"lease": job.lease, "attempt": 1}
    tell(job, "not_started")
    with later(5):
        lease.lease_jobs(station, limit=1, actor=agent)
        assert tell(job, "not_started", **held).state == "sent"
        with pytest.raises(Conflict):
            tell(job, "succeeded", **held)
    assert (job.state, job.attempts) == ("sent", 2)


def test_another_outcome_after_the_end_is_refused(job, tell):
    tell(job, "succeeded")
    with pytest.raises(Conflict):
        tell(job, "failed")
    assert job.state == "succeeded"


def test_a_late_success_clears_the_doubt(job, tell, station, agent):
    lease.start_job(job.id, station=station, lease=job.lease, attempt=1)
    with later(31):
        lease.lease_jobs(station, limit=1, actor=agent)
        assert job.state == "unknown"
        tell(job, "succeeded")
    assert (job.state, job.error_code) == ("succeeded", None)


@pytest.mark.parametrize("outcome", ["failed", "unknown", "not_started"])
def test_late_news_that_clear_nothing_leave_it_to_a_person(job, tell, station, agent, outcome):
    lease.start_job(job.id, station=station, lease=job.lease, attempt=1)
    with later(31):
        lease.recover(actor=agent)
        tell(job, outcome, error_code="agent_stopped")
    assert (job.state, job.error_code) == ("unknown", "agent_restarted")
    assert logs(job) == [(1, outcome)]


def test_unknown_then_success_of_the_same_attempt(job, tell):
    tell(job, "unknown", error_code="no_proof_midway")
    tell(job, "succeeded")
    assert job.state == "succeeded"
    assert logs(job) == [(1, "succeeded")]


def test_a_late_success_after_a_person_had_it_printed_again_is_refused(job, tell, actor_for):
    held = {"lease": job.lease, "attempt": 1}
    tell(job, "unknown")
    retry_job(job.id, reason="没出纸", actor=actor_for("cashier"))
    with pytest.raises(Conflict):
        tell(job, "succeeded", **held)
    assert (job.state, job.reprint) == ("queued", 1)


def test_a_late_success_after_a_person_marked_it(job, tell, actor_for):
    held = {"lease": job.lease, "attempt": 1}
    tell(job, "unknown")
    mark_job(job.id, reason="看到纸了", actor=actor_for("cashier"))
    with pytest.raises(Conflict):
        tell(job, "succeeded", **held)
    assert job.state == "succeeded"


def test_a_strangers_lease_is_refused(job, tell):
    with pytest.raises(Conflict):
        tell(job, "succeeded", lease=uuid.uuid4())
    with pytest.raises(Conflict):
        tell(job, "succeeded", attempt=2)
    assert job.state == "sent"


def test_a_report_on_what_was_cancelled_is_refused(job, tell):
    job.state = "cancelled"
    with pytest.raises(Conflict):
        tell(job, "succeeded")


def test_another_stations_agent_finds_nothing(job, project, agent):
    report = AttemptReport(attempt=1, lease=job.lease, outcome=Outcome.SUCCEEDED)
    with pytest.raises(NotFound):
        settle(job.id, report, station=make_station(project), actor=agent)


def test_an_unknown_outcome_is_refused():
    with pytest.raises(Invalid):
        results.parse_outcome("maybe")

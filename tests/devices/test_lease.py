"""Handing out jobs: one at a time per device, in order, under a lease that ends."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.core.actor import Actor, system_actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.devices import lease
from app.devices.models import DeviceStatus
from tests.factories.devices import make_device, make_job, make_station

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture
def station(project):
    return make_station(project)


@pytest.fixture
def agent(station):
    projects = frozenset({station.project_id})
    return Actor(kind="device", id=station.id, name=station.name, projects=projects)


@pytest.fixture
def printer(station):
    return make_device(station)


@pytest.fixture(autouse=True)
def noon(clock_at):
    clock_at(2026, 11, 21, 4)


def take(station, agent, limit=5):
    return lease.lease_jobs(station, limit=limit, actor=agent)


def later(seconds):
    return clock.frozen(NOON + timedelta(seconds=seconds))


def test_a_job_is_leased_with_all_it_needs(station, agent, printer):
    job = make_job(printer)
    (got,) = take(station, agent)
    assert got is job
    assert (job.state, job.attempts, job.started_at) == ("sent", 1, None)
    assert job.leased_until == NOON + timedelta(seconds=30)
    assert isinstance(job.lease, uuid.UUID)


def test_one_device_has_one_job_at_a_time_and_in_order(station, agent, printer):
    first, second = make_job(printer), make_job(printer)
    assert take(station, agent) == [first]
    assert take(station, agent) == []
    first.state = "succeeded"
    assert take(station, agent) == [second]


def test_devices_work_side_by_side(station, agent, printer):
    other = make_device(station)
    jobs = [make_job(printer), make_job(printer), make_job(other)]
    assert take(station, agent) == [jobs[0], jobs[2]]


def test_no_more_than_was_asked_for(station, agent, printer):
    make_job(printer)
    make_job(make_device(station))
    assert len(take(station, agent, limit=1)) == 1


@pytest.mark.parametrize("state", ["succeeded", "failed", "unknown", "cancelled"])
def test_what_has_ended_is_not_handed_out(station, agent, printer, state):
    make_job(printer, state=state)
    assert take(station, agent) == []


def test_only_the_stations_own_active_devices(station, agent, project):
    make_job(make_device(station, is_active=False))
    make_job(make_device(make_station(project)))
    assert take(station, agent) == []


def test_a_waiting_job_holds_back_the_later_ones(station, agent, printer):
    waiting = make_job(printer, next_attempt_at=NOON + timedelta(seconds=3))
    make_job(printer)
    assert take(station, agent) == []
    with later(3):
        assert take(station, agent) == [waiting]


def test_a_lease_that_ran_out_before_the_start_is_handed_out_again(station, agent, printer):
    job = make_job(printer)
    (_got,) = take(station, agent)
    old = job.lease
    with later(31):
        assert take(station, agent) == [job]
    assert (job.state, job.attempts) == ("sent", 2)
    assert job.lease != old


def test_a_lease_that_ran_out_after_the_start_is_unknown(station, agent, printer):
    job = make_job(printer)
    take(station, agent)
    lease.start_job(job.id, station=station, lease=job.lease, attempt=1)
    behind = make_job(printer)
    with later(31):
        assert take(station, agent) == [behind]
    assert (job.state, job.error_code) == ("unknown", "agent_restarted")
    with later(100):
        assert job not in take(station, agent)


def test_recovering_looks_at_all_stations(station, agent, printer, project):
    job = make_job(printer)
    take(station, agent)
    with later(31):
        assert lease.recover(actor=agent, station_id=make_station(project).id) == 0
        assert lease.recover(actor=agent) == 1
    assert job.state == "queued"


# --- starting and renewing


def leased(station, agent, printer):
    job = make_job(printer)
    take(station, agent)
    return job


def test_starting_is_noted_once(station, agent, printer):
    job = leased(station, agent, printer)
    with later(10):
        lease.start_job(job.id, station=station, lease=job.lease, attempt=1)
    assert job.started_at == NOON + timedelta(seconds=10)
    with later(12):
        lease.start_job(job.id, station=station, lease=job.lease, attempt=1)
    assert job.started_at == NOON + timedelta(seconds=10)
    assert job.leased_until == NOON + timedelta(seconds=42)


def test_renewing_gives_thirty_seconds_more(station, agent, printer):
    job = leased(station, agent, printer)
    with later(20):
        lease.renew_lease(job.id, station=station, lease=job.lease)
    assert job.leased_until == NOON + timedelta(seconds=50)


@pytest.mark.parametrize("wrong", ["lease", "attempt", "state"])
def test_what_is_not_his_any_more_is_refused(station, agent, printer, wrong):
    job = leased(station, agent, printer)
    if wrong == "state":
        job.state = "cancelled"
    with pytest.raises(Conflict) as refused:
        lease.start_job(
            job.id,
            station=station,
            lease=uuid.uuid4() if wrong == "lease" else job.lease,
            attempt=2 if wrong == "attempt" else 1,
        )
    assert refused.value.code == "lease_lost"
    assert job.started_at is None


def test_another_stations_job_is_not_found(station, agent, printer, project):
    job = leased(station, agent, printer)
    with pytest.raises(NotFound):
        lease.start_job(job.id, station=make_station(project), lease=job.lease, attempt=1)


# --- what the agent gets


def test_a_reprint_is_marked_and_opens_no_drawer(printer):
    paper = {"title": "收据", "lines": [], "open_drawer": True}
    assert lease.printable(make_job(printer, payload=paper)) == paper
    again = lease.printable(make_job(printer, payload=paper, reprint=2))
    assert again == {"title": "收据", "lines": [], "open_drawer": False, "reprint": 2}


# --- heartbeat


def beat(station, *reports):
    return lease.record_heartbeat(reports, station=station, actor=system_actor("agent"))


def test_the_last_word_on_a_device_is_kept(station, printer):
    assert beat(station, (printer.id, "ok", "")) == 1
    beat(station, (printer.id, "paper_out", "no paper"))
    (status,) = db.session.query(DeviceStatus)
    assert (status.device_id, status.state, status.detail) == (printer.id, "paper_out", "no paper")


def test_other_stations_devices_are_passed_over(station, project):
    other = make_device(make_station(project))
    assert beat(station, (other.id, "ok", "")) == 0
    assert db.session.query(DeviceStatus).count() == 0


def test_an_unknown_state_is_refused(station, printer):
    with pytest.raises(Invalid):
        beat(station, (printer.id, "burning", ""))


def test_a_device_that_is_ready_again_gets_its_job_at_once(station, agent, printer):
    job = make_job(printer, next_attempt_at=NOON + timedelta(seconds=30))
    beat(station, (printer.id, "ok", ""))
    assert take(station, agent) == []  # it was never in trouble: the wait is the job's own
    beat(station, (printer.id, "paper_out", ""))
    assert take(station, agent) == []
    beat(station, (printer.id, "ok", ""))
    assert take(station, agent) == [job]

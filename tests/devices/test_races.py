"""Leases with real commits: many agents of one station, and a person beside the agent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError
from app.core.uow import unit_of_work
from app.devices import lease
from app.devices.models import DeviceJob
from app.devices.operations import cancel_job
from tests.factories.devices import make_device, make_job, make_station
from tests.factories.people import make_project

pytestmark = pytest.mark.commit


def side_by_side(app, actions):
    gate = Barrier(len(actions))

    def one(action):
        with app.app_context():
            gate.wait(30)
            try:
                return action()
            except DomainError as refused:
                return refused
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(one, actions))


def agent_of(station):
    projects = frozenset({station.project_id})
    return Actor(kind="device", id=station.id, name=station.name, projects=projects)


def test_ten_agents_of_one_station_share_no_job(committed):
    station = make_station(make_project())
    devices = [make_device(station) for _ in range(3)]
    for device in devices:
        for _ in range(4):
            make_job(device)
    agent = agent_of(station)
    db.session.commit()
    db.session.refresh(station)
    db.session.expunge(station)

    def ask():
        with unit_of_work(agent):
            return [job.id for job in lease.lease_jobs(station, limit=5, actor=agent)]

    for round_number in range(4):
        found = side_by_side(committed.app, [ask] * 10)
        assert not [one for one in found if isinstance(one, DomainError)]
        ids = [job_id for one in found for job_id in one]
        assert len(ids) == len(set(ids)) == 3, round_number
        for job in db.session.scalars(select(DeviceJob).where(DeviceJob.id.in_(ids))):
            job.state = "succeeded"
        db.session.commit()
    states = list(db.session.scalars(select(DeviceJob.state)))
    assert states == ["succeeded"] * 12


def test_starting_beside_cancelling(committed):
    """Either the agent may begin or the person has stopped it; never both."""
    project = make_project()
    station = make_station(project)
    cashier = committed.actor("cashier", project)
    agent = agent_of(station)
    jobs = [make_job(make_device(station)) for _ in range(12)]
    ids = [job.id for job in jobs]
    db.session.commit()
    db.session.refresh(station)
    db.session.expunge(station)
    with unit_of_work(agent):
        leases = {job.id: job.lease for job in lease.lease_jobs(station, limit=20, actor=agent)}
    assert set(leases) == set(ids)

    def start(job_id):
        def action():
            with unit_of_work(agent):
                lease.start_job(job_id, station=station, lease=leases[job_id], attempt=1)
                return "started"

        return action

    def cancel(job_id):
        def action():
            with unit_of_work(cashier):
                cancel_job(job_id, reason="", actor=cashier)
                return "cancelled"

        return action

    results = side_by_side(
        committed.app, [make(job_id) for job_id in ids for make in (start, cancel)]
    )
    for started, cancelled in zip(results[::2], results[1::2], strict=True):
        assert isinstance(started, DomainError) != isinstance(cancelled, DomainError)

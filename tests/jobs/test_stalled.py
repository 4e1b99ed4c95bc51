"""Jobs whose worker was killed: begun again, or cleared away."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from app.core.db import db
from app.jobs.worker import MOST_ATTEMPTS, make_worker_app, take_up_stalled

pytestmark = pytest.mark.commit


@pytest.fixture
def take_up(app, committed, monkeypatch):
    """``take_up()``: what the worker does every minute, on the committed database."""
    monkeypatch.setenv("DATABASE_DIRECT_URL", committed.url)

    async def run():
        queue = make_worker_app(app)
        async with queue.open_async():
            return await take_up_stalled(queue)

    return lambda: asyncio.run(run())


@pytest.fixture
def left():
    """``left("task")``: a job left by a worker whose heart stopped so many seconds ago."""

    def make(name, *, silent=600, attempts=0, lock=None):
        worker = db.session.scalar(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - make_interval(secs => :silent)) RETURNING id"
            ),
            {"silent": silent},
        )
        db.session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts,"
                " queueing_lock, worker_id)"
                " VALUES ('default', :name, 'doing', :attempts, :lock, :worker)"
            ),
            {"name": name, "attempts": attempts, "lock": lock, "worker": worker},
        )
        db.session.commit()

    return make


def jobs():
    found = db.session.execute(text("SELECT task_name, status::text FROM procrastinate_jobs"))
    kept = {row[0]: row[1] for row in found}
    db.session.commit()
    return kept


def test_a_job_of_a_dead_worker_is_begun_again(take_up, left):
    left("export")
    assert take_up() == 1
    assert jobs() == {"export": "todo"}
    assert take_up() == 0


def test_a_job_of_a_living_worker_is_left_alone(take_up, left):
    left("export", silent=5)
    assert take_up() == 0
    assert jobs() == {"export": "doing"}


def test_what_workers_die_of_is_given_up(take_up, left):
    left("export", attempts=MOST_ATTEMPTS - 1)
    take_up()
    assert jobs() == {"export": "failed"}


def test_what_runs_by_the_clock_is_cleared_away(take_up, left):
    left("sales.expire_holds", lock="sales.expire_holds")
    assert take_up() == 1
    assert jobs() == {}

"""The worker: procrastinate's app and what runs by the clock."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status

from app.core import idempotency
from app.core.actor import system_actor
from app.core.db import db
from app.core.uow import unit_of_work
from app.estate.operations import IMPORT_TASK
from app.jobs import prices
from app.jobs.sealing import seal_audit
from app.lists.operations import EXPORT_TASK
from app.logs.trace import traced
from app.upkeep import beat, metrics
from app.upkeep import operations as upkeep
from config import libpq_url

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("xiaokong.worker")

ACTOR = system_actor("worker")
_observers: list[Callable[[str, float, bool], None]] = [lambda _job, _seconds, _is_good: None]

#: seconds-first cron: holds and subscriptions end within ten seconds of their time
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_MINUTE = "* * * * *"
EVERY_HOUR = "17 * * * *"
MOST_ATTEMPTS = 3


def direct_url(app: Flask) -> str:
    """Return the database address past any pooler (the worker listens)."""
    return libpq_url(os.environ.get("DATABASE_DIRECT_URL") or str(app.config["DATABASE_URL"]))


def make_worker_app(app: Flask) -> App:
    """Return procrastinate's app with every periodic job, bound to this application."""
    queue = App(connector=PsycopgConnector(conninfo=direct_url(app)))
    for name, cron, work in _periodic():
        _add(queue, app, name, cron, work)
    _add_exports(queue, app)
    _add_nightly_backup(queue, app)
    _add_imports(queue, app)
    _take_up_stalled(queue)
    _seal_audit(queue, app)
    _carry_out_prices(queue, app)
    return queue


def _carry_out_prices(queue: App, app: Flask) -> None:
    """See every ten seconds to price plans whose day has come, each in a transaction of its own."""

    def carry_out(timestamp: int) -> int:  # noqa: ARG001 - procrastinate passes the scheduled second
        return prices.carry_out(app, ACTOR)

    task = queue.task(name=prices.TASK, queueing_lock=prices.TASK)(carry_out)
    queue.periodic(cron=EVERY_TEN_SECONDS, periodic_id=prices.TASK)(task)


def _seal_audit(queue: App, app: Flask) -> None:
    """Seal the audit every minute, in transactions of its own."""

    def seal(timestamp: int) -> int:  # noqa: ARG001 - procrastinate passes the scheduled second
        return seal_audit(app, ACTOR)

    task = queue.task(name="core.seal_audit", queueing_lock="core.seal_audit")(seal)
    queue.periodic(cron=EVERY_MINUTE, periodic_id="core.seal_audit")(task)


def _take_up_stalled(queue: App) -> None:
    """See every minute to the jobs of workers that are gone, which stay "doing" for ever else."""

    async def take_up(timestamp: int) -> int:  # noqa: ARG001 - as below
        return await take_up_stalled(queue)

    task = queue.task(name="jobs.take_up_stalled", queueing_lock="jobs.take_up_stalled")(take_up)
    queue.periodic(cron=EVERY_MINUTE, periodic_id="jobs.take_up_stalled")(task)


async def take_up_stalled(queue: App) -> int:
    """Begin the jobs of dead workers again; return how many there were.

    What runs by the clock comes again by itself and is only cleared away; so is, as failed, what
    was begun ``MOST_ATTEMPTS`` times: it may be what the workers died of.
    """
    stalled = list(await queue.job_manager.get_stalled_jobs())
    for job in stalled:
        log.warning("%s was left by a worker that is gone", job.call_string)
        if job.queueing_lock is not None:
            await queue.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        elif job.attempts + 1 >= MOST_ATTEMPTS:
            await queue.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
        else:
            await queue.job_manager.retry_job(job)
    return len(stalled)


def _add_exports(queue: App, app: Flask) -> None:
    def write(export_id: int) -> None:
        from app.admin.principal import read_actor
        from app.web import exports

        with app.app_context():
            try:
                exports.run(export_id, read_actor)
            finally:
                db.session.remove()

    queue.task(name=EXPORT_TASK)(write)


def _add_imports(queue: App, app: Flask) -> None:
    def carry_out(import_id: int) -> None:
        from app.jobs import imports

        with app.app_context():
            try:
                imports.carry_out(import_id)
            finally:
                db.session.remove()

    queue.task(name=IMPORT_TASK)(carry_out)


def _add(queue: App, app: Flask, name: str, cron: str, work: Callable[[], int]) -> None:
    def run(timestamp: int) -> int:  # noqa: ARG001 - procrastinate passes the scheduled second
        return run_operation(app, name, work)

    # A queueing lock: a job that is late is not queued twice. No lock for running: the job of a
    # worker that was killed stays "doing" for ever and would keep every later one from beginning,
    # and any number of runs of these operations may go on at once.
    task = queue.task(name=name, queueing_lock=name)(run)
    queue.periodic(cron=cron, periodic_id=name)(task)


def _add_nightly_backup(queue: App, app: Flask) -> None:
    """Have a backup made every night, where the environment says where to and for whom."""
    from app.upkeep import nightly

    if not nightly.is_wanted():
        return

    def run(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the scheduled second
        with app.app_context(), traced():
            try:
                nightly.back_up(app)
            finally:
                db.leave()

    task = queue.task(name="upkeep.backup", queueing_lock="upkeep.backup")(run)
    queue.periodic(cron=nightly.CRON, periodic_id="upkeep.backup")(task)


def run_operation(app: Flask, name: str, work: Callable[[], int]) -> int:
    """Run one operation as the system in one unit of work; return how many rows it touched."""
    with app.app_context(), traced():
        begun = time.perf_counter()
        try:
            with unit_of_work(ACTOR):
                count = work()
        except Exception:
            _measure(name, begun, is_good=False)
            log.exception("job failed", extra={"facts": {"job": name}})
            raise
        finally:
            db.leave()
        _measure(name, begun, is_good=True)
        if count:
            facts = {"job": name, "rows": count, "ms": _ms_since(begun)}
            log.info("job done", extra={"facts": facts})
    return count


def _measure(name: str, begun: float, *, is_good: bool) -> None:
    _observers[0](name, time.perf_counter() - begun, is_good)


def _ms_since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 1)


def _expire_holds() -> int:
    from app.sales import operations

    return operations.expire_holds(actor=ACTOR)


def _lapse_subscriptions() -> int:
    from app.sales import operations

    return operations.lapse_subscriptions(actor=ACTOR)


def _remind() -> int:
    from app.sales.notices import remind

    return remind(actor=ACTOR)


def _remind_of_days() -> int:
    from app.estate.notices import remind_of_days

    return remind_of_days(actor=ACTOR)


def _recover_leases() -> int:
    from app.devices.lease import recover

    # An agent that never comes back cannot be the one to say that its jobs are left over.
    return recover(actor=ACTOR)


def _tend_exports() -> int:
    from app.lists.operations import tend_exports

    return tend_exports(actor=ACTOR)


def _prune_exports() -> int:
    from app.web.exports import expire

    return expire(actor=ACTOR)


def _apply_days() -> int:
    from app.admin.memberships import apply_days

    return apply_days(actor=ACTOR)


def _prune() -> int:
    from app.admin.sessions import prune_sessions
    from app.admin.throttle import prune_failures
    from app.estate.operations import prune_events
    from app.notices.operations import prune_notices

    counts = sum(
        prune()
        for prune in (
            idempotency.prune,
            prune_failures,
            prune_sessions,
            prune_events,
            prune_notices,
        )
    )
    return counts + upkeep.prune(actor=ACTOR)


def _periodic() -> list[tuple[str, str, Callable[[], int]]]:
    return [
        ("sales.expire_holds", EVERY_TEN_SECONDS, _expire_holds),
        ("sales.lapse_subscriptions", EVERY_TEN_SECONDS, _lapse_subscriptions),
        ("devices.recover_leases", EVERY_TEN_SECONDS, _recover_leases),
        ("sales.remind", EVERY_MINUTE, _remind),
        ("admin.apply_days", EVERY_MINUTE, _apply_days),
        ("estate.remind", EVERY_HOUR, _remind_of_days),
        ("core.prune", EVERY_HOUR, _prune),
        ("lists.tend_exports", EVERY_TEN_SECONDS, _tend_exports),
        ("lists.prune_exports", EVERY_HOUR, _prune_exports),
    ]


def run_worker(app: Flask) -> None:
    """Work until told to stop."""
    queue = make_worker_app(app)
    _observers[0] = metrics.job_observer()
    alive = beat.start("worker", direct_url(app))
    options: dict[str, Any] = {"concurrency": 4, "fetch_job_polling_interval": 5}
    try:
        queue.run_worker(name="xiaokong", delete_jobs="successful", **options)
    finally:
        alive.end()

"""``/metrics`` for Prometheus: requests and jobs of this machine, and the state of the whole."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.actor import system_actor
from app.core.db import db
from app.upkeep import queries
from app.web import tracing

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Prometheus sees figures of every project, and no name
READER = system_actor("metrics")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, text, labels=labels)


class StateCollector:
    """Reads queues, devices, signs of life and the database when somebody asks."""

    def collect(self) -> Iterator[Any]:
        """Yield the gauges; without a database only that it does not answer."""
        up = _gauge("xiaokong_database_up", "1 if the database answers")
        try:
            found = list(self._read())
        except SQLAlchemyError:
            db.session.rollback()
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _read(self) -> Iterator[Any]:
        yield from self._database()
        yield from self._queue()
        yield from self._signs()
        yield from self._backup()

    def _database(self) -> Iterator[Any]:
        found = queries.read_database()
        for key, text in (
            ("size", "Bytes of the database"),
            ("connections", "Connections of the server"),
            ("max_connections", "Connections that the server allows"),
            ("oldest_transaction", "Seconds of the oldest open transaction"),
            ("oldest_write", "Seconds for which a writing transaction holds back the grids"),
            ("waiting_locks", "Locks that somebody waits for"),
        ):
            one = _gauge(f"xiaokong_database_{key}", text)
            one.add_metric([], found[key])
            yield one
        lag = _gauge("xiaokong_replica_lag_seconds", "Seconds a replica is behind", ("replica",))
        for replica in found["replicas"]:
            lag.add_metric([replica["name"]], replica["lag"])
        yield lag
        yield from self._pool()

    def _pool(self) -> Iterator[Any]:
        pool: Any = getattr(db.engine, "pool", None)
        if pool is None or not hasattr(pool, "checkedout"):
            return
        one = _gauge(
            "xiaokong_pool_connections", "Connections of the answering process", ("state",)
        )
        one.add_metric(["in_use"], pool.checkedout())
        one.add_metric(["idle"], pool.checkedin())
        yield one

    def _queue(self) -> Iterator[Any]:
        found = queries.read_queue()
        jobs = _gauge("xiaokong_jobs", "Background jobs by state", ("state",))
        for state in ("waiting", "doing", "failed"):
            jobs.add_metric([state], found[state])
        yield jobs
        oldest = _gauge("xiaokong_oldest_job_seconds", "Seconds the oldest due job has waited")
        oldest.add_metric([], found["oldest"])
        yield oldest
        papers = _gauge("xiaokong_device_jobs", "Open and troubled device jobs", ("state",))
        for state, count in queries.read_device_jobs(READER).items():
            papers.add_metric([state], count)
        yield papers

    def _signs(self) -> Iterator[Any]:
        now = clock.now()
        signs = _gauge(
            "xiaokong_process_silent_seconds",
            "Seconds since a kind of process was heard",
            ("process", "machine"),
        )
        streams = _gauge("xiaokong_live_streams", "Open screens", ("machine",))
        for one in queries.read_processes():
            age = (now - one["seen_at"]).total_seconds()
            signs.add_metric([one["process"], one["machine"]], age)
            if one["process"] == "live" and queries.alive(one, now):
                streams.add_metric([one["machine"]], one["streams"])
        yield signs
        yield streams
        agents = _gauge(
            "xiaokong_agent_silent_seconds", "Seconds since an agent was heard", ("station",)
        )
        for one in queries.read_stations(READER):
            if one["seen_at"] is not None:
                # By number: a station's name may be a person's.
                agents.add_metric([str(one["id"])], (now - one["seen_at"]).total_seconds())
        yield agents

    def _backup(self) -> Iterator[Any]:
        last, rehearsed = queries.last_good_backup(), queries.last_rehearsal()
        age = _gauge("xiaokong_backup_age_seconds", "Seconds since the last good backup")
        if last is not None and last.ended_at is not None:
            age.add_metric([], (clock.now() - last.ended_at).total_seconds())
        yield age
        rehearsal = _gauge("xiaokong_rehearsal_age_seconds", "Seconds since the last rehearsal")
        if rehearsed is not None:
            rehearsal.add_metric([], (clock.now() - rehearsed).total_seconds())
        yield rehearsal


def _observe_requests() -> None:
    from prometheus_client import REGISTRY, Counter, Histogram

    if "xiaokong_request_seconds" in getattr(REGISTRY, "_names_to_collectors", {}):
        return
    took = Histogram(
        "xiaokong_request_seconds", "Seconds of a request", ("endpoint",), buckets=BUCKETS
    )
    ended = Counter("xiaokong_requests", "Requests", ("endpoint", "method", "status"))

    def observe(endpoint: str, method: str, status: int, seconds: float) -> None:
        took.labels(endpoint).observe(seconds)
        ended.labels(endpoint, method, f"{status // 100}xx").inc()

    tracing.observers.append(observe)


def job_observer() -> Any:
    """Return a function (job, seconds, is_good) that measures, or one that does nothing."""
    if not os.environ.get("METRICS_TOKEN"):
        return lambda _job, _seconds, _is_good: None
    from prometheus_client import Histogram

    took = Histogram("xiaokong_job_seconds", "Seconds of a job", ("job", "outcome"))
    return lambda job, seconds, is_good: took.labels(job, "ok" if is_good else "failed").observe(
        seconds
    )


def may_read(header: str, token: str) -> bool:
    """Tell whether the header bears the token."""
    return bool(token) and hmac.compare_digest(header.encode(), f"Bearer {token}".encode())


def metrics() -> Response:
    """Answer with all figures. 404 without METRICS_TOKEN, 401 without the token."""
    token = current_app.config["METRICS_TOKEN"]
    if not token:
        abort(404)
    if not may_read(request.headers.get("Authorization", ""), token):
        abort(401)
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    registry.register(StateCollector())  # type: ignore[arg-type]
    text = generate_latest(registry)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
        text += generate_latest(shared)
    else:
        text += generate_latest(REGISTRY)
    return Response(text, content_type=CONTENT_TYPE)


def init_app(app: Flask) -> None:
    """Add the address; measure requests where somebody may read the figures."""
    app.add_url_rule("/metrics", "metrics", metrics)
    if app.config["METRICS_TOKEN"]:
        # Before prometheus_client is imported: the processes of a machine share one folder, and
        # the web server answers for all of them.
        shared = Path(app.config["DATA_DIR"]) / "run" / "metrics"
        folder = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(shared)))
        folder.mkdir(parents=True, exist_ok=True)
        _observe_requests()

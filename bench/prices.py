"""price_adjust_10k: 10,000 rooms from draft to new prices, beside the same statements in psql."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from bench.measure import Measure, Yardstick, measure
from bench.stage import KEYS, Stage
from bench.statements import parse

ROUNDS = 3
ROOMS = 10_000
APPROVERS = ("manager", "finance_manager", "director")


def run(stage: Stage, scale: float) -> list[Measure]:
    """Draft a rise of all rooms, have it approved, see it in force; then psql does the same."""
    from app import create_app
    from app.core.actor import Actor, system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.workflows.sync import install_flows

    stage.sql("VACUUM ANALYZE")
    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        with unit_of_work(system_actor("bench")):
            install_flows()
            people: dict[str, int] = _make_people(stage)
        db.session.remove()
        actors: dict[str, Actor] = _actors(people)
        ours = statistics.median(_seconds(stage, actors) for _ in range(ROUNDS))
        in_force = statistics.median(_seconds(stage, actors, last=True) for _ in range(ROUNDS))
        script = _record(app, stage, actors)
        db.session.remove()
        db.engine.dispose()
    theirs = statistics.median(_psql(stage, script) for _ in range(ROUNDS))
    print(f"of these, the transaction that changes the prices: {in_force:.2f} s")
    return [
        measure(
            "price_adjust_10k", ours, "s", scale=scale, better="lower", goal=1.6,
            yardstick=Yardstick("psql, the same statements s", theirs),
        )
    ]  # fmt: skip


def _make_people(stage: Stage) -> dict[str, int]:
    from app.core.db import db
    from app.estate.models import Project
    from tests.factories.people import make_user

    project = db.session.get_one(Project, stage.project_id)
    return {role: make_user(role, projects=[project]).id for role in ("steward", "gm", *APPROVERS)}


def _actors(people: dict[str, int]) -> dict[str, Any]:
    from app.admin.principal import read_actor

    return {role: read_actor(user_id) for role, user_id in people.items()}


def _seconds(stage: Stage, actors: dict[str, Any], *, last: bool = False) -> float:
    """Return what one adjustment takes, or with ``last`` the step that changes the prices."""
    begun = time.perf_counter()
    step = _adjust(stage, actors)
    ended = time.perf_counter()
    return ended - step if last else ended - begun


def _adjust(stage: Stage, actors: dict[str, Any]) -> float:
    """Draft, send and approve, each step in its own transaction; return when the last began."""
    from app.core.uow import unit_of_work
    from app.pricing import operations
    from app.pricing.operations import Adjustment, PlanHead
    from app.pricing.queries import RoomSelection, get_price_plan
    from app.workflows import engine

    head = PlanHead("测量调价", RoomSelection(stage.project_id))
    with unit_of_work(actors["steward"]):
        plan_id = operations.draft_adjusted_plan(
            head, adjustment=Adjustment(percent=Decimal(1)), actor=actors["steward"]
        ).id
    with unit_of_work(actors["steward"]):
        plan = get_price_plan(plan_id)
        request_id = operations.submit_price_plan(plan, reason="测量", actor=actors["steward"]).id
    begun = 0.0
    for role in APPROVERS:
        begun = time.perf_counter()
        with unit_of_work(actors[role]):
            request = engine.approve(request_id, comment="同意", actor=actors[role])
    with unit_of_work(actors["steward"]):
        assert request.result == {"price_plan_id": plan_id, "rooms": ROOMS}, request.result
    return begun


def _record(app: Any, stage: Stage, actors: dict[str, Any]) -> str:
    """Return the statements of one adjustment, which is undone as if it had never been."""
    sequences = stage.sql("SELECT sequencename, last_value, last_value IS NULL FROM pg_sequences")
    with _undone(app, stage):
        before = stage.server_log.stat().st_size
        _adjust(stage, actors)
        with stage.server_log.open("rb") as log:
            log.seek(before)
            lines = parse(log.read().decode())
    restart = [
        f"SELECT setval('{name}', {value or 1}, {str(not fresh).lower()})"
        for name, value, fresh in sequences
    ]
    whole = [line for line in lines if not re.match(r"(BEGIN|COMMIT|ROLLBACK)\b(?! TO)", line)]
    return "\n".join(
        line.rstrip().rstrip(";") + ";"
        for line in (*restart, "\\timing on\nBEGIN", *whole, "ROLLBACK")
    )


@contextmanager
def _undone(app: Any, stage: Stage) -> Iterator[None]:
    from sqlalchemy import create_engine

    from app.core.db import db
    from config import sqlalchemy_url

    engines = db._app_engines[app]
    kept = engines[None]
    logged = create_engine(
        sqlalchemy_url(stage.url), connect_args={"options": "-c log_statement=all"}
    )
    db.session.remove()
    with logged.connect() as connection:
        outer = connection.begin()
        connection.name = logged.name
        engines[None] = connection
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            db.session.remove()
            db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
            engines[None] = kept
            outer.rollback()
    logged.dispose()


def _psql(stage: Stage, script: str) -> float:
    command = [stage.cluster.program("psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", stage.url]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    taken = re.findall(r"^Time: ([\d.]+) ms", done.stdout, re.MULTILINE)
    return sum(float(ms) for ms in taken) / 1000

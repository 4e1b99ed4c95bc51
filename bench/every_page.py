"""page_slowest: the server's time for every page of the demo, opened by one who sees them all."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask
from sqlalchemy import text

from bench.measure import Measure, measure
from bench.stage import KEYS, Stage

#: a person does not notice that he waits
GOAL_MS = 300
ROUNDS = 5
SHOWN = 5


def run(stage: Stage, scale: float) -> list[Measure]:
    """Open every page some times; the figure is the slowest one's best time."""
    from app import create_app
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.demo.load import load_demo
    from app.workflows.sync import install_flows
    from tests.conformance.pages import addresses

    given = {"DATABASE_URL": stage.url, "DATA_DIR": str(stage.folder), **KEYS}
    app = create_app(given)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        with unit_of_work(system_actor("bench")):
            install_flows()
        load_demo()
        cookie = _see_all()
        pages = addresses(app, _first_row)
        db.session.remove()
    times = _times(app, cookie, pages)
    with app.app_context():
        db.engine.dispose()
    for page, ms in sorted(times.items(), key=lambda pair: -pair[1])[:SHOWN]:
        print(f"{ms:8.1f} ms  {page}")
    slowest = max(times.values())
    return [
        measure(
            "page_slowest", slowest, "ms", scale=scale, better="lower", goal=GOAL_MS, by="value"
        )
    ]


def _see_all() -> dict[str, Any]:
    """Make a user with every role over the whole group; return what his cookie holds."""
    from app.core.actor import system_actor
    from app.core.permissions import PRESET_ROLES
    from app.core.uow import unit_of_work
    from tests.factories.people import make_user, open_sign_in

    with unit_of_work(system_actor("bench")):
        roles = [code for code, _title in PRESET_ROLES.values()]
        opened = open_sign_in(make_user(roles, username="sees-all", whole_group=True))
        return {"uid": opened.user_id, "key": opened.key}


def _first_row(table: str) -> Any:
    from app.core.db import db

    return db.session.scalar(text(f"SELECT min(id) FROM {table}"))


def _times(app: Flask, cookie: dict[str, Any], pages: dict[str, str]) -> dict[str, float]:
    client = app.test_client()
    with client.session_transaction() as kept:
        kept.update(cookie)
    times = {}
    for page, address in pages.items():
        if client.get(address).status_code == 200:
            times[page] = min(_timed(client, address) for _round in range(ROUNDS))
    assert len(times) > 80, len(times)
    return times


def _timed(client: Any, address: str) -> float:
    begun = time.perf_counter()
    client.get(address).close()
    return (time.perf_counter() - begun) * 1000

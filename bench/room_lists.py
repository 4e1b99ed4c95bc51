"""rooms_list_1m and rooms_list_growth: the list of rooms in a database of a million of them."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import requests
from werkzeug.security import generate_password_hash

from bench.measure import Measure, Yardstick, measure
from bench.pages import PASSWORD, rate, signed_in, stock_application, stock_signed_in
from bench.stage import KEYS, Stage, free_port, serve

ROOMS = 1_000_000
VIEWER = "bench-viewer"
LIST = "/rooms/list/"
STOCK_GOAL, GROWTH_GOAL = 5.0, 1.2
TURNS = 60


def run(stage: Stage, scale: float) -> list[Measure]:
    """Open the list among 10,000 and among a million rooms, and the stock list of the million."""
    _add_viewer(stage)
    # A million at any scale: among fewer, the stock list is not slow yet.
    grown = _grow(stage, ROOMS)
    each = max(10, int(100 * scale))
    with _served(stage, grown) as port, stock_application(stage, grown) as stock:
        ours, theirs = signed_in(port, VIEWER), stock_signed_in(stock)
        rates = [
            (rate(port, ours, LIST, each), rate(stock, theirs, LIST, each)) for _turn in range(2)
        ]
        few, many = _seconds((stage.port, signed_in(stage.port, VIEWER)), (port, ours))
    value, stick = (max(side) for side in zip(*rates, strict=True))
    print(f"one page: {few * 1000:.1f} ms of 10,000 rooms, {many * 1000:.1f} ms of the many")
    return [
        measure(
            "rooms_list_1m", value, "pages/s", scale=scale, better="higher", goal=STOCK_GOAL,
            yardstick=Yardstick("stock list pages/s", stick),
        ),
        measure(
            "rooms_list_growth", many / few, "times", scale=scale, better="lower",
            goal=GROWTH_GOAL, by="value",
        ),
    ]  # fmt: skip


def _add_viewer(stage: Stage) -> None:
    """Add one who sees the whole group."""
    from app import create_app
    from app.core.actor import system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from tests.factories.people import make_user

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        with unit_of_work(system_actor("bench")):
            make_user(
                "manager", whole_group=True, username=VIEWER,
                password=generate_password_hash(PASSWORD),
            )  # fmt: skip
        db.session.remove()
        db.engine.dispose()


def _grow(stage: Stage, rooms: int) -> str:
    """Make a second database of the first, with so many rooms more; return its address."""
    from app import create_app
    from app.core.db import db
    from app.demo.scale import make_scale

    parts = urlsplit(stage.url)
    name = parts.path.strip("/")
    url = urlunsplit(parts._replace(path="/grown"))
    # A database is copied while nobody is in it.
    stage.process.terminate()
    stage.process.wait(timeout=30)
    server = urlunsplit(parts._replace(path="/postgres"))
    with closing(psycopg2.connect(server)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f'CREATE DATABASE grown TEMPLATE "{name}"')
    app = create_app({"DATABASE_URL": url, **KEYS})
    with app.app_context():
        make_scale(rooms, anyway=True, told=print)
        db.session.remove()
        db.engine.dispose()
    stage.process = serve(
        "app:create_app()", stage.port, _environment(stage, stage.url), stage.folder / "web.log"
    )
    return url


def _environment(stage: Stage, url: str) -> dict[str, str]:
    return {**os.environ, **KEYS, "DATABASE_URL": url, "DATA_DIR": str(stage.folder)}


@contextmanager
def _served(stage: Stage, url: str) -> Iterator[int]:
    port = free_port()
    process = serve("app:create_app()", port, _environment(stage, url), stage.folder / "grown.log")
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _seconds(*sides: tuple[int, str]) -> list[float]:
    """Return each side's median; they are opened in turn, so that what else runs falls on both."""
    taken: list[list[float]] = [[] for _side in sides]
    for _turn in range(TURNS):
        for (port, cookie), found in zip(sides, taken, strict=True):
            begun = time.perf_counter()
            answer = requests.get(
                f"http://127.0.0.1:{port}{LIST}", headers={"Cookie": cookie}, timeout=60
            )
            found.append(time.perf_counter() - begun)
            assert answer.status_code == 200, answer.status_code
    return [statistics.median(found[5:]) for found in taken]

"""What pages cost: signing in beside the password's hash, pages beside stock Flask-AppBuilder."""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import requests
from werkzeug.security import check_password_hash, generate_password_hash

from bench.measure import Measure, Yardstick, measure
from bench.stage import KEYS, Stage, free_port, serve
from config import ROOT, sqlalchemy_url

PASSWORD = "bench-in-the-office-1"
STOCK_USER, STOCK_PASSWORD = "stock", "stock-in-the-bench-1"
CLIENTS = 4
#: a page of ours is scoped, translated and framed, and still no slower than the bare framework's
PAGE_GOAL = 1.0
#: signing in is the hash and little else
SIGN_IN_GOAL = 1.5
SIGN_INS = 15


def run(stage: Stage, scale: float) -> list[Measure]:
    """Measure each page of ours and its yardstick one after the other, in the same run."""
    user, deal = _set_scene(stage)
    each = max(10, int(400 * scale))
    with stock_application(stage, stage.url) as stock:
        ours, theirs = signed_in(stage.port, user), stock_signed_in(stock)
        work = "/work/" if _opens(stage.port, ours, "/work/") else "/"
        pages = {
            "page_list": ("/rooms/list/", "/rooms/list/", "stock list pages/s"),
            "page_detail": (f"/sales/subscriptions/show/{deal}", "/deals/show/1", "stock pages/s"),
            "page_workbench": (work, "/rooms/list/", "stock list pages/s"),
        }
        found = [_sign_in(stage, user, scale)]
        for name, (own, bare, words) in pages.items():
            # One after the other twice: what the machine does besides falls on both.
            rates = [
                (rate(stage.port, ours, own, each), rate(stock, theirs, bare, each))
                for _turn in range(2)
            ]
            value, stick = (max(side) for side in zip(*rates, strict=True))
            found.append(
                measure(
                    name, value, "pages/s", scale=scale, better="higher", goal=PAGE_GOAL,
                    yardstick=Yardstick(words, stick),
                )
            )  # fmt: skip
    return found


def _set_scene(stage: Stage) -> tuple[str, int]:
    """Give the first user a password and a deal; return his name and the deal's id."""
    from app import create_app
    from app.admin.principal import read_actor
    from app.core.actor import acting, system_actor
    from app.core.db import db
    from app.core.uow import unit_of_work
    from app.estate.models import Project, Room
    from tests.factories.customers import make_customer
    from tests.factories.pricing import make_payment_method
    from tests.factories.sales import make_subscription

    app = create_app({"DATABASE_URL": stage.url, **KEYS})
    with app.app_context():
        actor = read_actor(stage.users[0])
        assert actor is not None
        with unit_of_work(system_actor("bench")):
            project = db.session.get_one(Project, stage.project_id)
            make_payment_method(project)
            room = db.session.query(Room).order_by(Room.id.desc()).first()
            with acting(actor):
                customer = make_customer(project, actor)
                made = make_subscription(room, actor, buyers=[(customer, Decimal(100))]).id
        db.session.remove()
        db.engine.dispose()
    stage.sql(
        "UPDATE ab_user SET password = %(hash)s WHERE id = %(id)s",
        {"hash": generate_password_hash(PASSWORD), "id": stage.users[0]},
    )
    name = stage.sql("SELECT username FROM ab_user WHERE id = %(id)s", {"id": stage.users[0]})
    return str(name[0][0]), made


def _sign_in(stage: Stage, user: str, scale: float) -> Measure:
    """Time the POST of the door, and the check of the password's hash alone."""
    stored = generate_password_hash(PASSWORD)
    own, bare = [], []
    for _each in range(SIGN_INS):
        browser = requests.Session()
        form = _form(browser, stage.port, user)
        begun = time.perf_counter()
        answer = browser.post(_address(stage.port, "/login/"), data=form, allow_redirects=False)
        own.append(time.perf_counter() - begun)
        assert answer.status_code == 302, answer.text[:300]
        begun = time.perf_counter()
        assert check_password_hash(stored, PASSWORD)
        bare.append(time.perf_counter() - begun)
    yardstick = Yardstick("the hash alone ms", statistics.median(bare) * 1000)
    value = statistics.median(own) * 1000
    return measure(
        "page_sign_in", value, "ms", scale=scale, better="lower", goal=SIGN_IN_GOAL,
        yardstick=yardstick,
    )  # fmt: skip


def _address(port: int, path: str) -> str:
    return f"http://127.0.0.1:{port}{path}"


def _form(browser: requests.Session, port: int, user: str) -> dict[str, str]:
    page = browser.get(_address(port, "/login/"), timeout=30).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token, page[:500]
    return {"csrf_token": token[1], "username": user, "password": PASSWORD, "next": "/"}


def signed_in(port: int, user: str) -> str:
    browser = requests.Session()
    answer = browser.post(
        _address(port, "/login/"), data=_form(browser, port, user), allow_redirects=False
    )
    assert answer.status_code == 302, answer.text[:300]
    return _cookies(browser)


def stock_signed_in(port: int) -> str:
    browser = requests.Session()
    form = {"username": STOCK_USER, "password": STOCK_PASSWORD}
    browser.post(_address(port, "/login/"), data=form, timeout=30)
    return _cookies(browser)


def _cookies(browser: requests.Session) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in browser.cookies)


def _opens(port: int, cookie: str, path: str) -> bool:
    headers = {"Cookie": cookie}
    answer = requests.get(_address(port, path), headers=headers, timeout=30, allow_redirects=False)
    return answer.status_code == 200


def rate(port: int, cookie: str, path: str, each: int) -> float:
    """Return pages a second with four clients on kept connections; every one must succeed."""
    _open_all(port, cookie, path, 5)
    begun = time.perf_counter()
    _open_all(port, cookie, path, each)
    return CLIENTS * each / (time.perf_counter() - begun)


def _open_all(port: int, cookie: str, path: str, each: int) -> None:
    failures: list[str] = []

    def work() -> None:
        with requests.Session() as browser:
            browser.headers.update({"Cookie": cookie, "Accept-Encoding": "identity"})
            for _turn in range(each):
                answer = browser.get(_address(port, path), timeout=60)
                if answer.status_code != 200 or "/login" in answer.url:
                    failures.append(f"{answer.status_code} {answer.url} {answer.text[:200]}")

    threads = [threading.Thread(target=work) for _client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:2]


@contextlib.contextmanager
def stock_application(stage: Stage, source: str) -> Iterator[int]:
    """Serve the stock application over the rooms of ``source``; yield its port."""
    stage.sql("CREATE DATABASE stock")
    url = urlunsplit(urlsplit(stage.url)._replace(path="/stock"))
    environment = {
        **os.environ,
        "STOCK_URL": sqlalchemy_url(url),
        "STOCK_USER": STOCK_USER,
        "STOCK_PASSWORD": STOCK_PASSWORD,
        "PYTHONWARNINGS": "ignore",
    }
    # Once alone: its tables and permissions are made.
    subprocess.run(
        [sys.executable, "-c", "from bench.stock import create_app; create_app()"],
        cwd=ROOT, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    _copy(source, url)
    port = free_port()
    process = serve("bench.stock:create_app()", port, environment, stage.folder / "stock.log")
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


#: table of the stock application → where its rows come from
_COPIED = {
    "building": "SELECT id, name FROM estate_building",
    "room": "SELECT id, building_id, floor_name, number, gross_area, inside_area, orientation,"
    " status FROM estate_room",
    "deal": "SELECT 1, number, room_id, state, list_total, deal_total, deal_unit_price,"
    " subscribed_at, lapses_at FROM sales_subscription LIMIT 1",
}


def _copy(source: str, url: str) -> None:
    with (
        contextlib.closing(psycopg2.connect(source)) as one,
        contextlib.closing(psycopg2.connect(url)) as other,
        one.cursor() as reader,
        other.cursor() as writer,
    ):
        for table, select in _COPIED.items():
            with tempfile.TemporaryFile() as rows:
                reader.copy_expert(f"COPY ({select}) TO STDOUT", rows)
                rows.seek(0)
                writer.copy_expert(f"COPY {table} FROM STDIN", rows)
        writer.execute("ANALYZE")
        other.commit()

"""The rig: embedded PostgreSQL, savepoint per test, real commits on clones, no sockets outside."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from app.core import clock, settings
from app.core.actor import Actor, set_actor
from app.core.db import db
from tests import database
from tests.factories.people import (
    make_organization,
    make_project,
    make_user,
    open_sign_in,
    token_for,
)

# Nothing here is judged by the clock: a busy machine is slow, not wrong.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config._xk_server = database.Server()
        database.make_template(config._xk_server.cluster.url)


#: what looks at the whole server's transactions or counts seconds. What only starts processes or a
#: browser of its own runs beside the others: a horizon held back elsewhere does not disturb it.
ALONE = (
    "tests/grid/test_changes.py",
    "tests/grid/test_browser.py",
    "tests/live/",
    "tests/devices/test_agent",
    "tests/devices/test_simulator",
    "tests/devices/test_driver",
    "tests/finance/test_counter.py",
    "tests/scenarios/test_story",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(ALONE):
            item.add_marker(pytest.mark.alone)


def pytest_unconfigure(config: pytest.Config) -> None:
    server = getattr(config, "_xk_server", None)
    if server is not None:
        server.stop()


_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> Any:
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        message = f"tests may not connect to {address}"
        raise RuntimeError(message)
    return _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_outside() -> Iterator[None]:
    socket.socket.connect = _loopback_only  # type: ignore[method-assign]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _clean_memory() -> Iterator[None]:
    """A process works on several databases here, whose rows have the same ids."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    from app.admin.principal import forget_principals
    from app.web.projects import forget_names

    set_actor(None)
    settings.forget()
    forget_principals()
    forget_names()


class CommittingClient(FlaskClient):
    """Ends the test's own transaction first, as every real request starts with none.

    A request inside a test's application context shares its ``g``; a real one has its own.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.commit()
        for name in list(g):
            g.pop(name)
        return super().open(*args, **kwargs)


@contextmanager
def application() -> Iterator[Flask]:
    """An application on a database of its own."""
    from app import create_app

    # A port that is ours and that nobody answers on: `make run` may be serving its usual ones.
    with database.cloned("xk_worker") as url, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        made = create_app(
            {
                "DATABASE_URL": url,
                "LIVE_PORT": silent.getsockname()[1],
                "TESTING": True,
                "WTF_CSRF_ENABLED": False,
                **database.KEYS,
            }
        )
        # Errors are answered as users see them; a test that wants the exception says so.
        made.config["PROPAGATE_EXCEPTIONS"] = False
        made.test_client_class = CommittingClient
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="session")
def app() -> Iterator[Flask]:
    """The application that this worker's tests share; a test that adds views makes its own."""
    with application() as made:
        yield made


@pytest.fixture
def session(app: Flask) -> Iterator[Any]:
    """A session inside one outer transaction that is rolled back; code under test may commit."""
    with app.app_context():
        engines = db._app_engines[app]
        engine = engines[None]
        with engine.connect() as connection:
            outer = connection.begin()
            connection.name = engine.name  # type: ignore[attr-defined] - the framework asks for it
            engines[None] = connection
            db.session.session_factory.configure(join_transaction_mode="create_savepoint")
            try:
                yield db.session
            finally:
                db.session.remove()
                db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
                engines[None] = engine
                outer.rollback()


@pytest.fixture
def client(app: Flask, session: Any) -> FlaskClient:  # noqa: ARG001 - the session comes first
    return app.test_client()


@pytest.fixture
def project(session: Any) -> Any:  # noqa: ARG001
    """A project under a company."""
    return make_project()


@pytest.fixture
def user_for(session: Any, project: Any) -> Callable[..., Any]:  # noqa: ARG001
    """``user_for("consultant")``: a user with that role in the test's project."""

    def make(role: str, *, project: Any = project, **more: Any) -> Any:
        return make_user(role, projects=[] if project is None else [project], **more)

    return make


@pytest.fixture
def actor_for(user_for: Callable[..., Any]) -> Callable[..., Actor]:
    """``actor_for("consultant")``: such a user as an actor."""
    from app.admin.principal import read_actor

    def make(role: str, **more: Any) -> Actor:
        actor = read_actor(user_for(role, **more).id)
        assert actor is not None
        return actor

    return make


@pytest.fixture
def sign_in() -> Callable[..., FlaskClient]:
    """``sign_in(client, user)``: the client's cookie is that user's from now on."""

    def enter(client: FlaskClient, user: Any) -> FlaskClient:
        opened = open_sign_in(user)
        with client.session_transaction() as cookie:
            cookie["uid"], cookie["key"] = opened.user_id, opened.key
        return client

    return enter


@pytest.fixture
def bearer(session: Any) -> Callable[[Any], dict[str, str]]:  # noqa: ARG001
    """``bearer(user)``: the header of a token for that user."""
    return lambda user: {"Authorization": f"Bearer {token_for(user)}"}


@pytest.fixture
def clock_at() -> Iterator[Callable[..., None]]:
    """``clock_at(2026, 11, 21, 9)``: the clock stands still there (UTC)."""
    frozen = []

    def stop(*moment: int) -> None:
        manager = clock.frozen(datetime(*moment, tzinfo=UTC))  # type: ignore[arg-type]
        manager.__enter__()
        frozen.append(manager)

    yield stop
    while frozen:
        frozen.pop().__exit__(None, None, None)


@dataclass
class Committed:
    """An application on a database of its own, where commits are real."""

    app: Flask
    url: str

    def actor(self, role: str, project: Any = None, **more: Any) -> Actor:
        from app.admin.principal import read_actor

        user = make_user(role, projects=[] if project is None else [project], **more)
        db.session.commit()
        actor = read_actor(user.id)
        assert actor is not None
        db.session.rollback()
        return actor


@pytest.fixture
def committed(app: Flask) -> Iterator[Committed]:
    """For races, kills and second processes: a clone of the template that really commits."""
    with database.cloned("xk_commit") as url:
        engines = db._app_engines[app]
        before = engines[None]
        from config import sqlalchemy_url

        engines[None] = create_engine(sqlalchemy_url(url), pool_size=40, max_overflow=40)
        try:
            with app.app_context():
                yield Committed(app, url)
                db.session.remove()
        finally:
            engines[None].dispose()
            engines[None] = before


@pytest.fixture
def group(session: Any) -> Any:  # noqa: ARG001
    """The top of an organization tree."""
    return make_organization()

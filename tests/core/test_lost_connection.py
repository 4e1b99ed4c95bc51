"""A connection that dies at any moment of a request: an answer of ours, and no trace of it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import Babel
from sqlalchemy import create_engine, text

from app.core.db import db
from app.core.errors import Conflict
from app.web import errors
from config import sqlalchemy_url

pytestmark = pytest.mark.commit


@pytest.fixture
def small(committed):
    """An application of three addresses on the committed database, each losing its connection."""
    app = Flask("small")
    app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(committed.url)
    Babel(app)
    db.init_app(app)
    errors.init_app(app)

    def lose():
        number = db.session.scalar(text("SELECT pg_backend_pid()"))
        kill(committed.url, number)

    @app.get("/api/read")
    def read():
        lose()
        return "read"

    @app.get("/api/refused")
    def refused():
        lose()
        raise Conflict("taken", code="room_taken")

    @app.get("/api/asked")
    def asked():
        lose()
        db.session.execute(text("SELECT 1"))
        return "never"

    @app.get("/api/well")
    def well():
        return str(db.session.scalar(text("SELECT 7")))

    yield app
    with app.app_context():
        db.engine.dispose()


def kill(url, number):
    engine = create_engine(sqlalchemy_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})
    engine.dispose()


@pytest.mark.parametrize(
    ("path", "status"), [("/api/read", 200), ("/api/refused", 409), ("/api/asked", 503)]
)
def test_the_answer_stands_and_the_next_request_is_well(small, path, status):
    client = small.test_client()
    for _each in range(3):
        assert client.get(path).status_code == status
        assert client.get("/api/well").text == "7"


def test_a_job_that_loses_its_connection_at_the_end_leaves_no_session(small, committed):
    with small.app_context():
        number = db.session.scalar(text("SELECT pg_backend_pid()"))
        kill(committed.url, number)
        db.leave()
        assert not db.session.registry.has()
        assert db.session.scalar(text("SELECT 8")) == 8

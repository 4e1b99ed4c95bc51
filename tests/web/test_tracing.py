"""One id finds the whole story: answer, log, audit, the paper and the agent's calls."""

from __future__ import annotations

import io
import json
import logging
import uuid

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.core.audit import AuditEntry
from app.core.db import db
from app.logs.shape import JsonShape
from app.upkeep.models import Fault
from tests.conftest import application


@pytest.fixture
def written():
    """What the process writes down meanwhile."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonShape("web"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_every_answer_carries_an_id_that_the_log_knows(client, written):
    answer = client.get("/healthz")
    assert len(answer.headers["X-Request-ID"]) == 16
    answer = client.get("/login/", headers={"X-Request-ID": "proxy-0123-abcd"})
    assert answer.headers["X-Request-ID"] == "proxy-0123-abcd"
    lines = [line for line in written() if line.get("request_id") == "proxy-0123-abcd"]
    assert [line["message"] for line in lines] == ["request"]
    assert lines[0]["status"] == answer.status_code


def test_an_id_that_could_be_a_persons_is_not_taken(client):
    answer = client.get("/healthz", headers={"X-Request-ID": "13812345678"})
    assert answer.headers["X-Request-ID"] != "13812345678"


def test_searches_names_and_numbers_are_not_in_the_log(client, bearer, user_for, project, written):
    head = bearer(user_for("consultant"))
    client.get("/api/v1/customers/?q=张三丰&mobile=13812345678", headers=head)
    client.get("/customers/list/?q=zhangsanfeng", headers=head)
    client.post(
        "/api/v1/customers",
        json={
            "kind": "person", "name": "李四光", "mobile": "13912345678", "project_id": project.id,
            "id_kind": "resident_id", "id_number": "11010519491231002X",
        },
        headers=head,
    )  # fmt: skip
    client.post(
        "/api/v1/security/login",
        json={"username": "wanglaowu", "password": "very-secret-1", "provider": "db"},
    )
    told = json.dumps(written(), ensure_ascii=False)
    assert "request" in told
    for secret in ("张三丰", "13812345678", "zhangsanfeng", "李四光", "13912345678",
                   "11010519491231002X", "very-secret-1", "wanglaowu",
                   head["Authorization"][10:40]):  # fmt: skip
        assert secret not in told


@pytest.fixture(scope="module")
def broken():
    """An application with two addresses that fail."""
    with application() as app:

        @app.get("/broken/<name>")
        def page(name):
            message = f"no such thing as {name} 13812345678"
            raise RuntimeError(message)

        @app.get("/api/v1/broken")
        def call():
            raise RuntimeError("张三丰")

        app.test_client_class = FlaskClient
        yield app


@pytest.mark.parametrize("address", ["/broken/zhangsan", "/api/v1/broken"])
def test_the_number_on_the_error_page_finds_the_line_and_the_fault(broken, written, address):
    answer = broken.test_client().get(address)
    assert answer.status_code == 500
    number = answer.headers["X-Request-ID"]
    assert number in answer.get_data(as_text=True)
    lines = [line for line in written() if line.get("request_id") == number]
    failed = [line for line in lines if line["level"] == "error"]
    assert len(failed) == 1
    assert failed[0]["error_id"] == number
    assert "builtins.RuntimeError" in failed[0]["error"][-1]
    told = json.dumps(lines, ensure_ascii=False)
    assert "13812345678" not in told
    assert "张三丰" not in told
    with broken.app_context():
        fault = db.session.scalar(select(Fault).where(Fault.last_request_id == number))
        assert fault is not None
        assert fault.kind == "builtins.RuntimeError"
        db.session.remove()


def test_the_same_fault_is_counted(broken):
    browser = broken.test_client()
    for _time in range(3):
        browser.get("/broken/again")
    with broken.app_context():
        counted = db.session.scalar(select(Fault.count).where(Fault.during == "page"))
        db.session.remove()
    assert counted >= 3


def test_a_slow_request_and_a_slow_statement_are_written_without_values(
    app, client, written, monkeypatch
):
    monkeypatch.setitem(app.config, "SLOW_REQUEST_MS", 0)
    client.get("/login/")
    slow = [line for line in written() if line["message"] == "slow request"]
    assert slow[0]["level"] == "warning"
    from sqlalchemy import create_engine

    from app.core import slow as slowness

    engine = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    slowness.watch(engine, milliseconds=20)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(0.05), :name"), {"name": "zhangsanfeng"})
    engine.dispose()
    line = next(line for line in written() if line["message"] == "slow statement")
    assert line["ms"] >= 20
    assert "pg_sleep" in line["statement"]
    assert "zhangsanfeng" not in json.dumps(line)


def test_audit_and_device_job_carry_the_id(client, bearer, user_for, project):
    number = f"story-{uuid.uuid4().hex[:8]}x"
    head = {**bearer(user_for("steward")), "X-Request-ID": number}
    body = {"project_id": project.id, "name": "9栋", "position": 9}
    assert client.post("/api/v1/buildings/", json=body, headers=head).status_code == 201
    found = db.session.scalars(
        select(AuditEntry.table_name).where(AuditEntry.request_id == number)
    ).all()
    assert "estate_building" in found

"""Whatever goes wrong with a customer's data, no log and no error page repeats them."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from app.customers import operations
from app.logs.shape import HumanShape, JsonShape
from tests.factories.customers import make_mobile, make_resident_id

PERSON = {"name": "上官不可说", "address": "机密路七号", "remark": "家有三口"}


@pytest.fixture
def secrets_of():
    mobile, number = make_mobile(), make_resident_id()
    return {**PERSON, "mobile": mobile, "id_number": number}


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG)
    # A level per logger would keep what a debugging administrator sees out of this test.
    for name in ("sqlalchemy.pool", "xiaokong", "xiaokong.web", "werkzeug", "app"):
        caplog.set_level(logging.DEBUG, logger=name)
    shapes = (JsonShape("web"), HumanShape())
    return lambda: "\n".join(shape.format(one) for one in caplog.records for shape in shapes)


@pytest.fixture
def consultant(client, sign_in, user_for):
    return sign_in(client, user_for("consultant"))


def check(said, values, *others):
    for name, value in values.items():
        for place in (said, *others):
            assert value not in place, name


def broken_by(sql):
    """An operation whose statement the database refuses, quoting the row."""

    def register(**given):
        operations.db.session.execute(text(sql), given)

    return register


REFUSALS = {
    "a check": "INSERT INTO customers_customer (project_id, kind, name, mobile, mobile_tail,"
    " address, remark, owner_id, id_number_tail) SELECT id, 'ghost', :name, :mobile, '1234',"
    " :address, :remark, 1, '1' FROM estate_project LIMIT 1",
    "too long": "UPDATE customers_customer SET mobile_tail = :name || :mobile",
    "no such column": "SELECT :name, :mobile, :address, nothing FROM customers_customer",
    "no number": "SELECT CAST(:name || :mobile || :id_number AS integer)",
}


@pytest.mark.parametrize("sql", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("rest", [True, False], ids=["rest", "page"])
def test_a_failure_inside_is_logged_without_the_person(
    client, consultant, project, monkeypatch, logged, secrets_of, sql, rest
):
    monkeypatch.setattr(
        operations,
        "register_customer",
        lambda **_given: broken_by(sql)(**secrets_of),
    )
    assert consultant
    body = {"kind": "person", "project_id": project.id, **secrets_of}
    if rest:
        answer = client.post("/api/v1/customers/", json=body)
        repeated = answer.text
    else:
        answer = client.post("/customers/add", data={**body, "id_kind": "", "sex": ""})
        repeated = ""
    assert answer.status_code in (409, 422, 500)
    check(logged(), secrets_of, repeated)
    if answer.status_code == 500:
        assert "unexpected error" in logged()
        check(answer.text, secrets_of)


def test_a_refused_form_is_not_logged(client, sign_in, user_for, project, logged, secrets_of):
    sign_in(client, user_for("consultant"))
    right = secrets_of["id_number"]
    wrong = {**secrets_of, "id_number": right[:-1] + ("1" if right[-1] != "1" else "2")}
    body = {"kind": "person", "project_id": project.id, **wrong}
    answer = client.post("/api/v1/customers/", json=body)
    assert answer.status_code == 422
    check(logged(), wrong, answer.text)
    assert client.get(f"/customers/list/?q={secrets_of['mobile']}").status_code == 200
    assert right not in logged()

"""Customers over REST."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.core.audit import list_entries
from app.core.db import db
from app.customers.models import Customer
from tests.factories.customers import make_customer, make_mobile, make_resident_id
from tests.factories.people import make_project

URL = "/api/v1/customers"


@pytest.fixture
def call(client, bearer):
    def send(method, path, user, status, **more):
        answer = getattr(client, method)(path, headers=bearer(user), **more)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    return send


def test_registering_and_reading_back(call, user_for, project):
    user = user_for("consultant")
    number = make_resident_id()
    body = {
        "project_id": project.id,
        "consent": True,
        "kind": "person",
        "name": "王小明",
        "mobile": "+86 138-0013-8000",
        "id_kind": "resident_id",
        "id_number": number,
        "birthday": None,
    }
    made = call("post", URL, user, 201, json=body)
    assert made["mobile"] == "13800138000"
    assert made["birthday"] == "1990-01-01"
    assert made["id_number"].endswith(number[-4:])
    assert number not in str(made)
    assert made["owner"] == {"id": user.id, "name": user.full_name}
    assert call("get", f"{URL}/{made['id']}", user, 200) == made


def test_without_a_project_the_only_one_is_meant(call, user_for, project):
    body = {"name": "王小明", "mobile": make_mobile(), "consent": True}
    made = call("post", URL, user_for("consultant"), 201, json=body)
    assert made["project_id"] == project.id
    assert made["kind"] == "person"


def test_wrong_fields_are_named(call, user_for, project):
    body = {"project_id": project.id, "name": "", "mobile": "123", "id_number": "456"}
    refused = call("post", URL, user_for("consultant"), 422, json=body)
    assert refused["error"] == "invalid"
    assert set(refused["fields"]) == {"name", "mobile", "id_number"}


def test_a_duplicate_says_whose_and_no_more(call, user_for, project):
    first, second = user_for("consultant", first_name="陈顾问"), user_for("consultant")
    customer = make_customer(project, first, name="李秘密")
    body = {"project_id": project.id, "name": "王小明", "mobile": customer.mobile, "consent": True}
    refused = call("post", URL, second, 409, json=body)
    assert refused["error"] == "duplicate"
    assert "customer_id" not in refused
    assert "陈顾问" in refused["message"]
    assert "李" not in str(refused)
    own = call("post", URL, first, 409, json=body)
    assert own["customer_id"] == customer.id


def test_search_and_pages(call, user_for, project):
    user = user_for("consultant")
    ids = [make_customer(project, user, name=f"欧阳{n}").id for n in range(3)]
    page = call("get", f"{URL}?q=欧阳&limit=2", user, 200)
    assert [row["id"] for row in page["result"]] == [ids[2], ids[1]]
    assert page["count"] == 3
    rest = call("get", f"{URL}?q=欧阳&limit=2&cursor={page['next']}", user, 200)
    assert [row["id"] for row in rest["result"]] == [ids[0]]
    assert rest["next"] is None


def test_others_phones_are_masked(call, user_for, project):
    customer = make_customer(project, user_for("consultant"), mobile="13912345678")
    for role in ("manager", "director", "gm", "controller"):
        row = call("get", f"{URL}/{customer.id}", user_for(role), 200)
        assert row["mobile"] == "139****5678", role
        assert row["birthday"] is None


def test_what_is_outside_scope_is_not_there(call, user_for, project):
    colleague, user = user_for("consultant"), user_for("consultant")
    far = user_for("manager", project=make_project())
    customer = make_customer(project, colleague)
    for who in (user, far):
        call("get", f"{URL}/{customer.id}", who, 404)
        call("post", f"{URL}/{customer.id}/reveal", who, 404)
        assert call("get", f"{URL}?q={customer.mobile}", who, 200)["result"] == []
        call("patch", f"{URL}/{customer.id}", who, 404, json={"remark": "x"})
    body = {"project_id": make_project().id, "name": "王", "mobile": make_mobile()}
    call("post", URL, user, 404, json=body)


@pytest.mark.parametrize("role", ["cashier", "admin", "steward", "service"])
def test_who_has_no_customers_is_refused(call, user_for, role):
    call("get", URL, user_for(role), 403)


def test_nobody_signed_in_sees_anything(client):
    assert client.get(URL).status_code == 401
    assert client.post(URL, json={}).status_code == 401


def test_changing_one_thing(call, user_for, project):
    user = user_for("consultant")
    customer = make_customer(project, user, address="深圳")
    changed = call("patch", f"{URL}/{customer.id}", user, 200, json={"remark": "喜欢高层"})
    assert (changed["remark"], changed["address"]) == ("喜欢高层", "深圳")


def test_seeing_the_whole_is_written_down(call, user_for, project):
    owner, manager, director = (user_for(role) for role in ("consultant", "manager", "director"))
    number = make_resident_id()
    customer = make_customer(project, owner, document=number)
    call("post", f"{URL}/{customer.id}/reveal", manager, 403)
    shown = call("post", f"{URL}/{customer.id}/reveal", director, 200)
    assert shown == {"mobile": customer.mobile, "id_number": number}
    entries = list_entries("customers_customer", customer.id)
    assert [entry.actor for entry in entries if entry.action == "reveal"] == [
        f"user:{director.id}"
    ] * 2


def test_no_number_reaches_the_logs(call, user_for, project, caplog):
    user = user_for("consultant")
    number = make_resident_id()
    body = {
        "project_id": project.id,
        "name": "王",
        "mobile": make_mobile(),
        "id_number": number,
        "consent": True,
    }
    with caplog.at_level(0):
        made = call("post", URL, user, 201, json=body)
        call("post", URL, user, 409, json=body)
        call("post", f"{URL}/{made['id']}/reveal", user, 200)
        call("get", f"{URL}?q={number}", user, 200)
    assert number not in caplog.text
    assert db.session.scalar(select(Customer.id).where(Customer.id == made["id"]))


def test_a_key_keeps_no_number_in_plain(call, client, bearer, user_for, project):
    user = user_for("consultant")
    number = make_resident_id()
    body = {
        "project_id": project.id,
        "name": "王小明",
        "mobile": make_mobile(),
        "id_number": number,
        "consent": True,
    }
    made = call("post", URL, user, 201, json=body)
    headers = {**bearer(user), "Idempotency-Key": "k"}
    shown = client.post(f"{URL}/{made['id']}/reveal", headers=headers)
    assert shown.get_json()["id_number"] == number
    kept = db.session.scalars(text("SELECT answer::text FROM core_idempotency"))
    assert number not in "".join(kept)

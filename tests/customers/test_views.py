"""Pages of customers."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.core.audit import list_entries
from app.core.db import db
from app.customers.models import Customer
from tests.factories.customers import make_customer, make_mobile, make_resident_id
from tests.factories.people import make_project

LIST = "/customers/list/"


@pytest.fixture
def page(client, sign_in):
    def get(user, path, status=200, **form):
        sign_in(client, user)
        answer = client.post(path, data=form) if form else client.get(path)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    return get


def form(**values):
    return {
        "kind": "person",
        "name": "王小明",
        "mobile": make_mobile(),
        "id_kind": "",
        "id_number": "",
        "sex": "",
        "birthday": "",
        "source": "",
        "address": "",
        "remark": "",
        "consent": "y",
        **values,
    }


def test_the_list_shows_ones_own_and_nothing_of_others(page, user_for, project):
    user, colleague = user_for("consultant"), user_for("consultant")
    mine = make_customer(project, user, name="欧阳小明")
    make_customer(project, colleague, name="李秘密")
    text = page(user, LIST)
    assert "欧阳小明" in text
    assert mine.mobile in text
    assert "李秘密" not in text


def test_a_manager_sees_all_with_masked_phones(page, user_for, project):
    customer = make_customer(project, user_for("consultant"), mobile="13912345678")
    manager = user_for("manager")
    for path in (LIST, f"/customers/show/{customer.id}", f"/customers/edit/{customer.id}"):
        text = page(manager, path)
        assert customer.name in text, path
        assert "139****5678" in text, path
        assert "13912345678" not in text, path


@pytest.mark.parametrize("q", ["阳小", "5678", "13912345678"])
def test_the_search_box_finds_as_customers_are_searched(page, user_for, project, q):
    user = user_for("consultant")
    make_customer(project, user, name="欧阳小明", mobile="13912345678")
    make_customer(project, user, name="李四", mobile="13900000000")
    text = page(user, f"{LIST}?q={q}")
    assert "欧阳小明" in text
    assert "李四" not in text


def test_registering_by_the_form(page, user_for, project):
    user = user_for("consultant")
    assert "该项目" not in page(user, "/customers/add")
    number = make_resident_id()
    page(user, "/customers/add", 302, **form(id_kind="resident_id", id_number=number))
    customer = db.session.scalars(select(Customer)).one()
    assert (customer.name, customer.owner_id, customer.project_id) == (
        "王小明",
        user.id,
        project.id,
    )
    assert customer.id_number_tail == number[-4:]
    assert customer.consented_at is not None
    assert number not in page(user, f"/customers/show/{customer.id}")


def test_errors_stand_beside_their_fields_and_nothing_is_lost(page, user_for):
    user = user_for("consultant")
    typed = form(mobile="138001", id_number="110100199001011234", remark="喜欢高层，南向")
    text = page(user, "/customers/add", 422, **typed)
    assert "喜欢高层，南向" in text
    assert 'value="138001"' in text
    assert 'id="mobile-error"' in text
    assert 'id="id_number-error"' in text
    assert db.session.scalars(select(Customer)).all() == []


def test_a_duplicate_is_told_in_the_form(page, user_for, project):
    colleague = user_for("consultant", first_name="陈顾问")
    customer = make_customer(project, colleague, name="李秘密")
    text = page(user_for("consultant"), "/customers/add", 422, **form(mobile=customer.mobile))
    assert "陈顾问" in text
    assert "李秘密" not in text


def test_changing_by_the_form(page, user_for, project):
    user = user_for("consultant")
    customer = make_customer(project, user)
    cipher = customer.id_number_cipher
    typed = form(name="王大明", mobile=customer.mobile, remark="要南向")
    del typed["kind"]
    page(user, f"/customers/edit/{customer.id}", 302, **typed)
    db.session.refresh(customer)
    assert (customer.name, customer.remark) == ("王大明", "要南向")
    assert customer.id_number_cipher == cipher


def test_a_manager_changes_without_touching_what_he_does_not_see(page, user_for, project):
    customer = make_customer(project, user_for("consultant"), address="深圳")
    mobile, birthday = customer.mobile, customer.birthday
    typed = form(name=customer.name, mobile=customer.masked_mobile, remark="转给陈顾问")
    del typed["kind"]
    page(user_for("manager"), f"/customers/edit/{customer.id}", 302, **typed)
    db.session.refresh(customer)
    assert (customer.mobile, customer.birthday, customer.address) == (mobile, birthday, "深圳")
    assert customer.remark == "转给陈顾问"


def test_seeing_the_whole_is_shown_once_and_written_down(page, user_for, project):
    number = make_resident_id()
    customer = make_customer(project, user_for("consultant"), document=number)
    director, manager = user_for("director"), user_for("manager")
    assert "reveal" not in page(manager, f"/customers/show/{customer.id}")
    page(manager, f"/customers/reveal/{customer.id}", 403, x="1")
    text = page(director, f"/customers/reveal/{customer.id}", 200, x="1")
    assert number in text
    assert customer.mobile in text
    assert number not in page(director, f"/customers/show/{customer.id}")
    entries = list_entries("customers_customer", customer.id)
    assert len([entry for entry in entries if entry.action == "reveal"]) == 2


def test_what_is_outside_scope_is_not_there(page, user_for, project):
    customer = make_customer(project, user_for("consultant"))
    colleague = user_for("consultant")
    far = user_for("manager", project=make_project())
    for user in (colleague, far):
        for path in ("show", "edit"):
            page(user, f"/customers/{path}/{customer.id}", 404)
        page(user, f"/customers/edit/{customer.id}", 404, **form())
        page(user, f"/customers/reveal/{customer.id}", 404, x="1")
        assert customer.name not in page(user, LIST)


@pytest.mark.parametrize("role", ["cashier", "steward", "admin", "controller"])
def test_who_has_no_customers_is_refused(page, user_for, role):
    page(user_for(role), LIST, 403)
    page(user_for(role), "/customers/add", 403)


def test_a_stranger_is_led_to_the_door(client, project):  # noqa: ARG001
    answer = client.get(LIST)
    assert answer.status_code == 302
    assert "/login" in answer.location


def test_choices_for_other_forms(client, sign_in, user_for, project):
    owner, controller = user_for("consultant"), user_for("controller")
    customer = make_customer(project, owner, name="欧阳小明", mobile="13912345678", document=None)
    sign_in(client, controller)
    (found,) = client.get("/customers/choices?q=阳小").get_json()["result"]
    assert (found["id"], found["text"]) == (customer.id, "欧阳小明")
    assert "139****5678" in found["detail"]
    sign_in(client, user_for("consultant"))
    assert client.get("/customers/choices?q=阳小").get_json()["result"] == []
    sign_in(client, user_for("cashier"))
    assert client.get("/customers/choices?q=阳小").status_code == 403

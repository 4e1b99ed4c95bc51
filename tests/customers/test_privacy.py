"""Personal information law: consent with its purpose, anonymizing, a copy for the person."""

from __future__ import annotations

import io

import openpyxl
import pytest
from sqlalchemy import func, select, text

from app.core import clock
from app.core.audit import list_entries
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.customers import operations, privacy
from app.customers.models import Customer
from app.customers.settings import PURPOSE
from tests.factories.customers import make_customer, make_mobile, make_resident_id
from tests.factories.pricing import make_room_for_sale
from tests.factories.sales import make_hold, make_subscription


def register(actor, project, **more):
    values = {"name": "欧阳无名", "mobile": make_mobile(), "id_number": make_resident_id()}
    values = {"consent": True, **values, **more}
    return operations.register_customer(
        project_id=project.id, kind="person", actor=actor, address="天河路一号", **values
    )


def test_consent_is_written_down_with_what_it_is_for(project, actor_for):
    agreed = register(actor_for("consultant"), project)
    assert agreed.consented_at is not None
    assert agreed.consent_purpose == PURPOSE.default


def test_nobody_is_kept_who_has_not_agreed(project, actor_for, client, bearer, sign_in, user_for):
    with pytest.raises(Invalid) as refused:
        register(actor_for("consultant"), project, consent=False)
    assert set(refused.value.fields) == {"consent"}
    user = user_for("consultant")
    body = {"project_id": project.id, "name": "欧阳无名", "mobile": make_mobile(), "consent": False}
    answer = client.post("/api/v1/customers/", json=body, headers=bearer(user))
    assert (answer.status_code, list(answer.get_json()["fields"])) == (422, ["consent"])
    form = {"kind": "person", "name": "欧阳无名", "mobile": make_mobile(), "id_kind": "", "sex": ""}
    answer = sign_in(client, user).post("/customers/add", data=form)
    assert answer.status_code == 422
    assert "consent" in answer.text
    assert db.session.scalar(select(func.count(Customer.id))) == 0


def test_a_program_that_has_asked_the_person_itself_need_not_say_so(
    project, client, bearer, user_for
):
    """``POST customers`` of interfaces.md names no consent; programs rely on that."""
    body = {"project_id": project.id, "name": "欧阳无名", "mobile": make_mobile()}
    answer = client.post("/api/v1/customers/", json=body, headers=bearer(user_for("consultant")))
    assert answer.status_code == 201, answer.text
    assert db.session.scalars(select(Customer)).one().consented_at is None


def test_nothing_of_the_person_is_left_anywhere(project, actor_for, session):
    customer = register(actor_for("consultant"), project, remark="太太姓慕容")
    number, mobile = "", customer.mobile
    number = operations.reveal_identity_number(customer, actor=actor_for("director"))
    director = actor_for("director")
    privacy.anonymize_customer(customer, reason="本人要求删除", actor=director)
    held = session.execute(
        text(
            "SELECT string_agg(row_to_json(c)::text, '') FROM customers_customer c"
            " UNION ALL SELECT string_agg(concat(before::text, after::text), '')"
            " FROM core_audit_entry"
        )
    ).scalars()
    everything = "".join(one or "" for one in held)
    for secret in ("欧阳无名", mobile, number, "天河路一号", "慕容"):
        assert secret not in everything, secret
    # Four digits stand in any time of day and many a number; as a value of their own they may not.
    assert f'"{number[-4:]}"' not in everything
    assert str(customer) != "*"
    assert customer.masked_mobile == ""
    assert list_entries("customers_customer", customer.id, actions=("anonymize",))[0].after == {
        "reason": "本人要求删除"
    }


def test_it_is_done_once_with_a_reason_by_who_may(project, actor_for):
    consultant = actor_for("consultant")
    customer = register(consultant, project)
    with pytest.raises(NotAllowed):
        privacy.anonymize_customer(customer, reason="x", actor=consultant)
    director = actor_for("director")
    with pytest.raises(Invalid):
        privacy.anonymize_customer(customer, reason=" ", actor=director)
    privacy.anonymize_customer(customer, reason="撤回同意", actor=director)
    with pytest.raises(Conflict):
        privacy.anonymize_customer(customer, reason="撤回同意", actor=director)


def test_two_anonymized_customers_do_not_collide_and_the_phone_is_free(project, actor_for):
    consultant, director = actor_for("consultant"), actor_for("director")
    first, second = register(consultant, project), register(consultant, project)
    mobile = first.mobile
    for one in (first, second):
        privacy.anonymize_customer(one, reason="撤回同意", actor=director)
    assert register(consultant, project, mobile=mobile).id not in (first.id, second.id)


def test_a_live_hold_keeps_the_data(project, actor_for):
    consultant = actor_for("consultant")
    customer = make_customer(project, consultant)
    make_hold(make_room_for_sale(project=project), consultant, customer=customer)
    with pytest.raises(Conflict, match=r"held for this customer|预留"):
        privacy.anonymize_customer(customer, reason="要求", actor=actor_for("director"))


def test_a_deal_keeps_the_data_until_the_legal_time_is_over(project, actor_for, session):
    consultant = actor_for("consultant")
    customer = make_customer(project, consultant)
    room = make_room_for_sale(project=project)
    deal = make_subscription(room, consultant, buyers=[(customer, "100.00")])
    director = actor_for("director")
    with pytest.raises(Conflict) as refused:
        privacy.anonymize_customer(customer, reason="要求", actor=director)
    assert deal.number in str(refused.value.message)
    session.execute(
        text("UPDATE sales_subscription SET state = 'ended', state_at = :at WHERE id = :id"),
        {"at": clock.now(), "id": deal.id},
    )
    session.execute(text("UPDATE sales_hold SET state = 'released'"))
    with pytest.raises(Conflict, match="5"):
        privacy.anonymize_customer(customer, reason="要求", actor=director)
    session.execute(
        text("UPDATE sales_subscription SET state_at = '2020-01-01' WHERE id = :id"),
        {"id": deal.id},
    )
    privacy.anonymize_customer(customer, reason="期满", actor=director)
    assert customer.anonymized_at is not None


def test_the_copy_holds_everything_and_is_written_down(client, sign_in, user_for, project):
    customer = make_customer(project, user_for("consultant"), name="诸葛有名")
    director = user_for("director")
    path = f"/customers/copy/{customer.id}"
    sign_in(client, user_for("consultant"))
    assert client.post(path, data={"purpose": "x"}).status_code in (403, 404)
    sign_in(client, director)
    answer = client.post(path, data={"purpose": "本人来函查阅"})
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    words = {cell.value for sheet in book for row in sheet for cell in row}
    assert {"诸葛有名", customer.mobile} <= words
    assert len(book.sheetnames) == 5
    entry = list_entries("customers_customer", customer.id, actions=("copy",))[0]
    assert (entry.actor, entry.after) == (f"user:{director.id}", {"purpose": "本人来函查阅"})
    page = client.get(f"/customers/show/{customer.id}").text
    assert "本人来函查阅" in page
    assert director.full_name in page


def test_who_looked_is_shown_to_those_charged_with_it_only(client, sign_in, user_for, project):
    owner = user_for("consultant")
    customer = make_customer(project, owner)
    sign_in(client, user_for("director"))
    client.post(f"/customers/reveal/{customer.id}")
    assert "查看完整个人信息" in client.get(f"/customers/show/{customer.id}").text
    sign_in(client, owner)
    assert 'id="copy"' not in client.get(f"/customers/show/{customer.id}").text


def test_the_page_blanks_a_customer_after_asking_why(client, sign_in, user_for, project):
    customer = make_customer(project, user_for("consultant"), name="司马要走")
    sign_in(client, user_for("director"))
    path = f"/customers/act/anonymize?id={customer.id}"
    assert client.get(path).status_code == 200
    answer = client.post(path, data={"_form": "1", "id": customer.id, "reason": "本人要求"})
    assert answer.status_code == 302, answer.text[:500]
    db.session.refresh(customer)
    assert customer.anonymized_at is not None
    shown = client.get(f"/customers/show/{customer.id}").text
    assert "司马要走" not in shown
    assert "已匿名客户" in shown

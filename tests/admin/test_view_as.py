"""Seeing the product as somebody else: his menu and rows, and nothing changed."""

from __future__ import annotations

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.admin import second_factor, view_as
from app.admin.models import SignInSession
from app.admin.principal import read_actor
from app.core.audit import AuditEntry
from app.core.errors import NotAllowed
from app.core.uow import unit_of_work
from tests.factories.customers import make_customer
from tests.factories.people import make_project, make_user


@pytest.fixture
def browser(client, sign_in, user_for):
    return sign_in(client, user_for("admin", project=None, whole_group=True))


def test_the_menu_is_the_roles_and_nothing_can_be_changed(browser, session, user_for):
    role = session.scalars(select(Role).where(Role.name == "cashier")).one()
    other = user_for("consultant")
    session.commit()
    assert browser.get("/users/list/").status_code == 200
    browser.post("/view-as/", data={"role": role.id})
    page = browser.get("/my-requests/")
    assert 'class="watching"' in page.text
    assert browser.get("/users/list/").status_code == 403
    assert browser.get("/accounts/list/").status_code == 200
    again = browser.post("/view-as/", data={"user": other.id})
    assert again.status_code == 403
    browser.post("/view-as/end")
    assert browser.get("/users/list/").status_code == 200
    steps = session.scalars(
        select(AuditEntry.action).where(AuditEntry.action.like("view_as%")).order_by(AuditEntry.id)
    )
    assert list(steps) == ["view_as", "view_as_end"]


def test_a_user_is_seen_with_his_rows_and_without_whole_phones(browser, session, project, user_for):
    seller = user_for("consultant")
    customer = make_customer(project, seller, name="看得见的客户")
    session.commit()
    browser.post("/view-as/", data={"user": seller.id})
    page = browser.get(f"/customers/show/{customer.id}")
    assert page.status_code == 200
    assert customer.mobile not in page.text
    for path, data in (
        (f"/customers/edit/{customer.id}", {"name": "改了", "mobile": customer.mobile}),
        ("/password/", {"current": "x", "password": "another Horse 2", "again": "another Horse 2"}),
    ):
        assert browser.post(path, data=data).status_code in (403, 422)
    session.refresh(customer)
    assert customer.name == "看得见的客户"
    body = {"kind": "person", "name": "新", "mobile": "13900000000", "project_id": project.id}
    assert browser.post("/api/v1/customers", json=body).status_code == 403


def test_the_unit_of_work_refuses_who_only_looks(actor_for, user_for):
    admin, seller = actor_for("admin", project=None, whole_group=True), user_for("consultant")
    seen = view_as.seen_as(role_id=None, user_id=seller.id, actor=admin)
    with pytest.raises(NotAllowed), unit_of_work(seen):
        pytest.fail("nothing runs")


def test_nobody_looks_through_rights_beyond_his_own(session, actor_for):
    regional = actor_for("admin")
    role = session.scalars(select(Role).where(Role.name == "director")).one()
    with pytest.raises(NotAllowed):
        view_as.seen_as(role_id=role.id, user_id=None, actor=regional)
    stranger = make_user("admin", projects=[make_project()])
    with pytest.raises(NotAllowed):
        view_as.seen_as(role_id=None, user_id=stranger.id, actor=regional)
    with pytest.raises(NotAllowed):
        view_as.seen_as(role_id=role.id, user_id=None, actor=actor_for("manager"))


def test_a_session_that_may_no_longer_look_is_itself_again(browser, session, user_for):
    seller = user_for("consultant")
    session.commit()
    browser.post("/view-as/", data={"user": seller.id})
    seller.active = False
    session.commit()
    assert 'class="watching"' not in browser.get("/users/list/").text


def test_the_secret_of_a_second_factor_is_not_seen_through_anothers_eyes(
    browser, session, user_for
):
    seller = user_for("consultant")
    himself = read_actor(seller.id)
    second_factor.begin_enrolment(actor=himself)
    secret = second_factor.secret_of_enrolment(himself)
    session.commit()
    browser.post("/view-as/", data={"user": seller.id})
    assert browser.get("/account/second-factor/picture.svg").status_code == 404
    page = browser.get("/account/second-factor/")
    assert page.status_code == 403
    assert secret[:4] not in page.text


@pytest.mark.parametrize("way", ["/logout/", "/switch/"])
def test_who_looks_can_sign_himself_out(browser, session, user_for, way):
    seller = user_for("consultant")
    session.commit()
    browser.post("/view-as/", data={"user": seller.id})
    answer = browser.post(way)
    assert answer.status_code == 302
    assert browser.get("/users/list/").status_code == 302
    ended = session.scalars(select(SignInSession.end_reason)).all()
    assert ended == ["signed_out" if way == "/logout/" else "switched"]

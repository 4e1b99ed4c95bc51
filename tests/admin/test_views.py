"""The system pages: seen and changed by those who may, and by nobody else."""

from __future__ import annotations

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.admin import queries
from app.admin.models import AppUser
from app.core import settings
from app.finance.settings import OPEN_DRAWER, RECEIPT_COPIES
from app.sales.settings import HOLD_DAYS

PAGES = ("/users/list/", "/roles/list/", "/organizations/list/", "/audit/list/", "/settings/")


@pytest.fixture
def admin(client, user_for, sign_in):
    return sign_in(client, user_for("admin", project=None, whole_group=True))


@pytest.mark.parametrize("page", PAGES)
def test_system_pages_are_for_administrators(client, user_for, sign_in, page):
    assert sign_in(client, user_for("admin")).get(page).status_code == 200
    assert sign_in(client, user_for("consultant")).get(page).status_code == 403


def test_a_user_is_made_on_the_page(admin, session):
    role = session.scalar(select(Role).where(Role.name == "cashier"))
    made = admin.post(
        "/users/add",
        data={
            "full_name": "收银员甲",
            "username": "till",
            "role": [role.id],
            "password": "another Horse 2",
        },
    )
    user = session.scalar(select(AppUser).where(AppUser.username == "till"))
    assert made.location == f"/users/show/{user.id}"
    assert [one.name for one in user.roles] == ["cashier"]
    weak = admin.post("/users/add", data={"full_name": "x", "username": "y", "password": "weak"})
    assert 'id="password-error"' in weak.text
    assert "weak" not in weak.text.split('id="password-error"')[0].rpartition("<input")[2]


def test_a_role_is_changed_on_its_page(admin, session):
    role = session.scalar(select(Role).where(Role.name == "seal"))
    page = admin.get(f"/roles/show/{role.id}")
    assert 'value="estate.room:see"' in page.text
    wanted = {"right": ["estate.room:see", "grid.grid:see"]}
    before = queries.rights_of(role.id)
    shown = admin.post(f"/roles/show/{role.id}", data=wanted).text
    assert 'name="confirmed"' in shown
    assert "<ins>" in shown or "<del>" in shown
    assert queries.rights_of(role.id) == before
    stale = {**wanted, "confirmed": "1", "seen": ["estate.room:see"]}
    assert admin.post(f"/roles/show/{role.id}", data=stale).status_code == 409
    assert queries.rights_of(role.id) == before
    admin.post(f"/roles/show/{role.id}", data={**stale, "seen": sorted(before)})
    held = queries.rights_of(role.id)
    assert "estate.room:see" in held
    assert held <= {"estate.room:see", "grid.grid:see"}


def test_a_role_is_not_changed_by_who_may_only_see(client, user_for, sign_in, session):
    role = session.scalar(select(Role).where(Role.name == "admin"))
    rights = queries.rights_of(role.id) - {"admin.role:edit"}
    from app.admin import roles
    from app.core.actor import system_actor

    roles.edit_role(role, permissions=sorted(rights), actor=system_actor("test"))
    signed = sign_in(client, user_for("admin"))
    assert signed.post(f"/roles/show/{role.id}", data={"right": []}).status_code == 403
    assert queries.rights_of(role.id) == rights


def test_settings_are_stored_in_the_shape_of_their_defaults(admin):
    admin.post(f"/settings/{RECEIPT_COPIES.name}", data={"value": "3"})
    admin.post(f"/settings/{OPEN_DRAWER.name}", data={"value": "1"})
    admin.post(
        f"/settings/{HOLD_DAYS.name}",
        data={"of.consultant": "2", "new_key": "gm", "new_value": "9"},
    )
    settings.forget()
    assert settings.get_setting(RECEIPT_COPIES) == 3
    assert settings.get_setting(OPEN_DRAWER) is True
    assert settings.get_setting(HOLD_DAYS) == {"consultant": 2, "gm": 9}
    admin.post(f"/settings/{OPEN_DRAWER.name}", data={})
    settings.forget()
    assert settings.get_setting(OPEN_DRAWER) is False


def test_an_unfit_setting_is_refused_beside_its_box(admin):
    answer = admin.post(f"/settings/{RECEIPT_COPIES.name}", data={"value": "many"})
    assert answer.status_code == 422
    assert 'value="many"' in answer.text
    assert 'class="error"' in answer.text
    assert admin.post("/settings/no.such", data={"value": "1"}).status_code == 422


def test_the_audit_names_people_and_shows_before_and_after(admin, user_for, session):
    user = user_for("consultant")
    session.commit()
    admin.post(f"/users/edit/{user.id}", data={"full_name": "改名后", "active": "1"})
    listed = admin.get(f"/audit/list/?object=ab_user:{user.id}&step=changed")
    shown = listed.text.split('<ol class="story">')[1].split("</ol>")[0]
    assert "ab_user" not in shown
    assert "改名后" in shown
    assert "<del>" in shown
    assert user.password not in shown

"""Roles: copied, described, compared, restored; and never left without an administrator."""

from __future__ import annotations

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select, text

from app.admin import operations, queries, roles
from app.admin.sync import sync_access
from app.core.errors import Conflict, Invalid, NotAllowed
from tests.factories.people import make_user


@pytest.fixture
def admin(actor_for):
    return actor_for("admin", project=None, whole_group=True)


def role(session, code):
    return session.scalars(select(Role).where(Role.name == code)).one()


def test_a_copy_has_the_rights_and_a_name_of_its_own(session, admin, user_for):
    seller = role(session, "consultant")
    made = roles.copy_role(seller, title="驻场顾问", actor=admin)
    assert queries.rights_of(made.id) == queries.rights_of(seller.id)
    assert queries.title_of_role(made.name) == "驻场顾问"
    with pytest.raises(Conflict):
        roles.copy_role(seller, title="驻场顾问", actor=admin)
    roles.describe_role(made, title="外场顾问", description="展厅以外", actor=admin)
    found = next(one for one in queries.list_roles() if one.id == made.id)
    assert (found.title, found.description, found.is_preset) == ("外场顾问", "展厅以外", False)
    holder = user_for("consultant")
    holder.roles = [made]
    session.flush()
    with pytest.raises(Conflict):
        roles.delete_role(made, actor=admin)
    holder.roles = []
    session.flush()
    roles.delete_role(made, actor=admin)
    assert session.scalar(select(Role.id).where(Role.name == found.code)) is None


def test_presets_are_neither_renamed_nor_deleted_but_restored(session, admin):
    seal = role(session, "seal")
    with pytest.raises(Invalid):
        roles.describe_role(seal, title="别名", actor=admin)
    with pytest.raises(Conflict):
        roles.delete_role(seal, actor=admin)
    roles.edit_role(seal, permissions=["estate.room:see"], actor=admin)
    assert queries.rights_of(seal.id) != roles.preset_rights("seal")
    roles.restore_preset(seal, actor=admin)
    assert queries.rights_of(seal.id) == roles.preset_rights("seal")
    own = roles.copy_role(seal, title="自定", actor=admin)
    with pytest.raises(Conflict):
        roles.restore_preset(own, actor=admin)


def test_the_sync_keeps_an_administrators_changes_and_says_so(session, admin):
    cashier = role(session, "cashier")
    wanted = queries.rights_of(cashier.id) - {"finance.receipt:confirm"} | {"admin.user:see"}
    roles.edit_role(cashier, permissions=wanted, actor=admin)
    outcome = sync_access()
    assert "cashier" in outcome.changed
    assert queries.rights_of(cashier.id) == wanted


def test_the_sync_takes_what_a_release_no_longer_grants_from_untouched_presets(session, admin):
    """As if an earlier release had let the supervisor and the cashier see settings."""
    for code in ("supervisor", "cashier"):
        found = role(session, code)
        rights = queries.rights_of(found.id) | {"admin.setting:see"}
        roles.edit_role(found, permissions=rights, actor=admin)
        session.execute(
            text(
                "UPDATE admin_role_profile SET granted = granted || '\"admin.setting:see\"'"
                " WHERE code = :code"
            ),
            {"code": code},
        )
    cashier = role(session, "cashier")
    own = queries.rights_of(cashier.id) | {"admin.user:see"}
    roles.edit_role(cashier, permissions=own, actor=admin)
    outcome = sync_access()
    assert outcome.taken == 1
    assert queries.rights_of(role(session, "supervisor").id) == roles.preset_rights("supervisor")
    assert queries.rights_of(cashier.id) == own


def test_somebody_who_administers_is_always_left(session, admin):
    chief = role(session, "admin")
    rights = queries.rights_of(chief.id)
    with pytest.raises(Invalid), session.begin_nested():
        roles.edit_role(chief, permissions=rights - {"admin.role:edit"}, actor=admin)
    other = make_user("admin", whole_group=True)
    second = operations.edit_user(
        other, full_name="二", active=True, role_ids=[chief.id], actor=admin
    )
    operations.edit_user(second, full_name="二", active=False, role_ids=[chief.id], actor=admin)
    me = session.get(type(other), admin.id)
    with pytest.raises(Invalid):
        operations.edit_user(me, full_name="一", active=True, role_ids=[], actor=admin)


def test_a_regional_administrator_changes_copies_not_presets(session, actor_for):
    regional = actor_for("admin")
    cashier = role(session, "cashier")
    with pytest.raises(NotAllowed):
        roles.edit_role(cashier, permissions=[], actor=regional)
    with pytest.raises(NotAllowed):
        roles.copy_role(cashier, title="收银二", actor=regional)
    mine = roles.copy_role(role(session, "admin"), title="区域管理", actor=regional)
    roles.edit_role(mine, permissions=["admin.user:see"], actor=regional)
    make_user(mine.name, whole_group=True)
    with pytest.raises(NotAllowed):
        roles.edit_role(mine, permissions=[], actor=regional)


def test_the_pages_of_roles(client, sign_in, session, user_for):
    browser = sign_in(client, user_for("admin", project=None, whole_group=True))
    seal, cashier = role(session, "seal"), role(session, "cashier")
    page = browser.get("/roles/list/").text
    assert page.count('scope="row"') == len(roles.all_permissions())
    assert len(page) < 300_000
    compared = browser.get(f"/roles/compare/?a={seal.id}&b={cashier.id}").text
    assert compared.index("不同之处") < compared.index("两者都有的权限")
    browser.post("/roles/act/copy", data={"id": seal.id, "_form": "1", "title": "副本"})
    made = next(one for one in queries.list_roles() if one.title == "副本")
    assert "副本" in browser.get(f"/roles/show/{made.id}").text
    assert browser.get(f"/roles/show/{made.id + 99}").status_code == 404
    assert sign_in(client, user_for("consultant")).get("/roles/compare/").status_code == 403

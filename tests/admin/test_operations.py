"""What administrators do with users, roles and the organization tree."""

from __future__ import annotations

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import check_password_hash

from app.admin import operations, passwords, queries, roles, second_factor
from app.admin.models import AppUser, OrganizationMember
from app.admin.principal import read_actor
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.factories.people import make_organization, make_project

STRONG = "another Horse 2"


@pytest.fixture
def admin(actor_for):
    return actor_for("admin", project=None, whole_group=True)


def role(session, name):
    return session.scalar(select(Role).where(Role.name == name))


def test_a_new_user_must_choose_his_own_password(session, admin):
    user = operations.add_user(
        username="neu",
        full_name="新人",
        password=STRONG,
        role_ids=[role(session, "cashier").id],
        actor=admin,
    )
    assert user.must_change_password
    assert check_password_hash(user.password, STRONG)
    assert [one.name for one in user.roles] == ["cashier"]
    with pytest.raises(Conflict) as taken:
        operations.add_user(
            username="neu", full_name="x", password=STRONG, role_ids=[], actor=admin
        )
    assert set(taken.value.fields) == {"username"}


@pytest.mark.parametrize("password", ["short 1", "qwertyuiop", "12345678901"])
def test_weak_passwords_are_refused(admin, password):
    with pytest.raises(Invalid):
        operations.add_user(
            username="w", full_name="w", password=password, role_ids=[], actor=admin
        )


def test_nobody_gives_a_reach_that_he_does_not_have(actor_for):
    regional = actor_for("admin")
    with pytest.raises(NotAllowed):
        operations.add_user(
            username="x",
            full_name="x",
            password=STRONG,
            role_ids=[],
            whole_group=True,
            actor=regional,
        )


def test_changing_a_user_ends_his_sessions(session, admin, user_for):
    user = user_for("consultant")
    before = user.access_version
    operations.edit_user(
        user,
        full_name="改名",
        active=True,
        role_ids=[role(session, "manager").id],
        actor=admin,
    )
    assert user.access_version > before
    with pytest.raises(NotFound):
        operations.edit_user(user, full_name="x", active=True, role_ids=[0], actor=admin)


def test_a_reset_password_must_be_changed(admin, user_for):
    user = user_for("consultant")
    passwords.reset_password(user, password=STRONG, actor=admin)
    assert user.must_change_password
    assert check_password_hash(user.password, STRONG)


def test_nobody_gets_around_his_own_present_password(session, admin):
    """With a browser that somebody left open: neither a password nor a second factor falls."""
    himself = session.get(AppUser, admin.id)
    for step in (
        lambda: passwords.reset_password(himself, password=STRONG, actor=admin),
        lambda: passwords.leave_to_directory(himself, actor=admin),
        lambda: second_factor.reset_second_factor(himself, actor=admin),
    ):
        with pytest.raises(NotAllowed, match=r"My account|我的账号"):
            step()
    assert himself.password


def test_the_present_password_is_asked_before_a_new_one(session, actor_for):
    from tests.factories.people import PASSWORD

    actor = actor_for("consultant")
    for current, password in (("wrong", STRONG), (PASSWORD, PASSWORD)):
        with pytest.raises(Invalid):
            passwords.change_password(current=current, password=password, actor=actor)
    passwords.change_password(current=PASSWORD, password=STRONG, actor=actor)
    assert check_password_hash(session.get(AppUser, actor.id).password, STRONG)


def test_a_role_holds_exactly_what_it_is_given(session, admin, user_for):
    cashier, holder = role(session, "cashier"), user_for("cashier")
    before = holder.access_version
    rights = queries.rights_of(cashier.id)
    wanted = sorted((rights - {"estate.room:see"}) | {"admin.user:see"})
    roles.edit_role(cashier, permissions=wanted, actor=admin)
    assert queries.rights_of(cashier.id) == set(wanted)
    session.refresh(holder)
    assert holder.access_version > before


def test_a_regional_administrator_gives_only_rights_that_he_holds(session, actor_for):
    regional, cashier = actor_for("admin"), role(session, "cashier")
    rights = queries.rights_of(cashier.id)
    with pytest.raises(NotAllowed):
        roles.edit_role(cashier, permissions=[*rights, "pricing.price_plan:add"], actor=regional)
    assert queries.rights_of(cashier.id) == rights


def test_a_regional_administrator_gives_no_role_beyond_his_own_rights(
    session, admin, actor_for, user_for
):
    regional, beyond, own = actor_for("admin"), role(session, "director"), role(session, "admin")
    newcomer, director = user_for("seal"), user_for("director")
    common = {"full_name": "某", "active": True}
    newcomer.first_name = session.get(AppUser, regional.id).first_name = "某"
    newcomer.roles = []
    for user in (newcomer, session.get(AppUser, regional.id)):
        ids = [one.id for one in user.roles]
        with pytest.raises(NotAllowed):
            operations.edit_user(user, **common, role_ids=[*ids, beyond.id], actor=regional)
        assert [one.id for one in user.roles] == ids
    with pytest.raises(NotAllowed):
        operations.add_user(
            username="neu", full_name="新", password=STRONG, role_ids=[beyond.id], actor=regional
        )
    operations.edit_user(newcomer, **common, role_ids=[own.id], actor=regional)
    # What somebody holds already is kept, and the whole group's administrators give any role.
    kept = {"full_name": director.full_name, "active": True, "role_ids": [beyond.id]}
    operations.edit_user(director, **kept, actor=regional)
    operations.edit_user(newcomer, **common, role_ids=[beyond.id], actor=admin)
    assert newcomer.roles == [beyond]


def test_the_tree_has_unique_codes_and_no_circle(admin, group):
    child = make_organization(group)
    with pytest.raises(Conflict):
        operations.add_organization(code=group.code, name="x", parent_id=None, actor=admin)
    for parent in (group.id, child.id):
        with pytest.raises(Invalid):
            operations.edit_organization(
                group, code=group.code, name="x", parent_id=parent, actor=admin
            )


def test_moving_an_organization_ends_the_sessions_of_members(session, admin, group, user_for):
    member = user_for("consultant", organization=group)
    before = member.access_version
    other = make_organization()
    operations.edit_organization(
        group, code=group.code, name=group.name, parent_id=other.id, actor=admin
    )
    session.refresh(member)
    assert member.access_version > before


def test_an_organization_in_use_is_not_deleted(session, admin, group):
    make_project(group)
    with pytest.raises(Conflict):
        operations.delete_organization(group, actor=admin)
    empty = make_organization()
    operations.delete_organization(empty, actor=admin)
    assert empty not in session


def test_joining_and_leaving_end_the_sessions(session, admin, group, user_for):
    user = user_for("consultant")
    before = user.access_version
    member = operations.join_organization(user_id=user.id, organization_id=group.id, actor=admin)
    again = operations.join_organization(user_id=user.id, organization_id=group.id, actor=admin)
    assert again is member
    operations.leave_organization(member, actor=admin)
    session.refresh(user)
    assert user.access_version == before + 2
    assert (
        session.scalar(select(OrganizationMember).where(OrganizationMember.user_id == user.id))
        is None
    )


def test_rights_are_asked_by_every_step(actor_for, group, user_for):
    nobody, user = actor_for("consultant"), user_for("consultant")
    for step in (
        lambda: operations.add_organization(code="a", name="a", parent_id=None, actor=nobody),
        lambda: operations.edit_organization(
            group, code="a", name="a", parent_id=None, actor=nobody
        ),
        lambda: operations.delete_organization(group, actor=nobody),
        lambda: passwords.reset_password(user, password=STRONG, actor=nobody),
        lambda: roles.edit_role(user.roles[0], permissions=[], actor=nobody),
    ):
        with pytest.raises(NotAllowed):
            step()


def test_a_regional_administrator_stays_in_his_region(admin, actor_for, group, user_for):
    """Neither by attaching himself further up nor through somebody who reaches further."""
    region = operations.add_organization(code="EAST", name="华东", parent_id=group.id, actor=admin)
    member = actor_for("admin", project=None)
    operations.join_organization(user_id=member.id, organization_id=region.id, actor=admin)
    actor = read_actor(member.id)
    with pytest.raises(NotAllowed):
        operations.join_organization(user_id=actor.id, organization_id=group.id, actor=actor)
    with pytest.raises(NotAllowed):
        operations.add_organization(code="TOP", name="顶", parent_id=None, actor=actor)
    with pytest.raises(NotAllowed):
        operations.edit_organization(region, code="EAST", name="华东", parent_id=None, actor=actor)
    everywhere = user_for("admin", project=None, whole_group=True)
    with pytest.raises(NotAllowed):
        passwords.reset_password(everywhere, password="another-one-9", actor=actor)
    with pytest.raises(NotAllowed):
        operations.edit_user(everywhere, full_name="某", active=True, role_ids=[], actor=actor)
    newcomer = user_for("admin", project=None)
    operations.join_organization(user_id=newcomer.id, organization_id=region.id, actor=actor)
    passwords.reset_password(newcomer, password="another-one-9", actor=actor)

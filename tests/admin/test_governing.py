"""Nobody gains rights by administering: every way to act on an account asks the one rule."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import timedelta

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

import app.admin
from app.admin import (
    handover,
    operations,
    passwords,
    policies,
    queries,
    roles,
    second_factor,
    sessions,
    standing_in,
    teams,
    throttle,
    view_as,
)
from app.admin.models import AppUser, EntrustedRole, OrganizationMember, SignInSession
from app.admin.principal import read_actor
from app.admin.session_views import SessionView
from app.admin.team_views import TeamMemberView
from app.admin.views import MemberView, UserView
from app.core import clock
from app.core.errors import DomainError, NotAllowed
from app.estate.models import ProjectMember
from app.estate.operations import projects
from app.estate.views import ProjectMemberView
from tests.factories.people import make_organization, make_project, make_user, open_sign_in
from tests.factories.teams import make_post, make_team, put_into

STRONG = "another Horse 2"
ACCOUNTS = {"AppUser", "SignInSession", "TeamMember", "OrganizationMember", "ProjectMember"}


class Office:
    """A region with its administrator, who looks after the marketing planners, and accounts."""

    def __init__(self, session):
        self.session = session
        self.node = make_organization(make_organization())
        self.project = make_project(self.node)
        self.elsewhere = make_project()
        self.post = make_post(make_team(self.project))
        regional = make_user("admin", organization=self.node)
        session.add(EntrustedRole(user_id=regional.id, role_id=self.role("marketing").id))
        session.flush()
        self.actor = read_actor(regional.id)

    def role(self, name):
        return self.session.scalars(select(Role).where(Role.name == name)).one()

    def account(self, role, *more, **values):
        return make_user(role, projects=[self.project, *more], **values)

    def covered(self):
        """What the administrator does not hold himself, and was put in his hands."""
        return self.account("marketing")

    def above(self):
        """Within his reach, with rights that he neither holds nor may give."""
        return self.account("cashier")

    def wide(self):
        """With no right that he lacks, in a project that he does not reach."""
        return self.account("marketing", self.elsewhere)

    def sign_in(self, user):
        return self.session.get(SignInSession, open_sign_in(user).id)

    def in_team(self, user):
        return put_into(self.post, user)

    def at_node(self, user):
        row = OrganizationMember(user_id=user.id, organization_id=self.node.id)
        self.session.add(row)
        self.session.flush()
        return row

    def at_project(self, user):
        rows = select(ProjectMember).where(ProjectMember.user_id == user.id)
        return self.session.scalars(rows.where(ProjectMember.project_id == self.project.id)).one()


@pytest.fixture
def office(session):
    return Office(session)


def edit(o, user, **values):
    known = {"full_name": user.full_name, "active": user.active}
    ids = [one.id for one in user.roles]
    return operations.edit_user(user, **{**known, "role_ids": ids, **values}, actor=o.actor)


def let_in_again(o, user):
    user.active = False
    return edit(o, user, active=True)


#: opens the account, changes it or gives it something: rights and scope must cover it
ACT = {
    passwords.reset_password: lambda o, u: passwords.reset_password(
        u, password=STRONG, actor=o.actor
    ),
    passwords.leave_to_directory: lambda o, u: passwords.leave_to_directory(u, actor=o.actor),
    throttle.forgive_failures: lambda o, u: throttle.forgive_failures(u, actor=o.actor),
    second_factor.reset_second_factor: lambda o, u: second_factor.reset_second_factor(
        u, actor=o.actor
    ),
    view_as.begin_viewing: lambda o, u: view_as.begin_viewing(
        role_id=None, user_id=u.id, actor=o.actor
    ),
    view_as.seen_as: lambda o, u: view_as.seen_as(role_id=None, user_id=u.id, actor=o.actor),
    "let in again": let_in_again,
    "rename": lambda o, u: edit(o, u, full_name="另名"),
}
#: gives the account a place within the actor's own scope: rights alone
PLACE = {
    operations.join_organization: lambda o, u: operations.join_organization(
        user_id=u.id, organization_id=o.node.id, actor=o.actor
    ),
    teams.join_team: lambda o, u: teams.join_team(post_id=o.post.id, user_id=u.id, actor=o.actor),
    teams.edit_membership: lambda o, u: teams.edit_membership(
        o.in_team(u), post_id=o.post.id, from_on=clock.today(), until_on=None, actor=o.actor
    ),
    operations.edit_organization_member: lambda o, u: operations.edit_organization_member(
        o.at_node(u), from_on=None, until_on=clock.today(), actor=o.actor
    ),
    standing_in.stand_in: lambda o, u: standing_in.stand_in(
        o.in_team(u),
        post_id=make_post(o.post.team).id,
        from_on=clock.today(),
        until_on=clock.today(),
        actor=o.actor,
    ),
    projects.edit_member: lambda o, u: projects.edit_member(
        o.at_project(u), from_on=None, until_on=clock.today(), actor=o.actor
    ),
    projects.add_member: lambda o, u: projects.add_member(
        project_id=make_project(o.node).id, user_id=u.id, actor=read_actor(o.actor.id)
    ),
}
#: takes something away from all of the account: scope alone
TAKE = {
    sessions.end_by_administrator: lambda o, u: sessions.end_by_administrator(
        o.sign_in(u), actor=o.actor
    ),
    sessions.end_all_of: lambda o, u: sessions.end_all_of(u, actor=o.actor),
    handover.list_portions: lambda o, u: handover.list_portions(u, actor=o.actor),
    handover.hand_over: lambda o, u: handover.hand_over(u, successors={}, actor=o.actor),
    operations.edit_user: lambda o, u: edit(o, u, active=False),
}
#: takes away a place within the actor's own scope: whose it was does not matter
LEAVE = {
    operations.leave_organization: lambda o, u: operations.leave_organization(
        o.at_node(u), actor=o.actor
    ),
    teams.end_membership: lambda o, u: teams.end_membership(o.in_team(u), actor=o.actor),
    projects.remove_member: lambda o, u: projects.remove_member(o.at_project(u), actor=o.actor),
}
#: only an administrator of the whole group
GROUP = {
    operations.entrust_roles: lambda o, u: operations.entrust_roles(u, role_ids=[], actor=o.actor),
}
EVERY = ACT | PLACE | TAKE | LEAVE | GROUP


def refused(step, office, user):
    """Tell whether the rule refuses; another refusal means that it let the actor pass."""
    try:
        with office.session.begin_nested():
            step(office, user)
    except NotAllowed:
        return True
    except DomainError:
        return False
    return False


def named(table):
    return [pytest.param(step, id=getattr(key, "__name__", key)) for key, step in table.items()]


@pytest.mark.parametrize("step", named(ACT))
def test_acting_on_an_account_asks_for_rights_and_scope(office, step):
    assert refused(step, office, office.above())
    assert refused(step, office, office.wide())
    assert not refused(step, office, office.covered())


@pytest.mark.parametrize("step", named(PLACE))
def test_giving_a_place_asks_for_rights(office, step):
    assert refused(step, office, office.above())
    assert not refused(step, office, office.covered())


@pytest.mark.parametrize("step", named(TAKE))
def test_taking_away_asks_for_scope(office, step):
    assert refused(step, office, office.wide())
    assert not refused(step, office, office.above())


@pytest.mark.parametrize("step", named(LEAVE))
def test_a_place_is_taken_away_by_who_looks_after_it(office, step):
    assert not refused(step, office, office.above())


@pytest.mark.parametrize("step", named(GROUP))
def test_some_is_for_the_whole_groups_administrators(office, step):
    assert refused(step, office, office.covered())


def operations_on_accounts():
    """Every public function with an actor that takes an account, or a row that is about one."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(app.admin.__path__, "app.admin.")
    ]
    for module in [*modules, projects]:
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if not own or name.startswith("_"):
                continue
            known = inspect.signature(function).parameters
            kinds = {str(one.annotation) for one in known.values()}
            if "actor" in known and (kinds & ACCOUNTS or "user_id" in known):
                yield function


#: they ask nothing of the rule: they tell whether it holds, or tell the person what was done
NOT_ACTS = {"app.admin.policies", "app.admin.reach", "app.admin.notices"}


def test_no_operation_on_accounts_is_left_out():
    found = {one for one in operations_on_accounts() if one.__module__ not in NOT_ACTS}
    missing = [f"{one.__module__}.{one.__name__}" for one in found - set(EVERY)]
    assert not missing, f"say in this file whether these act, place or take: {missing}"
    assert len(found) > 15


@pytest.mark.parametrize(
    "view", [UserView, SessionView, MemberView, TeamMemberView, ProjectMemberView]
)
def test_no_page_of_accounts_has_a_step_of_its_own(view):
    wired = {view.add_operation, view.edit_operation, view.delete_operation} - {None}
    wired |= {action.operation for action in view.row_actions}
    assert wired - set(EVERY) <= {operations.add_user}


# What the actor could come to by roles


def test_a_role_beyond_his_hands_is_neither_given_nor_taken(office):
    cashier, marketing = office.role("cashier"), office.role("marketing")
    user = office.above()
    for ids in ([], [cashier.id, marketing.id, office.role("director").id]):
        with pytest.raises(NotAllowed):
            edit(office, user, role_ids=ids)
    edit(office, user, role_ids=[cashier.id, marketing.id])
    assert {one.name for one in user.roles} == {"cashier", "marketing"}
    with pytest.raises(NotAllowed):
        operations.add_user(
            username="n", full_name="n", password=STRONG, role_ids=[cashier.id], actor=office.actor
        )


def test_what_was_put_in_his_hands_is_not_for_himself(office):
    himself = office.session.get(AppUser, office.actor.id)
    wanted = [office.role(name).id for name in ("admin", "marketing")]
    with pytest.raises(NotAllowed):
        edit(office, himself, role_ids=wanted)


def test_nor_through_a_role_that_he_holds(office):
    copy = roles.copy_role(office.role("admin"), title="地区管理员", actor=office.actor)
    himself = office.session.get(AppUser, office.actor.id)
    edit(office, himself, role_ids=[office.role("admin").id, copy.id])
    actor = read_actor(himself.id)
    held = queries.rights_of(copy.id)
    more = queries.rights_of(office.role("marketing").id) - held
    assert more
    with pytest.raises(NotAllowed):
        roles.edit_role(copy, permissions=held | more, actor=actor)
    other = roles.copy_role(office.role("marketing"), title="地区策划", actor=actor)
    roles.edit_role(other, permissions=held | more, actor=actor)


def test_roles_beyond_his_hands_are_not_his_to_change(office):
    actor = office.actor
    with pytest.raises(NotAllowed):
        roles.copy_role(office.role("cashier"), title="收银副本", actor=actor)
    chief = read_actor(make_user("admin", whole_group=True).id)
    strong = roles.copy_role(office.role("cashier"), title="收银副本", actor=chief)
    rights = queries.rights_of(strong.id)
    for step in (
        lambda: roles.edit_role(strong, permissions=rights - {min(rights)}, actor=actor),
        lambda: roles.describe_role(strong, title="改名", actor=actor),
        lambda: roles.delete_role(strong, actor=actor),
        lambda: roles.restore_preset(office.role("marketing"), actor=actor),
        lambda: view_as.seen_as(role_id=strong.id, user_id=None, actor=actor),
    ):
        with pytest.raises(NotAllowed):
            step()
    view_as.seen_as(role_id=office.role("marketing").id, user_id=None, actor=actor)


def test_template_posts_belong_to_the_whole_group(office):
    chief = read_actor(make_user("admin", whole_group=True).id)
    template = teams.add_template(name="主管", actor=chief)
    for step in (
        lambda: teams.add_template(name="经理", actor=office.actor),
        lambda: teams.edit_template(template, name="改", superior_id=None, actor=office.actor),
        lambda: teams.delete_template(template, actor=office.actor),
    ):
        with pytest.raises(NotAllowed):
            step()


def test_reaching_everything_is_not_yet_administering_everything(office):
    """A help desk of the whole group, without the right to change roles, is bound by the rule."""
    chief = read_actor(make_user("admin", whole_group=True).id)
    desk_role = roles.copy_role(office.role("seal"), title="服务台", actor=chief)
    roles.edit_role(desk_role, permissions=["admin.user:see", "admin.user:edit"], actor=chief)
    desk = read_actor(make_user(desk_role.name, whole_group=True).id)
    assert not policies.administers_group(desk)
    with pytest.raises(NotAllowed):
        passwords.reset_password(make_user("admin", whole_group=True), password=STRONG, actor=desk)
    himself = office.session.get(AppUser, desk.id)
    with pytest.raises(NotAllowed):
        operations.edit_user(
            himself,
            full_name=himself.full_name,
            active=True,
            role_ids=[desk_role.id, office.role("admin").id],
            actor=desk,
        )
    passwords.reset_password(make_user(desk_role.name), password=STRONG, actor=desk)


# What the account will come to


def test_what_an_account_will_reach_counts_already(office):
    tomorrow = clock.today() + timedelta(days=1)
    user = office.covered()
    put_into(make_post(make_team(office.elsewhere)), user, from_on=tomorrow)
    assert refused(ACT[passwords.reset_password], office, user)


def test_a_node_without_projects_counts_too(office):
    user = office.covered()
    row = OrganizationMember(user_id=user.id, organization_id=make_organization().id)
    office.session.add(row)
    office.session.flush()
    assert refused(ACT[passwords.reset_password], office, user)


# The pages


def test_the_page_hides_what_would_be_refused_and_says_why(office, client, sign_in):
    above, covered = office.above(), office.covered()
    chief = make_user("admin", whole_group=True)
    browser = sign_in(client, office.session.get(AppUser, office.actor.id))
    shown = browser.get(f"/users/show/{above.id}").text
    assert chief.full_name in shown
    assert "reset_password" not in shown
    assert "/hand-over/" in shown
    assert 'action="/view-as/"' not in shown
    shown = browser.get(f"/users/show/{covered.id}").text
    assert "reset_password" in shown
    assert 'action="/view-as/"' in shown
    form = {"id": above.id, "_form": "1", "password": STRONG}
    answer = browser.post("/users/act/reset_password", data=form)
    assert answer.status_code == 422
    assert chief.full_name in answer.text


def test_the_chief_puts_roles_in_a_regional_administrators_hands(office, client, sign_in):
    regional = office.session.get(AppUser, office.actor.id)
    cashier = office.role("cashier").id
    browser = sign_in(client, make_user("admin", whole_group=True))
    assert "/users/act/entrust" in browser.get(f"/users/show/{regional.id}").text
    answer = browser.post(
        "/users/act/entrust", data={"id": regional.id, "_form": "1", "role": [cashier]}
    )
    assert answer.status_code == 302
    assert queries.entrusted_roles(regional.id) == ["cashier"]
    passwords.reset_password(
        office.session.get(AppUser, office.above().id), password=STRONG, actor=office.actor
    )

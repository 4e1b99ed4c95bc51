"""Teams and posts: whose customers somebody sees through his post."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.admin import teams
from app.admin.principal import read_actor
from app.core import clock
from app.core.actor import acting
from app.core.errors import Conflict, Invalid, NotFound
from app.customers.models import Customer
from app.customers.policies import sees
from tests.factories.customers import make_customer
from tests.factories.people import make_project, make_user
from tests.factories.teams import make_post, make_team, put_into


@pytest.fixture
def team(project):
    return make_team(project)


@pytest.fixture
def head(team):
    return make_post(team, name="主管")


@pytest.fixture
def below(team, head):
    return make_post(team, name="顾问", superior=head)


def seen_by(user_id, session):
    actor = read_actor(user_id)
    with acting(actor):
        return set(session.scalars(select(Customer.name)))


def test_a_supervisor_sees_his_teams_customers_and_no_others(
    session, project, user_for, head, below
):
    supervisor, mine, other = (user_for(r) for r in ("supervisor", "consultant", "consultant"))
    put_into(head, supervisor), put_into(below, mine)
    make_customer(project, mine, name="队内")
    make_customer(project, other, name="队外")
    make_customer(project, supervisor, name="自己")
    assert seen_by(supervisor.id, session) == {"队内", "自己"}
    assert seen_by(mine.id, session) == {"队内"}
    assert seen_by(user_for("manager").id, session) == {"队内", "队外", "自己"}
    actor = read_actor(supervisor.id)
    assert sees(mine.id, project.id, actor)
    assert not sees(other.id, project.id, actor)


def test_a_consultant_sees_his_team_where_the_project_shares(session, project, user_for, below):
    first, second = user_for("consultant"), user_for("consultant")
    put_into(below, first), put_into(below, second)
    make_customer(project, second, name="同事的")
    assert seen_by(first.id, session) == set()
    project.team_shares = True
    session.flush()
    assert seen_by(first.id, session) == {"同事的"}


def test_a_post_counts_in_its_own_project_only(session, project, head, below):
    elsewhere = make_project()
    supervisor = make_user("supervisor", projects=[project, elsewhere])
    consultant = make_user("consultant", projects=[project, elsewhere])
    put_into(head, supervisor), put_into(below, consultant)
    make_customer(elsewhere, consultant, name="别处的")
    assert seen_by(supervisor.id, session) == set()


def test_phases_follow_their_project(session, project, user_for, head, below):
    supervisor, consultant = user_for("supervisor"), user_for("consultant")
    put_into(head, supervisor), put_into(below, consultant)
    phase = make_project(parent_id=project.id)
    make_customer(phase, consultant, name="二期的")
    assert seen_by(supervisor.id, session) == {"二期的"}


def test_dates_bound_what_a_membership_gives(session, project, user_for, head, below):
    today = clock.today()
    supervisor, consultant = user_for("supervisor"), make_user("consultant")
    put_into(head, supervisor)
    member = put_into(below, consultant, from_on=today)
    make_customer(project, consultant, name="客户")
    assert read_actor(consultant.id).reaches(project.id)
    assert seen_by(supervisor.id, session) == {"客户"}
    for first, last in ((today + timedelta(1), None), (date(2020, 1, 1), today - timedelta(1))):
        member.from_on, member.until_on = first, last
        session.flush()
        assert not read_actor(consultant.id).reaches(project.id)
        assert seen_by(supervisor.id, session) == set()
        found = session.scalars(text("SELECT access_users(:p)"), {"p": project.id})
        assert consultant.id not in set(found)


def test_one_team_per_user_and_project_at_a_time(session, project, user_for, below):
    user = user_for("consultant")
    put_into(below, user, from_on=date(2026, 1, 1), until_on=date(2026, 6, 30))
    other = make_post(make_team(project))
    put_into(other, user, from_on=date(2026, 7, 1))
    with pytest.raises(IntegrityError), session.begin_nested():
        put_into(below, user, from_on=date(2026, 12, 1))


def test_superiors_are_found_from_the_nearest_up(session, project, user_for, head, below):
    lowest = make_post(below.team, name="实习", superior=below)
    boss, middle, low = (user_for("agency") for _ in range(3))
    put_into(head, boss), put_into(below, middle), put_into(lowest, low)
    found = session.execute(
        text("SELECT * FROM access_superiors(:p, :u) ORDER BY distance"),
        {"p": project.id, "u": low.id},
    )
    assert [tuple(row) for row in found] == [(middle.id, 1), (boss.id, 2)]


# What administrators do


@pytest.fixture
def admin(actor_for):
    return actor_for("admin", project=None, whole_group=True)


def test_a_new_team_follows_the_templates(session, project, admin):
    lead = teams.add_template(name="组长甲", actor=admin)
    seller = teams.add_template(name="顾问甲", superior_id=lead.id, actor=admin)
    team = teams.add_team(project_id=project.id, name="一组", actor=admin)
    posts = {post.name: post for post in teams.list_posts(team.id)}
    assert posts["顾问甲"].superior_id == posts["组长甲"].id
    teams.edit_template(seller, name="销售甲", superior_id=None, actor=admin)
    session.refresh(posts["顾问甲"])
    assert (posts["顾问甲"].name, posts["顾问甲"].superior_id) == ("销售甲", None)
    with pytest.raises(Invalid):
        teams.edit_template(lead, name="组长甲", superior_id=lead.id, actor=admin)
    teams.delete_template(lead, actor=admin)
    assert posts["组长甲"].template_id is None
    with pytest.raises(Conflict):
        teams.add_team(project_id=project.id, name="一组", actor=admin)


def test_posts_keep_to_their_team_and_form_no_circle(project, admin, head, below):
    stranger = make_post(make_team(project))
    for wrong in ({"superior_id": stranger.id, "name": "x"}, {"superior_id": None, "name": " "}):
        with pytest.raises(Invalid):
            teams.add_post(team_id=head.team_id, actor=admin, **wrong)
    with pytest.raises(Invalid):
        teams.edit_post(head, name=head.name, superior_id=below.id, template_id=None, actor=admin)


def test_joining_signs_out_and_a_second_team_is_refused(project, admin, user_for, below):
    user = user_for("consultant", project=None)
    before = user.access_version
    member = teams.join_team(post_id=below.id, user_id=user.id, actor=admin)
    assert user.access_version > before
    assert read_actor(user.id).reaches(project.id)
    other = make_post(make_team(project))
    with pytest.raises(Conflict):
        teams.join_team(post_id=other.id, user_id=user.id, actor=admin)
    teams.end_membership(member, actor=admin)
    teams.join_team(post_id=other.id, user_id=user.id, actor=admin)
    with pytest.raises(Conflict):
        teams.delete_post(other, actor=admin)
    with pytest.raises(Conflict):
        teams.delete_team(other.team, actor=admin)


def test_teams_of_another_project_are_out_of_reach(project, actor_for, user_for, head):
    regional = actor_for("admin", project=make_project())
    user = user_for("consultant")
    with acting(regional):
        for step in (
            lambda: teams.add_team(project_id=project.id, name="x", actor=regional),
            lambda: teams.edit_team(head.team, name="x", organization_id=None, actor=regional),
            lambda: teams.delete_team(head.team, actor=regional),
            lambda: teams.add_post(team_id=head.team_id, name="x", actor=regional),
            lambda: teams.delete_post(head, actor=regional),
            lambda: teams.join_team(post_id=head.id, user_id=user.id, actor=regional),
        ):
            with pytest.raises(NotFound):
                step()


def test_the_teams_page_shows_who_holds_which_post(client, sign_in, user_for, head, below):
    user = user_for("consultant", first_name="陈某某")
    put_into(below, user)
    admin = sign_in(client, user_for("admin"))
    page = admin.get(f"/teams/show/{head.team_id}")
    assert page.status_code == 200
    assert "陈某某" in page.text
    assert head.name in page.text
    assert sign_in(client, user_for("consultant")).get("/teams/list/").status_code == 403

"""Days of memberships: somebody stands in for two weeks, and nobody has to think of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.admin import memberships, operations, principal, standing_in, teams
from app.admin.models import OrganizationMember, TeamMember
from app.admin.principal import load_principal, read_actor
from app.core import clock
from app.core.actor import system_actor
from app.core.errors import Conflict, Invalid
from app.estate.models import ProjectMember
from app.estate.operations import projects
from app.notices.models import Notice
from tests.factories.people import make_organization, make_project, make_user
from tests.factories.teams import make_post, make_team, put_into

SYSTEM = system_actor("worker")
DAY = timedelta(days=1)


@pytest.fixture
def today():
    return clock.today()


@pytest.fixture
def admin(actor_for):
    return actor_for("admin", project=None, whole_group=True)


@pytest.fixture
def person(session):  # noqa: ARG001 - the database comes first
    return make_user("consultant")


def reach(user):
    return read_actor(user.id).projects


def notices_of(session, user):
    rows = session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
    return [row.kind for row in rows]


PLACES = {
    "node": lambda p, u, a, **days: operations.join_organization(
        user_id=u.id, organization_id=p.organization_id, actor=a, **days
    ),
    "project": lambda p, u, a, **days: projects.add_member(
        project_id=p.id, user_id=u.id, actor=a, **days
    ),
    "team": lambda p, u, a, **days: teams.join_team(
        post_id=make_post(make_team(p)).id, user_id=u.id, actor=a, **days
    ),
}


@pytest.fixture(params=PLACES)
def join(request, project, person, admin):
    return lambda **days: PLACES[request.param](project, person, admin, **days)


def test_a_place_counts_on_its_days_alone(project, person, join, today):
    member = join(from_on=today + DAY, until_on=today + 14 * DAY)
    assert reach(person) == frozenset()
    assert member.counts is False
    member.from_on = today - 14 * DAY
    assert reach(person) == {project.id}
    member.until_on = today - DAY
    assert reach(person) == frozenset()


def test_it_begins_and_ends_by_itself(session, person, join, today):
    member = join(from_on=today + DAY, until_on=today + 2 * DAY)
    session.query(Notice).delete()
    version = person.access_version
    assert memberships.apply_days(actor=SYSTEM) == 0
    assert person.access_version == version
    member.from_on = today
    session.flush()
    assert memberships.apply_days(actor=SYSTEM) == 1
    session.refresh(person)
    assert person.access_version == version + 1
    assert memberships.apply_days(actor=SYSTEM) == 0
    member.from_on, member.until_on = today - 2 * DAY, today - DAY
    session.flush()
    assert memberships.apply_days(actor=SYSTEM) == 1
    session.refresh(person)
    assert person.access_version == version + 2
    assert notices_of(session, person) == ["membership_began", "membership_over"]


def test_a_place_of_before_days_were_looked_at_turns_nobody_out(session, project):
    person = make_user("consultant", projects=[project])
    version = person.access_version
    assert memberships.apply_days(actor=SYSTEM) == 0
    session.refresh(person)
    assert person.access_version == version
    member = session.scalars(select(ProjectMember).where(ProjectMember.user_id == person.id)).one()
    assert member.counts is True


def test_the_end_is_not_before_the_beginning(join, today):
    with pytest.raises(Invalid) as caught:
        join(from_on=today, until_on=today - DAY)
    assert "until_on" in caught.value.fields


def test_who_was_there_before_can_be_there_again(session, project, person, admin, today):
    for name, model in (("node", OrganizationMember), ("project", ProjectMember)):
        first = PLACES[name](project, person, admin, until_on=today)
        first.from_on = first.until_on = today - DAY
        session.flush()
        again = PLACES[name](project, person, admin)
        assert again is first
        assert (again.from_on, again.until_on) == (None, None)
        assert len(session.scalars(select(model).where(model.user_id == person.id)).all()) == 1
    with pytest.raises(Conflict):
        PLACES["project"](project, person, admin)


def test_days_are_changed_and_the_person_signs_in_again(session, project, person, admin, today):
    node = PLACES["node"](project, person, admin)
    seat = PLACES["project"](project, person, admin)
    session.refresh(person)
    version = person.access_version
    operations.edit_organization_member(node, from_on=None, until_on=today - DAY, actor=admin)
    projects.edit_member(seat, from_on=today + DAY, until_on=None, actor=admin)
    assert reach(person) == frozenset()
    session.refresh(person)
    assert person.access_version == version + 2
    assert memberships.apply_days(actor=SYSTEM) == 0


def test_no_principal_is_kept_beyond_midnight(session, project, person, admin, clock_at):
    """The day alone drops it: neither the version nor the half minute is waited for."""
    PLACES["project"](project, person, admin)
    session.refresh(person)
    version = person.access_version
    clock_at(2026, 11, 21, 15, 59, 59)
    before = load_principal(person.id, version)
    assert load_principal(person.id, version) is not None
    assert load_principal(person.id, version)[0] is before[0]
    clock_at(2026, 11, 21, 16, 0, 0)
    assert load_principal(person.id, version)[0] is not before[0]
    principal.forget_principals()


# Standing in on another post of the team


@pytest.fixture
def team(project):
    return make_team(project)


def seats(session, user):
    rows = session.scalars(
        select(TeamMember).where(TeamMember.user_id == user.id).order_by(TeamMember.from_on)
    )
    return [(row.post_id, row.from_on, row.until_on) for row in rows]


def test_standing_in_splits_the_membership(session, team, person, admin, today):
    chief = make_post(team)
    own = make_post(team, superior=chief)
    below = make_user("consultant")
    put_into(own, below)
    member = put_into(own, person, from_on=today - 30 * DAY)
    first, last = today, today + 13 * DAY
    made = standing_in.stand_in(member, post_id=chief.id, from_on=first, until_on=last, actor=admin)
    assert seats(session, person) == [
        (own.id, today - 30 * DAY, first - DAY),
        (chief.id, first, last),
        (own.id, last + DAY, None),
    ]
    assert made.post_id == chief.id
    assert (team.project_id, below.id) in read_actor(person.id).followed


def test_standing_in_from_the_first_or_to_the_last_day(session, team, person, admin, today):
    own, chief = make_post(team), make_post(team)
    member = put_into(own, person, from_on=today, until_on=today + 5 * DAY)
    standing_in.stand_in(member, post_id=chief.id, from_on=today, until_on=today + DAY, actor=admin)
    assert seats(session, person) == [
        (chief.id, today, today + DAY),
        (own.id, today + 2 * DAY, today + 5 * DAY),
    ]
    rest = session.scalars(select(TeamMember).where(TeamMember.post_id == own.id)).one()
    standing_in.stand_in(
        rest, post_id=chief.id, from_on=today + 4 * DAY, until_on=today + 5 * DAY, actor=admin
    )
    assert seats(session, person)[-1] == (chief.id, today + 4 * DAY, today + 5 * DAY)


def test_standing_in_lies_within_the_membership_and_the_team(team, person, admin, today):
    own, chief = make_post(team), make_post(team)
    elsewhere = make_post(make_team(make_project()))
    member = put_into(own, person, from_on=today, until_on=today + 5 * DAY)
    for wrong in (
        {"from_on": today - DAY},
        {"until_on": today + 6 * DAY},
        {"until_on": today - DAY},
        {"post_id": own.id},
        {"post_id": elsewhere.id},
    ):
        known = {"post_id": chief.id, "from_on": today, "until_on": today + DAY, **wrong}
        with pytest.raises(Invalid):
            standing_in.stand_in(member, actor=admin, **known)


def test_the_pages_show_and_take_days(client, sign_in, session, project, person, today):
    browser = sign_in(client, make_user("admin", whole_group=True))
    node = make_organization()
    days = {"from_on": str(today), "until_on": str(today + 13 * DAY)}
    for path, data in (
        ("/members/add", {"organization": node.id}),
        ("/project-members/add", {"project": project.id}),
        ("/team-members/add", {"post": make_post(make_team(project)).id}),
    ):
        answer = browser.post(path, data={"user": person.id, **days, **data})
        assert answer.status_code == 302, answer.text
    shown = browser.get(f"/users/show/{person.id}").text
    assert (
        shown.count(str(today + 13 * DAY)) + shown.count((today + 13 * DAY).strftime("%m-%d")) >= 2
    )
    member = session.scalars(select(TeamMember).where(TeamMember.user_id == person.id)).one()
    chief = make_post(member.team)
    answer = browser.post(
        "/team-members/act/stand_in",
        data={"id": member.id, "_form": "1", "post": chief.id, **days, "until_on": str(today)},
    )
    assert answer.status_code == 302, answer.text
    assert seats(session, person)[0][0] == chief.id

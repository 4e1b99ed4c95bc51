"""The page 组织: who works where, who looks after it, and nothing of other regions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.admin.models import OrganizationMember
from app.admin.principal import read_actor
from app.admin.tree import MOST_PEOPLE, read_tree
from app.core import clock
from tests.factories.people import make_organization, make_project, make_user
from tests.factories.teams import make_post, make_team, put_into


class Group:
    """A group of two regions; the east has a company, a project and a phase of it."""

    def __init__(self, session):
        self.session = session
        self.top = make_organization(name="星河集团")
        self.east = make_organization(self.top, name="华东")
        self.west = make_organization(self.top, name="西部")
        self.company = make_organization(self.east, name="杭州公司")
        self.project = make_project(self.company, name="云栖")
        self.phase = make_project(self.company, name="云栖二期", parent_id=self.project.id)
        self.other = make_project(self.west, name="锦江")
        self.chief = make_user("admin", first_name="集团管", whole_group=True)
        self.regional = make_user("admin", first_name="华东管", organization=self.east)
        self.boss = make_user("manager", first_name="西部经理", organization=self.west)
        self.finance = make_user("finance_manager", first_name="财务钱", projects=[self.project])
        team = make_team(self.phase, name="一组")
        self.seller = make_user("consultant", first_name="顾问孙")
        self.seat = put_into(make_post(team, name="置业顾问"), self.seller)
        session.flush()

    def tree(self, user, search=""):
        return read_tree(read_actor(user.id), search=search)


@pytest.fixture
def office(session):
    return Group(session)


def titles(places):
    """The tree as nested pairs."""
    return [(one.title, titles(one.below)) if one.below else one.title for one in places]


def all_places(places):
    for one in places:
        yield one
        yield from all_places(one.below)


def place(places, title):
    return next(one for one in all_places(places) if one.title == title)


def names(places):
    return {seat.name for one in all_places(places) for seat in one.seats}


EAST = ("华东", [("杭州公司", [("云栖", ["云栖二期"])])])


def test_the_whole_group_sees_all_of_it(office):
    found = office.tree(office.chief)
    assert found[0].kind == "group"
    assert ("星河集团", [EAST, ("西部", ["锦江"])]) in titles(found)
    assert {"集团管", "华东管", "西部经理", "财务钱", "顾问孙"} <= names(found)
    east = place(found, "华东")
    assert (len(east.people), east.projects) == (3, 2)
    assert [one.name for one in east.administrators] == ["华东管"]
    assert place(found, "云栖二期").kind == "phase"


def test_people_stand_in_their_teams_on_their_posts(office):
    phase = place(office.tree(office.chief), "云栖二期")
    ((team, (seat,)),) = phase.teams
    assert (team, seat.post, seat.name) == ("一组", "置业顾问", "顾问孙")


def test_a_regional_administrator_sees_his_region_alone(office):
    found = office.tree(office.regional)
    assert titles(found) == [EAST]
    assert names(found) == {"华东管", "财务钱", "顾问孙"}


def test_who_reaches_one_project_sees_it_without_what_stands_above(office):
    steward = make_user("steward", projects=[office.phase])
    found = office.tree(steward)
    assert titles(found) == ["云栖二期"]
    assert "财务钱" not in names(found)


def test_who_reaches_nothing_sees_nothing(office):
    assert office.tree(make_user("steward")) == []


def test_only_what_counts_today_and_whoever_is_still_here(office):
    office.seat.until_on = clock.today() - timedelta(days=1)
    office.finance.active = False
    later = OrganizationMember(
        user_id=office.boss.id,
        organization_id=office.east.id,
        from_on=clock.today() + timedelta(days=1),
    )
    office.session.add(later)
    office.session.flush()
    found = office.tree(office.chief)
    assert not {"顾问孙", "财务钱"} & names(found)
    assert "西部经理" not in {one.name for one in place(found, "华东").seats}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("孙", [("星河集团", [("华东", [("杭州公司", [("云栖", ["云栖二期"])])])])]),
        ("一组", [("星河集团", [("华东", [("杭州公司", [("云栖", ["云栖二期"])])])])]),
        ("锦江", [("星河集团", [("西部", ["锦江"])])]),
        ("没有这个", []),
    ],
)
def test_a_search_leaves_what_fits_and_what_stands_above_it(office, search, found):
    assert titles(office.tree(office.chief, search)) == found


def test_a_search_finds_nothing_beyond_the_scope(office):
    assert office.tree(office.regional, "锦江") == []
    assert office.tree(office.regional, "西部经理") == []


def test_the_number_of_statements_does_not_grow(office, counted):
    actor = read_actor(office.chief.id)
    for number in range(MOST_PEOPLE + 5):
        node = make_organization(office.east)
        make_user("seal", projects=[make_project(node), office.project], first_name=f"多{number}")
    with counted() as statements:
        found = read_tree(actor)
    assert len(statements) == 3
    project = place(found, "云栖")
    assert project.unnamed == 6
    assert sum(len(seats) for _team, seats in project.teams) == MOST_PEOPLE


def test_the_page_links_to_places_and_people(office, client, sign_in):
    page = sign_in(client, office.chief).get("/organization-tree/").text
    assert f'href="/organizations/show/{office.east.id}"' in page
    assert f'href="/users/show/{office.seller.id}"' in page
    assert "置业顾问" in page
    found = client.get("/organization-tree/?q=锦江").text
    assert "财务钱" not in found
    assert "没有符合" in client.get("/organization-tree/?q=没有这个").text


def test_only_accounts_that_open_are_linked(office, client, sign_in):
    beyond = make_user("seal", projects=[office.project, office.other], first_name="两边跑")
    browser = sign_in(client, office.regional)
    page = browser.get("/organization-tree/").text
    assert "两边跑" in page
    assert f'href="/users/show/{beyond.id}"' not in page
    assert browser.get(f"/users/show/{beyond.id}").status_code == 404
    assert f'href="/users/show/{office.seller.id}"' in page


def test_lists_of_nodes_and_members_keep_to_the_region(office, client, sign_in):
    browser = sign_in(client, office.regional)
    assert "西部" not in browser.get("/organization-tree/").text
    assert "西部" not in browser.get("/organizations/list/?all=1").text
    assert "西部经理" not in browser.get("/members/list/?all=1").text
    assert browser.get(f"/organizations/show/{office.west.id}").status_code == 404
    offered = browser.get("/choices/MemberView/organization?q=").json["result"]
    assert {one["id"] for one in offered} == {office.east.id, office.company.id}

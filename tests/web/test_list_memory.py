"""Views, columns and first views of lists: kept per person, shared by those who may."""

# ruff: noqa: ARG001 - fixtures are arguments

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.core.db import db
from app.lists.models import ListLayout, SavedView
from tests.factories.people import make_project

LIST = "/sample/rooms/list/"
KEPT = "/lists/SampleRoomView"


def save(client, name="在售", query="status=available", **more):
    data = {"name": name, "query": query, "next": LIST + "?x=1", **more}
    return client.post(f"{KEPT}/views", data=data)


def heads(page):
    return re.findall(r"<th class=\"[^\"]*\"[^>]*>(?:<a[^>]*>)?([^<]+)", page.text)


def test_a_view_is_saved_and_offered_above_the_list(steward, rooms):
    answer = save(steward, query="status=available&page=3")
    assert answer.location == LIST + "?x=1"
    page = steward.get(LIST + "?status=available")
    assert 'href="/sample/rooms/list/?status=available" aria-current="page"' in page.text


def test_saving_under_the_same_name_replaces(steward, rooms):
    save(steward)
    save(steward, query="status=held")
    assert list(db.session.scalars(select(SavedView.query))) == ["status=held"]


@pytest.mark.parametrize(
    ("name", "query"), [("", "a=1"), ("长" * 41, "a=1"), ("好", "q=" + "x" * 3000)]
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(steward, rooms, name, query):
    save(steward, name=name, query=query)
    assert db.session.scalar(select(SavedView)) is None
    assert "toast bad" in steward.get(LIST).text


def test_the_first_view_opens_with_the_list_until_it_is_taken_back(steward, rooms):
    save(steward, opens="1")
    assert steward.get(LIST).location == LIST + "?status=available"
    assert steward.get(LIST + "?all=1").status_code == 200
    steward.post(f"{KEPT}/opens", data={"view": ""})
    assert steward.get(LIST).status_code == 200


def test_a_first_view_without_conditions_does_not_lead_in_circles(steward, rooms):
    save(steward, query="", opens="1")
    assert steward.get(LIST).location == LIST + "?all=1"


def test_a_colleague_sees_a_view_only_when_it_is_shared(client, user_for, sign_in, rooms):
    sign_in(client, user_for("steward"))
    save(client, name="只我")
    save(client, name="给顾问", share="role:consultant")
    save(client, name="给项目", share="project")
    other = client.application.test_client()
    page = sign_in(other, user_for("consultant")).get(LIST).text
    assert "只我" not in page
    assert "给顾问" in page
    assert "给项目" in page
    third = client.application.test_client()
    foreign = sign_in(third, user_for("steward", project=make_project())).get(LIST).text
    assert "给项目" not in foreign
    assert "给顾问" not in foreign


def test_sharing_asks_for_the_right(consultant, rooms):
    save(consultant, share="role:manager")
    assert db.session.scalar(select(SavedView)) is None
    assert 'name="share"' not in consultant.get(LIST).text


def test_nobody_deletes_or_opens_with_a_view_that_is_not_his(client, user_for, sign_in, rooms):
    sign_in(client, user_for("steward"))
    save(client)
    view = db.session.scalar(select(SavedView.id))
    other = sign_in(client.application.test_client(), user_for("consultant"))
    assert other.post(f"{KEPT}/views/{view}/delete").status_code == 404
    other.post(f"{KEPT}/opens", data={"view": view})
    assert db.session.scalar(select(ListLayout.default_view_id)) is None
    assert client.post(f"{KEPT}/views/{view}/delete").status_code == 302
    assert db.session.scalar(select(SavedView)) is None


def test_columns_are_chosen_in_order_and_forgotten_again(steward, rooms):
    before = heads(steward.get(LIST))
    steward.post(f"{KEPT}/layout", data={"column": ["status", "gross_area", "nonsense"]})
    chosen = heads(steward.get(LIST))
    assert len(chosen) == 3
    assert chosen[0] == before[0]
    assert chosen[1] == before[-1]
    steward.post(f"{KEPT}/layout", data={"reset": "1", "column": ["status"]})
    assert heads(steward.get(LIST)) == before


def test_a_page_size_is_kept(steward, rooms):
    steward.post(f"{KEPT}/layout", data={"size": "50"})
    assert steward.get(LIST).text.count("<tr data-href") == 30
    steward.post(f"{KEPT}/layout", data={"size": "7"})
    assert steward.get(LIST).text.count("<tr data-href") == 25


def test_a_list_that_is_not_there_or_not_ones_own_keeps_nothing(client, user_for, sign_in):
    seal = sign_in(client, user_for("seal"))
    assert seal.post("/lists/Nothing/layout", data={}).status_code == 404
    assert seal.post(f"{KEPT}/layout", data={"size": "50"}).status_code == 404

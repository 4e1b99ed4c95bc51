"""The page of the grid: who may open it, and what its scripts are told."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.factories.customers import make_customer
from tests.factories.people import make_project, make_user


@pytest.fixture
def setup_for(client, user_for, sign_in):
    """``setup_for("director")``: what the page tells its scripts for that role."""

    def open_(role):
        page = sign_in(client, user_for(role)).get("/grid/")
        assert page.status_code == 200
        found = re.search(r'data-setup="([^"]*)"', page.get_data(as_text=True))
        assert found is not None
        return json.loads(html.unescape(found[1]))

    return open_


def test_a_stranger_goes_to_the_door(client):
    answer = client.get("/grid/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/")


def test_who_may_not_see_rooms_is_told_so(client, user_for, sign_in):
    assert sign_in(client, user_for("seal")).get("/grid/").status_code == 403


def test_somebody_without_a_project_reads_what_to_do(client, session, sign_in):  # noqa: ARG001
    page = sign_in(client, make_user("consultant")).get("/grid/")
    assert page.status_code == 200
    assert "data-setup" not in page.get_data(as_text=True)
    assert 'class="empty"' in page.get_data(as_text=True)


def test_the_page_keeps_the_policy(client, user_for, sign_in):
    page = sign_in(client, user_for("consultant")).get("/grid/").get_data(as_text=True)
    assert " style=" not in page
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]* src=)", page) == []


def test_the_scripts_know_the_project_and_the_way(setup_for, project):
    setup = setup_for("consultant")
    assert setup["project_id"] == project.id
    assert setup["grid_url"] == f"/api/v1/projects/{project.id}/grid"
    assert setup["stream_url"] == f"/api/v1/projects/{project.id}/grid/stream"
    assert len(setup["statuses"]) == 9
    assert all(one["mark"] and one["title"] and one["short"] for one in setup["statuses"])


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("consultant", {"customers"}),
        ("controller", {"customers", "control"}),
        ("director", {"customers", "control", "release", "withdraw", "export"}),
        ("cashier", set()),
    ],
)
def test_buttons_follow_the_rights(setup_for, role, may):
    setup = setup_for(role)
    assert {name for name, yes in setup["may"].items() if yes} == may
    assert setup["holds_alone"] == ("control" in may)


def test_floor_totals_are_offered_to_those_who_may_see_them(setup_for):
    assert "floor_total" not in {one["code"] for one in setup_for("consultant")["contents"]}
    assert "floor_total" in {one["code"] for one in setup_for("manager")["contents"]}


def test_a_room_is_chosen_for_a_customer_of_the_project(client, user_for, sign_in, project):
    consultant = user_for("consultant")
    own = make_customer(project, consultant, name="王小明")
    others = make_customer(project, user_for("consultant"), name="李小红")
    elsewhere = make_customer(make_project(), consultant, name="赵大海")
    sign_in(client, consultant)

    def told(customer):
        return client.get(f"/grid/?customer={customer}").get_data(as_text=True)

    assert "正在为 王小明 选房" in told(own.id)
    assert f'/grid/?customer={own.id}"' in client.get(f"/customers/show/{own.id}").text
    for customer in (others.id, elsewhere.id, "zzz", 0):
        assert "正在为" not in told(customer)
    sign_in(client, user_for("manager"))
    assert "正在为 李** 选房" in told(others.id)
    sign_in(client, user_for("cashier"))
    assert "正在为" not in told(own.id)

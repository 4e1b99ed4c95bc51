"""Around every page: what is suggested while one types, keys, one's place in the menu."""

from __future__ import annotations

import pytest

from app.web.search import names_of
from tests.factories.customers import make_customer, rename_user
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project

ZH = {"Accept-Language": "zh"}


@pytest.fixture
def consultant(user_for):
    return user_for("consultant")


def suggested(client, typed):
    groups = client.get(f"/search/suggest?q={typed}", headers=ZH).json["groups"]
    return {row["title"]: row["url"] for group in groups for row in group["rows"]}


def test_what_one_types_is_found_within_scope(client, sign_in, consultant, project, user_for):
    mine = make_customer(project, consultant, name="孙悟空")
    make_customer(project, user_for("consultant"), name="孙权")
    make_customer(make_project(), user_for("consultant"), name="孙坚")
    found = suggested(sign_in(client, consultant), "孙")
    assert found == {"孙悟空": f"/customers/show/{mine.id}"}


@pytest.mark.parametrize("typed", ["3栋2602", "3-2602", "2602", "3栋-2602"])
def test_rooms_are_found_as_people_name_them(client, sign_in, consultant, project, typed):
    building = make_building(project, name="3栋")
    make_room(building, number="2602")
    make_room(building, number="2603")
    assert list(suggested(sign_in(client, consultant), typed)) == ["3栋-2602"]


def test_users_are_found_by_administrators_only(client, sign_in, consultant, user_for):
    rename_user(consultant.id, "诸葛亮")
    found = suggested(sign_in(client, user_for("admin", whole_group=True)), "诸葛")
    assert found == {"诸葛亮": f"/users/show/{consultant.id}"}
    assert suggested(sign_in(client, user_for("cashier")), "诸葛") == {}


@pytest.mark.parametrize("typed", ["销控表", "xkb", "xiaokong"])
def test_pages_are_found_by_name_and_pinyin(client, sign_in, consultant, typed):
    assert suggested(sign_in(client, consultant), typed)["销控表"] == "/grid/"


def test_pages_one_may_not_open_are_not_named(client, sign_in, consultant):
    assert "/users/list/" not in suggested(sign_in(client, consultant), "用户").values()


@pytest.mark.parametrize("typed", ["", "   ", "%", "'", "字" * 500])
def test_odd_words_do_no_harm(client, sign_in, consultant, typed):
    answer = sign_in(client, consultant).get("/search/suggest", query_string={"q": typed})
    assert answer.status_code == 200


def test_a_name_is_itself_its_pinyin_and_its_initials():
    assert names_of("待我审批") == ("待我审批", "daiwoshenpi", "dwsp")


def test_keys_are_explained_and_can_be_switched_off(client, sign_in, consultant):
    sign_in(client, consultant)
    assert 'data-keys="on"' in client.get("/notices/").text
    shown = client.get("/work/keys", headers=ZH).text
    assert "快捷键" in shown
    assert "销控表" in shown
    assert "用户" not in shown
    client.post("/work/keys", data={"on": "", "next": "/notices/"})
    assert 'data-keys="off"' in client.get("/notices/").text
    sign_in(client, consultant)
    assert 'data-keys="off"' in client.get("/notices/").text
    client.post("/work/keys", data={"on": "1"})
    assert 'data-keys="on"' in client.get("/notices/").text


def test_who_has_one_project_is_not_offered_all(client, sign_in, consultant, user_for):
    wider = "everywhere=1"
    assert wider not in sign_in(client, consultant).get("/customers/list/").text
    assert wider in sign_in(client, user_for("manager", whole_group=True)).get("/rooms/list/").text

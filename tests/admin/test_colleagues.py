"""Whom people are offered: colleagues of their own projects, without names to sign in with."""

from __future__ import annotations

import pytest

from app.admin.models import AppUser
from app.admin.principal import read_actor
from app.core.actor import acting
from app.web.choices import find_choices
from app.web.crud_forms import ChoiceField, CrudForm
from tests.factories.people import make_organization, make_project

PATH = "/choices/SubscriptionView/consultant"


class OneUser(CrudForm):
    user = ChoiceField("User", target=AppUser)


@pytest.fixture
def people(user_for, project):
    elsewhere = make_project()
    return {
        "self": user_for("consultant", username="login-self"),
        "colleague": user_for("manager", username="login-colleague"),
        "above": user_for(
            "director", project=None, organization=project.organization, username="login-above"
        ),
        "group": user_for("gm", project=None, whole_group=True, username="login-group"),
        "stranger": user_for("consultant", project=elsewhere, username="login-stranger"),
        "nowhere": user_for(
            "manager", project=None, organization=make_organization(), username="login-nowhere"
        ),
    }


def names_of(people, *names):
    return {people[name].id for name in names}


def test_a_consultant_is_offered_colleagues_without_login_names(client, sign_in, people):
    page = sign_in(client, people["self"])
    found = page.get(f"{PATH}?q=").json["result"]
    assert {one["id"] for one in found} == names_of(people, "self", "colleague", "above", "group")
    assert {one["detail"] for one in found} == {""}
    assert page.get(f"{PATH}?q=login").json["result"] == []
    assert page.get(f"{PATH}?q={people['stranger'].first_name}").json["result"] == []


def test_administrators_of_users_are_offered_whom_they_govern(people, user_for, client, sign_in):
    regional = user_for("admin", username="login-admin")
    found = find_choices(AppUser, "login", actor=read_actor(regional.id))
    governed = names_of(people, *people) - names_of(people, "stranger", "nowhere")
    assert {one.id for one in found} == governed | {regional.id}
    chief = user_for("admin", username="login-chief", project=None, whole_group=True)
    shown = sign_in(client, chief).get("/choices/MemberView/user?q=login-stranger").json
    assert [one["detail"] for one in shown["result"]] == ["login-stranger"]


def test_who_reaches_no_project_is_offered_himself(user_for, people):
    alone = user_for("consultant", project=None)
    assert people
    assert find_choices(AppUser, "login", actor=read_actor(alone.id)) == []
    found = find_choices(AppUser, alone.first_name, actor=read_actor(alone.id))
    assert [one.id for one in found] == [alone.id]


def test_who_reaches_the_whole_group_sees_all_names_and_no_login_names(people):
    actor = read_actor(people["group"].id)
    assert names_of(people, *people) <= {one.id for one in find_choices(AppUser, "", actor=actor)}
    assert find_choices(AppUser, "login", actor=actor) == []


def test_nobody_is_named_by_an_id_that_was_guessed(client, sign_in, people):
    page = sign_in(client, people["self"])
    for name, told in (("stranger", False), ("colleague", True)):
        answer = page.get(f"/sales/subscriptions/list/?consultant={people[name].id}")
        assert answer.status_code == 200
        assert (people[name].first_name in answer.text) is told, name


def test_a_form_takes_only_who_is_offered_and_keeps_who_is_there(app, people):
    from werkzeug.datastructures import MultiDict

    class Row:
        user = people["stranger"]

    actor = read_actor(people["self"].id)
    typed, other = (MultiDict({"user": str(people[name].id)}) for name in ("stranger", "colleague"))
    with app.test_request_context(), acting(actor):
        assert not OneUser(typed).validate()
        assert OneUser(other).validate()
        assert OneUser(typed, obj=Row()).validate()


def test_roles_are_offered_and_found_by_their_names(client, sign_in, user_for):
    page = sign_in(client, user_for("admin", project=None, whole_group=True))
    found = page.get("/choices/UserView/roles?q=置业").json["result"]
    assert [one["text"] for one in found] == ["置业顾问"]
    consultant = user_for("consultant")
    form = page.get(f"/users/edit/{consultant.id}").text
    assert "置业顾问</label>" in form
    assert "consultant</label>" not in form

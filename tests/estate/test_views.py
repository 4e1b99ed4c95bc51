"""Pages and REST of master data: seen with the right, refused without, 404 outside scope."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.estate.models import (
    Building,
    Entrance,
    HouseType,
    Permit,
    Project,
    ProjectMember,
    Room,
    Zone,
)
from tests.factories.estate import (
    make_building,
    make_entrance,
    make_house_type,
    make_permit,
    make_room,
)
from tests.factories.people import make_project, make_user

LISTS = ("rooms", "buildings", "entrances", "house-types", "permits", "projects")


@pytest.fixture
def page(client, user_for, sign_in):
    """``page("steward", "/rooms/list/")``: what that role sees there."""
    users = {}

    def open_page(role, path, *, project=..., data=None):
        key = (role, id(project))
        if key not in users:
            users[key] = user_for(role) if project is ... else user_for(role, project=project)
        sign_in(client, users[key])
        return client.get(path) if data is None else client.post(path, data=data)

    return open_page


@pytest.fixture
def house(project):
    """A building with everything in it."""
    building = make_building(project, name="3栋")
    entrance = make_entrance(building, name="1单元")
    kind = make_house_type(project, name="阔景四房")
    room = make_room(building, number="2602", entrance_id=entrance.id, house_type_id=kind.id)
    return {
        "rooms": room,
        "buildings": building,
        "entrances": entrance,
        "house-types": kind,
        "permits": make_permit(project, [building]),
        "projects": project,
    }


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_records_are_shown(page, house, name):
    listed = page("steward", f"/{name}/list/")
    assert listed.status_code == 200
    shown = page("steward", f"/{name}/show/{house[name].id}")
    assert shown.status_code == 200
    row = house[name]
    title = row.title if name == "rooms" else str(row)
    assert title in listed.text
    assert title in shown.text


@pytest.mark.parametrize("name", LISTS)
def test_records_outside_scope_are_404_on_every_page(page, house, name):
    elsewhere = make_project()
    path = f"/{name}/show/{house[name].id}"
    assert page("steward", path, project=elsewhere).status_code == 404
    edit = f"/{name}/edit/{house[name].id}"
    assert page("steward", edit, project=elsewhere).status_code == 404
    delete = f"/{name}/delete/{house[name].id}"
    assert page("steward", delete, project=elsewhere, data={}).status_code == 404
    assert str(house[name]) not in page("steward", f"/{name}/list/", project=elsewhere).text


@pytest.mark.parametrize("name", LISTS)
def test_others_see_and_only_the_steward_changes(page, house, name):
    assert page("consultant", f"/{name}/list/").status_code == 200
    assert page("consultant", f"/{name}/add").status_code == 403
    assert page("consultant", f"/{name}/edit/{house[name].id}").status_code == 403
    assert page("consultant", f"/{name}/delete/{house[name].id}", data={}).status_code == 403


def test_a_stranger_goes_to_the_door(client):
    for name in LISTS:
        answer = client.get(f"/{name}/list/")
        assert answer.status_code == 302
        assert "/login" in answer.location


def test_a_room_is_added_changed_and_deleted_on_its_pages(page, house, session):
    data = {
        "building": house["buildings"].id,
        "entrance": house["entrances"].id,
        "number": "2601",
        "floor": "26",
        "floor_name": "",
        "column": "1",
        "gross_area": "93.87",
        "inside_area": "74.81",
        "house_type": "",
        "orientation": "南",
    }
    assert page("steward", "/rooms/add").status_code == 200
    added = page("steward", "/rooms/add", data=data)
    assert added.status_code == 302, added.text
    room = session.scalars(select(Room).where(Room.number == "2601")).one()
    assert (room.gross_area, room.floor_name) == (Decimal("93.87"), "26")

    again = page("steward", "/rooms/add", data=data)
    assert again.status_code == 422
    assert "2601" in again.text

    form = page("steward", f"/rooms/edit/{room.id}")
    assert form.status_code == 200
    changed = page("steward", f"/rooms/edit/{room.id}", data=data | {"gross_area": "94.00"})
    assert changed.status_code == 302, changed.text
    session.expire_all()
    assert room.gross_area == Decimal("94.00")

    assert page("steward", f"/rooms/delete/{room.id}", data={}).status_code == 302
    assert session.scalar(select(func.count()).where(Room.number == "2601")) == 0


def test_form_errors_stand_beside_the_field(page, house):
    data = {"building": house["buildings"].id, "number": "1", "floor": "1", "column": "1"}
    answer = page("steward", "/rooms/add", data=data | {"gross_area": "90", "inside_area": "91"})
    assert answer.status_code == 422
    assert 'id="inside_area-error"' in answer.text
    missing = page("steward", "/rooms/add", data=data)
    assert 'id="gross_area-error"' in missing.text


def test_the_other_records_are_added_on_their_pages(page, project, session):
    steps = (
        ("buildings", {"project": project.id, "name": "8栋", "position": "8"}, Building),
        ("house-types", {"project": project.id, "name": "B2"}, HouseType),
    )
    for name, data, model in steps:
        answer = page("steward", f"/{name}/add", data=data)
        assert answer.status_code == 302, answer.text
        assert session.scalar(select(func.count()).select_from(model)) == 1
    building = session.scalars(select(Building)).one()
    answer = page("steward", "/entrances/add", data={"building": building.id, "name": "2单元"})
    assert answer.status_code == 302, answer.text
    assert session.scalars(select(Entrance)).one().project_id == project.id
    permit = {
        "project": project.id,
        "number": "深房许字1号",
        "granted_on": "2026-01-08",
        "buildings": [building.id],
    }
    answer = page("steward", "/permits/add", data=permit)
    assert answer.status_code == 302, answer.text
    found = session.scalars(select(Permit)).one()
    assert (found.granted_on, [one.name for one in found.buildings]) == (
        date(2026, 1, 8),
        ["8栋"],
    )


def test_a_project_is_changed_on_its_page(page, project, session):
    data = {
        "code": project.code,
        "name": "松风明月花园",
        "organization": project.organization_id,
        "parent": "",
        "total_rounding": "1",
    }
    answer = page("steward", f"/projects/edit/{project.id}", data=data)
    assert answer.status_code == 302, answer.text
    session.expire_all()
    found = session.get(Project, project.id)
    assert (found.name, found.total_rounding) == ("松风明月花园", Decimal(1))


#: address → what is entered, and every field that the one answer must name
FAULTY = {
    "projects": (
        {"code": "{taken}", "name": "", "plot_area": "-5", "term_from": "2026-13-40",
         "map_point": "abc", "total_rounding": "1"},
        {"code", "name", "organization", "plot_area", "term_from", "map_point"},
    ),
    "buildings": (
        {"project": "{project}", "name": "3栋", "code": "a b", "position": "x",
         "completed_on": "2999-01-01"},
        {"name", "code", "position", "completed_on"},
    ),
    "permits": ({"project": "{project}", "number": "{permit}", "granted_on": "x"},
                {"number", "granted_on"}),
    "zones": ({"project": "{project}", "name": "东区", "position": "x"}, {"name", "position"}),
    "launch-batches": (
        {"project": "{project}", "name": "", "planned_on": "x", "area": "-1"},
        {"name", "planned_on", "area"},
    ),
    "milestones": ({"building": "", "kind": "roof", "actual_on": "2999-01-01"},
                   {"building", "kind", "actual_on"}),
    "house-types": ({"project": "{project}", "name": "", "gross_area": "80", "inside_area": "90"},
                    {"name", "inside_area"}),
    "fit-outs": ({"project": "{project}", "name": "", "unit_price": "-1"}, {"name", "unit_price"}),
    "payment-methods": (
        {"project": "{project}", "name": "", "discount_percent": "120", "valid_from": "2026-02-01",
         "valid_to": "2026-01-01", "lines-0-kind": "deposit", "lines-0-basis": "rest",
         "lines-0-due_rule": "contract"},
        {"name", "discount_percent", "valid_to", "lines"},
    ),
    "discounts": (
        {"project": "{project}", "name": "", "kind": "percent", "value": "100",
         "valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        {"name", "value", "valid_to"},
    ),
    "price-plans": (
        {"project": "{project}", "name": "", "takes_effect_on": "2000-01-01", "floor_from": "9",
         "floor_to": "2", "percent": "1", "per_room": "1"},
        {"name", "takes_effect_on", "floor_to", "per_room"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", FAULTY)
def test_one_answer_tells_all_that_is_wrong(page, house, project, session, place):
    session.add(Zone(project_id=project.id, name="东区", position=0))
    session.flush()
    entered, fields = FAULTY[place]
    known = {"project": project.id, "taken": project.code, "permit": house["permits"].number}
    data = {name: text.format(**known) for name, text in entered.items()}
    answer = page("steward", f"/{place}/add", data=data)
    assert answer.status_code == 422
    summary = answer.text.partition("data-faults")[2].partition("</ul>")[0]
    assert set(re.findall(r'<a href="#([a-z_]+)"', summary)) == fields


def test_an_operation_alone_tells_all_as_well(client, user_for, bearer, project):
    answer = client.post(
        "/api/v1/discounts/",
        json={"project_id": project.id, "name": "开盘", "kind": "percent", "value": "100",
              "valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        headers=bearer(user_for("steward")),
    )  # fmt: skip
    assert answer.status_code == 422
    assert set(answer.json["fields"]) == {"value", "valid_to"}


def test_a_new_project_is_worked_in_from_now_on(client, sign_in, user_for, project, session):
    sign_in(client, user_for("steward", organization=project.organization))
    added = client.post("/projects/add",
                 data={"code": "NEW", "name": "新项目", "organization": project.organization_id,
                       "total_rounding": "10"})  # fmt: skip
    assert added.status_code == 302, added.text
    made = session.scalar(select(Project).where(Project.code == "NEW"))
    # Signed in as before, and what was added is reached at once.
    shown = client.get(added.location)
    assert shown.status_code == 200
    assert '<summary class="pick"><span class="sr">项目</span><span>新项目</span>' in shown.text
    assert "10 元" in shown.text
    for place in ("zones", "milestones", "launch-batches"):
        assert f"/{place}/add?project={made.id}" in shown.text
    assert 'href="/drawings/"' in shown.text


def test_people_are_attached_and_detached(page, project, session):
    user = make_user("admin")
    data = {"project": project.id, "user": user.id}
    assert page("steward", "/project-members/add").status_code == 403
    answer = page("admin", "/project-members/add", data=data)
    assert answer.status_code == 302, answer.text
    mine = select(ProjectMember).where(ProjectMember.user_id == user.id)
    member = session.scalars(mine).one()
    assert page("admin", "/project-members/list/").status_code == 200
    assert page("admin", f"/project-members/delete/{member.id}", data={}).status_code == 302
    assert session.scalars(mine).first() is None


@pytest.mark.usefixtures("house")
def test_choices_stay_within_scope(page):
    path = "/choices/RoomView/building?q=3"
    assert "3栋" in page("steward", path).text
    assert "3栋" not in page("steward", path, project=make_project()).text


def test_rest_of_master_data(client, user_for, bearer, project):
    headers = bearer(user_for("steward"))

    def call(method, path, body=None):
        return getattr(client, method)(f"/api/v1/{path}", headers=headers, json=body)

    made = call("post", "buildings", {"project_id": project.id, "name": "8栋"})
    assert made.status_code == 201, made.json
    building = made.json["id"]
    body = {
        "building_id": building,
        "number": "101",
        "floor": 1,
        "column": 1,
        "gross_area": "88.00",
    }
    room = call("post", "rooms", body)
    assert room.status_code == 201, room.json
    assert room.json["gross_area"] == "88.00"
    listed = call("get", f"rooms?project_id={project.id}").json
    assert listed["count"] == 1
    assert (
        call("put", f"rooms/{room.json['id']}", {"orientation": "南"}).json["orientation"] == "南"
    )
    assert call("delete", f"rooms/{room.json['id']}").status_code == 200
    assert call("get", f"buildings/{building}").json["name"] == "8栋"
    # These two are answered by the grid.
    assert call("get", "projects").json["result"][0]["code"] == project.code
    stranger = bearer(user_for("steward", project=make_project()))
    assert client.get(f"/api/v1/buildings/{building}", headers=stranger).status_code == 404
    consultant = bearer(user_for("consultant"))
    assert client.delete(f"/api/v1/buildings/{building}", headers=consultant).status_code == 403


def test_a_project_shows_its_own_buildings_and_permits_only(client, sign_in, house, user_for):
    other = make_project()
    stranger = make_building(other, name="另一栋")
    # Somebody who reaches both projects must not see them mixed.
    everywhere = user_for("steward", whole_group=True)
    sign_in(client, everywhere)
    shown = client.get(f"/projects/show/{house['projects'].id}").text
    assert "3栋" in shown
    assert stranger.name not in shown

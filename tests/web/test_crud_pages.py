"""Generated pages: seen, filtered, changed, refused; nothing outside the scope."""

# ruff: noqa: ARG001 - fixtures are arguments

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import event, select

from app.core.audit import AuditEntry
from app.estate.models import Building, Room
from tests.factories.people import make_project
from tests.factories.pricing import make_room_for_sale
from tests.web.conftest import make_building, make_rooms

LIST = "/sample/rooms/list/"


def rows_of(page):
    return page.text.count("<tr data-href")


def test_a_stranger_is_sent_to_the_door_and_back(client):
    answer = client.get("/sample/rooms/list/?status=held")
    assert answer.status_code == 302
    assert answer.location == "/login/?next=/sample/rooms/list/?status%3Dheld"


def test_without_the_permission_the_page_says_so(client, user_for, sign_in):
    page = sign_in(client, user_for("seal")).get(LIST)
    assert page.status_code == 403
    assert "<h1>" in page.text


def test_a_list_shows_the_rows_of_the_project_with_their_totals(steward, rooms):
    page = steward.get(LIST)
    assert page.status_code == 200
    assert rows_of(page) == 25
    assert "3栋-1单元-3001" in page.text
    shown = sum(Decimal(100 + number) for number in range(6, 31))
    assert f"{shown:,.2f}" in page.text


def test_a_list_says_its_count_and_walks_its_pages(steward, rooms):
    second = steward.get(LIST + "?page=2")
    assert rows_of(second) == 5
    assert 'aria-current="page">2<' in second.text
    beyond = steward.get(LIST + "?page=99")
    assert rows_of(beyond) == 5


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("status=held", 15),
        ("status=held&status=available&size=50", 30),
        ("gross_area.min=110&gross_area.max=112", 3),
        ("floor.max=4", 4),
        ("q=1201", 1),
        ("q=%25", 0),
        ("status=nonsense&size=50", 30),
        ("gross_area.min=abc&size=50", 30),
    ],
)
def test_filters_narrow_the_list(steward, rooms, asked, count):
    assert rows_of(steward.get(f"{LIST}?{asked}")) == count


def test_a_relation_is_filtered_by_its_id_and_named_on_the_chip(steward, building, rooms):
    other = make_building(building.project, "6栋")
    make_rooms(other, 2)
    page = steward.get(f"{LIST}?building={other.id}")
    assert rows_of(page) == 2
    assert "<b>6栋</b>" in page.text


def test_an_order_is_followed_and_shown(steward, rooms):
    page = steward.get(LIST + "?order=gross_area")
    assert page.text.index("101.00") < page.text.index("105.00")
    assert 'aria-sort="ascending"' in page.text
    page = steward.get(LIST + "?order=-gross_area")
    assert page.text.index("130.00") < page.text.index("125.00")


def test_an_order_that_the_view_does_not_offer_is_ignored(steward, rooms):
    assert steward.get(LIST + "?order=version").status_code == 200
    assert steward.get(LIST + "?order=1%3Bdrop").status_code == 200


def test_a_list_keeps_to_the_project_until_it_is_widened(client, user_for, sign_in, project, rooms):
    second = make_project()
    make_rooms(make_building(second, "9栋"), 2)
    from app.estate.models import ProjectMember

    user = user_for("steward")
    from app.core.db import db

    db.session.add(ProjectMember(user_id=user.id, project_id=second.id))
    db.session.flush()
    signed = sign_in(client, user)
    signed.post(f"/project/{second.id}", data={"next": LIST})
    assert rows_of(signed.get(LIST)) == 2
    assert rows_of(signed.get(LIST + "?everywhere=1&size=50")) == 32


def test_rows_outside_the_scope_are_nowhere(steward, rooms):
    foreign = make_rooms(make_building(make_project(), "X栋"), 1)[0]
    assert "X栋" not in steward.get(LIST + "?everywhere=1&size=100").text
    for method, path in (
        ("get", "show/{}"),
        ("get", "edit/{}"),
        ("post", "edit/{}"),
        ("get", "act/hold?id={}"),
        ("post", "act/release?id={}"),
    ):
        answer = getattr(steward, method)("/sample/rooms/" + path.format(foreign.id))
        assert answer.status_code == 404, path
    mixed = steward.post(f"/sample/rooms/act/release?id={foreign.id}&id={rooms[1].id}")
    assert mixed.status_code == 404


def test_a_page_of_rows_costs_the_same_however_many_rows(steward, rooms, session):
    def statements(path):
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                seen.append(statement)

        event.listen(session.connection(), "before_cursor_execute", note)
        try:
            assert steward.get(path).status_code == 200
        finally:
            event.remove(session.connection(), "before_cursor_execute", note)
        return seen

    statements(LIST)
    few, many = statements(LIST + "?floor.max=2"), statements(LIST + "?size=50")
    assert len(few) == len(many), many
    # who calls, the count, the rows
    assert len(many) <= 4


def test_a_record_shows_its_facts_and_links(steward, rooms):
    page = steward.get(f"/sample/rooms/show/{rooms[0].id}")
    assert page.status_code == 200
    assert "101.00 ㎡" in page.text
    assert f'/show/{rooms[0].building_id}">3栋</a>' in page.text
    assert "st-available" in page.text


def test_related_rows_stand_on_the_record(steward, building, rooms):
    page = steward.get(f"/sample/buildings/show/{building.id}")
    assert rows_of(page) == 10
    assert f"building={building.id}" in page.text


def test_only_those_who_may_see_the_buttons_and_pages_of_changing(consultant, building):
    page = consultant.get("/sample/buildings/list/")
    assert "/sample/buildings/add" not in page.text
    assert (
        "/sample/buildings/edit" not in consultant.get(f"/sample/buildings/show/{building.id}").text
    )
    assert consultant.get("/sample/buildings/add").status_code == 403
    assert consultant.post(f"/sample/buildings/delete/{building.id}").status_code == 403
    assert consultant.get("/sample/rooms/act/hold?id=1").status_code == 403


def test_what_is_not_declared_has_no_address(steward, rooms):
    assert steward.get("/sample/rooms/add").status_code == 404
    assert steward.post(f"/sample/rooms/delete/{rooms[0].id}").status_code == 404


def test_a_record_is_added_through_the_operation(steward, project, session):
    form = steward.get("/sample/buildings/add")
    assert f'name="project" value="{project.id}"' in form.text
    answer = steward.post(
        "/sample/buildings/add",
        data={"project": project.id, "name": " 12栋 ", "position": "4", "completed_on": ""},
    )
    found = session.scalar(select(Building).where(Building.name == "12栋"))
    assert answer.location == f"/sample/buildings/show/{found.id}"
    assert (found.position, found.completed_on) == (4, None)


def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field(
    steward, building, project
):
    answer = steward.post(
        "/sample/buildings/add",
        data={"project": project.id, "name": building.name, "position": "7", "completed_on": "x"},
    )
    assert answer.status_code == 422
    assert 'value="x"' in answer.text
    answer = steward.post(
        "/sample/buildings/add",
        data={"project": project.id, "name": building.name, "position": "7", "completed_on": ""},
    )
    assert answer.status_code == 422
    assert 'value="7"' in answer.text
    assert 'id="name-error"' in answer.text


def test_an_empty_form_names_every_missing_field(steward):
    answer = steward.post("/sample/buildings/add", data={})
    assert answer.status_code == 422
    assert 'id="project-error"' in answer.text
    assert 'id="name-error"' in answer.text


def test_a_choice_outside_the_scope_is_refused(steward, session):
    foreign = make_project()
    answer = steward.post(
        "/sample/buildings/add", data={"project": foreign.id, "name": "1", "position": "0"}
    )
    assert answer.status_code == 422
    assert 'id="project-error"' in answer.text
    assert foreign.name not in answer.text


def test_a_record_is_changed_with_what_was_typed(steward, rooms, session):
    room = rooms[0]
    answer = steward.post(
        f"/sample/rooms/edit/{room.id}",
        data={
            "building": room.building_id,
            "entrance": room.entrance_id,
            "number": "8888",
            "floor_name": "1F",
            "gross_area": "1,234.50",
            "inside_area": "",
            "house_type": "",
            "orientation": "",
        },
    )
    assert answer.status_code == 302
    session.refresh(room)
    assert (room.number, room.gross_area, room.house_type_id) == ("8888", Decimal("1234.50"), None)


def test_the_operation_speaks_beside_its_field(steward, rooms):
    room = rooms[0]
    answer = steward.post(
        f"/sample/rooms/edit/{room.id}",
        data={
            "building": room.building_id,
            "number": "101",
            "floor_name": "1F",
            "gross_area": "50",
            "inside_area": "60",
        },
    )
    assert answer.status_code == 422
    assert 'id="inside_area-error"' in answer.text
    assert 'value="60"' in answer.text


def test_whoever_was_slower_is_told_and_loses_nothing(steward, building, session):
    address = f"/sample/buildings/edit/{building.id}"
    page = steward.get(address).text
    seen = page.split('name="_seen" value="')[1].split('"')[0]
    building.position = 9
    session.flush()
    typed = {"project": building.project_id, "name": "新名", "position": "1", "_seen": seen}
    answer = steward.post(address, data=typed)
    assert answer.status_code == 409
    assert 'value="新名"' in answer.text
    assert "<b>9</b>" in answer.text
    session.refresh(building)
    assert (building.position, building.name) == (9, "3栋")
    again = answer.text.split('name="_seen" value="')[1].split('"')[0]
    assert steward.post(address, data={**typed, "_seen": again}).status_code == 302


def test_what_only_the_other_one_changed_is_taken_over(steward, building, session):
    address = f"/sample/buildings/edit/{building.id}"
    seen = steward.get(address).text.split('name="_seen" value="')[1].split('"')[0]
    before = building.position
    building.position = 9
    session.flush()
    typed = {"project": building.project_id, "name": "新名", "position": before, "_seen": seen}
    answer = steward.post(address, data=typed)
    assert answer.status_code == 409
    assert re.search(r'name="position"[^>]*value="9"', answer.text)
    assert 'value="新名"' in answer.text


def test_a_form_that_nobody_touched_meanwhile_is_saved(steward, building, session):
    address = f"/sample/buildings/edit/{building.id}"
    seen = steward.get(address).text.split('name="_seen" value="')[1].split('"')[0]
    typed = {"project": building.project_id, "name": "新名", "position": "1", "_seen": seen}
    assert steward.post(address, data=typed).status_code == 302
    session.refresh(building)
    assert building.name == "新名"


def test_a_session_that_ended_leads_back_to_the_form(client, building):
    answer = client.post(f"/sample/buildings/edit/{building.id}", data={"name": "新名"})
    assert answer.location == f"/login/?next=/sample/buildings/edit/{building.id}"


def test_days_are_read_as_people_type_them(steward, building, session):
    address = f"/sample/buildings/edit/{building.id}"
    for typed in ("2026/3/7", "2026年3月7日", "20260307", "2026-03-07"):
        data = {
            "project": building.project_id,
            "name": "3栋",
            "position": "1",
            "completed_on": typed,
        }
        assert steward.post(address, data=data).status_code == 302, typed
        session.refresh(building)
        assert building.completed_on == date(2026, 3, 7)


def test_a_refused_form_names_its_faults_above_and_leads_to_them(steward, building):
    answer = steward.post(
        f"/sample/buildings/edit/{building.id}",
        data={"project": building.project_id, "name": "", "position": "x"},
    )
    assert answer.status_code == 422
    assert 'href="#name"' in answer.text
    assert 'href="#position"' in answer.text


def test_a_step_is_taken_with_all_rows_that_the_list_found(steward, rooms, session):
    taken = steward.post(
        "/sample/rooms/act/release", data={"all": "1", "found": "status=held&floor.max=10"}
    )
    assert taken.status_code == 302
    session.expire_all()
    assert [room.status for room in rooms[:10]] == ["available"] * 10
    assert rooms[11].status == "held"


def test_an_error_of_ours_is_a_logged_500_and_no_flash(steward, building, caplog):
    answer = steward.post(
        f"/sample/buildings/edit/{building.id}",
        data={"project": building.project_id, "name": "boom", "position": "1"},
    )
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert any(record.exc_info for record in caplog.records)


def test_a_record_in_use_cannot_be_deleted_and_says_so(steward, building, rooms, session):
    answer = steward.post(f"/sample/buildings/delete/{building.id}", follow_redirects=True)
    assert 'class="toast bad"' in answer.text
    assert session.get(Building, building.id) is not None


def test_a_record_is_deleted_by_a_post_only(steward, building, session):
    address = f"/sample/buildings/delete/{building.id}"
    assert steward.get(address).status_code in (404, 405)
    assert steward.post(address).location == "/sample/buildings/list/"
    assert session.get(Building, building.id) is None


def test_a_step_with_selected_rows_runs_for_all_or_none(steward, rooms, session):
    held, free = rooms[1], rooms[0]
    steward.post("/sample/rooms/act/release", data={"id": [held.id, rooms[3].id]})
    session.expire_all()
    assert {held.status, rooms[3].status} == {"available"}
    rooms[5].status = "contracted"
    session.flush()
    asked = {"id": [free.id, rooms[5].id], "_form": "1", "reason": "领导"}
    answer = steward.post("/sample/rooms/act/hold", data=asked)
    assert answer.status_code == 422
    assert "领导" in answer.text
    session.expire_all()
    assert free.status == "available"


def test_a_step_asks_for_what_it_needs(steward, rooms, session):
    page = steward.get(f"/sample/rooms/act/hold?id={rooms[0].id}")
    assert 'name="reason"' in page.text
    empty = steward.post("/sample/rooms/act/hold", data={"id": rooms[0].id, "_form": "1"})
    assert empty.status_code == 422
    done = steward.post(
        "/sample/rooms/act/hold", data={"id": rooms[0].id, "_form": "1", "reason": "x"}
    )
    assert done.location == f"/sample/rooms/show/{rooms[0].id}"
    session.expire_all()
    assert session.get(Room, rooms[0].id).status == "held"


def test_the_export_holds_the_filtered_rows_as_figures_and_is_written_down(steward, rooms, session):
    answer = steward.get("/sample/rooms/export/?status=held")
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet.max_row == 16
    assert sheet["E2"].value == 130
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "export"))
    assert entry.after["rows"] == 15


def test_the_export_is_for_those_who_may(consultant, rooms):
    assert consultant.get("/sample/rooms/export/").status_code == 403


def test_a_form_post_without_its_token_changes_nothing(app, steward, building, session):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = steward.post(f"/sample/buildings/delete/{building.id}")
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 422
    assert session.get(Building, building.id) is not None


def test_choices_are_found_in_scope_and_at_most_twenty(steward, building, rooms):
    foreign = make_building(make_project(), "3栋外")
    found = steward.get("/choices/SampleRoomView/building?q=3").json["result"]
    assert [one["text"] for one in found] == ["3栋"]
    assert foreign.id not in {one["id"] for one in found}
    for number in range(30):
        make_building(building.project, f"B{number}")
    assert len(steward.get("/choices/SampleRoomView/building").json["result"]) == 20
    assert steward.get("/choices/SampleRoomView/status").status_code == 404
    assert steward.get("/choices/Nothing/building").status_code == 404


def test_choices_are_not_for_those_who_may_not_see(client, user_for, sign_in, rooms):
    answer = sign_in(client, user_for("seal")).get("/choices/SampleRoomView/building")
    assert answer.status_code == 403


def test_an_empty_list_says_what_to_do(steward):
    page = steward.get("/sample/buildings/list/")
    assert 'class="empty"' in page.text
    assert 'href="/sample/buildings/add"' in page.text


def test_beyond_the_bound_pages_go_on_by_cursor(steward, building, session, monkeypatch):
    from app.web import listing

    monkeypatch.setattr(listing, "COUNT_BOUND", 50)
    make_rooms(building, 90)
    page = steward.get(LIST + "?page=2")
    assert "50+" in page.text
    seen = set()
    address = page.text.split('rel="next"')[0].rpartition('href="')[2].split('"')[0]
    assert "after=" in address
    while True:
        page = steward.get(address.replace("&amp;", "&"))
        new = {part.split('"')[0] for part in page.text.split('<tr data-href="')[1:]}
        assert not new & seen
        seen |= new
        if 'rel="next"' not in page.text:
            break
        address = page.text.split('rel="next"')[0].rpartition('href="')[2].split('"')[0]
    assert len(seen) == 40


def test_an_export_longer_than_what_is_read_at_once_is_whole(
    steward, building, session, monkeypatch
):
    from app.web import light_rows

    monkeypatch.setattr(light_rows, "READ_AT_ONCE", 20)
    make_rooms(building, 70)
    sheet = openpyxl.load_workbook(io.BytesIO(steward.get("/sample/rooms/export/").data)).active
    numbers = {row[0].value for row in sheet.iter_rows(min_row=2)}
    assert len(numbers) == 70
    assert {row[7].value for row in sheet.iter_rows(min_row=2)} == {"待售", "销控"}


def test_a_list_writes_amounts_in_ten_thousands_for_who_wants_that(
    client, sign_in, user_for, project
):
    room = make_room_for_sale(project=project, total="6556000.00")
    browser = sign_in(client, user_for("steward"))
    address = f"/room-prices/list/?room={room.id}"
    assert "6,556,000.00" in browser.get(address).text
    browser.set_cookie("xiaokong-money", "wan")
    page = browser.get(address).text
    assert '<span title="6,556,000.00">655.60 万</span>' in page
    # What is written down stays exact: records, exports and papers.
    price = page.split("/room-prices/show/")[1].split('"')[0]
    assert "6,556,000.00</" in browser.get(f"/room-prices/show/{price}").text
    browser.set_cookie("xiaokong-money", "nonsense")
    assert "655.60" not in browser.get(address).text

"""Pages of prices: import, plans, release, terms; rights, scope, what is hidden."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.core.audit import AuditEntry
from app.estate import operations as estate
from app.estate.models import Room, RoomImport, RoomImportRun
from app.pricing.models import Discount, PaymentMethod, PricePlan
from app.pricing.operations import submit_price_plan
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import (
    make_discount,
    make_payment_method,
    make_plan,
    make_room_for_sale,
    price_rooms,
)

ROW = ["3栋", "1单元", 31, "01", 125.53, 100.05, 52229.87]


@pytest.fixture
def page(client, user_for, sign_in):
    """``page("steward", "/price-plans/list/")``: what that role sees there."""
    users = {}

    def open_page(role, path, *, project=..., data=None, follow=False):
        key = (role, id(project))
        if key not in users:
            users[key] = user_for(role) if project is ... else user_for(role, project=project)
        sign_in(client, users[key])
        if data is None:
            return client.get(path)
        return client.post(path, data=data, follow_redirects=follow)

    return open_page


def upload(page, data, *, role="steward", **more):
    form = {"file": (BytesIO(data), "list.xlsx"), **more}
    return page(role, "/price-lists/check", data=form)


def test_a_list_is_checked_then_imported(page, rows_file, matrix_file, session, project):
    assert page("steward", "/price-lists/").status_code == 200
    checked = upload(page, rows_file, compare=(BytesIO(matrix_file), "matrix.xlsx"))
    assert checked.status_code == 302
    preview = page("steward", checked.location).text
    for figure in ("416", "2,134,261,656.44", "643,207,077.40", "0.85", "matrix.xlsx"):
        assert figure in preview
    rooms = select(func.count()).where(Room.project_id == project.id)
    assert session.scalar(rooms) == 0

    record = session.scalars(select(RoomImport)).one()
    path = f"/price-lists/{record.id}/carry-out"
    done = page("steward", path, data={}, follow=True)
    assert done.status_code == 200
    assert session.scalar(rooms) == 416
    plan = session.scalars(select(PricePlan)).one()
    assert f"/price-plans/show/{plan.id}" in done.text
    # Pressed twice, it is imported once.
    page("steward", path, data={})
    assert session.scalar(select(func.count()).select_from(PricePlan)) == 1


def test_a_big_list_goes_on_in_the_worker_while_the_page_shows_how_far(
    page, rows_file, session, project, monkeypatch
):
    monkeypatch.setattr(estate, "MOST_AT_ONCE", 100)
    shown = upload(page, rows_file)
    record = session.scalars(select(RoomImport)).one()
    going_on = page("steward", f"/price-lists/{record.id}/carry-out", data={}, follow=True).text
    assert "<progress" in going_on
    assert f"/price-lists/{record.id}/carry-out" not in going_on
    assert session.scalar(select(func.count()).where(Room.project_id == project.id)) == 0
    answer = page("steward", f"/price-lists/{record.id}/progress").json
    assert answer == {"going_on": True, "percent": 0}
    run = session.scalars(select(RoomImportRun)).one()
    run.problem = "Cut off."
    session.flush()
    again = page("steward", shown.location).text
    assert "Cut off." in again
    assert f"/price-lists/{record.id}/carry-out" in again


def test_faults_are_shown_and_sent_as_a_sheet(page, sheet, session):
    checked = upload(page, sheet([ROW, ["3栋", "1单元", "顶楼", "02", "x", 100, 50000]]))
    shown = page("steward", checked.location).text
    assert "顶楼" in shown
    record = session.scalars(select(RoomImport)).one()
    assert f"/price-lists/{record.id}/carry-out" not in shown
    address = f"/api/v1/room-imports/{record.id}/faults.xlsx"
    assert address in shown
    sent = page("steward", address)
    rows = CalamineWorkbook.from_filelike(BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 3
    page("steward", f"/price-lists/{record.id}/carry-out", data={})
    assert session.scalar(select(func.count()).select_from(Room)) == 0


def test_the_full_before_and_after_is_looked_at_filtered_and_sent(page, sheet, session):
    upload(page, sheet([ROW, [*ROW[:3], "02", *ROW[4:]]]))
    first = session.scalars(select(RoomImport)).one()
    page("steward", f"/price-lists/{first.id}/carry-out", data={})
    checked = upload(page, sheet([[*ROW[:4], 126.5, *ROW[5:]]]), update="1")
    record = session.scalars(select(RoomImport).where(RoomImport.id != first.id)).one()
    lines = f"/room-import-lines/list/?room_import={record.id}"
    assert f'href="{lines}"' in page("steward", checked.location).text
    everything = page("steward", lines).text
    assert "125.53 → 126.50" in everything
    assert "3栋-1单元-3102" in everything
    assert "3栋-1单元-3102" not in page("steward", f"{lines}&kind=changed").text

    api = f"/api/v1/room-imports/{record.id}/lines"
    told = page("steward", f"{api}?limit=1").json
    assert [(one["kind"], one["changes"]) for one in told["result"]] == [
        ("changed", [{"field": "gross_area", "before": "125.53", "after": "126.50"}])
    ]
    rest = page("steward", f"{api}?limit=1&cursor={told['next']}").json
    assert ([one["kind"] for one in rest["result"]], rest["next"]) == (["absent"], None)
    assert page("steward", f"{api}?kind=nonsense").status_code == 422
    sent = page("steward", f"{api}.xlsx")
    rows = CalamineWorkbook.from_filelike(BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[1:]] == ["3栋-1单元-3101", "3栋-1单元-3102"]

    session.scalars(select(Room).where(Room.number == "3101")).one().inside_area = Decimal(99)
    session.flush()
    refused = page("steward", f"/price-lists/{record.id}/carry-out", data={}, follow=True).text
    assert "3栋-1单元-3101" in refused
    again = page("steward", f"/price-lists/{record.id}/again", data={}, follow=True)
    assert again.status_code == 200
    page("steward", f"/price-lists/{record.id}/carry-out", data={})
    areas = select(Room.gross_area, Room.inside_area).where(Room.number == "3101")
    assert tuple(session.execute(areas).one()) == (Decimal("126.50"), Decimal("100.05"))


def test_the_blocks_of_a_matrix_are_looked_at_corrected_and_remembered(page, matrix_file, session):
    checked = upload(page, matrix_file)
    record = session.scalars(select(RoomImport)).one()
    guess = record.counts["matrix"]
    shown = page("steward", checked.location).text
    assert 'value="栋·松风明月花园3栋1单元"' in shown
    keys = [sheet["key"] for sheet in guess["sheets"]]
    columns = {one["key"]: one["role"] for sheet in guess["sheets"] for one in sheet["columns"]}
    blocks = [block["key"] for block in guess["blocks"]]
    form = {
        "key": [*keys, *columns],
        "said": [*[sheet["kind"] for sheet in guess["sheets"]], *columns.values()],
        "block": blocks,
        "building": ["8栋" if "3栋" in key else "9栋" for key in blocks],
        "entrance": [str(at) for at, _key in enumerate(blocks, 1)],
    }
    path = f"/price-lists/{record.id}/columns"
    page("steward", path, data={**form, "building": ["", *form["building"][1:]]})
    session.refresh(record)
    assert [one["name"] for one in record.counts["buildings"]] == ["3栋", "6栋", "7栋"]
    page("steward", path, data=form)
    session.refresh(record)
    assert [one["name"] for one in record.counts["buildings"]] == ["8栋", "9栋"]
    assert (record.state, record.counts["new"]) == ("checked", 416)

    upload(page, matrix_file)
    again = session.scalars(select(RoomImport).where(RoomImport.id != record.id)).one()
    assert [one["name"] for one in again.counts["buildings"]] == ["8栋", "9栋"]
    told = page("steward", f"/api/v1/room-imports/{record.id}").json
    assert told["counts"]["matrix"]["blocks"][0]["entrance"] == "1"


ODD = ["座落栋", "单元", "第几层", "门牌", "建筑面积", "套内面积", "单价"]
MEANT = [
    "building", "entrance", "floor", "number", "gross_area", "inside_area", "unit_price",
]  # fmt: skip


def test_the_reader_says_what_columns_hold_and_the_project_remembers_it(page, sheet, session):
    checked = upload(page, sheet([ROW], head=ODD))
    record = session.scalars(select(RoomImport)).one()
    path = f"/price-lists/{record.id}/columns"
    shown = page("steward", checked.location).text
    assert path in shown
    assert "52229.87" in shown

    assert page("steward", path, data={"column": MEANT[1:]}).status_code == 302
    page("steward", path, data={"column": ["nonsense", *MEANT[1:]]})
    session.refresh(record)
    assert record.state == "refused"

    page("steward", path, data={"column": MEANT})
    session.refresh(record)
    assert (record.state, record.counts["new"]) == ("checked", 1)
    page("steward", f"/price-lists/{record.id}/carry-out", data={})
    room = session.scalars(select(Room)).one()
    assert (room.number, room.gross_area) == ("3101", Decimal("125.53"))
    # Carried out, it is not matched again.
    page("steward", path, data={"column": MEANT})
    session.refresh(record)
    assert record.state == "done"

    again = upload(page, sheet([ROW], head=list(reversed(ODD))))
    del again
    second = session.scalars(select(RoomImport).order_by(RoomImport.id.desc())).first()
    assert second.counts["matching"]["门牌"] == "number"


def test_headings_that_are_all_unknown_can_be_matched(page, sheet, session):
    head = ["一", "二", "三", "四", "五", "六", "七"]
    upload(page, sheet([ROW], head=head))
    record = session.scalars(select(RoomImport)).one()
    assert [fault["code"] for fault in record.faults] == ["heading_not_found"]
    page("steward", f"/price-lists/{record.id}/columns", data={"column": MEANT})
    session.refresh(record)
    assert (record.state, record.counts["new"]) == ("checked", 1)


@pytest.mark.parametrize("role", ["consultant", "agency"])
def test_others_do_not_match_columns(page, role):
    assert page(role, "/price-lists/1/columns", data={}).status_code == 403


def test_no_file_is_said_on_the_form(page):
    assert page("steward", "/price-lists/check", data={}).status_code == 422


def test_the_template_can_be_fetched(page):
    sent = page("steward", "/price-lists/template")
    names = CalamineWorkbook.from_filelike(BytesIO(sent.data)).sheet_names
    assert names[0] == "房源"


def test_rooms_that_differ_are_shown_before_and_after(page, sheet, session):
    first = upload(page, sheet([ROW]))
    record = session.scalars(select(RoomImport)).one()
    page("steward", f"/price-lists/{record.id}/carry-out", data={})
    del first
    second = upload(page, sheet([[*ROW[:4], 126, 100.05, 52229.87]]))
    shown = page("steward", second.location).text
    assert "<del>125.53</del>" in shown
    assert "<ins>126.00</ins>" in shown


@pytest.mark.parametrize("role", ["consultant", "manager", "director", "agency"])
def test_others_do_not_import(page, role):
    assert page(role, "/price-lists/").status_code == 403
    assert page(role, "/price-lists/check", data={}).status_code == 403
    assert page(role, "/price-lists/1/carry-out", data={}).status_code == 403


def test_an_import_outside_scope_is_404(page, sheet, session):
    upload(page, sheet([ROW]))
    record = session.scalars(select(RoomImport)).one()
    elsewhere = make_project()
    for path, data in (
        (f"/room-imports/show/{record.id}", None),
        (f"/price-lists/{record.id}/carry-out", {}),
        (f"/price-lists/{record.id}/columns", {}),
    ):
        answer = page("steward", path, project=elsewhere, data=data, follow=True)
        assert answer.status_code == 404


@pytest.fixture
def plan(project):
    building = make_building(project, name="3栋")
    rooms = [make_room(building, number=f"{floor}01") for floor in (1, 2, 3)]
    price_rooms(rooms[:2], "5000000.00", floor_total="4900000.00")
    return make_plan(rooms, "4800000.00", name="二批调价")


def test_a_plan_shows_before_and_after(page, plan, user_for):
    for role in ("finance_manager", "director", "gm"):
        user_for(role)
    shown = page("manager", f"/price-plans/show/{plan.id}").text
    for figure in ("14,400,000.00", "5,000,000.00", "4,800,000.00", "−4.00%", "3栋-101"):
        assert figure in shown
    assert f"/approvals/new/price_change/{plan.id}" in shown
    assert "二批调价" in page("manager", "/price-plans/list/").text
    assert page("manager", f"/approvals/new/price_change/{plan.id}").status_code == 200


def test_a_plan_is_exported_with_floor_prices_only_for_some(page, plan, session):
    path = f"/price-plans/show/{plan.id}/rows.xlsx"
    sent = page("manager", path)
    assert sent.status_code == 200
    rows = CalamineWorkbook.from_filelike(BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 4
    assert rows[1][2:] == ["101", 125.53, 39831.12, 38237.87, 5e6, 4.8e6, -2e5, 4.9e6, 4.56e6]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
    assert (entry.row_id, entry.after) == (plan.id, {"rows": 3})
    assert page("consultant", path).status_code == 403
    assert page("manager", path, project=make_project()).status_code == 404


def test_a_long_plan_is_shown_page_by_page(page, project):
    building = make_building(project)
    plan = make_plan([make_room(building) for _ in range(101)])
    first = page("manager", f"/price-plans/show/{plan.id}").text
    assert "?after=" in first
    after = first.partition("?after=")[2].partition("#")[0]
    rest = page("manager", f"/price-plans/show/{plan.id}?after={after}").text
    assert rest.count("/rooms/show/") == 1


def test_a_plan_in_approval_offers_no_change(page, plan, actor_for):
    for role in ("manager", "finance_manager", "director", "gm"):
        actor_for(role)
    request = submit_price_plan(plan, reason="调价", actor=actor_for("steward"))
    shown = page("manager", f"/price-plans/show/{plan.id}").text
    assert request.number in shown
    assert "/approvals/new/" not in shown
    assert f"/price-plans/edit/{plan.id}" not in shown
    assert page("manager", f"/price-plans/edit/{plan.id}").status_code == 409


def test_a_plan_is_drafted_renamed_and_deleted_on_its_pages(page, plan, project, session):
    data = {"project": project.id, "name": "普涨3%", "percent": "3"}
    added = page("manager", "/price-plans/add", data=data)
    assert added.status_code == 302, added.text
    made = session.scalars(select(PricePlan).where(PricePlan.name == "普涨3%")).one()
    assert "5,150,000.00" in page("manager", added.location).text
    wrong = page("manager", "/price-plans/add", data=data | {"per_room": "1000"})
    assert wrong.status_code == 422
    renamed = page("manager", f"/price-plans/edit/{made.id}", data={"name": "普涨"})
    assert renamed.status_code == 302, renamed.text
    assert page("manager", f"/price-plans/delete/{made.id}", data={}).status_code == 302
    assert session.scalar(select(func.count()).select_from(PricePlan)) == 2
    del plan


def test_plans_are_not_for_everybody(page, plan):
    assert page("consultant", f"/price-plans/show/{plan.id}").status_code == 403
    assert page("director", f"/price-plans/show/{plan.id}").status_code == 200
    assert page("director", "/price-plans/add").status_code == 403
    elsewhere = make_project()
    for path in (f"/price-plans/show/{plan.id}", f"/price-plans/edit/{plan.id}"):
        assert page("manager", path, project=elsewhere).status_code == 404
    assert "二批调价" not in page("manager", "/price-plans/list/", project=elsewhere).text


def test_floor_prices_are_hidden_from_who_may_not_see_them(page, plan):
    del plan
    assert "4,900,000.00" in page("manager", "/room-prices/list/").text
    listed = page("consultant", "/room-prices/list/")
    assert listed.status_code == 200
    assert "5,000,000.00" in listed.text
    assert "4,900,000.00" not in listed.text


def test_a_building_is_released_and_withdrawn(page, project, session):
    building = make_building(project, name="3栋")
    rooms = [make_room(building) for _ in range(2)]
    price_rooms(rooms)
    shown = page("director", "/sale/")
    assert shown.status_code == 200
    assert f"/sale/{building.id}/release" in shown.text
    done = page("director", f"/sale/{building.id}/release", data={"reason": "首开"}, follow=True)
    assert done.status_code == 200
    statuses = select(Room.status).where(Room.building_id == building.id)
    assert set(session.scalars(statuses)) == {"available"}
    page("director", f"/sale/{building.id}/withdraw", data={"reason": "停售"})
    assert set(session.scalars(statuses)) == {"unreleased"}


def test_what_is_missing_is_said(page, project, session):
    building = make_building(project, name="7栋", permit=False)
    make_room(building)
    shown = page("director", "/sale/").text
    assert f"/sale/{building.id}/release" not in shown
    answer = page("director", f"/sale/{building.id}/release", data={"reason": "首开"}, follow=True)
    assert "7栋" in answer.text
    assert set(session.scalars(select(Room.status))) == {"unreleased"}


def test_releasing_is_the_directors_and_within_scope(page, project):
    building = make_building(project)
    price_rooms([make_room(building)])
    for step in ("release", "withdraw"):
        path = f"/sale/{building.id}/{step}"
        assert page("manager", path, data={"reason": "x"}).status_code == 403
        stranger = page("director", path, data={"reason": "x"}, project=make_project())
        assert stranger.status_code == 404
    assert page("manager", "/sale/").status_code == 403


def test_rooms_chosen_in_the_list_are_released_with_a_reason(page, project, session):
    building = make_building(project)
    rooms = [make_room(building) for _ in range(2)]
    price_rooms(rooms)
    ids = "&".join(f"id={room.id}" for room in rooms)
    asked = page("director", f"/rooms/act/release?{ids}")
    assert asked.status_code == 200
    data = {"id": [room.id for room in rooms], "_form": "1", "reason": ""}
    assert page("director", "/rooms/act/release", data=data).status_code == 422
    answer = page("director", "/rooms/act/release", data=data | {"reason": "首开"})
    assert answer.status_code == 302, answer.text
    assert set(session.scalars(select(Room.status))) == {"available"}
    assert page("manager", "/rooms/act/release", data=data).status_code == 403
    stranger = page("director", "/rooms/act/release", data=data, project=make_project())
    assert stranger.status_code == 404


def test_a_price_is_confirmed_on_the_rooms_page(page, project, session):
    room = make_room_for_sale(project=project, status="repricing")
    assert "act/confirm-price" in page("manager", f"/rooms/show/{room.id}").text
    page("manager", "/rooms/act/confirm-price", data={"id": room.id})
    session.expire_all()
    assert session.get(Room, room.id).status == "available"


LINES = {
    "lines-0-kind": "deposit",
    "lines-0-name": "定金",
    "lines-0-basis": "fixed",
    "lines-0-value": "100,000.00",
    "lines-0-due_rule": "subscription",
    "lines-0-due_days": "0",
    "lines-1-kind": "loan",
    "lines-1-basis": "rest",
    "lines-1-due_rule": "contract",
    "lines-1-due_days": "60",
    "lines-1-round_down_to": "10000",
    "lines-2-kind": "down_payment",
    "lines-2-basis": "percent",
    "lines-2-value": "30",
    "lines-2-due_rule": "contract",
    "lines-2-due_days": "7",
    "lines-3-kind": "",
    "lines-3-basis": "rest",
    "lines-3-due_rule": "subscription",
}


def test_a_payment_method_is_entered_with_its_lines(page, project, session):
    form = page("steward", "/payment-methods/add")
    assert form.status_code == 200
    assert 'name="lines-0-kind"' in form.text
    data = {
        "project": project.id,
        "name": "按揭",
        "discount_percent": "",
        "is_active": "1",
        **LINES,
    }
    added = page("steward", "/payment-methods/add", data=data)
    assert added.status_code == 302, added.text
    method = session.scalars(select(PaymentMethod)).one()
    assert [line.kind for line in method.lines] == ["deposit", "loan", "down_payment"]
    assert method.lines[1].name
    assert method.lines[0].value == Decimal(100000)
    shown = page("steward", f"/payment-methods/show/{method.id}").text
    assert "100,000.00" in shown
    assert "30.00%" in shown
    assert "按揭" in page("consultant", "/payment-methods/list/").text

    edit = page("steward", f"/payment-methods/edit/{method.id}").text
    assert 'value="100000.00"' in edit
    wrong = data | {"lines-1-kind": ""}
    refused = page("steward", f"/payment-methods/edit/{method.id}", data=wrong)
    assert refused.status_code == 422
    changed = data | {"lines-0-value": "50000"}
    assert page("steward", f"/payment-methods/edit/{method.id}", data=changed).status_code == 302
    session.expire_all()
    assert session.scalars(select(PaymentMethod)).one().lines[0].value == Decimal(50000)
    assert page("steward", f"/payment-methods/delete/{method.id}", data={}).status_code == 302


def test_a_discount_is_entered_and_changed(page, project, session):
    data = {
        "project": project.id,
        "name": "开盘优惠",
        "kind": "percent",
        "value": "1",
        "position": "",
        "is_stackable": "1",
        "is_active": "1",
    }
    added = page("steward", "/discounts/add", data=data)
    assert added.status_code == 302, added.text
    discount = session.scalars(select(Discount)).one()
    refused = page("steward", f"/discounts/edit/{discount.id}", data=data | {"value": "100"})
    assert refused.status_code == 422
    assert 'id="value-error"' in refused.text
    assert page("steward", "/discounts/list/").status_code == 200
    assert page("steward", f"/discounts/show/{discount.id}").status_code == 200


@pytest.mark.parametrize("name", ["payment-methods", "discounts"])
def test_terms_are_seen_by_all_and_changed_by_the_steward(page, project, name):
    row = make_payment_method(project) if name == "payment-methods" else make_discount(project)
    assert page("consultant", f"/{name}/show/{row.id}").status_code == 200
    assert page("consultant", f"/{name}/edit/{row.id}").status_code == 403
    elsewhere = make_project()
    for step in ("show", "edit"):
        assert page("steward", f"/{name}/{step}/{row.id}", project=elsewhere).status_code == 404
    answer = page("steward", f"/{name}/delete/{row.id}", project=elsewhere, data={})
    assert answer.status_code == 404


def test_a_method_says_what_it_comes_to_while_it_is_typed(client, sign_in, user_for):
    browser = sign_in(client, user_for("steward"))
    typed = {
        "discount_percent": "2.00", "sample_total": "1,000,000",
        "lines-0-kind": "deposit", "lines-0-basis": "fixed", "lines-0-value": "100000",
        "lines-0-due_rule": "subscription",
        "lines-1-kind": "down_payment", "lines-1-basis": "percent", "lines-1-value": "30",
        "lines-1-due_rule": "contract",
        "lines-2-kind": "loan", "lines-2-basis": "rest", "lines-2-due_rule": "contract",
    }  # fmt: skip
    found = browser.post("/payment-methods/preview", data=typed).get_json()
    assert found["deal_total"] == "980000.00"
    amounts = {one["kind"]: one["amount"] for one in found["receivables"]}
    assert amounts == {"deposit": "100000.00", "down_payment": "200000.00", "loan": "680000.00"}
    for wrong in ({"lines-1-value": "130"}, {"sample_total": "viel"}, {"lines-1-value": "x"}):
        answer = browser.post("/payment-methods/preview", data={**typed, **wrong})
        assert answer.get_json()["problem"]
    assert sign_in(client, user_for("consultant")).post(
        "/payment-methods/preview", data=typed
    ).status_code == 403  # fmt: skip

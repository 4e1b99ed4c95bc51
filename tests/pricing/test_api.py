"""REST of prices: imports with their faults, plans, releases, choices and quotes; scope."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.estate.models import Room, RoomImport
from app.pricing.models import PricePlan
from tests.factories.estate import make_building, make_room
from tests.factories.people import make_project
from tests.factories.pricing import (
    make_discount,
    make_mortgage_method,
    make_payment_method,
    make_plan,
    make_room_for_sale,
    price_rooms,
)
from tests.pricing.conftest import PUBLISHED_TOTAL

ROW = ["3栋", "1单元", 31, "01", 125.53, 100.05, 52229.87]
API = "/api/v1"


@pytest.fixture
def call(client, user_for, bearer):
    """``call("steward", "post", "price-plans", {…})`` → the response."""
    users = {}

    def ask(role, method, path, body=None, *, project=..., **more):
        key = (role, id(project))
        if key not in users:
            users[key] = user_for(role) if project is ... else user_for(role, project=project)
        headers = bearer(users[key]) | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return getattr(client, method)(f"{API}/{path}", headers=headers, **more)

    return ask


def send_file(call, project, data, *, role="steward", query="", **parts):
    files = {"file": (BytesIO(data), "list.xlsx")} | {
        name: (BytesIO(content), f"{name}.xlsx") for name, content in parts.items()
    }
    return call(
        role,
        "post",
        f"projects/{project.id}/rooms/import{query}",
        data=files,
        content_type="multipart/form-data",
    )


def test_a_price_list_is_imported(call, project, rows_file, matrix_file):
    answer = send_file(call, project, rows_file, compare=matrix_file)
    assert answer.status_code == 201
    body = answer.json
    assert body["counts"]["rooms"] == 416
    assert body["counts"]["list_total"] == PUBLISHED_TOTAL
    assert body["counts"]["agreements"][0]["agrees"] is True
    plan = call("steward", "get", f"price-plans/{body['price_plan']['id']}").json
    assert plan["state"] == "draft"
    assert plan["figures"]["list_total"] == PUBLISHED_TOTAL
    assert plan["count"] == 416


def test_a_bare_body_is_a_file_too(call, project, rows_file):
    answer = call(
        "steward",
        "post",
        f"projects/{project.id}/rooms/import?dry_run=true&file_name=list.xls",
        data=rows_file,
        content_type="application/octet-stream",
    )
    assert answer.status_code == 201
    assert answer.json["state"] == "checked"
    assert answer.json["file_name"] == "list.xls"
    assert answer.json["price_plan"] is None


def test_a_dry_run_is_carried_out_once(call, project, rows_file, session):
    checked = send_file(call, project, rows_file, query="?dry_run=1").json
    path = f"room-imports/{checked['id']}"
    assert call("steward", "get", path).json["dry_run"] is True
    done = call("steward", "post", f"{path}/carry-out")
    assert done.status_code == 201
    assert done.json["price_plan"]["number"].startswith("DJ")
    assert call("steward", "post", f"{path}/carry-out").status_code == 409
    rooms = select(func.count()).select_from(Room).where(Room.project_id == project.id)
    assert session.scalar(rooms) == 416


def test_a_faulty_list_answers_with_the_sheet_of_faults(call, project, sheet, session):
    data = sheet([ROW, ["3栋", "1单元", "顶楼", "02", "x", 100.05, 52552.86]])
    answer = send_file(call, project, data)
    assert answer.status_code == 422
    assert answer.json["error"] == "faulty_file"
    first = answer.json["first_faults"][0]
    assert first["message"]
    assert first["remedy"]
    assert first["line"]
    assert "2" in answer.json["message"]
    assert answer.json["faults"] == 2
    assert session.scalar(select(func.count()).select_from(Room)) == 0
    assert session.scalars(select(RoomImport.state)).one() == "refused"

    address = answer.json["faults_url"]
    assert address.startswith(f"{API}/room-imports/")
    sent = call("steward", "get", address.removeprefix(f"{API}/"))
    assert sent.status_code == 200
    rows = CalamineWorkbook.from_filelike(BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    assert [int(row[1]) for row in rows[1:]] == [3, 3]
    assert all(row[4] and row[5] for row in rows[1:])


def test_a_file_that_is_no_list_is_refused_the_same_way(call, project):
    answer = send_file(call, project, b"%PDF-1.7 nothing")
    assert answer.status_code == 422
    assert answer.json["faults"] == 1


def test_the_same_key_imports_once(call, project, sheet, session):
    data = sheet([ROW])
    path = f"projects/{project.id}/rooms/import"
    for _ in range(2):
        answer = call(
            "steward", "post", path, data=data, headers={"Idempotency-Key": "import-1"},
            content_type="application/octet-stream",
        )  # fmt: skip
        assert answer.status_code == 201
    assert session.scalar(select(func.count()).select_from(PricePlan)) == 1


def test_a_multipart_import_may_carry_a_key(call, project, sheet):
    answer = call(
        "steward",
        "post",
        f"projects/{project.id}/rooms/import",
        data={"file": (BytesIO(sheet([ROW])), "list.xlsx")},
        content_type="multipart/form-data",
        headers={"Idempotency-Key": "import-2"},
    )
    assert answer.status_code == 201
    assert answer.json["counts"]["rooms"] == 1


def test_a_multipart_body_without_a_file_is_malformed(call, project):
    path = f"projects/{project.id}/rooms/import"
    answer = call("steward", "post", path, data={"x": "y"}, content_type="multipart/form-data")
    assert answer.status_code == 400


def test_plans_are_counted_and_their_last_page_has_no_next(call, project):
    room = make_room(make_building(project))
    rows = [{"room_id": room.id, "list_total": "6000000.00"}]
    body = {"project_id": project.id, "name": "首批", "rows": rows}
    ids = [call("manager", "post", "price-plans", body).json["id"] for _ in range(2)]
    path = f"price-plans?project_id={project.id}"
    first = call("manager", "get", f"{path}&limit=1").json
    assert ([one["id"] for one in first["result"]], first["count"]) == (ids[1:], 2)
    assert first["next"] == str(ids[1])
    rest = call("manager", "get", f"{path}&limit=1&cursor={first['next']}").json
    assert ([one["id"] for one in rest["result"]], rest["next"]) == (ids[:1], None)
    whole = call("manager", "get", f"{path}&limit=2").json
    assert (len(whole["result"]), whole["next"]) == (2, None)
    assert call("manager", "get", f"{path}&state=in_force").json["count"] == 0


def test_a_plan_is_drafted_read_changed_and_deleted(call, project):
    building = make_building(project)
    rooms = [make_room(building) for _ in range(3)]
    body = {
        "project_id": project.id,
        "name": "首批",
        "rows": [
            {"room_id": rooms[0].id, "list_total": "6000000.00"},
            {"room_id": rooms[1].id, "list_unit_price": "50000.00"},
            {"room_id": rooms[2].id, "list_total": "5000000.00", "floor_total": "4500000.00"},
        ],
    }
    made = call("manager", "post", "price-plans", body)
    assert made.status_code == 201
    path = f"price-plans/{made.json['id']}"

    first = call("manager", "get", f"{path}?limit=2").json
    assert [row["list_total"] for row in first["rows"]] == ["6000000.00", "6276500.00"]
    rest = call("manager", "get", f"{path}?limit=2&cursor={first['next']}").json
    assert [row["floor_total"] for row in rest["rows"]] == ["4500000.00"]
    assert rest["next"] is None
    full = call("manager", "get", f"{path}?limit=3").json
    assert (len(full["rows"]), full["count"], full["next"]) == (3, 3, None)
    assert call("manager", "get", f"price-plans?project_id={project.id}").json["result"]

    change = {"name": "改名", "rows": body["rows"][:1]}
    changed = call("manager", "patch", path, change).json
    assert (changed["name"], changed["figures"]["rooms"]) == ("改名", 1)
    assert call("manager", "delete", path).status_code == 200
    assert call("manager", "get", path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"rows": []},
        {"rows": [{"room_id": 1, "list_total": 5000000}]},
        {"rows": [{"room_id": 1, "list_total": "5,0"}]},
        {"rows": [{"room_id": 999999999, "list_total": "1.00"}]},
        {"project_id": None},
    ],
)
def test_a_wrong_plan_is_422_with_the_field(call, project, change):
    body = {"project_id": project.id, "name": "首批", "rows": [{"room_id": 1, "list_total": "1"}]}
    answer = call("manager", "post", "price-plans", body | change)
    assert answer.status_code == 422
    assert set(answer.json["fields"]) == set(change)


def test_floor_prices_are_shown_to_those_who_may_see_them(call, project):
    room = make_room(project=project)
    price_rooms([room])
    assert "floor_total" in call("manager", "get", f"rooms/{room.id}/prices").json["result"][0]
    shown = call("consultant", "get", f"rooms/{room.id}/prices").json["result"][0]
    assert shown["list_total"] == "5000000.00"
    assert "floor_total" not in shown


def test_releasing_and_withdrawing(call, project):
    building = make_building(project)
    rooms = [make_room(building) for _ in range(2)]
    body = {"building_id": building.id, "reason": "首开"}
    refused = call("director", "post", "rooms/release-for-sale", body)
    assert (refused.status_code, refused.json["error"]) == (422, "price_missing")
    assert refused.json["room_ids"] == [room.id for room in rooms]
    price_rooms(rooms)
    answer = call("director", "post", "rooms/release-for-sale", body)
    assert answer.status_code == 200
    assert answer.json["count"] == 2
    assert {room["status"] for room in answer.json["rooms"]} == {"available"}
    named = {"room_ids": [rooms[0].id], "reason": "停售"}
    assert call("director", "post", "rooms/withdraw", named).json["count"] == 1
    assert call("manager", "post", "rooms/release-for-sale", body).status_code == 403


def test_confirming_a_price(call, project):
    room = make_room_for_sale(project=project, status="repricing")
    path = f"rooms/{room.id}/confirm-price"
    assert call("consultant", "post", path).status_code == 403
    assert call("manager", "post", path).json["status"] == "available"
    assert call("manager", "post", path).status_code == 409


def test_choices_and_a_quote(call, project):
    room = make_room_for_sale(project=project, total="6556415.58")
    method, discount = make_mortgage_method(project), make_discount(project)
    make_payment_method(project, is_active=False)
    methods = call("consultant", "get", f"payment-methods?project_id={project.id}").json["result"]
    assert [found["id"] for found in methods] == [method.id]
    assert [line["kind"] for line in methods[0]["lines"]] == ["deposit", "down_payment", "loan"]
    discounts = call("consultant", "get", f"discounts?project_id={project.id}").json["result"]
    assert discounts[0]["value"] == "1.00"

    body = {"room_id": room.id, "payment_method_id": method.id, "discount_ids": [discount.id]}
    answer = call("consultant", "post", "quotes", body)
    assert answer.status_code == 200
    assert answer.json["deal_total"] == "6490851.42"
    assert answer.json["deal_unit_price"] == "51707.57"
    for step in answer.json["steps"][1:]:
        assert step["value"] in step["explained"]
        assert f"{-Decimal(step['amount']):,.2f}" in step["explained"]
    assert {"kind", "due", "amount"} <= set(answer.json["receivables"][0])
    total = sum(Decimal(line["amount"]) for line in answer.json["receivables"])
    assert total == Decimal(answer.json["deal_total"])


def test_a_payment_method_is_kept_over_rest(call, project):
    lines = [
        {"kind": "deposit", "name": "定金", "basis": "fixed", "value": "100000.00"},
        {"kind": "instalment", "name": "楼款", "basis": "rest", "due_days": 30},
    ]
    body = {"project_id": project.id, "name": "一次性", "discount_percent": "2.00", "lines": lines}
    made = call("steward", "post", "payment-methods", body)
    assert made.status_code == 201, made.json
    path = f"payment-methods/{made.json['id']}"
    assert call("consultant", "get", path).json["lines"][0]["value"] == "100000.00"
    changed = call("steward", "put", path, {"discount_percent": "3.00"})
    assert changed.json["discount_percent"] == "3.00"
    assert len(changed.json["lines"]) == 2
    wrong = call("steward", "put", path, {"lines": lines[:1]})
    assert (wrong.status_code, list(wrong.json["fields"])) == (422, ["lines"])
    assert call("consultant", "post", "payment-methods", body).status_code == 403
    elsewhere = make_project()
    for verb, more in (("get", None), ("put", {"name": "x"}), ("delete", None)):
        assert call("steward", verb, path, more, project=elsewhere).status_code == 404
    assert call("steward", "delete", path).status_code == 200


def test_a_quote_with_wrong_terms_names_the_field(call, project):
    room = make_room_for_sale(project=project)
    answer = call("consultant", "post", "quotes", {"room_id": room.id, "payment_method_id": 999999})
    assert answer.status_code == 422
    assert "payment_method_id" in answer.json["fields"]
    assert call("cashier", "post", "quotes", {"room_id": room.id}).status_code == 403


def test_choices_need_a_project_within_scope(call):
    elsewhere = make_project()
    make_payment_method(elsewhere)
    for path in ("payment-methods", "discounts"):
        assert call("consultant", "get", path).status_code == 422
        assert call("consultant", "get", f"{path}?project_id={elsewhere.id}").status_code == 404


def test_nothing_of_another_project_is_there(call, project, sheet):
    room = make_room_for_sale(project=project, status="unreleased")
    plan = make_plan([room])
    method = make_payment_method(project)
    record = send_file(call, project, sheet([ROW]), query="?dry_run=1").json
    elsewhere = make_project()

    def stranger(role, method, path, body=None, **more):
        return call(role, method, path, body, project=elsewhere, **more).status_code

    row = {"room_id": room.id, "list_total": "1.00"}
    plan_body = {"project_id": project.id, "name": "x", "rows": [row]}
    sale = {"room_ids": [room.id], "reason": "x"}
    calls = [
        ("manager", "get", f"price-plans/{plan.id}", None),
        ("manager", "patch", f"price-plans/{plan.id}", {"name": "x"}),
        ("manager", "delete", f"price-plans/{plan.id}", None),
        ("manager", "post", "price-plans", plan_body),
        ("steward", "get", f"room-imports/{record['id']}", None),
        ("steward", "get", f"room-imports/{record['id']}/faults.xlsx", None),
        ("steward", "post", f"room-imports/{record['id']}/carry-out", None),
        ("director", "post", "rooms/release-for-sale", sale),
        ("director", "post", "rooms/withdraw", sale),
        (
            "director",
            "post",
            "rooms/release-for-sale",
            {"building_id": room.building_id, "reason": "x"},
        ),
        ("manager", "post", f"rooms/{room.id}/confirm-price", None),
        ("consultant", "get", f"rooms/{room.id}/prices", None),
        ("consultant", "post", "quotes", {"room_id": room.id, "payment_method_id": method.id}),
    ]
    for role, verb, path, body in calls:
        assert stranger(role, verb, path, body) == 404, (verb, path)
    data = {"file": (BytesIO(sheet([ROW])), "list.xlsx")}
    path = f"projects/{project.id}/rooms/import"
    assert stranger("steward", "post", path, data=data, content_type="multipart/form-data") == 404
    assert call("manager", "get", "price-plans", project=elsewhere).json["result"] == []


def test_nobody_signed_in_gets_nothing(client, project):
    for verb, path in (
        ("get", "price-plans/1"),
        ("post", "quotes"),
        ("post", f"projects/{project.id}/rooms/import"),
        ("get", "room-imports/1/faults.xlsx"),
    ):
        assert getattr(client, verb)(f"{API}/{path}").status_code == 401


def test_what_columns_hold_is_said_over_rest_and_remembered(
    project, client, bearer, user_for, sheet
):
    headers = bearer(user_for("steward"))
    head = ["楼栋", "楼层", "门牌", "建筑面积", "单价"]
    content = sheet([["3栋", 1, "01", 90.5, 50000]], head)
    address = f"/api/v1/projects/{project.id}/rooms/import?dry_run=1&file_name=list.xlsx"
    checked = client.post(address, data=content, headers=headers)
    assert checked.status_code == 422
    base = f"/api/v1/room-imports/{checked.get_json()['id']}"
    wrong = client.post(f"{base}/columns", json={"columns": {"门牌": "roof"}}, headers=headers)
    assert wrong.status_code == 422
    said = client.post(f"{base}/columns", json={"columns": {"门牌": "number"}}, headers=headers)
    assert (said.status_code, said.get_json()["counts"]["rooms"]) == (200, 1)
    again = client.post(address, data=content, headers=headers)
    assert again.status_code == 201
    assert client.post(f"{base}/carry-out", headers=headers).status_code == 201

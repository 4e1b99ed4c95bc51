"""The story of the first sale over REST: from a draft price plan to a printed receipt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import requests

from tests.scenarios.office import wait_for

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("office")]

#: made-up people with numbers that pass the check digit
FIRST = {"name": "王小明", "mobile": "13800138001", "id_number": "11010519491231002X"}
SECOND = {"name": "李小红", "mobile": "13800138002", "id_number": "440106198808080026"}


@pytest.fixture(scope="module")
def story(office):
    """What the steps hand on to each other."""
    steward = office.as_user("steward")
    projects = {row["code"]: row["id"] for row in steward.get("projects")["result"]}
    return {"project": projects["SFMY"], "projects": projects}


def grid_of(caller, project, **more):
    return caller.get(f"projects/{project}/grid", **more)


def building_named(grid, name):
    return next(row for row in grid["buildings"] if row["name"] == name)


def rooms_of(grid, building, status=None):
    return [
        room
        for room in grid["rooms"]
        if room["building_id"] == building["id"] and status in (None, room["status"])
    ]


def register(caller, project, person):
    body = {"kind": "person", "id_kind": "resident_id", "project_id": project, **person}
    return caller.post("customers", body)["id"]


def test_1_the_demo_holds_416_rooms_two_buildings_ready(office, story):
    grid = grid_of(office.as_user("consultant1"), story["project"])
    assert len(grid["rooms"]) == 416
    for name, status in (("3栋", "available"), ("6栋", "available"), ("7栋", "unreleased")):
        building = building_named(grid, name)
        assert {room["status"] for room in rooms_of(grid, building)} == {status}, name
    seventh = rooms_of(grid, building_named(grid, "7栋"))
    assert all(room["list_total"] is None for room in seventh)
    story["seventh"] = building_named(grid, "7栋")["id"]
    total = office.sql(
        "SELECT sum(round(r.gross_area * p.list_unit_price, 2)) FROM pricing_price_plan_row p"
        " JOIN estate_room r ON r.id = p.room_id"
    )
    assert total == [(Decimal("2134261656.44"),)]


def test_2_the_steward_asks_for_prices_and_three_approve(office, story):
    steward = office.as_user("steward")
    plan = office.sql("SELECT id FROM pricing_price_plan WHERE state = 'draft'")[0][0]
    request = steward.post(
        "approvals",
        {
            "kind": "price_change",
            "subject": {"type": "price_plan", "id": plan},
            "values": {},
            "reason": "7栋开盘定价",
        },
    )
    assert request["state"] == "running"
    for role in ("manager", "finance_manager", "director"):
        caller = office.as_user(role)
        waiting = {row["id"] for row in caller.get("approvals/todo")["result"]}
        assert request["id"] in waiting, role
        answer = caller.post(f"approvals/{request['id']}/approve", {"comment": "同意"}, status=200)
    assert answer["state"] == "approved"
    grid = grid_of(steward, story["project"], building_id=story["seventh"])
    assert all(room["list_total"] for room in grid["rooms"])


def test_3_a_building_without_a_permit_is_not_released(office, story):
    director = office.as_user("director")
    body = {"building_id": story["seventh"], "reason": "加推"}
    kept = office.sql(
        "DELETE FROM estate_permit_building WHERE building_id = %s RETURNING permit_id, project_id",
        story["seventh"],
    )[0]
    refused = director.post("rooms/release-for-sale", body, status=422)
    assert "7栋" in refused["message"]
    office.sql(
        "INSERT INTO estate_permit_building (permit_id, project_id, building_id)"
        " VALUES (%s, %s, %s)",
        *kept,
        story["seventh"],
    )
    consultant = office.as_user("consultant1")
    consultant.post("rooms/release-for-sale", body, status=403)
    before = grid_of(consultant, story["project"])["cursor"]
    director.post("rooms/release-for-sale", body, status=200)
    changed = grid_of(consultant, story["project"], since=before)["rooms"]
    assert len(changed) >= 116
    assert {room["status"] for room in changed} == {"available"}


def test_4a_a_customer_is_checked_and_found_again(office, story):
    consultant = office.as_user("consultant1")
    wrong = {**FIRST, "id_number": "110105194912310021"}
    body = {"kind": "person", "id_kind": "resident_id", "project_id": story["project"]}
    refused = consultant.post("customers", body | wrong, status=422)
    assert "id_number" in refused["fields"]
    story["first"] = register(consultant, story["project"], FIRST)
    story["second"] = register(consultant, story["project"], SECOND)
    other = office.as_user("consultant2")
    twice = other.post("customers", body | FIRST | {"id_number": None}, status=409)
    assert twice["error"] == "duplicate"
    assert "customer_id" not in twice


def test_4b_a_hold_tells_the_next_who_has_the_room(office, story):
    consultant, other = office.as_user("consultant1"), office.as_user("consultant2")
    grid = grid_of(consultant, story["project"])
    room = next(
        room
        for room in rooms_of(grid, building_named(grid, "3栋"), "available")
        if room["number"] == "2602"
    )
    story["room"] = room["id"]
    consultant.post(
        f"rooms/{room['id']}/hold", {"reason": "客户看中", "customer_id": story["first"]}
    )
    taken = other.post(f"rooms/{room['id']}/hold", {"reason": "也看中"}, status=409)
    assert taken["error"] == "room_taken"
    assert "陈顾问" in taken["message"]


def test_4c_a_quotation_and_a_special_discount(office, story):
    consultant = office.as_user("consultant1")
    methods = {
        row["name"]: row["id"]
        for row in consultant.get("payment-methods", project_id=story["project"])["result"]
    }
    story["mortgage"] = methods["按揭"]
    discounts = consultant.get("discounts", project_id=story["project"])["result"]
    story["discount"] = discounts[0]["id"]
    quote = consultant.post(
        "quotes",
        {
            "room_id": story["room"],
            "payment_method_id": methods["按揭"],
            "discount_ids": [story["discount"]],
        },
        status=200,
    )
    assert sum(Decimal(line["amount"]) for line in quote["receivables"]) == Decimal(
        quote["deal_total"]
    )
    request = consultant.post(
        "approvals",
        {
            "kind": "special_discount",
            "subject": {"type": "room", "id": story["room"]},
            "values": {
                "customer_id": story["first"],
                "percent": "2.50",
                "valid_until": "2099-12-31",
            },
            "reason": "老业主介绍，本周可签约",
        },
    )
    office.as_user("consultant2").get(f"approvals/{request['id']}", status=404)
    consultant.post(f"approvals/{request['id']}/approve", {}, status=403)
    for role in ("manager", "director"):
        answer = office.as_user(role).post(
            f"approvals/{request['id']}/approve", {"comment": "客户诚意足"}, status=200
        )
    assert answer["state"] == "approved"
    story["special"] = answer["result"]["special_discount_id"]


def test_5_two_buyers_subscribe_and_the_cashier_takes_the_deposit(office, story):
    consultant = office.as_user("consultant1")
    order = {
        "room_id": story["room"],
        "payment_method_id": story["mortgage"],
        "discount_ids": [story["discount"]],
        "special_discount_id": story["special"],
        "buyers": [
            {"customer_id": story["first"], "share": "60.00"},
            {"customer_id": story["second"], "share": "39.00"},
        ],
    }
    consultant.post("subscriptions", order, status=422)
    order["buyers"][1]["share"] = "40.00"
    subscription = consultant.post("subscriptions", order, key="the-first-sale")
    again = consultant.post("subscriptions", order, key="the-first-sale")
    assert again == subscription
    story["subscription"] = subscription["id"]
    subject = {"type": "subscription", "id": subscription["id"]}
    cashier = office.as_user("cashier")
    office.simulator("paper-out")
    slip = cashier.post(
        "receipts",
        {"subject": subject, "amount": "100000.00", "method": "transfer", "payer": "王小明"},
    )
    consultant.post(f"receipts/{slip['id']}/confirm", {}, status=403)
    receipt = cashier.post(f"receipts/{slip['id']}/confirm", {}, status=200)
    assert receipt["bill_number"] == "SJ00001"
    jobs = {"subject_type": "receipt", "subject_id": slip["id"]}

    def waiting():
        job = cashier.get("device-jobs", **jobs)["result"][0]
        return job if job["error"] else None

    job = wait_for("the job says why it waits", waiting)
    assert job["state"] == "queued"
    state = office.sql("SELECT state FROM finance_receipt WHERE id = %s", slip["id"])
    assert state == [("confirmed",)]
    office.simulator("paper-in")
    wait_for(
        "the receipt is printed",
        lambda: cashier.get("device-jobs", **jobs)["result"][0]["state"] == "succeeded",
        seconds=60,
    )
    paper = cashier.get(f"device-jobs/{job['id']}/paper")
    text = str(paper)
    assert "SJ00001" in text
    assert "壹拾万元整" in text
    state = office.sql("SELECT state FROM sales_subscription WHERE id = %s", subscription["id"])
    assert state == [("active",)]
    papers = (office.folder / "simulators/receipt_printer/papers.jsonl").read_text()
    assert papers.count("SJ00001") == 1 or len(papers.splitlines()) == 1


def test_6_without_a_deposit_it_lapses_by_itself(office, story):
    consultant = office.as_user("consultant1")
    grid = grid_of(consultant, story["project"])
    room = rooms_of(grid, building_named(grid, "6栋"), "available")[0]
    made = consultant.post(
        "subscriptions",
        {
            "room_id": room["id"],
            "payment_method_id": story["mortgage"],
            "discount_ids": [],
            "buyers": [{"customer_id": story["second"], "share": "100.00"}],
        },
    )
    office.sql(
        "UPDATE sales_subscription SET lapses_at = now() - interval '1 second' WHERE id = %s",
        made["id"],
    )
    wait_for(
        "the worker lets it lapse",
        lambda: consultant.get(f"rooms/{room['id']}")["status"] == "available",
        seconds=30,
    )
    after = consultant.get(f"rooms/{room['id']}")
    assert after["price"]["list_total"] == room["list_total"]


def test_7_two_press_at_once_and_a_third_sees_nothing(office, story):
    one, two = office.as_user("consultant1"), office.as_user("consultant2")
    mine = register(two, story["project"], {**SECOND, "name": "赵大海", "mobile": "13800138003",
                                            "id_number": "440305199203150019"})  # fmt: skip
    grid = grid_of(one, story["project"])
    room = rooms_of(grid, building_named(grid, "6栋"), "available")[-1]
    order = {"room_id": room["id"], "payment_method_id": story["mortgage"], "discount_ids": []}

    def press(caller, customer):
        return requests.post(
            f"{office.url}/api/v1/subscriptions",
            json=order | {"buyers": [{"customer_id": customer, "share": "100.00"}]},
            headers={
                "Authorization": caller.http.headers["Authorization"],
                "Idempotency-Key": f"press-{customer}",
            },
            timeout=30,
        )

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, (one, two), (story["second"], mine)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201, 409], [answer.text for answer in answers]
    lost = next(answer.json() for answer in answers if answer.status_code == 409)
    assert lost["error"] == "room_taken"
    assert "顾问" in lost["message"]

    stranger = office.as_user("agency1")
    own = {row["code"] for row in stranger.get("projects")["result"]}
    assert own == {"YQYY"}
    for path in (
        f"projects/{story['project']}/grid",
        f"projects/{story['project']}/grid/stream",
        f"rooms/{room['id']}",
        f"subscriptions/{story['subscription']}",
        f"customers/{story['first']}",
    ):
        stranger.get(path, status=404)
    stranger.post(f"rooms/{room['id']}/hold", {"reason": "试试"}, status=404)
    assert stranger.get("customers", q="王小明")["result"] == []


def test_8_the_books_are_in_order(office):
    assert "ok" in office.flask("ledger", "check").lower()

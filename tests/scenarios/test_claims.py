"""Many press at once over HTTP: exactly one has the room, nobody sees an error of ours.

ROUNDS=20 runs it as often as the opening-day rehearsal asks; the suite takes three rounds.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.scenarios.test_story_rest import building_named, grid_of, register, rooms_of

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("office-claims")]

PEOPLE = 200
ROUNDS = int(os.environ.get("ROUNDS", "3"))


@pytest.fixture(scope="module")
def crowd(office):
    callers = [office.as_user(name) for name in ("consultant1", "consultant2", "supervisor")]
    project = next(row["id"] for row in callers[0].get("projects")["result"])
    numbers = ("11010519491231002X", "440106198808080026", "440305199203150019")
    customers = [
        register(
            caller,
            project,
            {"name": f"买家{place}", "mobile": f"1390013900{place}", "id_number": number},
        )
        for place, (caller, number) in enumerate(zip(callers, numbers, strict=True))
    ]
    grid = grid_of(callers[0], project)
    rooms = rooms_of(grid, building_named(grid, "6栋"), "available")
    method = callers[0].get("payment-methods", project_id=project)["result"][0]["id"]
    return {"callers": callers, "customers": customers, "rooms": rooms, "method": method}


def press_all(office, path, body_of, crowd, round_name):
    def press(place):
        caller = crowd["callers"][place % 3]
        with requests.post(
            f"{office.url}/api/v1/{path}",
            json=body_of(place % 3),
            headers={
                "Authorization": caller.http.headers["Authorization"],
                "Idempotency-Key": f"{round_name}-{place}",
            },
            timeout=60,
        ) as answer:
            return answer.status_code, answer.json()

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(press, range(PEOPLE)))


def check(answers):
    codes = Counter(code for code, _ in answers)
    assert codes[201] == 1, codes
    assert set(codes) <= {201, 409}, codes
    for code, answer in answers:
        if code == 409:
            assert answer["error"] == "room_taken", answer
            assert answer["message"]


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_of_200_holds_one_wins(office, crowd, turn):
    room = crowd["rooms"][turn]["id"]
    answers = press_all(
        office, f"rooms/{room}/hold", lambda _who: {"reason": "抢"}, crowd, f"hold-{turn}"
    )
    check(answers)
    live = office.sql("SELECT count(*) FROM sales_hold WHERE room_id = %s", room)
    assert live == [(1,)]


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_of_200_subscriptions_one_wins(office, crowd, turn):
    room = crowd["rooms"][-1 - turn]["id"]

    def order(who):
        return {
            "room_id": room,
            "payment_method_id": crowd["method"],
            "discount_ids": [],
            "buyers": [{"customer_id": crowd["customers"][who], "share": "100.00"}],
        }

    answers = press_all(office, "subscriptions", order, crowd, f"subscribe-{turn}")
    check(answers)
    deals = office.sql("SELECT count(*) FROM sales_subscription WHERE room_id = %s", room)
    accounts = office.sql("SELECT count(*) FROM finance_account WHERE room_id = %s", room)
    assert deals == accounts == [(1,)]

"""Errors of the database as programs see them."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("position", [10**12, -(10**12)])
def test_a_number_that_no_column_holds_is_refused(client, bearer, user_for, project, position):
    body = {"project_id": project.id, "name": "9栋", "position": position}
    answer = client.post("/api/v1/buildings/", json=body, headers=bearer(user_for("steward")))
    assert (answer.status_code, answer.get_json()["error"]) == (422, "invalid")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "today+9999999999", "today+2900000"])
def test_a_day_at_the_end_of_the_calendar_finds_nothing_and_breaks_nothing(
    client, bearer, user_for, day
):
    for side in ("min", "max"):
        address = f"/api/v1/holds/?created_at.{side}={day}"
        assert client.get(address, headers=bearer(user_for("manager"))).status_code == 200

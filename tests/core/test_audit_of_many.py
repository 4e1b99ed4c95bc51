"""The audit keeps up with a change of many rows, whatever the session did before."""

from __future__ import annotations

import time

import psycopg2
import pytest

from app.core.db import db
from tests.factories.estate import make_building
from tests.factories.people import make_project

pytestmark = pytest.mark.commit


def test_many_rows_after_one_cost_no_square(committed):
    building = make_building(make_project())
    place = (building.project_id, building.id)
    db.session.commit()
    connection = psycopg2.connect(committed.url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO estate_room (project_id, building_id, floor, floor_name, column_no,"
            " number, gross_area) SELECT %s, %s, 1, '1', n, n::text, 50"
            " FROM generate_series(1, 6000) n",
            place,
        )
        change = "UPDATE estate_room SET orientation = %s WHERE column_no <= %s"
        cursor.execute(change, ("南", 1))
        durations = []
        for many in (1000, 6000):
            begun = time.monotonic()
            cursor.execute(change, (f"{many}", many))
            durations.append(time.monotonic() - begun)
    connection.close()
    # Six times the rows: six times the time, with room for a busy machine; the square is 36.
    assert durations[1] < 18 * durations[0]

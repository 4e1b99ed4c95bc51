"""The cursor over real commits: nothing is missed, whatever the order in which work ends."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy import select

from app.core.db import db
from app.estate.models import Room
from tests.factories.grid import grid_of, make_tower
from tests.factories.people import make_project

pytestmark = pytest.mark.commit


@pytest.fixture
def tower(committed):
    """A project with a tower, committed, and who looks at it."""
    project = make_project()
    rooms = make_tower(project)
    actor = committed.actor("consultant", project)
    return Tower(committed.url, project.id, [room.id for room in rooms], actor)


class Tower:
    def __init__(self, url, project_id, room_ids, actor):
        self.url = url
        self.project_id = project_id
        self.room_ids = room_ids
        self.actor = actor

    def read(self, **options):
        found = grid_of(self.project_id, self.actor, **options)
        db.session.rollback()
        return found

    def changed(self, since):
        found = self.read(since=since)
        assert found["whole"] is False
        return {room["id"]: room for room in found["rooms"]}

    def connect(self):
        return psycopg2.connect(self.url)


def touch(connection, room_id, status="held"):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE estate_room SET status = %s WHERE id = %s", (status, room_id))


def test_only_what_changed(tower):
    whole = tower.read()
    cursor = whole["cursor"]
    assert tower.changed(cursor) == {}
    with tower.connect() as other:
        touch(other, tower.room_ids[0])
    found = tower.changed(cursor)
    assert list(found) == [tower.room_ids[0]]
    before = next(room for room in whole["rooms"] if room["id"] == tower.room_ids[0])
    after = found[tower.room_ids[0]]
    assert (after["status"], after["version"]) == ("held", before["version"] + 1)
    assert tower.changed(tower.read()["cursor"]) == {}


def test_an_idle_database_gives_no_whole_grid(tower):
    cursor = tower.read()["cursor"]
    assert tower.read(since=cursor)["whole"] is False


def test_what_commits_late_is_not_missed(tower):
    early, late = tower.connect(), tower.connect()
    touch(early, tower.room_ids[0])
    touch(late, tower.room_ids[1])
    late.commit()
    # The second to begin has ended, the first has not.
    first = tower.read()
    assert {room["status"] for room in first["rooms"] if room["id"] == tower.room_ids[0]} == {
        "available"
    }
    early.commit()
    found = tower.changed(first["cursor"])
    assert tower.room_ids[0] in found
    early.close()
    late.close()


def test_what_is_rolled_back_was_never_there(tower):
    cursor = tower.read()["cursor"]
    with tower.connect() as other:
        touch(other, tower.room_ids[0])
        other.rollback()
    assert tower.changed(cursor) == {}


def test_the_cursor_waits_for_work_that_runs(tower):
    slow = tower.connect()
    touch(slow, tower.room_ids[0])
    cursor = tower.read()["cursor"]
    for room_id in tower.room_ids[1:3]:
        with tower.connect() as quick:
            touch(quick, room_id)
        found = tower.read(since=cursor)
        assert found["cursor"] == cursor
    # What ended in between is told at once, and again as long as the slow one runs.
    assert {room["id"] for room in found["rooms"]} == set(tower.room_ids[1:3])
    slow.commit()
    slow.close()
    found = tower.read(since=cursor)
    assert {room["id"] for room in found["rooms"]} == set(tower.room_ids[:3])
    assert found["cursor"] > cursor


def test_a_room_that_is_gone(tower):
    from tests.factories.estate import make_room

    spare = make_room(db.session.get(Room, tower.room_ids[0]).building, number="9999")
    spare_id = spare.id
    db.session.commit()
    cursor = tower.read()["cursor"]
    with tower.connect() as other, other.cursor() as statement:
        statement.execute("DELETE FROM estate_room WHERE id = %s", (spare_id,))
    assert tower.read(since=cursor)["rooms"] == [{"id": spare_id, "gone": True}]


def test_a_restored_database_gives_the_whole_grid(tower):
    found = tower.read(since=tower.read()["cursor"] + 10**9)
    assert found["whole"] is True
    assert {room["id"] for room in found["rooms"]} == set(tower.room_ids)


def test_events_of_another_history_are_ignored(tower):
    # A backup brings rows along whose transactions have not happened on this server.
    with tower.connect() as other, other.cursor() as statement:
        statement.execute(
            "INSERT INTO estate_room_event (xid, project_id, room_id, version)"
            " VALUES (%s, %s, %s, 9)",
            (2**40, tower.project_id, tower.room_ids[0]),
        )
    assert tower.changed(tower.read()["cursor"]) == {}


def test_older_than_the_kept_events_gives_the_whole_grid(tower):
    cursor = tower.read()["cursor"]
    with tower.connect() as other:
        touch(other, tower.room_ids[0])
    with tower.connect() as other, other.cursor() as statement:
        statement.execute("DELETE FROM estate_room_event")
    with tower.connect() as other:
        touch(other, tower.room_ids[1])
    assert tower.read(since=cursor)["whole"] is True


def test_a_new_price_is_a_change(tower):
    from tests.factories.pricing import price_rooms

    cursor = tower.read()["cursor"]
    room = db.session.scalars(select(Room).where(Room.id == tower.room_ids[0])).one()
    price_rooms([room], "5100000.00")
    db.session.commit()
    found = tower.changed(cursor)
    assert found[tower.room_ids[0]]["list_total"] == "5100000.00"


def test_changes_can_come_without_counters(tower):
    cursor = tower.read()["cursor"]
    assert tower.read(since=cursor, counters=False)["counters"] is None
    assert tower.read(since=cursor)["counters"]["available"]["rooms"] == len(tower.room_ids)

"""The live server as screens meet it: real commits, a process of its own."""

from __future__ import annotations

import contextlib
import signal
import time

import jwt
import psycopg2
import pytest

from app.core.db import db
from app.estate.models import Project, Room
from tests.database import KEYS
from tests.factories.customers import make_customer
from tests.factories.grid import grid_of, make_tower
from tests.factories.people import make_project
from tests.factories.sales import make_hold
from tests.live.server import ORIGIN, committed_database, live_server

pytestmark = pytest.mark.commit


@pytest.fixture(scope="module")
def office(app):
    """A database and a live server for all tests here; each has a project of its own."""
    with committed_database(app) as made, live_server(made.url) as running:
        yield made, running


@pytest.fixture
def committed(office, app):
    with app.app_context():
        yield office[0]
        db.session.remove()


@pytest.fixture
def server(office):
    running = office[1]
    yield running
    running.close_screens()
    running.wait_for(lambda health: health["streams"] == 0)


@pytest.fixture
def tower(committed):
    return Tower(committed)


class Tower:
    """A project whose rooms are changed from other connections."""

    def __init__(self, committed):
        project = make_project()
        self.rooms = [room.id for room in make_tower(project)]
        self.project_id = project.id
        self.actor = committed.actor("consultant", project)
        self.url = committed.url

    def cursor(self):
        found = grid_of(self.project_id, self.actor)["cursor"]
        db.session.rollback()
        return found

    def connect(self):
        return psycopg2.connect(self.url)

    def tell_all(self):
        """As a change of every room would, without the cost of it."""
        with self.connect() as other, other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO estate_room_event (xid, project_id, room_id, version)"
                " SELECT pg_current_xact_id()::text::bigint, project_id, id, version"
                " FROM estate_room WHERE project_id = %s",
                (self.project_id,),
            )

    def set(self, place, status, connection=None):
        with (connection or self.connect()).cursor() as cursor:
            cursor.execute(
                "UPDATE estate_room SET status = %s WHERE id = %s RETURNING version",
                (status, self.rooms[place]),
            )
            version = cursor.fetchone()[0]
        if connection is None:
            cursor.connection.commit()
            cursor.connection.close()
        return version


def test_a_change_is_told_within_a_second(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor())
    begun = time.monotonic()
    version = tower.set(0, "held")
    room = screen.room(seconds=1)
    assert time.monotonic() - begun < 1
    assert room["id"] == tower.rooms[0]
    assert (room["status"], room["version"], room["marks"]) == ("held", version, [])
    assert set(room) == {"id", "status", "marks", "version", "building_id"}
    assert screen.quiet()


def test_the_head_is_for_the_page_only(server, tower):
    screen = server.open(tower.project_id)
    head = screen.head.lower()
    assert screen.status == 200
    assert "content-type: text/event-stream" in head
    assert f"access-control-allow-origin: {ORIGIN}" in head
    assert "server:" not in head


def test_nothing_personal_is_told(server, tower, committed):

    screen = server.open(tower.project_id, since=tower.cursor())
    project = db.session.get(Project, tower.project_id)
    seller = committed.actor("consultant", project, first_name="欧阳修")
    customer = make_customer(project, seller, name="诸葛亮", mobile="13800138000")
    make_hold(db.session.get(Room, tower.rooms[0]), seller, customer=customer, reason="考虑中")
    db.session.commit()
    assert screen.room()["status"] == "reserved"
    for secret in ("欧", "诸葛", "13800138000", "考虑"):
        assert secret not in screen.raw.decode()


def test_another_project_is_not_told(server, tower, committed):
    other = Tower(committed)
    screen = server.open(other.project_id, since=other.cursor())
    tower.set(0, "held")
    assert screen.quiet()
    other.set(0, "held")
    assert screen.room()["id"] == other.rooms[0]


def test_a_screen_that_was_cut_off_catches_up(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor())
    tower.set(0, "held")
    screen.room()
    screen.close()
    tower.set(1, "held")
    tower.set(2, "held")
    again = server.open(tower.project_id, last_id=screen.last_id)
    told = {again.room()["id"] for _ in range(2)}
    assert told == {tower.rooms[1], tower.rooms[2]}
    assert again.quiet()


def test_the_browsers_own_cursor_is_newer_than_the_address(server, tower):
    first = tower.cursor()
    tower.set(0, "held")
    second = tower.cursor()
    tower.set(1, "held")
    screen = server.open(tower.project_id, since=first, last_id=second)
    assert screen.room()["id"] == tower.rooms[1]
    assert screen.quiet()


def test_what_commits_late_is_told_late_and_once(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor())
    slow = tower.connect()
    tower.set(0, "held", slow)
    tower.set(1, "held")
    # What ended meanwhile is told at once and, though the horizon stands still, only once.
    assert screen.room()["id"] == tower.rooms[1]
    assert screen.quiet(1.0)
    slow.commit()
    assert screen.room()["id"] == tower.rooms[0]
    assert screen.quiet()


def test_a_cut_while_work_runs_loses_nothing(server, tower):
    slow = tower.connect()
    tower.set(0, "held", slow)
    screen = server.open(tower.project_id, since=tower.cursor())
    tower.set(1, "held")
    screen.room()
    screen.close()
    slow.commit()
    slow.close()
    again = server.open(tower.project_id, last_id=screen.last_id)
    assert tower.rooms[0] in {again.room()["id"], again.room()["id"]}


def test_what_is_rolled_back_is_not_told(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor())
    other = tower.connect()
    tower.set(0, "held", other)
    other.rollback()
    other.close()
    assert screen.quiet(1.0)


def test_a_room_that_is_gone(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor())
    with tower.connect() as other, other.cursor() as cursor:
        cursor.execute("DELETE FROM pricing_room_price WHERE room_id = %s", (tower.rooms[0],))
        cursor.execute("DELETE FROM pricing_price_plan_row WHERE room_id = %s", (tower.rooms[0],))
        cursor.execute("DELETE FROM estate_room WHERE id = %s", (tower.rooms[0],))
    assert screen.room() == {"id": tower.rooms[0], "gone": True}


def test_a_cursor_of_another_history_reads_anew(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor() + 10**9)
    assert screen.next()[0] == "reload"
    # From then on it is told like everybody.
    tower.set(0, "held")
    assert screen.room()["id"] == tower.rooms[0]


def test_too_far_behind_reads_anew(server, tower):
    cursor = tower.cursor()
    with tower.connect() as other, other.cursor() as statement:
        statement.execute(
            "INSERT INTO estate_room_event (xid, project_id, room_id, version)"
            " SELECT pg_current_xact_id()::text::bigint, %s, %s, 1 FROM generate_series(1, 2500)",
            (tower.project_id, tower.rooms[0]),
        )
    screen = server.open(tower.project_id, since=cursor)
    assert screen.next()[0] == "reload"


@pytest.mark.parametrize("token", ["", "nonsense", "old", "other project", "bearer"])
def test_a_bad_ticket_is_401(server, tower, token):
    claims = {"aud": "xiaokong-live", "prj": tower.project_id, "org": ORIGIN, "exp": 2**33}
    made = {
        "old": {**claims, "exp": 1},
        "other project": {**claims, "prj": tower.project_id + 1},
        "bearer": {"sub": "1", "v": 1, "exp": 2**33},
    }
    if token in made:
        token = jwt.encode(made[token], KEYS["SECRET_KEY"], "HS256")
    status, body = server.get(f"/stream/{tower.project_id}?token={token}")
    assert status == 401
    assert b'"error":"not_signed_in"' in body


def test_a_stream_ends_with_its_ticket(server, tower):
    claims = {"aud": "xiaokong-live", "prj": tower.project_id, "org": ORIGIN}
    ticket = jwt.encode({**claims, "exp": time.time() + 2}, KEYS["SECRET_KEY"], "HS256")
    screen = server.open(tower.project_id, token=ticket)
    with pytest.raises(EOFError):
        screen.next(seconds=5)
    server.wait_for(lambda health: health["streams"] == 0)


def test_a_database_that_went_away_is_found_again(server, tower):
    screen = server.open(tower.project_id, since=tower.cursor())
    tower.set(0, "held")
    screen.room()
    with tower.connect() as other, other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'xiaokong-live' AND datname = current_database()"
        )
        assert cursor.fetchall() == [(True,)]
    tower.set(1, "held")
    assert screen.room()["id"] == tower.rooms[1]


def test_a_slow_reader_is_dropped_and_the_others_are_not(server, tower):
    server.open(tower.project_id, receive_buffer=2048)
    brisk = server.open(tower.project_id, since=tower.cursor())
    server.wait_for(lambda health: health["streams"] == 2)
    with tower.connect() as other, other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO estate_room (project_id, building_id, floor, floor_name, column_no,"
            " number, gross_area) SELECT project_id, building_id, 90, '90F', n, '90' || n, 50"
            " FROM estate_room, generate_series(1, 4000) n WHERE id = %s",
            (tower.rooms[0],),
        )
    told = 0
    for _round in range(100):
        tower.tell_all()
        if server.health()["streams"] == 1:
            break
        told += read_all(brisk)
    assert told > 1_000_000
    assert server.health()["streams"] == 1
    assert not brisk.ended()


def read_all(screen):
    """Read what has come; how many bytes."""
    end, told = time.monotonic() + 0.2, 0
    screen.socket.settimeout(0.05)
    while time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            told += len(screen.socket.recv(1 << 20))
    return told


def test_health(server, tower):
    assert server.health() == {
        "status": "ok",
        "database": "ok",
        "streams": 0,
        "projects": 0,
        "old_horizon_seconds": 0,
    }
    screen = server.open(tower.project_id)
    server.wait_for(lambda health: (health["streams"], health["projects"]) == (1, 1))
    screen.close()
    server.wait_for(lambda health: health["streams"] == 0)


def test_it_stops_at_once_with_screens_open(tower):
    with live_server(tower.url) as server:
        stop_it(server, tower)


def stop_it(server, tower):
    screen = server.open(tower.project_id)
    server.wait_for(lambda health: health["streams"] == 1)
    begun = time.monotonic()
    server.process.terminate()
    # Uvicorn ends, and then lets the signal do what it would have done.
    assert server.process.wait(timeout=10) in (0, -signal.SIGTERM)
    assert time.monotonic() - begun < 5
    with pytest.raises((EOFError, ConnectionError)):
        screen.next()

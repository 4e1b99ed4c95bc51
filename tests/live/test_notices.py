"""Notices as open pages hear of them: at once, one's own only, nothing in words."""

from __future__ import annotations

import time

import psycopg2
import pytest

from app.core.db import db
from app.core.live_ticket import issue_ticket
from tests.database import KEYS
from tests.factories.grid import make_tower
from tests.factories.people import make_project, make_user
from tests.live.server import ORIGIN, committed_database, live_server

pytestmark = pytest.mark.commit
TELL = (
    "INSERT INTO notices_notice (xid, user_id, kind, words, link, made_at) VALUES"
    " (pg_current_xact_id()::text::bigint, %s, 'hold_lapsed', '{\"room\": \"秘密\"}', '/x', now())"
    " RETURNING id"
)


@pytest.fixture(scope="module")
def office(app):
    with committed_database(app) as made, live_server(made.url) as running:
        yield made, running


@pytest.fixture
def server(office):
    running = office[1]
    yield running
    running.close_screens()
    running.wait_for(lambda health: health["streams"] == 0)


@pytest.fixture
def person(office, app):  # noqa: ARG001 - the database comes first
    with app.app_context():
        found = make_user("consultant").id
        db.session.commit()
        yield found
        db.session.remove()


def ticket(user_id, project_id=None):
    return issue_ticket(project_id, user_id=user_id, origin=ORIGIN, key=KEYS["SECRET_KEY"])


def listen(server, user_id):
    """A page of the person, from the moment on which everything is told."""
    screen = server.open("me", token=ticket(user_id))
    assert screen.next()[0] == "hello"
    return screen


def tell(office, user_id, connection=None):
    given = connection or psycopg2.connect(office[0].url)
    with given.cursor() as cursor:
        cursor.execute(TELL, (user_id,))
        made = cursor.fetchone()[0]
    if connection is None:
        given.commit()
        given.close()
    return made


def test_a_notice_is_told_within_a_second_and_without_words(office, server, person):
    screen = listen(server, person)
    begun = time.monotonic()
    made = tell(office, person)
    name, data = screen.next(seconds=1)
    assert time.monotonic() - begun < 1
    assert (name, data) == ("notice", {"id": made, "kind": "hold_lapsed", "unread": 1})
    assert "秘密" not in screen.raw.decode()
    assert screen.quiet()


def test_anothers_notice_is_not_told(office, server, person):
    screen = listen(server, person)
    tell(office, make_user_elsewhere())
    assert screen.quiet()


def make_user_elsewhere():
    found = make_user("consultant").id
    db.session.commit()
    return found


def test_what_commits_late_is_told_and_nothing_twice(office, server, person):
    screen = listen(server, person)
    slow = psycopg2.connect(office[0].url)
    late = tell(office, person, slow)
    early = tell(office, person)
    assert screen.next()[1]["id"] == early
    assert screen.quiet(), "told again while an older transaction is under way"
    slow.commit()
    slow.close()
    assert screen.next()[1] == {"id": late, "kind": "hold_lapsed", "unread": 2}
    assert screen.quiet()


def test_two_pages_of_a_person_both_hear(office, server, person):
    screens = [listen(server, person), listen(server, person)]
    made = tell(office, person)
    assert [screen.next()[1]["id"] for screen in screens] == [made, made]


def test_the_grids_stream_carries_notices_too(office, server, person):
    project = make_project()
    make_tower(project)
    db.session.commit()
    screen = server.open(project.id, token=ticket(person, project.id))
    while screen.next()[0] != "hello":
        """First the grid says from where it goes on."""
    made = tell(office, person)
    assert screen.next() == ("notice", {"id": made, "kind": "hold_lapsed", "unread": 1})


@pytest.mark.parametrize("wrong", ["a project's", "nobody's"])
def test_a_ticket_for_something_else_is_refused(server, person, wrong):
    token = ticket(person, 1) if wrong == "a project's" else ticket(None)
    assert server.get(f"/stream/me?token={token}")[0] == 401

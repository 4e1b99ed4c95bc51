"""A stream is worth what its sign-in is worth: it ends with it, and its ticket opens none anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import text

from app.admin import operations, passwords, sessions
from app.admin.models import AppUser
from app.admin.principal import read_actor
from app.admin.sessions import digest_of
from app.core.actor import system_actor
from app.core.db import db
from app.core.live_ticket import issue_ticket, read_ticket
from app.core.uow import unit_of_work
from app.live.hub import END, Hub
from tests.database import KEYS
from tests.factories.grid import make_tower
from tests.factories.people import PASSWORD, make_project, make_user, open_sign_in
from tests.live.server import ORIGIN, committed_database, live_server

pytestmark = pytest.mark.commit
#: seconds that an open stream may outlive its sign-in
AT_MOST = 4
SYSTEM = system_actor("test")


@pytest.fixture(scope="module")
def office(app):
    with committed_database(app) as made, live_server(made.url) as running:
        yield made, running


@pytest.fixture
def server(office, app):
    running = office[1]
    with app.app_context():
        yield running
        db.session.remove()
    running.close_screens()
    running.wait_for(lambda health: health["streams"] == 0)


class Person:
    """Signed in twice: at the desk, which watches a project, and on the phone."""

    def __init__(self, server, role="consultant", **values):
        self.server = server
        self.project = make_project()
        make_tower(self.project)
        self.user = make_user(role, projects=[self.project], **values)
        self.desk, self.phone = open_sign_in(self.user), open_sign_in(self.user)
        self.id, self.project_id = self.user.id, self.project.id
        db.session.commit()

    def ticket(self, opened, project_id=None):
        return issue_ticket(
            project_id,
            user_id=self.id,
            session_id=opened.id,
            origin=ORIGIN,
            key=KEYS["SECRET_KEY"],
        )

    def watch(self, opened, project_id=None):
        screen = self.server.open(project_id or "me", token=self.ticket(opened, project_id))
        # What the making of its rooms has left is told first.
        while screen.next()[0] != "hello":
            pass
        return screen

    def account(self):
        return db.session.get_one(AppUser, self.id)


def expect_end(screen):
    """Wait for the end of the stream; nothing but that his rights were changed comes before it."""

    def hear():
        while screen.next(AT_MOST)[0] == "notice":
            pass

    with pytest.raises(EOFError):
        hear()


def sign_out(person):
    actor = replace(read_actor(person.id), session=digest_of(person.desk.key))
    db.session.rollback()
    with unit_of_work(actor):
        assert sessions.end_present("signed_out", actor=actor)


def change_roles(person):
    user = person.account()
    with unit_of_work(SYSTEM):
        operations.edit_user(user, full_name=user.full_name, active=True, role_ids=[], actor=SYSTEM)


def leave(person):
    user = person.account()
    with unit_of_work(SYSTEM):
        operations.edit_user(
            user, full_name=user.full_name, active=False, role_ids=[], actor=SYSTEM
        )


def change_password(person):
    actor = read_actor(person.id)
    db.session.rollback()
    with unit_of_work(actor):
        passwords.change_password(current=PASSWORD, password="another Horse 2", actor=actor)


def change_by_hand(person):
    db.session.execute(
        text("UPDATE ab_user SET access_version = access_version + 1 WHERE id = :id"),
        {"id": person.id},
    )
    db.session.commit()


def run_out(person):
    db.session.execute(
        text("UPDATE admin_sign_in_session SET idle_until = now() WHERE user_id = :id"),
        {"id": person.id},
    )
    db.session.commit()


@pytest.mark.parametrize(
    "end", [change_roles, leave, change_password, change_by_hand, run_out], ids=lambda f: f.__name__
)
def test_streams_end_with_all_of_somebodys_sign_ins(server, end):
    person, other = Person(server), Person(server)
    screens = [person.watch(person.desk, person.project_id), person.watch(person.phone)]
    stays = other.watch(other.desk)
    end(person)
    for screen in screens:
        expect_end(screen)
    assert stays.quiet()


def test_signing_out_ends_the_streams_of_that_sign_in_alone(server):
    person = Person(server)
    grid, bell = person.watch(person.desk, person.project_id), person.watch(person.desk)
    phone = person.watch(person.phone)
    sign_out(person)
    expect_end(grid)
    expect_end(bell)
    assert phone.quiet()


def test_a_ticket_of_an_ended_sign_in_tells_nothing(server):
    person = Person(server)
    ticket = person.ticket(person.desk, person.project_id)
    sign_out(person)
    db.session.execute(
        text("UPDATE estate_room SET status = 'held' WHERE project_id = :id"),
        {"id": person.project_id},
    )
    db.session.commit()
    screen = server.open(person.project_id, token=ticket, since=1)
    expect_end(screen)
    assert b"data:" not in screen.raw


@pytest.mark.parametrize("path", ["/api/v1/notices/stream", "/api/v1/projects/{id}/grid/stream"])
def test_the_ticket_names_the_sign_in_of_its_page(server, app, path):
    person = Person(server)
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie["uid"], cookie["key"] = person.id, person.desk.key
    answer = browser.get(path.format(id=person.project_id))
    assert answer.status_code == 307
    token = parse_qs(urlsplit(answer.location).query)["token"][0]
    ticket = read_ticket(token, key=app.config["SECRET_KEY"])
    assert (ticket.user_id, ticket.session_id) == (person.id, person.desk.id)


def test_one_question_is_asked_for_all(server, office):
    """Whatever the number of streams: no statement for each, and none again within a second."""
    person = Person(server)
    gone = open_sign_in(person.user).id
    db.session.execute(
        text("UPDATE admin_sign_in_session SET ended_at = now() WHERE id = :id"), {"id": gone}
    )
    db.session.commit()

    async def look():
        asked = []
        hub = Hub(lambda: office[0].url)
        streams = [hub.join(None, None, person.id, person.desk.id) for _ in range(300)]
        ended = hub.join(None, None, person.id, gone)
        connection = await psycopg.AsyncConnection.connect(office[0].url, autocommit=True)
        execute = connection.execute

        def note(*given, **more):
            asked.append(given[0])
            return execute(*given, **more)

        connection.execute = note
        async with connection:
            await hub.sign_ins.look(connection, [])
            await hub.sign_ins.look(connection, [])
        assert ended.queue.get_nowait() == END
        assert all(stream.queue.empty() for stream in streams)
        return asked

    assert len(asyncio.run(look())) == 1

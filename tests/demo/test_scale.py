"""``flask demo scale``: what it makes hangs together, and it leaves real projects alone."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from app.admin.principal import read_actor
from app.core.audit import AuditEntry
from app.demo.scale import TABLES
from app.demo.town import Town
from app.estate.models import Building, Permit, Project, Room, RoomEvent
from app.pricing.models import RoomPrice
from app.sales.models import Hold
from tests.factories.people import make_project, make_user

ROOMS = 2000


@pytest.fixture
def scale(app, session):
    """``scale(2000)`` → the result of the command."""

    def call(rooms, *options):
        session.commit()
        result = app.test_cli_runner().invoke(
            args=["demo", "scale", "--rooms", str(rooms), *options]
        )
        session.expire_all()
        return result

    return call


def count(session, model, *where):
    return session.scalar(select(func.count()).select_from(model).where(*where))


def test_rooms_stand_in_their_projects_with_prices_and_holds(scale, session):
    make_user("gm")
    result = scale(ROOMS)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[-1] == "2,000 rooms in 6 projects"
    assert [line.split(":")[0] for line in lines[:-1]] == [*TABLES, "ANALYZE"]
    assert count(session, Room) == ROOMS
    assert count(session, Permit) == count(session, Project) == 6
    apart = (
        Room.project_id
        != select(Building.project_id).where(Building.id == Room.building_id).scalar_subquery()
    )
    assert count(session, Room, apart) == 0
    assert count(session, Hold) == count(session, Room, Room.status == "held") > 0
    # Nothing is on sale without a price in force.
    priced = select(RoomPrice.room_id).where(RoomPrice.valid_to.is_(None))
    unpriced = Room.id.not_in(priced)
    assert count(session, Room, Room.status != "unreleased", unpriced) == 0
    assert count(session, Room, Room.status == "unreleased") > 0


def test_it_has_no_history_and_the_next_change_has(scale, session):
    assert scale(300).exit_code == 0
    entries = session.scalars(select(AuditEntry).where(AuditEntry.table_name == "estate_project"))
    assert [(one.action, one.after) for one in entries] == [
        ("scale", {"rooms": 300, "projects": 1})
    ]
    assert count(session, RoomEvent) == 0
    session.execute(
        text("UPDATE estate_room SET view = '江' WHERE id = (SELECT min(id) FROM estate_room)")
    )
    session.commit()
    assert count(session, RoomEvent) == 1


def test_members_of_another_project_reach_none_of_it(scale, session):
    user = make_user("gm", projects=[make_project()])
    assert scale(300, "--anyway").exit_code == 0
    actor = read_actor(user.id)
    made = session.scalar(select(Project.id).where(Project.code == "SCALE001"))
    assert not actor.reaches(made)


def test_real_projects_and_a_second_time_are_refused(scale, session):
    make_project()
    refused = scale(300)
    assert refused.exit_code == 1
    assert "1 projects of its own" in refused.stderr
    assert count(session, Room) == 0
    assert scale(300, "--anyway").exit_code == 0
    again = scale(300, "--anyway")
    assert again.exit_code == 1
    assert "before" in again.stderr
    assert count(session, Room) == 300


def test_numbers_out_of_bounds_are_refused(scale):
    assert scale(0).exit_code == 1


def test_a_million_rooms_are_300_projects_and_every_room_is_counted():
    sites = Town(1_000_000).sites()
    assert len(sites) == 300
    assert sum(site.rooms for site in sites) == 1_000_000
    assert len({site.name for site in sites}) == 300
    assert sum(1 for _home in Town(5000).homes()) == 5000

"""Many people and one room, with real commits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.actor import Actor, system_actor
from app.core.db import db
from app.core.errors import Conflict, DomainError
from app.core.uow import unit_of_work
from app.estate.models import Room
from app.sales.models import Hold
from app.sales.operations import expire_holds, hold_room, release_hold
from tests.factories.estate import make_room
from tests.factories.people import make_project

pytestmark = pytest.mark.commit
SYSTEM = system_actor("worker")


def at_once(committed: Any, works: list[tuple[Actor, Callable[[Actor], Any]]]) -> list[Any]:
    """Run each work in a thread and a unit of work of its own, all from the same moment."""
    barrier = Barrier(len(works))

    def run(case: tuple[Actor, Callable[[Actor], Any]]) -> Any:
        actor, work = case
        with committed.app.app_context():
            try:
                barrier.wait()
                with unit_of_work(actor):
                    return work(actor)
            except DomainError as refused:
                str(refused)
                return refused
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture
def project(committed):  # noqa: ARG001 - the clone comes first
    project = make_project()
    db.session.commit()
    return project


@pytest.fixture
def room_id(project):
    room = make_room(project=project, status="available")
    db.session.commit()
    return room.id


@pytest.mark.parametrize("people", [2, 40])
def test_one_of_many_holds_the_room_and_the_others_are_told_who(
    committed, project, room_id, people
):
    actors = [committed.actor("consultant", project) for _ in range(people)]
    outcomes = at_once(
        committed,
        [(actor, lambda actor: hold_room(room_id, reason="x", actor=actor)) for actor in actors],
    )
    refused = [found for found in outcomes if isinstance(found, Conflict)]
    (winner,) = [found for found in outcomes if not isinstance(found, Conflict)]
    assert len(refused) == people - 1
    name = next(actor.name for actor in actors if actor.id == winner.holder_id)
    assert {error.code for error in refused} == {"room_taken"}
    assert {error.details["who"] for error in refused} == {name}
    assert db.session.scalar(select(func.count()).select_from(Hold)) == 1
    assert db.session.scalar(select(Room.status).where(Room.id == room_id)) == "reserved"


def test_release_and_expiry_at_once_end_the_hold_once(committed, project, room_id, clock_at):
    clock_at(2026, 11, 21, 2)
    actor = committed.actor("consultant", project)
    with unit_of_work(actor):
        hold_room(room_id, reason="x", actor=actor)
    clock_at(2026, 11, 23, 2)
    works: list[tuple[Actor, Callable[[Actor], Any]]] = [
        (actor, lambda actor: release_hold(room_id, actor=actor)),
        *[(SYSTEM, lambda actor: expire_holds(actor=actor)) for _ in range(3)],
    ]
    at_once(committed, works)
    with unit_of_work(SYSTEM):
        expire_holds(actor=SYSTEM)
    row = db.session.scalars(select(Hold)).one()
    assert row.state in {"released", "lapsed"}
    assert db.session.scalar(select(Room.status).where(Room.id == room_id)) == "available"

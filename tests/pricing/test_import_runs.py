"""Big imports in the worker: the same outcome and refusals, progress in between, clear ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from app.core import clock
from app.core.actor import acting, system_actor
from app.core.db import db
from app.core.errors import Conflict, NotAllowed, WrongState
from app.core.uow import unit_of_work
from app.estate import operations as estate
from app.estate.models import Room, RoomImport, RoomImportRun
from app.jobs import imports
from app.pricing.operations import import_price_list
from tests.factories.people import make_project

pytestmark = pytest.mark.commit
SYSTEM = system_actor("test")
ROWS = [["3栋", "1单元", floor, "01", 125.53, 100.05, 52229.87] for floor in range(1, 31)]


@pytest.fixture
def asked(committed, sheet):
    """A checked list of thirty rooms that its steward has handed to the worker."""
    project = make_project()
    db.session.commit()
    actor = committed.actor("steward", project)
    with unit_of_work(actor):
        project = db.session.merge(project)
        record = import_price_list(
            sheet(ROWS), "list.xlsx", project=project, update=False, dry_run=True, actor=actor
        ).record
        estate.ask_import_run(record, locale="zh", actor=actor)
        number = record.id
    return number, actor


def standing(number):
    with acting(SYSTEM):
        db.session.rollback()
        record = db.session.get(RoomImport, number, populate_existing=True)
        rooms = db.session.scalar(select(func.count()).select_from(Room))
        run = db.session.scalar(select(RoomImportRun))
        return record.state, rooms, run


def test_the_worker_imports_as_the_page_would_and_says_how_far_it_is(asked, monkeypatch):
    number, _actor = asked
    job = db.session.execute(text("SELECT args FROM procrastinate_jobs")).scalars().all()
    assert job == [{"import_id": number}]
    noted = []
    note = estate.note_import_progress

    def watched(import_id, done, **more):
        noted.append(done)
        note(import_id, done, **more)

    monkeypatch.setattr(estate, "note_import_progress", watched)
    imports.carry_out(number)
    assert standing(number) == ("done", 30, None)
    assert noted[0] == 0
    assert noted[-1] == 30
    # A job that comes twice finds nothing to do.
    imports.carry_out(number)
    assert standing(number) == ("done", 30, None)


def test_whoever_lost_the_right_in_between_imports_nothing(asked):
    number, actor = asked
    db.session.execute(text("DELETE FROM ab_user_role WHERE user_id = :id"), {"id": actor.id})
    db.session.execute(
        text("UPDATE ab_user SET access_version = access_version + 1 WHERE id = :id"),
        {"id": actor.id},
    )
    db.session.commit()
    imports.carry_out(number)
    state, rooms, run = standing(number)
    assert (state, rooms) == ("checked", 0)
    assert run.problem


def test_a_failure_leaves_nothing_written_and_a_sentence(asked, monkeypatch):
    number, _actor = asked

    def broken(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(imports.operations, "carry_out_import", broken)
    with pytest.raises(ZeroDivisionError):
        imports.carry_out(number)
    state, rooms, run = standing(number)
    assert (state, rooms) == ("checked", 0)
    assert run.problem


def test_a_second_asking_waits_for_the_first_and_one_that_was_cut_off_is_begun_again(asked):
    number, actor = asked
    with acting(actor):
        record = db.session.get(RoomImport, number)
        with pytest.raises(Conflict):
            estate.ask_import_run(record, locale="zh", actor=actor)
    db.session.execute(
        text("UPDATE estate_room_import_run SET seen_at = :then"),
        {"then": clock.now() - timedelta(minutes=10)},
    )
    db.session.commit()
    with unit_of_work(actor):
        record = db.session.get(RoomImport, number)
        assert not estate.is_going_on(estate.find_import_run(record))
        estate.ask_import_run(record, locale="zh", actor=actor)
    imports.carry_out(number)
    assert standing(number)[0] == "done"
    with acting(actor):
        record = db.session.get(RoomImport, number)
    with pytest.raises(WrongState):
        estate.ask_import_run(record, locale="zh", actor=actor)
    db.session.rollback()


def test_only_the_worker_writes_progress_and_only_importers_ask(asked, committed):
    number, actor = asked
    with pytest.raises(NotAllowed):
        estate.end_import_run(number, "x", actor=actor)
    consultant = committed.actor("consultant")
    with acting(SYSTEM):
        record = db.session.get(RoomImport, number)
    with pytest.raises(NotAllowed):
        estate.ask_import_run(record, locale="zh", actor=consultant)

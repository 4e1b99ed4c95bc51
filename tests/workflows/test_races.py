"""Races with real commits: two approvers, approval against withdrawal, two senders, two locks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.core.db import db
from app.core.errors import Conflict, DomainError, NotFound
from app.core.uow import unit_of_work
from app.estate.models import Project
from app.workflows import engine
from app.workflows.models import ApprovalRequest, ApprovalTask
from tests.factories.people import make_project
from tests.factories.workflows import make_flow, make_request

pytestmark = pytest.mark.commit
ROUNDS = 8


@pytest.fixture
def place(committed, toy) -> Any:  # noqa: ARG001 - on the database that really commits
    """A committed project with the toy kind's flow."""
    make_flow(toy)
    project = make_project()
    db.session.commit()
    # The threads read only its id, each in a session of its own.
    db.session.refresh(project)
    db.session.expunge(project)
    return project


def at_once(committed, *actions: Callable[[], Any]) -> list[Any]:
    """Run the actions at the same moment, each in a thread and unit of work of its own."""
    barrier = threading.Barrier(len(actions))
    outcomes: list[Any] = [None] * len(actions)

    def run(place: int, action: Callable[[], Any]) -> None:
        with committed.app.app_context():
            barrier.wait()
            try:
                outcomes[place] = action()
            except DomainError as error:
                outcomes[place] = error
            finally:
                db.session.remove()

    threads = [
        threading.Thread(target=run, args=(place, action)) for place, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def within(actor: Any, verb: Callable[..., ApprovalRequest], *args: Any, **more: Any) -> Any:
    def act() -> str:
        with unit_of_work(actor):
            return str(verb(*args, actor=actor, **more).state)

    return act


def send_new(place: Any, applicant: Any, **values: Any) -> int:
    with unit_of_work(applicant):
        return int(make_request(place, applicant, **values).id)


def test_two_approvers_at_once_decide_once(committed, place):
    applicant = committed.actor("consultant", place)
    managers = [committed.actor("manager", place) for _ in range(4)]
    for _ in range(ROUNDS):
        request_id = send_new(place, applicant)
        outcomes = at_once(
            committed, *(within(one, engine.approve, request_id) for one in managers)
        )
        errors = [one for one in outcomes if isinstance(one, DomainError)]
        assert outcomes.count("approved") == 1
        assert {error.code for error in errors} == {"already_decided"}
        assert len(errors) == len(managers) - 1
        decided = db.session.scalars(
            select(ApprovalTask).where(ApprovalTask.request_id == request_id)
        ).all()
        assert [task.decision for task in decided] == ["approve"]
        db.session.rollback()


def test_approval_against_withdrawal_has_one_winner(committed, place):
    applicant = committed.actor("consultant", place)
    manager = committed.actor("manager", place)
    winners = set()
    for number in range(ROUNDS):
        request_id = send_new(place, applicant, address=f"{number} 号")
        outcomes = at_once(
            committed,
            within(manager, engine.approve, request_id),
            within(applicant, engine.withdraw, request_id),
        )
        states = [one for one in outcomes if isinstance(one, str)]
        assert len(states) == 1
        db.session.rollback()
        request = db.session.get_one(ApprovalRequest, request_id)
        address = db.session.get_one(Project, place.id).address
        assert request.state == states[0]
        assert (address == f"{number} 号") == (states == ["approved"])
        winners |= set(states)
        db.session.rollback()
    assert winners <= {"approved", "withdrawn"}


def test_two_senders_make_one_request(committed, place, monkeypatch, toy):
    # Without the kind's own lock the partial unique index alone has to hold.
    monkeypatch.setattr(type(toy), "lock_subject", lambda *_: None)
    applicants = [committed.actor("consultant", place) for _ in range(4)]
    committed.actor("manager", place)

    def ask(applicant: Any) -> Callable[[], str]:
        def act() -> str:
            with unit_of_work(applicant):
                return str(make_request(place, applicant).state)

        return act

    outcomes = at_once(committed, *(ask(one) for one in applicants))
    assert outcomes.count("running") == 1
    others = [one for one in outcomes if one != "running"]
    assert all(isinstance(one, Conflict) and one.code == "approval_running" for one in others)


def test_edit_of_the_subject_against_the_last_approval(committed, place):
    """Somebody edits the subject and voids its requests while the last yes is being said."""
    applicant = committed.actor("consultant", place)
    manager = committed.actor("manager", place)
    for number in range(ROUNDS):
        request_id = send_new(place, applicant, address=f"{number} 号")

        def edit(number: int = number) -> str:
            with unit_of_work(manager):
                project = db.session.scalars(
                    select(Project).where(Project.id == place.id).with_for_update()
                ).one()
                project.name = f"第 {number} 版"
                db.session.flush()
                voided = engine.void_requests_for(
                    "project", project.id, reason="项目改了名。", actor=manager
                )
            return "voided" if voided else "too late"

        outcomes = at_once(committed, within(manager, engine.approve, request_id), edit)
        db.session.rollback()
        state = db.session.get_one(ApprovalRequest, request_id).state
        assert outcomes[1] == ("too late" if state == "approved" else "voided")
        assert state in {"approved", "voided"}
        db.session.rollback()


def test_stranger_waits_for_nothing(committed, place):
    """Somebody who may not see the request is refused without taking a lock."""
    applicant = committed.actor("consultant", place)
    committed.actor("manager", place)
    stranger = committed.actor("consultant", place)
    request_id = send_new(place, applicant)
    with unit_of_work(applicant):
        db.session.execute(
            select(ApprovalRequest.id).where(ApprovalRequest.id == request_id).with_for_update()
        )
        outcomes = at_once(committed, within(stranger, engine.approve, request_id))
    assert isinstance(outcomes[0], NotFound)

"""What approvals hand over when somebody leaves."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.admin import handover
from app.admin.models import AppUser
from app.core.actor import system_actor
from app.core.errors import Invalid
from app.workflows import subscribers
from app.workflows.models import ApprovalTask, TaskState
from tests.factories.workflows import make_request


def successors(user, to, admin):
    return {one.key: to.id for one in handover.list_portions(user, actor=admin)}


@pytest.mark.usefixtures("flow")
def test_approval_steps_and_own_requests_move(session, project, user_for, actor_for):
    admin = actor_for("admin", project=None, whole_group=True)
    leaver, second = user_for("manager"), user_for("manager")
    request = make_request(project, actor_for("consultant"))
    task = session.scalars(select(ApprovalTask)).one()
    task.user_id = leaver.id
    session.flush()
    plan = successors(leaver, second, admin)
    assert plan == {f"tasks.{project.id}": second.id}
    handover.hand_over(leaver, successors=plan, actor=admin)
    assert task.user_id == second.id
    asker = session.get(AppUser, request.applicant_id)
    heir = user_for("consultant")
    handover.hand_over(asker, successors=successors(asker, heir, admin), actor=admin)
    assert request.applicant_id == heir.id


@pytest.mark.usefixtures("flow")
def test_a_request_does_not_become_its_deciders_own(session, project, user_for, actor_for):
    decider = user_for("manager")
    request = make_request(project, actor_for("consultant"))
    task = session.scalars(select(ApprovalTask)).one()
    for state in (TaskState.WAITING, TaskState.DONE):
        task.user_id, task.state = decider.id, state.value
        session.flush()
        with pytest.raises(Invalid):
            subscribers._move_requests(
                [request.id], request.applicant_id, decider.id, system_actor("test")
            )


@pytest.mark.usefixtures("flow")
def test_what_the_leaver_decided_meanwhile_stays_his_decision(
    session, project, user_for, actor_for
):
    leaver, second = user_for("manager"), user_for("manager")
    make_request(project, actor_for("consultant"))
    task = session.scalars(select(ApprovalTask)).one()
    task.user_id, task.state = leaver.id, TaskState.DONE.value
    session.flush()
    subscribers._move_tasks([task.id], leaver.id, second.id, system_actor("test"))
    assert task.user_id == leaver.id

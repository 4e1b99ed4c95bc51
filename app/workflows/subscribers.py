"""What approvals hand over when somebody leaves."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin.handover import Item, Work, register_work
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.workflows import policies
from app.workflows.models import ApprovalRequest, ApprovalTask, TaskState

#: requests that their applicant still has to follow
OPEN = (*policies.WITH_APPLICANT, "running")


def _tasks(user_id: int) -> list[Item]:
    # All of them: a step that waits for somebody who has left would wait for ever.
    rows = db.session.execute(
        select(ApprovalTask.id, ApprovalTask.project_id, ApprovalRequest.number)
        .join(ApprovalRequest, ApprovalRequest.id == ApprovalTask.request_id)
        .where(ApprovalTask.user_id == user_id, ApprovalTask.state == TaskState.WAITING.value)
        .order_by(ApprovalTask.id),
        execution_options={"whole_group": True},
    )
    return [Item(*row) for row in rows]


def _move_tasks(ids: Collection[int], leaver_id: int, successor_id: int, _actor: Actor) -> None:
    # What he decided at this moment stays his decision.
    still = (ApprovalTask.user_id == leaver_id, ApprovalTask.state == TaskState.WAITING.value)
    # The administrator hands over what he need not see himself.
    tasks = db.session.scalars(
        select(ApprovalTask)
        .where(ApprovalTask.id.in_(ids), *still)
        .order_by(ApprovalTask.id)
        .with_for_update(of=ApprovalTask),
        execution_options={"whole_group": True, "populate_existing": True},
    )
    for task in tasks:
        if task.request.applicant_id == successor_id:
            raise Invalid(
                _l(
                    "%(number)s was asked for by the colleague who would decide it. Choose another"
                    " one.",
                    number=task.request.number,
                )
            )
        task.user_id = successor_id
    db.session.flush()


def _requests(user_id: int) -> list[Item]:
    # All of them: what comes back to an applicant who has left would lie for ever.
    rows = db.session.execute(
        select(ApprovalRequest.id, ApprovalRequest.project_id, ApprovalRequest.number)
        .where(ApprovalRequest.applicant_id == user_id, ApprovalRequest.state.in_(OPEN))
        .order_by(ApprovalRequest.id),
        execution_options={"whole_group": True},
    )
    return [Item(*row) for row in rows]


def _move_requests(ids: Collection[int], leaver_id: int, successor_id: int, _actor: Actor) -> None:
    still = (ApprovalRequest.applicant_id == leaver_id, ApprovalRequest.state.in_(OPEN))
    # The administrator hands over what he need not see himself.
    requests = db.session.scalars(
        select(ApprovalRequest)
        .where(ApprovalRequest.id.in_(ids), *still)
        .order_by(ApprovalRequest.id)
        .with_for_update(of=ApprovalRequest),
        execution_options={"whole_group": True, "populate_existing": True},
    )
    for request in requests:
        _require_no_decider(request, successor_id)
        request.applicant_id = successor_id
    db.session.flush()


def _require_no_decider(request: ApprovalRequest, user_id: int) -> None:
    """Raise Invalid if the user decides, or has decided, a step of the request."""
    part = select(ApprovalTask.id).where(
        ApprovalTask.request_id == request.id,
        ApprovalTask.user_id == user_id,
        ApprovalTask.state != TaskState.DROPPED.value,
    )
    # The administrator need not see the steps; that nobody decides his own request holds for all.
    if db.session.scalar(part.limit(1), execution_options={"whole_group": True}) is not None:
        raise Invalid(
            _l(
                "The colleague decides a step of %(number)s, so it cannot become his own request."
                " Choose another one.",
                number=request.number,
            )
        )


register_work(
    Work("requests", _l("Own approval requests"), policies.ADD, _requests, _move_requests, order=40)
)
register_work(Work("tasks", _l("Approval steps"), policies.DECIDE, _tasks, _move_tasks, order=50))

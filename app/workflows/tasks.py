"""One person's step: taking it under lock, deciding it, opening the next one."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, NotAllowed, NotFound, WrongState
from app.workflows import notices, policies, routes
from app.workflows.kinds import ApprovalKind, get_kind
from app.workflows.models import ApprovalRequest, ApprovalState, ApprovalTask, TaskState


def take_request(request_id: int, actor: Actor) -> tuple[ApprovalRequest, ApprovalKind]:
    """Lock the subject's rows, then the request, and return it fresh.

    Raises NotFound for what the actor may not see.
    """
    visible = select(ApprovalRequest.kind, ApprovalRequest.subject_id).where(
        ApprovalRequest.id == request_id, policies.visible_to(actor)
    )
    facts = db.session.execute(visible).one_or_none()
    if facts is None:
        raise NotFound(_l("There is no such request, or it is not within your scope."))
    kind = get_kind(facts.kind)
    kind.lock_subject(db.session, facts.subject_id)
    request: ApprovalRequest = db.session.scalars(
        select(ApprovalRequest)
        .where(ApprovalRequest.id == request_id)
        .with_for_update(of=ApprovalRequest)
        .execution_options(populate_existing=True)
    ).one()
    return request, kind


def take_task(
    request: ApprovalRequest, task_id: int | None, actor: Actor, *, purpose: str = "step"
) -> ApprovalTask:
    """Return the waiting task that the actor decides, or raise what stands in his way.

    Raises NotAllowed for one's own request and for somebody else's step, WrongState naming who
    was first.
    """
    if request.applicant_id == actor.id:
        raise NotAllowed(
            _l("Nobody decides his own request. %(number)s is yours.", number=request.number),
            code="own_request",
        )
    if purpose == "step":
        actor.require(policies.DECIDE)
    if request.state != ApprovalState.RUNNING.value:
        raise _too_late(request)
    for task in list_waiting(request):
        fits = task.purpose == purpose and (task_id is None or task.id == task_id)
        if fits and policies.may_act(task, request.applicant_id, actor):
            return task
    raise _not_waiting(request, task_id, actor)


def list_tasks(request: ApprovalRequest) -> list[ApprovalTask]:
    """Return all tasks of a request as the database has them now, in order."""
    found = (
        select(ApprovalTask)
        .where(ApprovalTask.request_id == request.id)
        .order_by(ApprovalTask.id)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(found))


def list_waiting(request: ApprovalRequest) -> list[ApprovalTask]:
    """Return the tasks that wait."""
    return [task for task in list_tasks(request) if task.state == TaskState.WAITING.value]


def decide(task: ApprovalTask, decision: str, comment: str, actor: Actor) -> None:
    """Write down who decided what, when and with which words."""
    task.state = TaskState.DONE.value
    task.decision = decision
    task.comment = comment.strip() or None
    task.decided_at = clock.now()
    task.decided_by_id = actor.id
    db.session.flush()


def drop_waiting(request: ApprovalRequest, actor: Actor) -> None:
    """Let nobody wait any more; an opinion that has not come is no longer needed."""
    notices.nobody_waits(request, actor)
    for task in list_waiting(request):
        task.state = TaskState.DROPPED.value
    db.session.flush()


def open_step(request: ApprovalRequest, step: int, actor: Actor) -> None:
    """Let a step wait; one that nobody can decide any more goes to the next step's approvers."""
    ahead = request.route[step:]
    people = routes.find_candidates(
        {entry["role"] for entry in ahead},
        project_id=request.project_id,
        applicant_id=request.applicant_id,
    )
    merged = routes.merge_steps(ahead, people)
    if merged is not None:
        # Without anybody for the last step it waits as it is, until somebody is appointed.
        request.route = [*request.route[:step], *merged]
    request.step = step
    entry = request.route[step]
    who = {"role": entry["role"], "user_id": entry.get("user_id")}
    add_task(request, step=step, name=entry["name"], **who)
    deciders = routes.deciders(entry, people)
    notices.tell_deciders(request, [one.id for one in deciders], actor)


def add_task(request: ApprovalRequest, *, step: int, name: str, **who: Any) -> ApprovalTask:
    """Let somebody act: ``role`` or ``user_id``, ``purpose`` and who asked for it."""
    task = ApprovalTask(
        request_id=request.id,
        project_id=request.project_id,
        step=step,
        name=name,
        state=TaskState.WAITING.value,
        created_at=clock.now(),
        **{"purpose": "step", **who},
    )
    db.session.add(task)
    db.session.flush()
    db.session.expire(request, ["tasks"])
    return task


def _too_late(request: ApprovalRequest) -> WrongState:
    """Return the error for a request that no longer waits: what became of it, and by whom."""
    who = request.applicant.full_name
    if request.state != ApprovalState.WITHDRAWN.value:
        deciders = [task.decided_by for task in list_tasks(request) if task.decided_by is not None]
        who = deciders[-1].full_name if deciders else who
    return WrongState(
        _l(
            "%(number)s no longer waits for a decision: %(state)s (%(who)s).",
            number=request.number,
            state=ApprovalState(request.state).title,
            who=who,
        ),
        code="already_decided",
        details={"state": request.state, "decided_by": who},
    )


def _not_waiting(request: ApprovalRequest, task_id: int | None, actor: Actor) -> DomainError:
    """Return the error for a step that is done already, or that waits for somebody else."""
    for task in reversed(list_tasks(request)):
        his = task.role in actor.roles or actor.id in (task.user_id, task.decided_by_id)
        seen = task.id == task_id if task_id is not None else his
        if seen and task.decided_by is not None:
            return _already_decided(request, task, task.decided_by.full_name)
    step = request.route[request.step or 0]
    return NotAllowed(
        _l(
            "%(number)s waits for the step %(step)s (%(role)s), which is not yours.",
            number=request.number,
            step=step["name"],
            role=routes.role_title(step["role"]),
        )
    )


def _already_decided(request: ApprovalRequest, task: ApprovalTask, who: str) -> WrongState:
    return WrongState(
        _l(
            "%(who)s has already decided the step %(step)s of %(number)s.",
            who=who,
            step=task.name,
            number=request.number,
        ),
        code="already_decided",
        details={"state": request.state, "decided_by": who},
    )

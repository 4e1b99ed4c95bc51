"""The approval engine: the verbs of a request's life; every one flushes and none commits.

Locks are taken in one fixed order: the subject's rows (room, deal, money; the kind knows them),
then the request. So an operation that holds a room and calls ``void_requests_for`` never waits
for somebody who holds the request and waits for the room.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin.handover import require_staying
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed, WrongState
from app.core.states import transition
from app.workflows import notices, policies, routes
from app.workflows.canonical import plain
from app.workflows.execution import carry_out, end, void
from app.workflows.kinds import ApprovalKind, get_kind
from app.workflows.models import ApprovalRequest, ApprovalState
from app.workflows.sending import clean_reason, examine, launch, plan, refuse_second, write
from app.workflows.tasks import (
    add_task,
    decide,
    drop_waiting,
    list_waiting,
    open_step,
    take_request,
    take_task,
)


@dataclass(frozen=True)
class Preview:
    """What a request would look like if it were sent now."""

    kind: ApprovalKind
    title: str
    values: dict[str, Any]
    figures: dict[str, Any]
    summary: list[dict[str, Any]]
    steps: list[dict[str, Any]]


# Asking


def preview_route(
    kind_key: str, subject_id: int, *, values: dict[str, Any], actor: Actor
) -> Preview:
    """Return before → after and the way ahead, and write nothing.

    Raises what ``submit`` would raise: NotAllowed, NotFound, Invalid.
    """
    case = examine(get_kind(kind_key), subject_id, values, actor)
    figures = plain(case.kind.figures(case.subject, case.values))
    steps = plan(case, routes.get_active_flow(case.kind), figures, actor)
    summary = plain(case.kind.summary(case.subject, case.values))
    return Preview(case.kind, case.title, case.values, figures, summary, steps)


def create_draft(
    kind_key: str, subject_id: int, *, values: dict[str, Any], reason: str, actor: Actor
) -> ApprovalRequest:
    """Write a request that is not sent yet; it freezes nothing and waits for nobody.

    Raises NotAllowed, NotFound for a subject out of scope, Invalid.
    """
    return write(examine(get_kind(kind_key), subject_id, values, actor), reason, actor)


def submit(
    kind_key: str, subject_id: int, *, values: dict[str, Any], reason: str, actor: Actor
) -> ApprovalRequest:
    """Write a request and send it at once.

    Raises as ``create_draft``; Conflict if the subject has a live request of the kind already;
    Invalid naming the missing role if nobody could decide the last step.
    """
    kind = get_kind(kind_key)
    kind.lock_subject(db.session, subject_id)
    case = examine(kind, subject_id, values, actor)
    refuse_second(case)
    request = write(case, reason, actor)
    launch(request, case, actor)
    return request


def edit_draft(
    request_id: int,
    *,
    values: dict[str, Any] | None = None,
    reason: str | None = None,
    actor: Actor,
) -> ApprovalRequest:
    """Change a draft, or a request that came back; values not given stay, None takes one away.

    Raises NotFound, NotAllowed for anybody but the applicant, WrongState once it is on its way.
    """
    request, kind = take_request(request_id, actor)
    _require_own(request, actor)
    _require_with_applicant(request)
    if values is not None:
        given = {**request.values, **values}
        kept = {name: value for name, value in given.items() if value is not None}
        case = examine(kind, request.subject_id, kept, actor)
        request.values = case.values
        request.subject_title = case.title
    if reason is not None:
        request.reason = clean_reason(reason)
    db.session.flush()
    return request


def send(request_id: int, *, actor: Actor) -> ApprovalRequest:
    """Send a draft, or send a returned or failed request again, checked and frozen anew.

    Raises as ``submit``, and WrongState if it is already on its way or has ended.
    """
    request, kind = take_request(request_id, actor)
    _require_own(request, actor)
    _require_with_applicant(request)
    case = examine(kind, request.subject_id, request.values, actor)
    if request.state == ApprovalState.DRAFT.value:
        refuse_second(case)
    launch(request, case, actor)
    return request


def withdraw(request_id: int, *, comment: str = "", actor: Actor) -> ApprovalRequest:
    """Take one's own request back; it leaves no trace on its subject.

    Raises NotFound, NotAllowed for anybody but the applicant, WrongState once it has ended.
    """
    request, kind = take_request(request_id, actor)
    _require_own(request, actor)
    frozen = request.state == ApprovalState.RUNNING.value
    end(request, ApprovalState.WITHDRAWN, actor)
    request.closing_note = comment.strip() or None
    if frozen:
        # A draft froze nothing, and what came back was freed when it came back.
        kind.on_withdrawn(request, actor)
    db.session.flush()
    return request


# Deciding


def approve(
    request_id: int, *, comment: str = "", task_id: int | None = None, actor: Actor
) -> ApprovalRequest:
    """Say yes to the waiting step. The last yes executes the request in this transaction.

    ``task_id`` is the step that the actor saw; without it, the step that waits for him. The
    request's state afterwards tells what came of it: ``running``, ``approved`` (executed),
    ``voided`` (the figures had changed) or ``failed`` (nothing was changed, ``failure`` says why).
    Raises NotFound, NotAllowed for one's own request or somebody else's step, and WrongState
    naming who was first.
    """
    request, kind = take_request(request_id, actor)
    task = take_task(request, task_id, actor)
    decide(task, "approve", comment, actor)
    drop_waiting(request, actor)
    if task.step + 1 < len(request.route):
        open_step(request, task.step + 1, actor)
    else:
        carry_out(request, kind, actor)
    db.session.flush()
    return request


def reject(
    request_id: int, *, comment: str = "", task_id: int | None = None, actor: Actor
) -> ApprovalRequest:
    """Say no; that ends the request. Raises as ``approve``."""
    request, kind = take_request(request_id, actor)
    task = take_task(request, task_id, actor)
    decide(task, "reject", comment, actor)
    end(request, ApprovalState.REJECTED, actor)
    kind.on_rejected(request, actor)
    notices.tell_outcome(request, actor, comment)
    db.session.flush()
    return request


def return_to(
    request_id: int,
    *,
    to_step: int | None = None,
    comment: str = "",
    task_id: int | None = None,
    actor: Actor,
) -> ApprovalRequest:
    """Give the request back: to the applicant, or to the earlier step ``to_step`` (from 0).

    Raises as ``approve``, and Invalid for a step that is not an earlier one.
    """
    request, kind = take_request(request_id, actor)
    task = take_task(request, task_id, actor)
    if to_step is not None and not 0 <= to_step < task.step:
        sentence = _l("A request is returned to the applicant or to an earlier step.")
        raise Invalid(sentence, fields={"to_step": sentence})
    decide(task, "return", comment, actor)
    drop_waiting(request, actor)
    if to_step is None:
        transition(request, ApprovalState.RETURNED, actor=actor)
        kind.on_returned(request, actor)
        notices.tell_outcome(request, actor, comment)
    else:
        open_step(request, to_step, actor)
    db.session.flush()
    return request


def delegate(
    request_id: int, *, user_id: int, comment: str = "", task_id: int | None = None, actor: Actor
) -> ApprovalRequest:
    """Hand the waiting step over to a colleague, who decides in the actor's place.

    Raises as ``approve``, and Invalid for somebody who may not decide here.
    """
    request, _kind = take_request(request_id, actor)
    task = take_task(request, task_id, actor)
    _check_colleague(request, user_id, actor, policies.DECIDE)
    decide(task, "delegate", comment, actor)
    add_task(request, step=task.step, name=task.name, user_id=user_id, asked_by_id=actor.id)
    notices.nobody_waits(request, actor)
    notices.tell_deciders(request, [user_id], actor)
    return request


def consult(
    request_id: int, *, user_id: int, comment: str = "", task_id: int | None = None, actor: Actor
) -> ApprovalRequest:
    """Ask a colleague for an opinion; the step goes on waiting for the actor's decision.

    ``comment`` is the question. Raises as ``approve``; Invalid for somebody who cannot see the
    project, or who has been asked already.
    """
    request, _kind = take_request(request_id, actor)
    task = take_task(request, task_id, actor)
    _check_colleague(request, user_id, actor, policies.SEE)
    if any(other.user_id == user_id for other in list_waiting(request)):
        sentence = _l("This colleague has been asked already and has not answered yet.")
        raise Invalid(sentence, fields={"user_id": sentence})
    add_task(
        request,
        step=task.step,
        name=task.name,
        purpose="consult",
        user_id=user_id,
        asked_by_id=actor.id,
        question=comment.strip() or None,
    )
    notices.tell_asked(request, user_id, actor, question=comment)
    return request


def give_opinion(
    request_id: int, *, comment: str, task_id: int | None = None, actor: Actor
) -> ApprovalRequest:
    """Answer whoever asked for an opinion. Raises as ``approve``, and Invalid without words."""
    request, _kind = take_request(request_id, actor)
    task = take_task(request, task_id, actor, purpose="consult")
    if not comment.strip():
        sentence = _l("Write down your opinion.")
        raise Invalid(sentence, fields={"comment": sentence})
    decide(task, "opinion", comment, actor)
    notices.tell_opinion(request, task, actor)
    return request


def void_requests_for(
    subject_type: str, subject_ids: int | Collection[int], *, reason: Any, actor: Actor
) -> list[ApprovalRequest]:
    """Void what is on its way for subjects that were edited elsewhere; return what was voided.

    ``reason`` is the sentence that applicant and approvers read. The request that is being
    carried out at this moment is not touched.
    """
    ids = [subject_ids] if isinstance(subject_ids, int) else sorted(subject_ids)
    requests = list(
        db.session.scalars(
            select(ApprovalRequest)
            .where(
                ApprovalRequest.subject_type == subject_type,
                ApprovalRequest.subject_id.in_(ids),
                ApprovalRequest.state == ApprovalState.RUNNING.value,
            )
            .order_by(ApprovalRequest.id)
            .with_for_update(of=ApprovalRequest)
            .execution_options(populate_existing=True)
        )
    )
    for request in requests:
        void(request, get_kind(request.kind), str(reason), actor)
    db.session.flush()
    return requests


def _check_colleague(request: ApprovalRequest, user_id: int, actor: Actor, permission: str) -> None:
    require_staying(user_id)
    if user_id == request.applicant_id:
        sentence = _l("Nobody decides his own request. Choose another colleague.")
    elif user_id == actor.id:
        sentence = _l("This is yourself. Choose a colleague.")
    elif not routes.is_colleague(user_id, project_id=request.project_id, permission=permission):
        sentence = _l("This colleague does not work on the project or may not decide requests.")
    else:
        return
    raise Invalid(sentence, fields={"user_id": sentence})


def _require_own(request: ApprovalRequest, actor: Actor) -> None:
    if request.applicant_id != actor.id:
        raise NotAllowed(
            _l("Only %(name)s, who asked, may do this.", name=request.applicant.full_name)
        )


def _require_with_applicant(request: ApprovalRequest) -> None:
    if request.state not in policies.WITH_APPLICANT:
        raise WrongState(
            _l(
                "%(number)s can no longer be changed or sent: %(state)s. What is on its way must"
                " be withdrawn first.",
                number=request.number,
                state=ApprovalState(request.state).title,
            )
        )

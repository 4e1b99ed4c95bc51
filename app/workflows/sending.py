"""A request on its way out: its subject examined, its row written, its figures frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.numbering import next_number
from app.core.states import transition
from app.workflows import policies, routes
from app.workflows.canonical import digest_of, plain
from app.workflows.execution import carry_out
from app.workflows.kinds import ApprovalKind
from app.workflows.models import ApprovalFlow, ApprovalRequest, ApprovalState
from app.workflows.tasks import add_task, decide, open_step

LONGEST_TITLE = 200
LIVE_INDEX = "uq_workflows_approval_request_live"


@dataclass(frozen=True)
class Case:
    """A subject with what is asked for it, checked."""

    kind: ApprovalKind
    subject_id: int
    subject: Any
    values: dict[str, Any]
    project_id: int
    title: str


def examine(kind: ApprovalKind, subject_id: int, values: dict[str, Any], actor: Actor) -> Case:
    """Return the subject with the values cleaned. Raises NotAllowed, NotFound or Invalid."""
    if actor.kind != "user":
        raise NotAllowed(_l("Only a person can ask for approval."))
    actor.require(policies.ADD)
    actor.require(kind.apply_permission)
    subject = kind.load_subject(db.session, subject_id)
    if subject is None or not actor.reaches(kind.project_id(subject)):
        raise NotFound(_l("There is nothing here, or it is not within your scope."))
    cleaned = plain(kind.clean(subject, values, actor))
    title = kind.subject_title(subject, cleaned)[:LONGEST_TITLE]
    return Case(kind, subject_id, subject, cleaned, kind.project_id(subject), title)


def write(case: Case, reason: str, actor: Actor) -> ApprovalRequest:
    """Add the row of a draft."""
    request = ApprovalRequest(
        number=next_number("SP"),
        kind=case.kind.key,
        project_id=case.project_id,
        subject_type=case.kind.subject_type,
        subject_id=case.subject_id,
        subject_title=case.title,
        state=ApprovalState.DRAFT.value,
        applicant_id=actor.id,
        reason=clean_reason(reason),
        values=case.values,
        figures={},
        summary=[],
        route=[],
    )
    db.session.add(request)
    db.session.flush()
    return request


def clean_reason(reason: str) -> str:
    """Return the reason. Raises Invalid if there is none."""
    cleaned = reason.strip()
    if not cleaned:
        sentence = _l("Say why you ask for it; the approvers read this first.")
        raise Invalid(sentence, fields={"reason": sentence})
    return cleaned


def launch(request: ApprovalRequest, case: Case, actor: Actor) -> None:
    """Freeze the figures, bind them by their digest, take the route and open its first step."""
    kind = case.kind
    flow = routes.get_active_flow(kind)
    request.values = case.values
    request.subject_title = case.title
    request.figures = plain(kind.figures(case.subject, case.values))
    request.summary = plain(kind.summary(case.subject, case.values))
    request.digest = digest_of(kind.digest_source(case.subject, case.values))
    role = kind.own_authority(case.subject, case.values, actor)
    request.route = plan(case, flow, request.figures, actor)
    request.flow_id = flow.id
    request.sent_at = clock.now()
    request.result = request.failure = None
    _go_live(request, actor)
    kind.on_sent(request, actor)
    if role is None:
        open_step(request, 0, actor)
        return
    request.step = 0
    own = add_task(request, step=0, name=request.route[0]["name"], role=role)
    decide(own, "approve", "", actor)
    carry_out(request, kind, actor)


def plan(
    case: Case, flow: ApprovalFlow, figures: dict[str, Any], actor: Actor
) -> list[dict[str, Any]]:
    """Return the way ahead: the flow's steps, or the one step of the applicant's own authority."""
    role = case.kind.own_authority(case.subject, case.values, actor)
    if role is not None:
        return routes.own_route(role)
    return routes.plan_route(flow, figures, project_id=case.project_id, applicant=actor)


def refuse_second(case: Case) -> None:
    """Raise Conflict naming the live request of this kind and subject, if there is one."""
    running = db.session.scalar(
        select(ApprovalRequest)
        .where(
            ApprovalRequest.kind == case.kind.key,
            ApprovalRequest.subject_type == case.kind.subject_type,
            ApprovalRequest.subject_id == case.subject_id,
            ApprovalRequest.state.in_(policies.LIVE),
        )
        .limit(1)
    )
    if running is not None:
        raise Conflict(
            _l(
                "%(title)s already has a request of this kind: %(number)s by %(name)s"
                " (%(state)s). Wait for its end, or have it withdrawn.",
                title=running.subject_title,
                number=running.number,
                name=running.applicant.full_name,
                state=ApprovalState(running.state).title,
            ),
            code="approval_running",
            details={"number": running.number, "request_id": running.id},
        )


def _go_live(request: ApprovalRequest, actor: Actor) -> None:
    """Let the request run, under the index that allows one live request of a kind and subject."""
    try:
        with db.session.begin_nested():
            transition(request, ApprovalState.RUNNING, actor=actor)
            db.session.flush()
    except IntegrityError as error:
        if LIVE_INDEX not in str(error.orig):
            raise
        raise Conflict(
            _l(
                "%(title)s already has a request of this kind, sent a moment ago. Look at it"
                " before you ask again.",
                title=request.subject_title,
            ),
            code="approval_running",
        ) from error

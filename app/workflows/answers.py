"""A request as REST answers it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.core import clock
from app.core.actor import Actor
from app.workflows import policies, routes, timeline
from app.workflows.engine import Preview
from app.workflows.kinds import ApprovalKind, all_kinds, find_kind, kind_title
from app.workflows.models import ApprovalRequest, ApprovalState, ApprovalTask
from app.workflows.timeline import StepView


def steps_of(request: ApprovalRequest, *, with_people: bool = True) -> list[StepView]:
    """Return the request's steps, with the people that the waiting step waits for."""
    kind = find_kind(request.kind)
    titles = kind.figure_titles if kind else {}
    people: routes.Candidates = {}
    if with_people and request.state == ApprovalState.RUNNING.value:
        people = routes.find_candidates(
            {entry["role"] for entry in request.route[request.step or 0 :]},
            project_id=request.project_id,
            applicant_id=request.applicant_id,
        )
    return timeline.list_steps(request, titles, people)


def request_answer(request: ApprovalRequest, actor: Actor) -> dict[str, Any]:
    """Return the whole request: what is asked, where it stands, what the caller may do."""
    return {
        **request_row(request),
        "reason": request.reason,
        "values": request.values,
        "figures": request.figures,
        "summary": shown_summary(request.summary, actor),
        "steps": [step_answer(step) for step in steps_of(request)],
        "result": request.result,
        "failure": request.failure,
        "closing_note": request.closing_note,
        "actions": policies.list_actions(request, request.tasks, actor),
    }


def shown_summary(summary: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    """Return the rows of before → after that the actor may read, without their permissions."""
    return [
        {name: value for name, value in row.items() if name != "needs"}
        for row in summary
        if not row.get("needs") or actor.may(row["needs"])
    ]


def request_row(request: ApprovalRequest) -> dict[str, Any]:
    """Return a request as a list shows it."""
    return {
        "id": request.id,
        "number": request.number,
        "kind": request.kind,
        "kind_title": kind_title(request.kind),
        "state": request.state,
        "state_title": str(ApprovalState(request.state).title),
        "subject": {
            "type": request.subject_type,
            "id": request.subject_id,
            "title": request.subject_title,
        },
        "project_id": request.project_id,
        "applicant": {"id": request.applicant_id, "name": request.applicant.full_name},
        # From 1, as people count; the same number that ``return`` takes as ``to_step``.
        "step": None if request.step is None else request.step + 1,
        "steps_total": len(request.route),
        "created_at": iso(request.created_at),
        "sent_at": iso(request.sent_at),
        "ended_at": iso(request.ended_at),
    }


def task_row(task: ApprovalTask) -> dict[str, Any]:
    """Return what waits for somebody: the request and the step."""
    return {
        **request_row(task.request),
        "task_id": task.id,
        "step_name": task.name,
        "purpose": task.purpose,
        "question": task.question,
        "asked_by": task.asked_by.full_name if task.asked_by else None,
        "reason": task.request.reason,
        "waiting_since": iso(task.created_at),
        "seconds": int((clock.now() - task.created_at).total_seconds()),
    }


def step_answer(step: StepView) -> dict[str, Any]:
    """Return one step; ``seconds`` is how long it waited, or has waited until now."""
    return {
        "step": step.number,
        "name": step.name,
        "role": step.role,
        "role_title": step.role_title,
        "state": step.state,
        "who": step.who,
        "when": iso(step.when),
        "since": iso(step.since),
        "seconds": step.seconds,
        "comment": step.comment,
        "condition": step.condition,
        "covers": list(step.covers),
        "candidates": list(step.candidates),
        "remarks": [
            {
                "decision": one.decision,
                "who": one.who,
                "when": iso(one.when),
                "comment": one.comment,
                "other": one.other,
                "question": one.question,
            }
            for one in step.remarks
        ],
    }


def preview_answer(preview: Preview, actor: Actor) -> dict[str, Any]:
    """Return what a request would look like if it were sent now."""
    steps = timeline.preview_steps(preview.steps, preview.kind.figure_titles)
    return {
        "kind": preview.kind.key,
        "title": preview.title,
        "values": preview.values,
        "figures": preview.figures,
        "summary": shown_summary(preview.summary, actor),
        "steps": [step_answer(step) for step in steps],
    }


def kind_answer(kind: ApprovalKind) -> dict[str, Any]:
    """Return what a kind takes as values and what its conditions look at."""
    return {
        "kind": kind.key,
        "title": str(kind.title),
        "subject_type": kind.subject_type,
        "values": [
            {
                "name": one.name,
                "title": str(one.title),
                "type": one.type,
                "required": one.required,
                "help": str(one.help),
            }
            for one in kind.fields
        ],
        "figures": {name: str(title) for name, title in kind.figure_titles.items()},
        "outcome": str(kind.outcome),
    }


def kinds_answer(actor: Actor) -> list[dict[str, Any]]:
    """Return the kinds that the caller may ask for."""
    return [kind_answer(kind) for kind in all_kinds() if actor.may(kind.apply_permission)]


def iso(moment: datetime | None) -> str | None:
    """Return a moment with its zone, or None."""
    return None if moment is None else clock.local(moment).isoformat(timespec="seconds")

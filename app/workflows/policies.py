"""Who may see an approval request, ask for one, and decide a step of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, or_, true

from app.core.actor import Actor
from app.core.permissions import STAFF, Permission, declare_permissions
from app.workflows.models import ApprovalRequest, ApprovalState, ApprovalTask, TaskState

SEE = "workflows.request:see"
#: managers up and auditors: every request of the projects within their scope
SEE_ALL = "workflows.request:see_all"
ADD = "workflows.request:add"
DECIDE = "workflows.request:decide"
FLOW_SEE = "workflows.flow:see"
FLOW_EDIT = "workflows.flow:edit"

declare_permissions(
    Permission(SEE, _l("See approval requests that concern oneself"), STAFF),
    Permission(SEE_ALL, _l("See all approval requests"), "MDFXLU"),
    # What somebody may ask for is said by each kind's own permission.
    Permission(ADD, _l("Ask for approval"), "CKSMDHAFXGVPOLB"),
    # Which step somebody may decide is said by the flow; the administrator never approves.
    Permission(DECIDE, _l("Decide approval steps"), "SMDAFXLB"),
    Permission(FLOW_SEE, _l("See approval flows"), "OU"),
    Permission(FLOW_EDIT, _l("Change approval flows"), "OU"),
)

#: states in which the request lies with its applicant
WITH_APPLICANT = (
    ApprovalState.DRAFT.value,
    ApprovalState.RETURNED.value,
    ApprovalState.FAILED.value,
)
#: states in which a second request for the same thing is refused
LIVE = (ApprovalState.RUNNING.value, ApprovalState.RETURNED.value, ApprovalState.FAILED.value)


def waits_for(actor: Actor) -> ColumnElement[bool]:
    """Return the predicate "this task waits for the actor" over ApprovalTask."""
    return and_(
        ApprovalTask.state == TaskState.WAITING.value,
        or_(
            and_(ApprovalTask.user_id.is_(None), ApprovalTask.role.in_(sorted(actor.roles))),
            ApprovalTask.user_id == actor.id,
        ),
    )


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the predicate over ApprovalRequest: applicant, candidate, decider, or sees all.

    A draft is its applicant's alone. The project scope is added by ``core.scope``.
    """
    if actor.kind == "system":
        return true()
    if actor.may(SEE_ALL):
        return or_(
            ApprovalRequest.applicant_id == actor.id,
            ApprovalRequest.state != ApprovalState.DRAFT.value,
        )
    concerned = exists().where(
        ApprovalTask.request_id == ApprovalRequest.id,
        or_(
            and_(ApprovalTask.user_id.is_(None), ApprovalTask.role.in_(sorted(actor.roles))),
            ApprovalTask.user_id == actor.id,
            ApprovalTask.decided_by_id == actor.id,
        ),
    )
    return or_(ApprovalRequest.applicant_id == actor.id, concerned)


def may_act(task: ApprovalTask, applicant_id: int, actor: Actor) -> bool:
    """Tell whether the task waits for this actor. Nobody acts on his own request."""
    if task.state != TaskState.WAITING.value or actor.kind != "user" or actor.id == applicant_id:
        return False
    if task.user_id is not None:
        return task.user_id == actor.id
    return task.role in actor.roles


def list_actions(request: ApprovalRequest, tasks: Iterable[Any], actor: Actor) -> list[str]:
    """Return what the actor may do with the request now; pages and REST show just these."""
    if request.applicant_id == actor.id:
        return _own_actions(request)
    if request.state != ApprovalState.RUNNING.value:
        return []
    actions: list[str] = []
    mine = [task for task in tasks if may_act(task, request.applicant_id, actor)]
    if actor.may(DECIDE) and any(task.purpose == "step" for task in mine):
        actions += ["approve", "reject", "return", "delegate", "consult"]
    if any(task.purpose == "consult" for task in mine):
        actions.append("opinion")
    return actions


def _own_actions(request: ApprovalRequest) -> list[str]:
    if request.state in WITH_APPLICANT:
        return ["edit", "send", "withdraw"]
    if request.state == ApprovalState.RUNNING.value:
        return ["withdraw"]
    return []

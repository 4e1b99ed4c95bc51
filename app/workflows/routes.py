"""The way that a request goes: steps whose conditions hold, and who can decide each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.admin.queries import title_of_role
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.workflows.conditions import holds
from app.workflows.kinds import ApprovalKind
from app.workflows.models import ApprovalFlow

AGENCY = "agency"

#: role code → people who can decide: id and name, by name
Candidates = Mapping[str, Sequence["Candidate"]]


@dataclass(frozen=True)
class Candidate:
    """Somebody who may decide a step."""

    id: int
    name: str


# Roles first (they are few), then their holders; who reaches the project is asked once, from the
# project upwards, so that it costs the same with one project or three hundred.
_CANDIDATES = text("""
SELECT DISTINCT coalesce(p.code, r.name) AS role, u.id,
       u.first_name || coalesce(u.last_name, '') AS name
  FROM ab_role r
  LEFT JOIN admin_role_profile p ON p.role_id = r.id
  JOIN ab_user_role ur ON ur.role_id = r.id
  JOIN ab_user u ON u.id = ur.user_id AND u.active
 WHERE coalesce(p.code, r.name) = ANY(:roles)
   AND u.id <> :applicant
   AND (u.whole_group OR u.id IN (SELECT access_users(:project)))
 ORDER BY 1, 3, 2
""")


def find_candidates(
    roles: Iterable[str], *, project_id: int, applicant_id: int
) -> dict[str, list[Candidate]]:
    """Return who holds each role and reaches the project; the applicant is never among them."""
    wanted = sorted(set(roles))
    found: dict[str, list[Candidate]] = {role: [] for role in wanted}
    parameters = {"roles": wanted, "project": project_id, "applicant": applicant_id}
    for row in db.session.execute(_CANDIDATES, parameters):
        found[row.role].append(Candidate(row.id, row.name.strip()))
    return found


_AGENCY_HEAD = text("""
SELECT s.user_id FROM access_superiors(:project, :applicant) s
  JOIN ab_user_role ur ON ur.user_id = s.user_id
  JOIN admin_role_profile p ON p.role_id = ur.role_id AND p.code = :agency
  JOIN ab_user u ON u.id = s.user_id AND u.active
 ORDER BY s.distance, s.user_id LIMIT 1
""")


def find_agency_head(*, project_id: int, applicant_id: int) -> int | None:
    """Return the agency's manager over the applicant: who holds the nearest post above his.

    None for the manager himself, and for who belongs to no team of the project.
    """
    known = {"project": project_id, "applicant": applicant_id, "agency": AGENCY}
    found: int | None = db.session.scalar(_AGENCY_HEAD, known)
    return found


_COLLEAGUES = """
SELECT u.id, u.first_name || coalesce(u.last_name, '') AS name
  FROM ab_user u
 WHERE u.active
   AND (u.whole_group OR u.id IN (SELECT access_users(:project)))
   AND EXISTS (SELECT 1 FROM ab_user_role ur
                 JOIN ab_permission_view_role pvr ON pvr.role_id = ur.role_id
                 JOIN ab_permission_view pv ON pv.id = pvr.permission_view_id
                 JOIN ab_permission pe ON pe.id = pv.permission_id AND pe.name = :action
                 JOIN ab_view_menu vm ON vm.id = pv.view_menu_id AND vm.name = :entity
                WHERE ur.user_id = u.id)
"""
_IS_COLLEAGUE = text(_COLLEAGUES + " AND u.id = :user")
_FIND_COLLEAGUES = text(
    _COLLEAGUES + " AND NOT u.id = ANY(:without) AND (:typed = '' OR position(lower(:typed) IN"
    " lower(u.first_name || coalesce(u.last_name, ''))) > 0) ORDER BY 2, 1 LIMIT :most"
)


def is_colleague(user_id: int, *, project_id: int, permission: str) -> bool:
    """Tell whether an active user reaches the project and holds the permission."""
    parameters = {"user": user_id, **_colleague_parameters(project_id, permission)}
    return db.session.execute(_IS_COLLEAGUE, parameters).first() is not None


def find_colleagues(
    typed: str, *, project_id: int, permission: str, without: Iterable[int], most: int = 20
) -> list[Candidate]:
    """Return people to hand a step to or to ask, by name; at most ``most`` of them."""
    parameters = {
        "typed": typed.strip(),
        "without": sorted(without),
        "most": most,
        **_colleague_parameters(project_id, permission),
    }
    found = db.session.execute(_FIND_COLLEAGUES, parameters)
    return [Candidate(row.id, row.name.strip()) for row in found]


def _colleague_parameters(project_id: int, permission: str) -> dict[str, Any]:
    entity, _colon, action = permission.partition(":")
    return {"project": project_id, "entity": entity, "action": f"can_{action}"}


def get_active_flow(kind: ApprovalKind) -> ApprovalFlow:
    """Return the flow that new requests of the kind take. Raises Invalid if none is active."""
    flow: ApprovalFlow | None = db.session.scalar(
        select(ApprovalFlow).where(ApprovalFlow.kind == kind.key, ApprovalFlow.is_active)
    )
    if flow is None:
        raise Invalid(
            _l(
                "No approval flow is in force for %(kind)s. Ask your administrator to install one.",
                kind=kind.title,
            )
        )
    return flow


def plan_route(
    flow: ApprovalFlow, figures: Mapping[str, Any], *, project_id: int, applicant: Actor
) -> list[dict[str, Any]]:
    """Return the steps that this request will take.

    A step whose condition does not hold is left out. A step that nobody but the applicant could
    decide goes to the next step's approvers. The agency's manager gives the first opinion on
    what his staff ask for. Raises Invalid naming the role that is missing if the last step has
    nobody, and if no step is left.
    """
    steps = [step for step in flow.steps if holds(step.get("condition"), figures)]
    if not steps:
        raise Invalid(_l("No step of the flow applies to this request. Correct the flow."))
    applicant_id = int(applicant.id or 0)
    roles = {step["role"] for step in steps}
    people = find_candidates(roles, project_id=project_id, applicant_id=applicant_id)
    merged = merge_steps(steps, people)
    if merged is None:
        raise nobody_left(steps[-1])
    if AGENCY in applicant.roles:
        head = find_agency_head(project_id=project_id, applicant_id=applicant_id)
        if head is not None:
            opinion = {"name": str(_l("Agency's opinion")), "role": AGENCY, "user_id": head}
            merged.insert(0, opinion)
    return merged


def own_route(role: str) -> list[dict[str, Any]]:
    """Return the one step of what the applicant may grant himself."""
    return [{"name": str(_l("By own authority")), "role": role}]


def merge_steps(
    steps: Sequence[Mapping[str, Any]], people: Candidates
) -> list[dict[str, Any]] | None:
    """Return the steps with those that have nobody handed to the next; None if the last has none.

    The step that takes over names what it covers.
    """
    merged: list[dict[str, Any]] = []
    waiting: list[str] = []
    for step in steps:
        if not deciders(step, people):
            waiting += [*step.get("covers", ()), step["name"]]
            continue
        covers = [*waiting, *step.get("covers", ())]
        merged.append({**step, "covers": covers} if covers else dict(step))
        waiting = []
    return None if waiting else merged


def deciders(step: Mapping[str, Any], people: Candidates) -> list[Candidate]:
    """Return who can decide the step: whoever holds its role, or the one whom it names."""
    found = people.get(step["role"], ())
    return [one for one in found if step.get("user_id") in (None, one.id)]


def nobody_left(step: Mapping[str, Any]) -> Invalid:
    """Return the error for a last step that nobody can decide."""
    return Invalid(
        _l(
            "Nobody but yourself could decide the last step, %(step)s: no other %(role)s reaches"
            " this project. Ask your administrator to appoint one.",
            step=step["name"],
            role=role_title(step["role"]),
        ),
        code="no_approver",
        details={"role": step["role"]},
    )


def role_title(role: str) -> Any:
    """Return a role's title in words; a role that the office made is called by its name."""
    return title_of_role(role)

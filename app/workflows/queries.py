"""Reading approvals: the to-do list, one's own, decided ones, one request with all its steps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, exists, func, select, text
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.workflows import policies
from app.workflows.models import ApprovalFlow, ApprovalRequest, ApprovalState, ApprovalTask

#: a count is exact up to here, then "1,000+"
COUNT_BOUND = 1000
#: the lists of requests that a page or a call may ask for
LISTS = ("mine", "decided", "all")


@dataclass(frozen=True)
class Page:
    """Some rows of a list, the cursor of the next ones, and a count that is bounded."""

    rows: list[Any]
    next: int | None
    count: int

    @property
    def count_text(self) -> int | str:
        """Return the count as REST and pages say it: a number, or ``1000+``."""
        return f"{COUNT_BOUND}+" if self.count > COUNT_BOUND else self.count


def count_todo(actor: Actor) -> int:
    """Return how many steps wait for the actor, at most 1,001."""
    return _bounded_count(_todo(actor))


def list_todo(actor: Actor, *, after: int | None = None, limit: int = 50) -> Page:
    """Return the tasks that wait for the actor, the longest waiting first, with their requests."""
    statement = _todo(actor)
    rows = (
        statement.options(
            contains_eager(ApprovalTask.request).joinedload(ApprovalRequest.applicant),
            joinedload(ApprovalTask.asked_by),
        )
        .order_by(ApprovalTask.id)
        .limit(limit + 1)
    )
    if after is not None:
        rows = rows.where(ApprovalTask.id > after)
    return _page(list(db.session.scalars(rows).unique()), limit, _bounded_count(statement))


def find_next_todo(actor: Actor, *, after_request: int) -> ApprovalTask | None:
    """Return what has waited longest for the actor, beside the request that he is looking at."""
    others = _todo(actor).where(ApprovalTask.request_id != after_request)
    found: ApprovalTask | None = db.session.scalar(others.order_by(ApprovalTask.id).limit(1))
    return found


def _todo(actor: Actor) -> Select[tuple[ApprovalTask]]:
    return (
        select(ApprovalTask)
        .join(ApprovalTask.request)
        .where(
            policies.waits_for(actor),
            ApprovalRequest.state == ApprovalState.RUNNING.value,
            ApprovalRequest.applicant_id != actor.id,
        )
    )


def list_requests(
    which: str,
    actor: Actor,
    *,
    states: Collection[str] = (),
    kind: str | None = None,
    fits: ColumnElement[bool] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Return requests, newest first: ``mine``, ``decided`` by the actor, or ``all`` he may see."""
    wanted: list[ColumnElement[bool]] = [_which(which, actor)]
    if states:
        wanted.append(ApprovalRequest.state.in_(sorted(states)))
    if kind:
        wanted.append(ApprovalRequest.kind == kind)
    if fits is not None:
        wanted.append(fits)
    statement = select(ApprovalRequest).where(*wanted)
    rows = (
        statement.options(joinedload(ApprovalRequest.applicant))
        .order_by(ApprovalRequest.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        rows = rows.where(ApprovalRequest.id < before)
    return _page(list(db.session.scalars(rows)), limit, _bounded_count(statement))


def _which(which: str, actor: Actor) -> ColumnElement[bool]:
    if which == "mine":
        return ApprovalRequest.applicant_id == actor.id
    if which == "decided":
        return exists().where(
            ApprovalTask.request_id == ApprovalRequest.id,
            ApprovalTask.decided_by_id == actor.id,
        )
    return policies.visible_to(actor)


def _page(rows: list[Any], limit: int, count: int) -> Page:
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, rows[-1].id if more else None, count)


def _bounded_count(statement: Select[Any]) -> int:
    some = statement.order_by(None).limit(COUNT_BOUND + 1).subquery()
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def get_request(request_id: int, actor: Actor) -> ApprovalRequest:
    """Return a request with its tasks and people. Raises NotFound for what he may not see."""
    people = (
        selectinload(ApprovalRequest.tasks).joinedload(ApprovalTask.decided_by),
        selectinload(ApprovalRequest.tasks).joinedload(ApprovalTask.asked_by),
        selectinload(ApprovalRequest.tasks).joinedload(ApprovalTask.user),
    )
    found: ApprovalRequest | None = db.session.scalar(
        select(ApprovalRequest)
        .where(ApprovalRequest.id == request_id, policies.visible_to(actor))
        .options(joinedload(ApprovalRequest.applicant), *people)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_l("There is no such request, or it is not within your scope."))
    return found


def find_requests_about(
    subject_type: str, subject_id: int, *, actor: Actor, limit: int = 10
) -> list[ApprovalRequest]:
    """Return the newest requests about one subject that the actor may see; for its own page."""
    found = (
        select(ApprovalRequest)
        .where(
            ApprovalRequest.subject_type == subject_type,
            ApprovalRequest.subject_id == subject_id,
            policies.visible_to(actor),
        )
        .options(joinedload(ApprovalRequest.applicant))
        .order_by(ApprovalRequest.id.desc())
        .limit(limit)
    )
    return list(db.session.scalars(found))


@dataclass(frozen=True)
class FlowUse:
    """A flow in force and how it is used."""

    flow: ApprovalFlow
    running: int
    last_sent_at: datetime | None


def list_flows() -> list[FlowUse]:
    """Return the flows in force with what runs on their kind now."""
    use = (
        select(
            ApprovalRequest.kind,
            func.count().filter(ApprovalRequest.state == ApprovalState.RUNNING.value).label("runs"),
            func.max(ApprovalRequest.sent_at).label("sent_at"),
        )
        .group_by(ApprovalRequest.kind)
        .subquery()
    )
    found = (
        select(ApprovalFlow, func.coalesce(use.c.runs, 0), use.c.sent_at)
        .outerjoin(use, use.c.kind == ApprovalFlow.kind)
        .where(ApprovalFlow.is_active)
        .order_by(ApprovalFlow.kind)
    )
    return [FlowUse(flow, runs, sent) for flow, runs, sent in db.session.execute(found)]


def get_flow(flow_id: int) -> ApprovalFlow:
    """Return a version of a flow. Raises NotFound."""
    flow: ApprovalFlow | None = db.session.get(ApprovalFlow, flow_id)
    if flow is None:
        raise NotFound(_l("There is no such approval flow."))
    return flow


# workflows stands below estate and names its table in SQL instead of importing its model.
_NAMES = text("SELECT id, name FROM estate_project WHERE id = ANY(:ids)")


def name_projects(ids: Collection[int]) -> dict[int, str]:
    """Return the names of projects for rows that the actor may see already."""
    if not ids:
        return {}
    return {row.id: row.name for row in db.session.execute(_NAMES, {"ids": sorted(set(ids))})}

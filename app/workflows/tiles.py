"""Tiles of approvals: what waits for me, and where what I asked for stands."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.web.formats import moment_text, state_chip
from app.web.tiles import MOST_ROWS, Row, Rows, Tile
from app.workflows import policies, queries, words
from app.workflows.kinds import kind_title
from app.workflows.models import ApprovalState

#: requests that have not ended
OPEN = ("draft", "running", "returned", "failed")


def todo(actor: Actor) -> Rows:
    """Return the steps that wait for the actor, the longest waiting first."""
    page = queries.list_todo(actor, limit=MOST_ROWS)
    return Rows(
        [
            Row(
                task.request.subject_title,
                url=f"/approvals/{task.request_id}",
                detail=f"{kind_title(task.request.kind)} · {task.request.applicant.full_name}",
                aside=words.since(task.created_at),
            )
            for task in page.rows
        ],
        empty=_l("Nothing waits for your decision."),
        count=page.count_text,
    )


def mine(actor: Actor) -> Rows:
    """Return what the actor asked for and what has not ended."""
    page = queries.list_requests("mine", actor, states=OPEN, limit=MOST_ROWS)
    return Rows(
        [
            Row(
                request.subject_title,
                url=f"/approvals/{request.id}",
                detail=f"{kind_title(request.kind)} · {request.number}",
                chip=state_chip(ApprovalState(request.state)),
                aside=moment_text(request.sent_at),
            )
            for request in page.rows
        ],
        empty=_l("Nothing that you asked for is on its way."),
        count=page.count_text,
    )


TILES = [
    Tile(
        "approvals_todo",
        _l("To approve"),
        policies.DECIDE,
        todo,
        order=10,
        roles="SMDAFXLB",
        icon="stamp",
        url="/approvals/",
    ),
    Tile(
        "my_requests",
        _l("My requests"),
        policies.ADD,
        mine,
        order=30,
        roles="CKSMB",
        icon="hand",
        url="/my-requests/",
    ),
]

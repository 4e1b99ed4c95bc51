"""Approval flows as installed: version 1 of every kind that has none; what exists is left alone."""

from __future__ import annotations

from sqlalchemy import select

from app.core.db import db
from app.workflows.kinds import ApprovalKind, all_kinds
from app.workflows.models import ApprovalFlow


def install_flows() -> int:
    """Install the default flow of each kind that has no flow yet; return how many are new.

    Called by ``flask access sync``, whose lock keeps two deployments from doing it twice. A flow
    that an administrator has changed or switched off stays as it is.
    """
    existing = set(db.session.scalars(select(ApprovalFlow.kind).distinct()))
    new = [kind for kind in all_kinds() if kind.key not in existing]
    db.session.add_all([default_flow(kind) for kind in new])
    db.session.flush()
    return len(new)


def default_flow(kind: ApprovalKind) -> ApprovalFlow:
    """Return version 1 of a kind's flow, from its default route; not yet in the session."""
    return ApprovalFlow(
        kind=kind.key,
        version=1,
        name=str(kind.title),
        steps=[step.as_data() for step in kind.default_route],
        is_active=True,
    )

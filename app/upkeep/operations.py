"""What administrators do to keep it running: sign the day, record incidents, retry, close."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, text

from app.admin.reach import require_whole_group
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, WrongState
from app.estate.models import Project
from app.upkeep.models import DailyCheck, Fault, Incident, ProjectClosing, SignOfLife
from app.upkeep.queries import open_business

#: signs of processes that are gone are forgotten after a day, faults after three months
FORGET_SIGNS = timedelta(days=1)
FORGET_FAULTS = timedelta(days=90)


def sign_day(*, remarks: str | None, findings: list[dict[str, str]], actor: Actor) -> DailyCheck:
    """Sign today's check with what the page said. Raises Conflict if it is signed already."""
    actor.require("upkeep.check:sign")
    require_whole_group(actor)
    today = clock.today()
    if db.session.scalar(select(DailyCheck.id).where(DailyCheck.day == today)) is not None:
        raise Conflict(_l("Today's check has been signed already."))
    signed = DailyCheck(
        day=today,
        signed_at=clock.now(),
        signed_by_id=actor.id,
        remarks=(remarks or "").strip() or None,
        findings=findings,
    )
    db.session.add(signed)
    db.session.flush()
    return signed


def add_incident(
    *, title: str, severity: str, began_at: datetime, what: str, actor: Actor, **more: Any
) -> Incident:
    """Record an incident. Raises Invalid if it ends before it begins."""
    actor.require("upkeep.incident:add")
    _check_times(began_at, more.get("ended_at"))
    made = Incident(
        title=title,
        severity=severity,
        began_at=began_at,
        what=what,
        created_by_id=actor.id if actor.kind == "user" else None,
        **{name: more.get(name) for name in ("ended_at", "cause", "remedy", "error_id")},
    )
    db.session.add(made)
    db.session.flush()
    return made


def edit_incident(incident: Incident, *, actor: Actor, **values: Any) -> Incident:
    """Change an incident. Raises Invalid if it would end before it begins."""
    actor.require("upkeep.incident:edit")
    _check_times(
        values.get("began_at", incident.began_at), values.get("ended_at", incident.ended_at)
    )
    for name, value in values.items():
        setattr(incident, name, value)
    db.session.flush()
    return incident


def delete_incident(incident: Incident, *, actor: Actor) -> None:
    """Delete an incident; the audit keeps it."""
    actor.require("upkeep.incident:delete")
    db.session.delete(incident)
    db.session.flush()


def _check_times(began_at: datetime, ended_at: datetime | None) -> None:
    if ended_at is not None and ended_at < began_at:
        sentence = _l("An incident ends after it begins.")
        raise Invalid(sentence, fields={"ended_at": sentence})


def retry_job(job_id: int, *, actor: Actor) -> None:
    """Let a failed background job run again. Raises NotFound if there is no such failed job."""
    _change_failed(
        "SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)",
        job_id,
        actor,
    )


def discard_job(job_id: int, *, actor: Actor) -> None:
    """Throw a failed background job away. Raises NotFound if there is no such failed job."""
    _change_failed(
        "DELETE FROM procrastinate_jobs WHERE id = :id",
        job_id,
        actor,
    )


def _change_failed(statement: str, job_id: int, actor: Actor) -> None:
    actor.require("upkeep.system:retry")
    require_whole_group(actor)
    failed = text(
        "SELECT id FROM procrastinate_jobs WHERE id = :id AND status = 'failed' FOR UPDATE"
    )
    if db.session.scalar(failed, {"id": job_id}) is None:
        raise NotFound(_l("There is no failed job %(job)s any more.", job=job_id))
    db.session.execute(text(statement), {"id": job_id})


def close_project(project: Project, *, reason: str, actor: Actor) -> ProjectClosing:
    """Close a project 结项: from the commit on nothing in it can be changed.

    Raises Conflict if it is closed, WrongState while something in it is under way, since what ends
    by the clock could not end any more, Invalid without a reason.
    """
    require_whole_group(actor)
    if not reason.strip():
        raise Invalid(_l("Say why the project is closed."))
    if find_closing(project.id) is not None:
        raise Conflict(_l("Project %(name)s is closed already.", name=project.name))
    left = open_business(project.id)
    if left:
        raise WrongState(
            _l(
                "Project %(name)s cannot be closed yet: %(what)s. Bring it to its end first.",
                name=project.name,
                what="; ".join(str(sentence) for sentence in left),
            )
        )
    closing = ProjectClosing(
        closed_project_id=project.id,
        closed_at=clock.now(),
        closed_by=actor.key,
        reason=reason.strip()[:400],
    )
    db.session.add(closing)
    db.session.flush()
    return closing


def reopen_project(project: Project, *, actor: Actor) -> None:
    """Open a closed project again. Raises WrongState if it is not closed."""
    require_whole_group(actor)
    closing = find_closing(project.id)
    if closing is None:
        raise WrongState(_l("Project %(name)s is not closed.", name=project.name))
    db.session.delete(closing)
    db.session.flush()


def find_closing(project_id: int, *, actor: Actor | None = None) -> ProjectClosing | None:  # noqa: ARG001 - closing is no secret
    """Return how the project was closed, or None."""
    found: ProjectClosing | None = db.session.scalar(
        select(ProjectClosing).where(ProjectClosing.closed_project_id == project_id)
    )
    return found


def prune(*, actor: Actor) -> int:  # noqa: ARG001 - the worker's own
    """Forget old signs of life and old faults; return how many."""
    now = clock.now()
    signs = db.session.execute(delete(SignOfLife).where(SignOfLife.seen_at < now - FORGET_SIGNS))
    faults = db.session.execute(delete(Fault).where(Fault.last_at < now - FORGET_FAULTS))
    return int(signs.rowcount) + int(faults.rowcount)  # type: ignore[attr-defined]

"""Which project a person works in: the choice kept in the session, and the projects in scope."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, session
from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.core.scope import scope_parameters

#: seconds for which a process shows a project's name without asking again
KEPT_SECONDS = 60.0
MOST_CHOICES = 20
LARGEST_MEMORY = 2000


@dataclass(frozen=True)
class ProjectChoice:
    """A project as the switch shows it."""

    id: int
    name: str
    organization: str
    #: since when it is closed 结项 and read only, and why; None while it can be changed
    closed_at: datetime | None = None
    closed_because: str | None = None


# web stands below estate and names its tables in SQL instead of importing its models.
_FIND = text("""
SELECT p.id, p.name, o.name AS organization, c.closed_at, c.reason AS closed_because
  FROM estate_project p JOIN admin_organization o ON o.id = p.organization_id
  LEFT JOIN upkeep_project_closing c ON c.closed_project_id = p.id
 WHERE (:scope_all OR p.id = ANY(:scope_projects))
   AND (cast(:wanted AS bigint) IS NULL OR p.id = :wanted)
   AND (cast(:pattern AS text) IS NULL OR p.name ILIKE :pattern OR p.code ILIKE :pattern)
 ORDER BY p.code, p.id LIMIT :most
""")
_names: dict[int, tuple[float, ProjectChoice]] = {}


def find_projects(
    actor: Actor, typed: str = "", *, wanted: int | None = None
) -> list[ProjectChoice]:
    """Return at most 20 projects within scope whose name or code contains what was typed."""
    pattern = None
    if typed:
        escaped = typed.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        pattern = f"%{escaped}%"
    rows = db.session.execute(
        _FIND,
        {
            **scope_parameters(actor),
            "wanted": wanted,
            "pattern": pattern,
            "most": MOST_CHOICES,
        },
    ).mappings()
    return [ProjectChoice(**row) for row in rows]


def current_project() -> ProjectChoice | None:
    """Return the project that the signed-in person works in, or None if he reaches none.

    It is the chosen one while that is within scope, else the first of the scope.
    """
    if "project_choice" not in g:
        actor: Actor | None = g.get("actor")
        g.project_choice = None if actor is None else _resolve(actor, session.get("project_id"))
    found: ProjectChoice | None = g.project_choice
    return found


def find_project(project_id: int, actor: Actor) -> ProjectChoice | None:
    """Return a project within the actor's scope; as it was up to a minute ago."""
    kept = _names.get(project_id)
    is_fresh = kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS
    if kept is not None and is_fresh and actor.reaches(project_id):
        return kept[1]
    found = find_projects(actor, wanted=project_id)
    return _remember(found[0]) if found else None


def current_project_id() -> int | None:
    """Return the id of the project that the signed-in person works in."""
    found = current_project()
    return found.id if found else None


def _resolve(actor: Actor, chosen: Any) -> ProjectChoice | None:
    if isinstance(chosen, int) and actor.reaches(chosen):
        kept = _names.get(chosen)
        if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS:
            return kept[1]
        if found := find_projects(actor, wanted=chosen):
            return _remember(found[0])
    first = find_projects(actor)
    if not first:
        return None
    session["project_id"] = first[0].id
    return _remember(first[0])


def _remember(project: ProjectChoice) -> ProjectChoice:
    if len(_names) > LARGEST_MEMORY:
        _names.clear()
    _names[project.id] = (time.monotonic(), project)
    return project


def forget_names() -> None:
    """Drop the names and closings that this process remembers; for tests."""
    _names.clear()


def forget_projects() -> None:
    """Read names and closings anew from now on, within a request too; for tests."""
    forget_names()
    g.pop("project_choice", None)


def choose_project(actor: Actor, project_id: int) -> bool:
    """Keep the choice in the session; False if the project is not within scope."""
    if not actor.reaches(project_id) or not find_projects(actor, wanted=project_id):
        return False
    work_in(project_id)
    return True


def work_in(project_id: int) -> None:
    """Keep a project as the choice of this session; one outside the scope is passed by later."""
    session["project_id"] = project_id
    g.pop("project_choice", None)

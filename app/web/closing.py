"""结项 on the pages: what is closed says so, and offers nothing that would be refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.core.scope import ProjectScoped, ScopeRoot
from app.web.projects import ProjectChoice, current_project, find_project

if TYPE_CHECKING:
    from app.core.actor import Actor

#: people may always be taken away from a project, closed or not (upkeep_guard_all)
STILL_CHANGED = frozenset({"estate_project_member", "admin_team_member"})

#: actions with a room that change nothing
READING = frozenset({"quote"})


def closed_list(model: Any) -> ProjectChoice | None:
    """Return the project that the person works in, if it is closed and closes rows of the model."""
    chosen = current_project()
    return chosen if chosen and chosen.closed_at and _is_closed_with_it(model) else None


def closed_row(row: Any, actor: Actor) -> ProjectChoice | None:
    """Return the project of a row, if it is closed and the row with it."""
    if isinstance(row, ScopeRoot):
        number = row.id  # type: ignore[attr-defined]
    elif _is_closed_with_it(type(row)):
        number = row.project_id
    else:
        return None
    return closed_project(number, actor)


def closed_project(project_id: int, actor: Actor) -> ProjectChoice | None:
    """Return the project if it is closed: what is in it is read, and nothing of it changed."""
    found = find_project(project_id, actor)
    return found if found and found.closed_at else None


def still_offered(actions: Sequence[str], project_id: int, actor: Actor) -> list[str]:
    """Return what may be done with a record of the project; in a closed one only what is read."""
    if closed_project(project_id, actor) is None:
        return list(actions)
    return [action for action in actions if action in READING]


def _is_closed_with_it(model: Any) -> bool:
    return issubclass(model, ProjectScoped) and model.__tablename__ not in STILL_CHANGED  # type: ignore[attr-defined]

"""Which rows somebody may see: one listener for every ORM statement, one predicate for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, any_, bindparam, event, false, or_, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, with_loader_criteria

from app.core.actor import Actor, current_actor

if TYPE_CHECKING:
    from collections.abc import Iterator


class ProjectScoped:
    """A row of one project: seen only by those who reach the project."""

    @declared_attr
    def project_id(cls) -> Mapped[int]:  # noqa: N805 - declared_attr is a class-level descriptor
        return mapped_column(ForeignKey("estate_project.id"), nullable=False, index=True)


class ScopeRoot:
    """The project itself: seen only by those who reach it."""


class OwnerScoped:
    """A row that, within its project, its owner and those above him in his team see.

    A permission shows all of them. The rows are project-scoped too.
    """

    #: name of the column that holds the owner's user id
    __owner__: ClassVar[str] = "owner_id"
    #: the permission that shows all rows of the project
    __wide__: ClassVar[str] = ""


class GroupWide:
    """A row of the whole group: everybody who may open the page sees it."""


def project_filter(column: Any, actor: Actor | None) -> Any:
    """Return the predicate "this row's project is within the actor's scope", or None for all."""
    if actor is None or actor.projects is None:
        return None
    if not actor.projects:
        return false()
    wanted = bindparam(None, sorted(actor.projects), type_=ARRAY(BigInteger))
    return column == any_(wanted)


def owner_filter(entity: Any, actor: Actor | None) -> Any:
    """Return the predicate "this row is the actor's to see within its project", or None for all."""
    if actor is None or actor.kind != "user" or actor.may(entity.__wide__):
        return None
    column = getattr(entity, entity.__owner__)
    own = column == actor.id
    if not actor.followed or not entity.__wide__:
        # Without a permission that widens it, the row is its owner's alone.
        return own
    return or_(own, tuple_(entity.project_id, column).in_(sorted(actor.followed)))


def sees_owned(entity: Any, *, owner_id: int, project_id: int, actor: Actor) -> bool:
    """Tell whether a row of that owner and project is the actor's to see; as ``owner_filter``."""
    if not actor.reaches(project_id):
        return False
    return (
        actor.kind != "user"
        or actor.may(entity.__wide__)
        or owner_id == actor.id
        or (bool(entity.__wide__) and (project_id, owner_id) in actor.followed)
    )


def scope_parameters(actor: Actor) -> dict[str, Any]:
    """Return parameters for raw SQL: ``:scope_all`` and ``:scope_projects``.

    Use as ``(:scope_all OR x.project_id = ANY(:scope_projects))``.
    """
    return {
        "scope_all": actor.projects is None,
        "scope_projects": sorted(actor.projects or ()),
    }


def _scoped_classes(base: type) -> list[type]:
    found: list[type] = []
    child: type
    for child in base.__subclasses__():
        if hasattr(child, "__table__"):
            found.append(child)
        found += _scoped_classes(child)
    return found


@event.listens_for(Session, "do_orm_execute")
def _keep_in_scope(execution: Any) -> None:
    if not execution.is_orm_statement:
        # Raw SQL and statements on tables carry their own predicate.
        return
    if execution.is_column_load or execution.is_relationship_load:
        return
    if execution.execution_options.get("whole_group"):
        # Said aloud where a statement must see beyond the actor's scope, e.g. duplicate checks.
        return
    actor = current_actor()
    if actor is None or (actor.projects is None and actor.kind != "user"):
        return
    options = list(_criteria(actor))
    if options:
        execution.statement = execution.statement.options(*options)


def _criteria(actor: Actor) -> Iterator[Any]:
    if actor.projects is not None:
        ids = sorted(actor.projects)
        # A lambda so that SQLAlchemy caches the statement whatever the ids are.
        yield with_loader_criteria(
            ProjectScoped, lambda cls: cls.project_id.in_(ids), include_aliases=True
        )
        for root in _scoped_classes(ScopeRoot):
            yield with_loader_criteria(root, lambda cls: cls.id.in_(ids), include_aliases=True)
    if actor.kind == "user":
        for entity in _scoped_classes(OwnerScoped):
            predicate = owner_filter(entity, actor)
            if predicate is not None:
                yield with_loader_criteria(entity, predicate, include_aliases=True)

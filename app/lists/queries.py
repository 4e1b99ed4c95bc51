"""Reading what somebody keeps of a list: one statement for every list page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.scope import scope_parameters
from app.lists.models import Export, SavedView
from app.lists.words import no_such_record

MOST_EXPORTS = 50


@dataclass(frozen=True)
class KeptView:
    """A saved view as a page offers it."""

    id: int
    name: str
    query: str
    own: bool
    shared: bool


@dataclass(frozen=True)
class Kept:
    """What somebody keeps of one list."""

    columns: tuple[str, ...] = ()
    page_size: int | None = None
    default_id: int | None = None
    views: list[KeptView] = field(default_factory=list)

    @property
    def default(self) -> KeptView | None:
        """Return the view that the list opens with."""
        return next((view for view in self.views if view.id == self.default_id), None)


#: own views, those of one's roles and those of the projects within scope
_VISIBLE = """v.list_key = :list_key AND (v.owner_id = :actor_id OR v.role_code = ANY(:roles)
   OR (v.project_id IS NOT NULL AND (:scope_all OR v.project_id = ANY(:scope_projects))))"""

_KEPT = text(f"""
SELECT l.columns, l.page_size, l.default_view_id,
       (SELECT json_agg(json_build_object('id', v.id, 'name', v.name, 'query', v.query,
                 'own', v.owner_id = :actor_id,
                 'shared', v.role_code IS NOT NULL OR v.project_id IS NOT NULL) ORDER BY v.name)
          FROM lists_view v WHERE {_VISIBLE}) AS views
  FROM (SELECT 1) one
  LEFT JOIN lists_layout l ON l.user_id = :actor_id AND l.list_key = :list_key
""")


def get_kept(list_key: str, actor: Actor) -> Kept:
    """Return what the actor keeps of the list."""
    row = db.session.execute(
        _KEPT,
        {
            "list_key": list_key,
            "actor_id": actor.id,
            "roles": sorted(actor.roles),
            **scope_parameters(actor),
        },
    ).one()
    return Kept(
        columns=tuple(row.columns or ()),
        page_size=row.page_size,
        default_id=row.default_view_id,
        views=[KeptView(**one) for one in row.views or ()],
    )


def get_own_view(view_id: int, actor: Actor) -> SavedView:
    """Return one of the actor's own views. Raises NotFound."""
    found = select(SavedView).where(SavedView.id == view_id, SavedView.owner_id == actor.id)
    view: SavedView | None = db.session.scalar(found)
    if view is None:
        raise NotFound(no_such_record())
    return view


def list_exports(actor: Actor) -> list[Export]:
    """Return the actor's exports, the newest first."""
    own = select(Export).where(Export.owner_id == actor.id)
    return list(db.session.scalars(own.order_by(Export.id.desc()).limit(MOST_EXPORTS)))


def get_own_export(export_id: int, actor: Actor, *, lock: bool = False) -> Export:
    """Return one of the actor's own exports. Raises NotFound."""
    found: Any = select(Export).where(Export.id == export_id, Export.owner_id == actor.id)
    if lock:
        found = found.with_for_update()
    export: Export | None = db.session.scalar(found.execution_options(populate_existing=True))
    if export is None:
        raise NotFound(no_such_record())
    return export

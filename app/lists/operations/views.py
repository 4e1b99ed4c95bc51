"""Views of lists are saved, shared and deleted; each person's layout is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.permissions import PRESET_ROLES
from app.lists.models import ListLayout, SavedView
from app.lists.policies import SHARE
from app.lists.queries import get_kept, get_own_view

LONGEST_NAME, LONGEST_QUERY = 40, 2000
MOST_VIEWS, MOST_COLUMNS = 30, 60
_ROLE_CODES = frozenset(code for code, _title in PRESET_ROLES.values())


@dataclass(frozen=True)
class Sharing:
    """Who else sees a view: nobody, those with a role, or those who reach a project."""

    role_code: str | None = None
    project_id: int | None = None

    @property
    def is_shared(self) -> bool:
        """Tell whether anybody else sees it."""
        return self.role_code is not None or self.project_id is not None


def save_view(
    list_key: str, name: str, query: str, *, sharing: Sharing = Sharing(), actor: Actor
) -> SavedView:
    """Keep conditions under a name; one's own view of that name is replaced.

    Raises Invalid, NotAllowed for sharing without the right or beyond the scope, and Conflict
    when there are too many.
    """
    name = name.strip()
    _check(name, query, sharing, actor)
    own = select(SavedView).where(SavedView.owner_id == actor.id, SavedView.list_key == list_key)
    view: SavedView | None = db.session.scalar(own.where(SavedView.name == name).with_for_update())
    if view is None:
        count = db.session.scalar(select(func.count()).select_from(own.subquery()))
        if (count or 0) >= MOST_VIEWS:
            raise Conflict(
                _l("You have %(most)d views of this list. Delete one first.", most=MOST_VIEWS)
            )
        view = SavedView(owner_id=actor.id, list_key=list_key, name=name)
        db.session.add(view)
    view.query = query
    view.role_code, view.project_id = sharing.role_code, sharing.project_id
    db.session.flush()
    return view


def _check(name: str, query: str, sharing: Sharing, actor: Actor) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(_l("Give the view a name of at most %(most)d characters.", most=LONGEST_NAME))
    if len(query) > LONGEST_QUERY:
        raise Invalid(_l("These are too many conditions for one view."))
    if not sharing.is_shared:
        return
    actor.require(SHARE)
    if sharing.role_code is not None and sharing.role_code not in _ROLE_CODES:
        raise Invalid(_l("There is no such role."))
    if sharing.project_id is not None and not actor.reaches(sharing.project_id):
        raise NotAllowed(_l("There is no such project within your scope."))


def delete_view(view_id: int, *, actor: Actor) -> SavedView:
    """Delete one of one's own views. Raises NotFound."""
    view = get_own_view(view_id, actor)
    db.session.delete(view)
    db.session.flush()
    return view


def choose_default(list_key: str, view_id: int | None, *, actor: Actor) -> None:
    """Let the list open with a view, or with none. Raises Invalid for a view one does not see."""
    if view_id is not None and view_id not in {v.id for v in get_kept(list_key, actor).views}:
        raise Invalid(_l("This view is not there any more."))
    _keep(list_key, actor, default_view_id=view_id)


def keep_layout(
    list_key: str, columns: Sequence[str], *, page_size: int | None, actor: Actor
) -> None:
    """Keep which columns the list shows in which order; none is the list's own choice."""
    _keep(list_key, actor, columns=list(columns)[:MOST_COLUMNS], page_size=page_size)


def _keep(list_key: str, actor: Actor, **values: Any) -> None:
    new = insert(ListLayout).values(user_id=actor.id, list_key=list_key, **values)
    db.session.execute(
        new.on_conflict_do_update(index_elements=["user_id", "list_key"], set_=values)
    )

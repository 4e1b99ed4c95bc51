"""Reads the grid of a project, whole or changed since a cursor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, BigInteger, TextClause, bindparam, text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFound
from app.core.scope import scope_parameters
from app.customers.models import Customer
from app.grid import sql
from app.pricing.policies import can_see_floor
from app.sales.models import Subscription

_LISTS = ("buildings", "owners", "scope_projects")
_statements: dict[str, TextClause] = {}


@dataclass(frozen=True)
class Grid:
    """A grid as PostgreSQL wrote it: the cursor to read on from, and the JSON beside it."""

    cursor: int
    is_whole: bool
    #: the members ``counters``, ``buildings`` and ``rooms``, without the opening brace
    members: str

    @property
    def json(self) -> str:
        """Return the answer as it is sent."""
        whole = "true" if self.is_whole else "false"
        return f'{{"cursor":{self.cursor},"whole":{whole},{self.members}'


def read_grid(project_id: int, *, building_ids: Collection[int] = (), actor: Actor) -> Grid:
    """Return the whole grid of a project, or of some of its buildings.

    Raises NotFound outside the actor's scope. Floor totals and buyers' names are in it only as far
    as the actor may see them; money and areas are text with two decimals.
    """
    statement = sql.full_grid(floor_prices=can_see_floor(actor))
    cursor, _stale, members = _read(statement, project_id, building_ids, actor)
    return Grid(cursor, is_whole=True, members=members)


def read_changes(
    project_id: int,
    *,
    since: int,
    building_ids: Collection[int] = (),
    counters: bool = True,
    actor: Actor,
) -> Grid:
    """Return what changed since the cursor; the whole grid when nothing is known from there on.

    A room that is gone stands as ``{"id", "gone": true}``. What was changed while the cursor was
    read may come again; nothing is left out, in whatever order transactions committed. Raises
    NotFound outside the actor's scope.
    """
    statement = sql.changed_grid(floor_prices=can_see_floor(actor), counters=counters)
    cursor, stale, members = _read(statement, project_id, building_ids, actor, since=since)
    if stale:
        return read_grid(project_id, building_ids=building_ids, actor=actor)
    return Grid(cursor, is_whole=False, members=members)


def _read(
    statement: str, project_id: int, building_ids: Collection[int], actor: Actor, **more: int
) -> Any:
    parameters: dict[str, Any] = {
        "project": project_id,
        "whole": not building_ids,
        "buildings": list(building_ids),
        "today": clock.today(),
        "all_deals": actor.may(Subscription.__wide__),
        "all_customers": actor.may(Customer.__wide__),
        "owners": actor.owners_in(project_id),
        **scope_parameters(actor),
        **more,
    }
    row = db.session.execute(_prepared(statement), parameters).one_or_none()
    if row is None:
        raise NotFound(_l("There is no such project within your scope."))
    return row


def _prepared(statement: str) -> TextClause:
    # The text and its parse are kept: both cost more than a small grid.
    if statement not in _statements:
        lists = [bindparam(name, type_=ARRAY(BigInteger)) for name in _LISTS]
        _statements[statement] = text(statement).bindparams(*lists)
    return _statements[statement]

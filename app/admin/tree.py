"""The organization tree as people read it: nodes, projects and phases with those who work there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db

#: people named at one place; the rest is counted and found in the list of members
MOST_PEOPLE = 40

_COUNTS = ":today BETWEEN coalesce(m.from_on, '-infinity') AND coalesce(m.until_on, 'infinity')"
_NODES = text(
    "SELECT o.id, o.parent_id, o.name FROM admin_organization o"
    " WHERE :all OR o.id IN (SELECT access_nodes(:user)) ORDER BY o.code"
)
# admin stands below estate and names its tables in SQL instead of importing its models.
_PROJECTS = text(
    "SELECT p.id, p.parent_id, p.organization_id, p.name FROM estate_project p"
    " WHERE :all OR p.id = ANY(:projects) ORDER BY p.code"
)
_PEOPLE = text(f"""
WITH seat AS (
  SELECT 'node' AS kind, m.organization_id AS place, m.user_id, NULL AS team, NULL AS post,
         m.until_on
    FROM admin_organization_member m
   WHERE {_COUNTS} AND (:all OR m.organization_id IN (SELECT access_nodes(:user)))
  UNION ALL
  SELECT 'project', m.project_id, m.user_id, NULL, NULL, m.until_on
    FROM estate_project_member m WHERE {_COUNTS} AND (:all OR m.project_id = ANY(:projects))
  UNION ALL
  SELECT 'project', m.project_id, m.user_id, t.name, o.name, m.until_on
    FROM admin_team_member m
    JOIN admin_team t ON t.id = m.team_id JOIN admin_post o ON o.id = m.post_id
   WHERE {_COUNTS} AND (:all OR m.project_id = ANY(:projects))
  UNION ALL
  SELECT 'group', 0, u.id, NULL, NULL, NULL FROM ab_user u WHERE :all AND u.whole_group
), administrator AS (
  SELECT DISTINCT ur.user_id
    FROM ab_user_role ur JOIN ab_permission_view_role h ON h.role_id = ur.role_id
    JOIN ab_permission_view pv ON pv.id = h.permission_view_id
    JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id
   WHERE v.name || ':' || substr(p.name, 5) = 'admin.user:edit'
)
SELECT s.kind, s.place, s.team, s.post, s.until_on, u.id,
       u.first_name || coalesce(u.last_name, '') AS name,
       u.id IN (SELECT user_id FROM administrator) AS administers,
       ARRAY(SELECT r.name FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id
              WHERE ur.user_id = u.id ORDER BY r.id) AS roles
  FROM seat s JOIN ab_user u ON u.id = s.user_id AND u.active
 ORDER BY s.team NULLS FIRST, s.post, u.first_name, u.id
""")


@dataclass(frozen=True)
class Seat:
    """Somebody at a place of the tree: on a post of a team, or by his roles."""

    user_id: int
    name: str
    team: str | None
    post: str | None
    roles: tuple[str, ...]
    administers: bool
    until_on: date | None


@dataclass
class Place:
    """A node of the tree, a project or a phase."""

    kind: str
    id: int
    title: str
    seats: list[Seat] = field(default_factory=list)
    below: list[Place] = field(default_factory=list)
    #: everybody here and below, each once
    people: set[int] = field(default_factory=set)
    #: projects and phases here and below
    projects: int = 0
    #: found by what is searched, itself or by somebody at it
    found: bool = False

    @property
    def administrators(self) -> list[Seat]:
        """Return who looks after the accounts of this place and what hangs under it."""
        return [one for one in self.seats if one.administers]

    @property
    def teams(self) -> list[tuple[str | None, list[Seat]]]:
        """Return who is no administrator, those of no team first; of many the first ones."""
        found: dict[str | None, list[Seat]] = {}
        for one in [one for one in self.seats if not one.administers][:MOST_PEOPLE]:
            found.setdefault(one.team, []).append(one)
        return list(found.items())

    @property
    def unnamed(self) -> int:
        """Return how many more there are than are named."""
        return max(0, len(self.seats) - len(self.administrators) - MOST_PEOPLE)


def read_tree(actor: Actor, *, search: str = "") -> list[Place]:
    """Return the actor's part of the tree from the top, in four statements whatever its size.

    With ``search`` only what fits by its name or by somebody's there, and what stands above it.
    """
    known: dict[str, Any] = {
        "all": actor.projects is None,
        "user": actor.id,
        "projects": sorted(actor.projects or ()),
        "today": clock.today(),
    }
    nodes = db.session.execute(_NODES, known).all()
    projects = db.session.execute(_PROJECTS, known).all()
    places = {("node", row.id): Place("node", row.id, row.name) for row in nodes}
    for row in projects:
        places["project", row.id] = Place(
            "project" if row.parent_id is None else "phase", row.id, row.name
        )
    whole_group = Place("group", 0, "")
    for kind, place, *seat in _seats(known):
        at = whole_group if kind == "group" else places.get((kind, place))
        if at is not None:
            at.seats.append(Seat(*seat))
    for one in places.values():
        # Whoever has a post in a team there is named on it alone.
        on_posts = {seat.user_id for seat in one.seats if seat.team}
        one.seats = [seat for seat in one.seats if seat.team or seat.user_id not in on_posts]
    top = _hang(places, nodes, projects)
    if whole_group.seats:
        top.insert(0, whole_group)
    for one in top:
        _count(one)
    return [one for one in top if _fits(one, search.strip().lower())]


def _seats(known: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    for row in db.session.execute(_PEOPLE, known):
        yield (
            row.kind, row.place, row.id, row.name, row.team, row.post, tuple(row.roles),
            row.administers, row.until_on,
        )  # fmt: skip


def _hang(
    places: dict[tuple[str, int], Place], nodes: Iterable[Any], projects: Iterable[Any]
) -> list[Place]:
    """Put every place below the one above it; what stands above the actor's reach is not there."""
    above: dict[tuple[str, int], tuple[str, int | None]] = defaultdict(lambda: ("", None))
    for row in nodes:
        above["node", row.id] = ("node", row.parent_id)
    for row in projects:
        above["project", row.id] = (
            ("node", row.organization_id) if row.parent_id is None else ("project", row.parent_id)
        )
    top: list[Place] = []
    # Projects first, so that a node's own projects stand before the nodes below it.
    for key in sorted(places, key=lambda one: one[0] == "node"):
        kind, parent_id = above[key]
        parent = places.get((kind, parent_id or 0))
        (top if parent is None else parent.below).append(places[key])
    return sorted(top, key=lambda one: one.kind != "node")


def _count(place: Place) -> None:
    place.people = {one.user_id for one in place.seats}
    place.projects = int(place.kind in ("project", "phase"))
    for one in place.below:
        _count(one)
        place.people |= one.people
        place.projects += one.projects


def _fits(place: Place, search: str) -> bool:
    """Tell whether the place or anything below it fits; drop what does not."""
    if not search:
        return True
    if search in place.title.lower():
        place.found = True
        return True
    place.seats = [one for one in place.seats if _speaks_of(one, search)]
    place.below = [one for one in place.below if _fits(one, search)]
    place.found = bool(place.seats)
    return place.found or bool(place.below)


def _speaks_of(seat: Seat, search: str) -> bool:
    words = (seat.name, seat.team or "", seat.post or "")
    return any(search in word.lower() for word in words)

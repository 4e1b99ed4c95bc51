"""Leaving staff: what somebody has in hand is found, shown and handed over in one step.

Areas above say what work of theirs can be handed over (``register_work`` in their subscribers).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.admin import roles
from app.admin.models import AppUser
from app.admin.policies import require_reached
from app.admin.principal import forget_principals
from app.admin.sessions import touch_access
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid


@dataclass(frozen=True)
class Item:
    """One thing in somebody's hands: its id, its project and what it is called."""

    id: int
    project_id: int
    title: str


@dataclass(frozen=True)
class Work:
    """A kind of work that can be handed over.

    ``find`` returns what a user has in hand; ``move`` gives those of the items that are still his
    to another user, in the caller's transaction, and may refuse with a sentence; ``permission`` is
    what the successor must hold.
    """

    key: str
    title: Any
    permission: str
    find: Callable[[int], Sequence[Item]]
    move: Callable[[Collection[int], int, int, Actor], None]
    order: int = 0


_works: dict[str, Work] = {}


def register_work(work: Work) -> None:
    """Make a kind of work known. Raises ValueError for a key used twice."""
    if work.key in _works and _works[work.key] != work:
        message = f"work {work.key} is registered twice"
        raise ValueError(message)
    _works[work.key] = work


@dataclass(frozen=True)
class Candidate:
    """Somebody who may take work over."""

    id: int
    name: str


@dataclass(frozen=True)
class Portion:
    """What somebody has in hand of one kind in one project, and who could take it over."""

    work: Work
    project_id: int
    project: str
    items: tuple[Item, ...]
    candidates: tuple[Candidate, ...]

    @property
    def key(self) -> str:
        """Name the portion in a form."""
        return f"{self.work.key}.{self.project_id}"


def list_portions(user: AppUser, *, actor: Actor) -> list[Portion]:
    """Return all that the user has in hand, by project and kind, with possible successors.

    Nothing is left out because the administrator does not see it himself: he governs the user, so
    all of it lies in projects that he reaches. Raises NotAllowed otherwise.
    """
    actor.require("admin.user:hand_over")
    require_reached(user, actor)
    found: list[Portion] = []
    for work in sorted(_works.values(), key=lambda one: one.order):
        by_project: dict[int, list[Item]] = {}
        for item in work.find(user.id):
            by_project.setdefault(item.project_id, []).append(item)
        for project_id, items in by_project.items():
            names = _candidates(project_id, work.permission, user.id)
            title = db.session.scalar(_PROJECT, {"project": project_id})
            found.append(Portion(work, project_id, title or "", tuple(items), tuple(names)))
    return sorted(found, key=lambda one: (one.project, one.work.order))


def has_work(user_id: int) -> bool:
    """Tell whether anything is in the user's hands."""
    return any(work.find(user_id) for work in _works.values())


def hand_over(user: AppUser, *, successors: Mapping[str, int], actor: Actor) -> None:
    """Deactivate a user, end his sessions and memberships, and give his work to colleagues.

    ``successors`` names one for every portion (``Portion.key``). Raises Invalid for a portion
    without one, for a successor who has left, does not reach the project or lacks the right;
    Conflict if the user has left already; NotAllowed as ``list_portions``. All or nothing.
    """
    actor.require("admin.user:hand_over")
    if user.id == actor.id:
        raise Invalid(_l("You cannot deactivate yourself."))
    _take(user)
    with roles.administrators_remain():
        user.active = False
        touch_access(user)
        portions = list_portions(user, actor=actor)
        for portion in portions:
            _check_successor(portion, successors.get(portion.key), user)
        for successor_id in {successors[portion.key] for portion in portions}:
            require_staying(successor_id)
        for portion in portions:
            ids = [item.id for item in portion.items]
            portion.work.move(ids, user.id, successors[portion.key], actor)
        _end_memberships(user)
    db.session.flush()
    if has_work(user.id):
        raise Conflict(_l("Something new came to %(name)s meanwhile. Repeat.", name=user.full_name))
    audit.record(
        "hand_over", table_name="ab_user", row_id=user.id, note=_note(portions, successors)
    )
    forget_principals()


def close_account(user: AppUser) -> None:
    """Wait until the user's running requests have ended, and let no other one of his change things.

    From here on until the end of the transaction whatever he has in hand is seen, and nothing is
    added by him: see access_require_present in the migrations. Must come before anything is locked.
    """
    db.session.execute(_ALONE, {"user": user.id})


def require_staying(user_id: int) -> None:
    """Let nobody deactivate the user before this transaction ends; for what is given to him.

    Nobody waits here. Raises Conflict if he is leaving at this moment or has left.
    """
    stays = bool(db.session.scalar(_STAYS, {"user": user_id}))
    # Asked in a statement of its own, which sees what was committed before the lock was had.
    found = db.session.execute(_PERSON, {"user": user_id}).one_or_none()
    if not stays or found is None or not found.active:
        raise Conflict(
            _l(
                "%(name)s is leaving or has left. Load the page again, and choose a colleague.",
                name=found.name if found is not None else user_id,
            ),
            code="leaving",
        )


def _take(user: AppUser) -> None:
    close_account(user)
    # Rows that refer to him can still be written by others, who wait for nothing.
    found = select(AppUser.active).where(AppUser.id == user.id).with_for_update(key_share=True)
    if not db.session.scalar(found):
        raise Conflict(_l("%(name)s has left already.", name=user.full_name))


def _check_successor(portion: Portion, successor_id: int | None, user: AppUser) -> None:
    if successor_id is None:
        sentence = _l(
            "Say who takes over %(work)s of %(project)s (%(count)s).",
            work=portion.work.title,
            project=portion.project,
            count=len(portion.items),
        )
        raise Invalid(sentence, fields={portion.key: sentence})
    if successor_id not in {one.id for one in portion.candidates}:
        other = db.session.get(AppUser, successor_id)
        sentence = _l(
            "%(name)s cannot take over %(work)s of %(project)s: he has left, does not reach the"
            " project or lacks the right to it.",
            name=other.full_name if other is not None else successor_id,
            work=portion.work.title,
            project=portion.project,
        )
        raise Invalid(sentence, fields={portion.key: sentence})
    if successor_id == user.id:
        raise Invalid(_l("Choose a colleague."))


def _end_memberships(user: AppUser) -> None:
    """Let memberships end with yesterday, so that he reaches nothing if he comes back."""
    yesterday = clock.today() - timedelta(days=1)
    for table in ("admin_organization_member", "estate_project_member", "admin_team_member"):
        known = {"user": user.id, "day": yesterday}
        db.session.execute(text(_GONE.format(table=table)), known)
        db.session.execute(text(_ENDED.format(table=table)), known)
    user.whole_group = False


def _note(portions: Sequence[Portion], successors: Mapping[str, int]) -> dict[str, Any]:
    return {
        portion.key: {"count": len(portion.items), "to": successors[portion.key]}
        for portion in portions
    }


_STAYS = text("SELECT pg_try_advisory_xact_lock_shared(7117, CAST(:user AS integer))")
_PERSON = text(
    "SELECT active, first_name || coalesce(last_name, '') AS name FROM ab_user WHERE id = :user"
)
_ALONE = text("SELECT pg_advisory_xact_lock(7117, CAST(:user AS integer))")
# admin stands below estate and names its tables in SQL instead of importing its models.
_PROJECT = text("SELECT name FROM estate_project WHERE id = :project")
_GONE = "DELETE FROM {table} WHERE user_id = :user AND from_on > :day"
_ENDED = (
    "UPDATE {table} SET until_on = :day, counts = false WHERE user_id = :user"
    " AND coalesce(until_on, 'infinity') > :day"
)
_CANDIDATES = text("""
SELECT u.id, u.first_name || coalesce(u.last_name, '') AS name
  FROM ab_user u
 WHERE u.active AND u.id <> :leaver
   AND (u.whole_group OR u.id IN (SELECT access_users(:project)))
   AND EXISTS (SELECT FROM ab_user_role ur
                 JOIN ab_permission_view_role h ON h.role_id = ur.role_id
                 JOIN ab_permission_view pv ON pv.id = h.permission_view_id
                 JOIN ab_permission p ON p.id = pv.permission_id
                 JOIN ab_view_menu v ON v.id = pv.view_menu_id
                WHERE ur.user_id = u.id AND v.name || ':' || substr(p.name, 5) = :right)
 ORDER BY 2, 1
""")


def _candidates(project_id: int, permission: str, leaver_id: int) -> list[Candidate]:
    known = {"project": project_id, "right": permission, "leaver": leaver_id}
    return [Candidate(row.id, row.name) for row in db.session.execute(_CANDIDATES, known)]

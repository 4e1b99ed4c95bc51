"""Days of memberships: they begin and end by themselves, on the day, and their people are told.

Who reaches what is asked by day (``access_projects`` and its kin), so nothing has to happen for a
membership to count. What remains is to let go of what stands on yesterday: principals are not kept
beyond midnight, and the periodic job ends the sign-ins, so that open streams and tokens go too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.admin import notices
from app.admin.models import AppUser
from app.admin.sessions import touch_access
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid

#: the kinds of membership, and SQL for what each is of
PLACES = {
    "admin_organization_member": "SELECT name FROM admin_organization o"
    " WHERE o.id = m.organization_id",
    "estate_project_member": "SELECT name FROM estate_project p WHERE p.id = m.project_id",
    "admin_team_member": "SELECT p.name || ' · ' || t.name || ' · ' || o.name FROM admin_team t"
    " JOIN admin_post o ON o.id = m.post_id JOIN estate_project p ON p.id = t.project_id"
    " WHERE t.id = m.team_id",
}
COUNTS = (
    "access_today() BETWEEN coalesce(m.from_on, '-infinity') AND coalesce(m.until_on, 'infinity')"
)
_TURNING = """
SELECT m.user_id FROM {table} m WHERE m.counts IS DISTINCT FROM ({counts})
"""
_TURNED = """
UPDATE {table} m SET counts = {counts} FROM {table} was
 WHERE was.id = m.id AND m.counts IS DISTINCT FROM ({counts}) AND m.user_id = ANY(:users)
RETURNING m.user_id, m.counts, was.counts IS NOT NULL AS known, ({place}) AS place,
          m.until_on
"""


def place_of(member: Any) -> str:
    """Return what a membership is of, in words."""
    table = member.__tablename__
    found = db.session.scalar(
        text(f"SELECT ({PLACES[table]}) FROM {table} m WHERE m.id = :id"), {"id": member.id}
    )
    return str(found or "")


def set_days(member: Any, from_on: date | None, until_on: date | None) -> None:
    """Set the first and last day of a membership; None is without bound.

    Raises Invalid for an end before the beginning.
    """
    if until_on is not None and until_on < (from_on or until_on):
        sentence = _l("The last day is not before the first.")
        raise Invalid(sentence, fields={"until_on": sentence})
    member.from_on, member.until_on = from_on, until_on
    member.counts = is_counted(member)


def give_days(member: Any, from_on: date | None, until_on: date | None, *, actor: Actor) -> None:
    """Set the days of a membership that is new or changed; its person signs in again and is told.

    Raises as ``set_days`` and ``take_person``.
    """
    user: AppUser = db.session.get_one(AppUser, member.user_id)
    take_person(user)
    set_days(member, from_on, until_on)
    db.session.flush()
    touch_access(user)
    notices.tell_given(user.id, place_of(member), from_on, until_on, actor=actor)


def is_counted(member: Any) -> bool:
    """Tell whether a membership counts today."""
    today = clock.today()
    return (member.from_on or today) <= today <= (member.until_on or today)


def apply_days(*, actor: Actor) -> int:
    """End the sign-ins of those whose memberships have begun or ended, and tell them.

    Return how many memberships it were. Safe to repeat, and after a pause it catches up.
    """
    turning = " UNION ".join(_TURNING.format(table=table, counts=COUNTS) for table in PLACES)
    people = _take_people(db.session.scalars(text(turning)).all())
    turned: list[Any] = []
    for table, place in PLACES.items():
        statement = _TURNED.format(table=table, counts=COUNTS, place=place)
        turned += db.session.execute(text(statement), {"users": people}).all()
    known = [row for row in turned if row.known]
    for user in _users([row.user_id for row in known]):
        touch_access(user)
    for row in known:
        notices.tell_turned(row.user_id, row.place, row.until_on, begins=row.counts, actor=actor)
    return len(known)


def take_person(user: AppUser) -> None:
    """Lock a user before his memberships are changed, as all do who change both.

    Raises Conflict if he has left since he was read.
    """
    was_there = user.active
    # A new membership is written afterwards, whole.
    with db.session.no_autoflush:
        db.session.refresh(user, ["active"], with_for_update={"key_share": True})
    if was_there and not user.active:
        raise Conflict(_l("%(name)s has left already.", name=user.full_name))


def _take_people(ids: Collection[int]) -> list[int]:
    wanted = select(AppUser.id).where(AppUser.id.in_(set(ids))).order_by(AppUser.id)
    return list(db.session.scalars(wanted.with_for_update(key_share=True)))


def _users(ids: Sequence[int]) -> list[AppUser]:
    found = select(AppUser).where(AppUser.id.in_(set(ids)), AppUser.active).order_by(AppUser.id)
    return list(db.session.scalars(found))

"""Standing in: a member holds another post of his team for some days, then his own again."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin import memberships, policies, teams
from app.admin.models import Post, TeamMember
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotFound

DAY = timedelta(days=1)


def stand_in(
    member: TeamMember, *, post_id: int, from_on: date, until_on: date, actor: Actor
) -> TeamMember:
    """Let a member hold another post of his team for some days, and his own again afterwards.

    His membership becomes up to three, so that one day still names one post. Return the one of
    those days. Raises as ``join_team``; Invalid for days on which he does not belong to the team,
    and for a post of another team or the one that he holds anyway.
    """
    actor.require("admin.team:edit")
    if not actor.reaches(member.project_id):
        raise NotFound(_l("There is nothing here, or it is not within your scope."))
    policies.require_rights_covered(member.user, actor)
    _require_other_post(member, post_id)
    _require_within(member, from_on, until_on)
    memberships.take_person(member.user)
    user_id, own_id, last = member.user_id, member.post_id, member.until_on
    if from_on == member.from_on:
        db.session.delete(member)
    else:
        memberships.set_days(member, member.from_on, from_on - DAY)
    db.session.flush()
    if last is None or until_on < last:
        teams.join_team(
            post_id=own_id, user_id=user_id, from_on=until_on + DAY, until_on=last, actor=actor
        )
    return teams.join_team(
        post_id=post_id, user_id=user_id, from_on=from_on, until_on=until_on, actor=actor
    )


def _require_other_post(member: TeamMember, post_id: int) -> None:
    team_id = db.session.scalar(select(Post.team_id).where(Post.id == post_id))
    if team_id != member.team_id or post_id == member.post_id:
        sentence = _l("Choose another post of the same team.")
        raise Invalid(sentence, fields={"post_id": sentence})


def _require_within(member: TeamMember, from_on: date, until_on: date) -> None:
    first, last = member.from_on, member.until_on
    if not first <= from_on <= until_on <= (last or date.max - DAY):
        sentence = _l(
            "These days do not lie within the membership, which goes from %(first)s to %(last)s.",
            first=first,
            last=last or "…",
        )
        raise Invalid(sentence, fields={"from_on": sentence})

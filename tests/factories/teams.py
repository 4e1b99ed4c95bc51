"""Factories: teams, posts and who holds them."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from app.admin.models import Post, Team, TeamMember
from app.core.db import db

_numbers = itertools.count(1)


def make_team(project: Any, **values: Any) -> Team:
    team = Team(project_id=project.id, **{"name": f"{next(_numbers)}组", **values})
    db.session.add(team)
    db.session.flush()
    return team


def make_post(team: Team, *, superior: Post | None = None, **values: Any) -> Post:
    post = Post(
        team_id=team.id,
        project_id=team.project_id,
        superior_id=superior.id if superior else None,
        **{"name": f"岗位{next(_numbers)}", **values},
    )
    db.session.add(post)
    db.session.flush()
    return post


def put_into(post: Post, user: Any, **values: Any) -> TeamMember:
    member = TeamMember(
        project_id=post.project_id,
        team_id=post.team_id,
        post_id=post.id,
        user_id=user.id,
        **{"from_on": date(2020, 1, 1), **values},
    )
    db.session.add(member)
    db.session.flush()
    return member

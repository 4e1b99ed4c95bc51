"""The demo's people: one user per preset role, names made up."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import check_password_hash, generate_password_hash

from app.admin.models import (
    AppUser,
    Organization,
    OrganizationMember,
    Post,
    PostTemplate,
    Team,
    TeamMember,
)
from app.admin.queries import find_user
from app.admin.sessions import touch_access
from app.core import clock
from app.core.db import db
from app.estate.models import Project, ProjectMember


@dataclass(frozen=True)
class Person:
    """One demo user; ``reach`` is group, project or other (the second project only)."""

    username: str
    name: str
    role: str
    reach: str = "project"


PEOPLE = (
    Person("admin", "管理员", "admin", "group"),
    Person("steward", "方业务", "steward", "group"),
    Person("consultant1", "陈顾问", "consultant"),
    Person("consultant2", "林顾问", "consultant"),
    Person("controller", "何销控", "controller"),
    Person("supervisor", "梁主管", "supervisor"),
    Person("manager", "周经理", "manager"),
    Person("director", "郑总监", "director"),
    Person("cashier", "冯收银", "cashier"),
    Person("accountant", "许会计", "accountant"),
    Person("finance_manager", "曹经理", "finance_manager"),
    Person("finance_director", "彭总监", "finance_director"),
    Person("mortgage", "谢按揭", "mortgage"),
    Person("service", "邓客服", "service"),
    Person("marketing", "萧策划", "marketing"),
    Person("gm", "秦总", "gm", "group"),
    Person("seal", "顾印章", "seal"),
    Person("agency1", "汪代理", "agency", "other"),
)


def demo_password(data: Path) -> str:
    """Return DEMO_PASSWORD, else the one kept in DATA_DIR, made up on first use."""
    given = os.environ.get("DEMO_PASSWORD")
    if given:
        return given
    path = data / "demo-password"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(f"{secrets.token_hex(4)}-{secrets.token_hex(3)}")
    return path.read_text().strip()


def load_people(
    top: Organization, project: Project, other: Project, password: str
) -> dict[str, AppUser]:
    """Make the users that are missing; return all by name."""
    return {person.username: _load(person, top, project, other, password) for person in PEOPLE}


def _load(
    person: Person, top: Organization, project: Project, other: Project, password: str
) -> AppUser:
    user = find_user(person.username)
    if user is not None:
        return user
    user = AppUser(
        username=person.username,
        first_name=person.name,
        last_name="",
        email=f"{person.username}@example.com",
        active=True,
        password=generate_password_hash(password),
    )
    # The administrator gives roles beyond his own rights, which a regional one may not.
    user.whole_group = person.role == "admin"
    user.roles = list(db.session.scalars(select(Role).where(Role.name == person.role)))
    db.session.add(user)
    db.session.flush()
    if person.reach == "group":
        db.session.add(OrganizationMember(user_id=user.id, organization_id=top.id))
    else:
        reached = project if person.reach == "project" else other
        db.session.add(ProjectMember(user_id=user.id, project_id=reached.id))
    db.session.flush()
    return user


def load_teams(project: Project, other: Project, users: dict[str, AppUser]) -> None:
    """Make the template posts and a team in either project, on the posts of the template."""
    lead = PostTemplate(name="销售主管")
    db.session.add(lead)
    db.session.flush()
    seller = PostTemplate(name="置业顾问", superior_id=lead.id)
    db.session.add(seller)
    db.session.flush()
    _team(project, "销售一组", (lead, seller), {
        users["supervisor"]: 0, users["consultant1"]: 1, users["consultant2"]: 1,
    })  # fmt: skip
    _team(other, "代理一组", (lead, seller), {users["agency1"]: 0})


def _team(
    project: Project,
    name: str,
    templates: tuple[PostTemplate, PostTemplate],
    holders: dict[AppUser, int],
) -> None:
    team = Team(project_id=project.id, name=name, organization_id=project.organization_id)
    db.session.add(team)
    db.session.flush()
    posts: list[Post] = []
    for template in templates:
        post = Post(
            project_id=project.id,
            team_id=team.id,
            name=template.name,
            template_id=template.id,
            superior_id=posts[0].id if posts else None,
        )
        db.session.add(post)
        db.session.flush()
        posts.append(post)
    for user, place in holders.items():
        db.session.add(
            TeamMember(
                project_id=project.id,
                team_id=team.id,
                post_id=posts[place].id,
                user_id=user.id,
                from_on=clock.today(),
            )
        )
    db.session.flush()


def reset_passwords(password: str) -> None:
    """Give every demo user this password; sessions of those who had another one end."""
    for person in PEOPLE:
        user = find_user(person.username)
        if user is not None and not check_password_hash(user.password or "", password):
            user.password = generate_password_hash(password)
            touch_access(user)

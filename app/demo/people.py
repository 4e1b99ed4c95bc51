"""The demo's people: one user per preset role, names made up."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import check_password_hash, generate_password_hash

from app.admin.models import AppUser, Organization, OrganizationMember
from app.admin.operations import find_user, touch_access
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
    Person("steward", "业务员方", "steward", "group"),
    Person("consultant1", "陈顾问", "consultant"),
    Person("consultant2", "林顾问", "consultant"),
    Person("controller", "销控员何", "controller"),
    Person("supervisor", "销售主管梁", "supervisor"),
    Person("manager", "销售经理周", "manager"),
    Person("director", "营销总监郑", "director"),
    Person("cashier", "收银员冯", "cashier"),
    Person("accountant", "销售会计许", "accountant"),
    Person("finance_manager", "财务经理曹", "finance_manager"),
    Person("finance_director", "财务总监彭", "finance_director"),
    Person("mortgage", "按揭专员谢", "mortgage"),
    Person("service", "客服专员邓", "service"),
    Person("marketing", "策划经理萧", "marketing"),
    Person("gm", "总经理秦", "gm", "group"),
    Person("seal", "印章管理员顾", "seal"),
    Person("agency1", "代理公司汪", "agency", "other"),
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


def reset_passwords(password: str) -> None:
    """Give every demo user this password; sessions of those who had another one end."""
    for person in PEOPLE:
        user = find_user(person.username)
        if user is not None and not check_password_hash(user.password or "", password):
            user.password = generate_password_hash(password)
            touch_access(user)

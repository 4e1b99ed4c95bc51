"""Factories: organizations, projects and users, which every test needs."""

from __future__ import annotations

import itertools
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app.admin.models import AppUser, Organization, OrganizationMember
from app.core.db import db
from app.estate.models import Project, ProjectMember

_numbers = itertools.count(1)
PASSWORD = "correct horse 1"
_HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")


def make_organization(parent: Organization | None = None, **values: Any) -> Organization:
    number = next(_numbers)
    values = {"code": f"ORG{number}", "name": f"公司{number}", **values}
    organization = Organization(parent_id=parent.id if parent else None, **values)
    db.session.add(organization)
    db.session.flush()
    return organization


def make_project(organization: Organization | None = None, **values: Any) -> Project:
    number = next(_numbers)
    values = {"code": f"P{number}", "name": f"项目{number}", **values}
    organization = organization or make_organization()
    project = Project(organization_id=organization.id, **values)
    db.session.add(project)
    db.session.flush()
    return project


def make_user(
    role: str | list[str],
    *,
    projects: list[Project] | None = None,
    organization: Organization | None = None,
    **values: Any,
) -> AppUser:
    number = next(_numbers)
    codes = [role] if isinstance(role, str) else role
    values = {
        "username": f"user{number}",
        "first_name": f"员工{number}",
        "last_name": "",
        "email": f"user{number}@example.com",
        "password": _HASH,
        "active": True,
        **values,
    }
    user = AppUser(**values)
    user.roles = list(db.session.scalars(select(Role).where(Role.name.in_(codes))))
    assert len(user.roles) == len(codes), f"no such role among {codes}"
    db.session.add(user)
    db.session.flush()
    for project in projects or []:
        db.session.add(ProjectMember(user_id=user.id, project_id=project.id))
    if organization is not None:
        db.session.add(OrganizationMember(user_id=user.id, organization_id=organization.id))
    db.session.flush()
    return user

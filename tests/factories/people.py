"""Factories: organizations, projects and users, which every test needs."""

from __future__ import annotations

import itertools
import secrets
from datetime import timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app.admin.models import AppUser, Organization, OrganizationMember, SignInSession
from app.admin.sessions import Opened, digest_of
from app.core import clock
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


def open_sign_in(user: AppUser, **values: Any) -> Opened:
    """Sign a user in for good: whatever a test does to the clock, the session lasts."""
    key = secrets.token_urlsafe(16)
    late = clock.now() + timedelta(days=36500)
    values = {
        "user_id": user.id,
        "key_digest": digest_of(key),
        "kind": "browser",
        "access_version": user.access_version,
        "started_at": clock.now(),
        "seen_at": late,
        "idle_until": late,
        "ends_at": late,
        "address": "127.0.0.1",
        "device": "Chrome · Windows",
        "duty": "password" if user.must_change_password else "",
        **values,
    }
    row = SignInSession(**values)
    db.session.add(row)
    db.session.flush()
    return Opened(row.id, user.id, user.access_version, key, row.duty)


def token_for(user: AppUser) -> str:
    """A bearer token for the user; the caller is inside the application's context."""
    from app.admin.security import issue_token

    return issue_token(open_sign_in(user, kind="program"))[0]

"""Projects, and who belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.admin import memberships
from app.admin.models import Organization
from app.admin.notices import tell_taken
from app.admin.policies import require_rights_covered
from app.admin.principal import forget_principals
from app.admin.reach import reaches_node
from app.admin.sessions import read_access_anew, touch_access
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, NotAllowed
from app.core.money import FEN
from app.estate import policies
from app.estate.entries import check_project, taken_sentence
from app.estate.facts import FACTS, read_map_point
from app.estate.models import Project, ProjectMember
from app.estate.operations.records import add_row, change_row, remove_row
from app.estate.queries import get_user

#: the organization that a first project is put under where there is none at all
FIRST_ORGANIZATION = "GROUP"


def find_project_by_code(code: str) -> Project | None:
    """Return the project of that code within scope, or None."""
    found: Project | None = db.session.scalar(select(Project).where(Project.code == code))
    return found


def create_project(  # noqa: PLR0913 - one argument a field of the form
    *,
    code: str,
    name: str,
    organization_id: int | None = None,
    parent_id: int | None = None,
    company: str | None = None,
    city: str | None = None,
    address: str | None = None,
    total_rounding: Decimal = FEN,
    team_shares: bool = False,
    actor: Actor,
    **facts: Any,
) -> Project:
    """Add a project; without an organization, under the group's top.

    ``facts`` are what is known of its land and building, fields of Project in FACTS. Raises
    NotAllowed, also for an organization that the actor does not reach; Conflict if the code is
    taken anywhere in the group; Invalid with every field of an unknown rounding or facts that
    cannot be.
    """
    actor.require(f"{policies.PROJECT}:add")
    owner = organization_id or _top_organization()
    _require_organization(owner, actor)
    if parent_id is not None:
        policies.require_reach(actor, parent_id)
    check_project({**facts, "code": code, "total_rounding": total_rounding})
    facts = _as_kept(facts)
    project = Project(
        **facts,
        code=code,
        name=name,
        organization_id=owner,
        parent_id=parent_id,
        company=company,
        city=city,
        address=address,
        total_rounding=total_rounding,
        team_shares=team_shares,
    )
    add_row(project, taken=taken_sentence(Project, code))
    # Who reaches it changes with it: for whoever adds it at once, for others within half a minute.
    forget_principals()
    if actor.id is not None:
        read_access_anew([actor.id])
    return project


def edit_project(project: Project, *, actor: Actor, **values: Any) -> Project:
    """Change a project. Raises as ``create_project``; Invalid for a project inside itself."""
    actor.require(f"{policies.PROJECT}:edit")
    policies.require_reach(actor, project.id)
    if "organization_id" in values and values["organization_id"] != project.organization_id:
        _require_organization(values["organization_id"], actor)
    if values.get("parent_id") is not None:
        policies.require_reach(actor, values["parent_id"])
        _check_parent(project, values["parent_id"])
    check_project(values, row=project)
    values |= _as_kept({name: values[name] for name in FACTS if name in values})
    # Who sees whose customers may change with it.
    forget_principals()
    return change_row(
        project, values, taken=taken_sentence(Project, values.get("code", project.code))
    )


def delete_project(project: Project, *, actor: Actor) -> None:
    """Delete an empty project. Raises Conflict while anything hangs on it."""
    actor.require(f"{policies.PROJECT}:delete")
    policies.require_reach(actor, project.id)
    sentence = _l(
        "%(name)s has buildings, people or deals and cannot be deleted.", name=project.name
    )
    remove_row(project, used=sentence)


def add_member(
    *,
    project_id: int,
    user_id: int,
    from_on: date | None = None,
    until_on: date | None = None,
    actor: Actor,
) -> ProjectMember:
    """Let a user reach the project and its phases on these days; he has to sign in again.

    Without days it counts from now on until further notice. Raises NotAllowed for a user whose
    rights the actor may not give, Conflict for one who belongs to it already.
    """
    actor.require(f"{policies.PROJECT_MEMBER}:add")
    policies.require_reach(actor, project_id)
    user = get_user(user_id)
    require_rights_covered(user, actor)
    there = select(ProjectMember).where(
        ProjectMember.project_id == project_id, ProjectMember.user_id == user_id
    )
    member: ProjectMember | None = db.session.scalar(there)
    if member is None or (member.until_on or clock.today()) >= clock.today():
        member = add_row(
            ProjectMember(project_id=project_id, user_id=user_id),
            taken=_l("%(name)s belongs to this project already.", name=user.full_name),
        )
    memberships.give_days(member, from_on, until_on, actor=actor)
    return member


def edit_member(
    member: ProjectMember, *, from_on: date | None, until_on: date | None, actor: Actor
) -> ProjectMember:
    """Change the days on which a user reaches a project. Raises as ``add_member``."""
    actor.require(f"{policies.PROJECT_MEMBER}:add")
    policies.require_reach(actor, member.project_id)
    require_rights_covered(member.user, actor)
    memberships.give_days(member, from_on, until_on, actor=actor)
    return member


def remove_member(member: ProjectMember, *, actor: Actor) -> None:
    """Take a project away from a user; he has to sign in again."""
    actor.require(f"{policies.PROJECT_MEMBER}:delete")
    policies.require_reach(actor, member.project_id)
    touch_access(member.user)
    user_id, place = member.user_id, memberships.place_of(member)
    remove_row(member, used=_l("Other records still use this one."))
    tell_taken(user_id, place, actor=actor)


def _top_organization() -> int:
    top: int | None = db.session.scalar(
        select(Organization.id)
        .where(Organization.parent_id.is_(None))
        .order_by(Organization.id)
        .limit(1)
    )
    if top is not None:
        return top
    first = Organization(code=FIRST_ORGANIZATION, name=str(_l("Group")))
    db.session.add(first)
    db.session.flush()
    return first.id


def _require_organization(organization_id: int, actor: Actor) -> None:
    if actor.projects is None:
        return
    if actor.id is None or not reaches_node(actor.id, organization_id):
        raise NotAllowed(
            _l("This organization is not within your scope. Choose one that you belong to.")
        )


def _check_parent(project: Project, parent_id: int) -> None:
    above: Project | None = db.session.get(Project, parent_id)
    while above is not None:
        if above.id == project.id:
            sentence = _l("A project cannot be a phase of itself.")
            raise Invalid(sentence, fields={"parent_id": sentence})
        above = above.parent


def _as_kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts, which have been checked, as they are kept."""
    unknown = set(facts) - set(FACTS)
    if unknown:
        raise TypeError(f"no facts of a project: {unknown}")
    if "map_point" not in facts:
        return dict(facts)
    return {**facts, "map_point": read_map_point(facts["map_point"])}

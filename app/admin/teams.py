"""What administrators do with teams: posts, template posts, and who holds which post."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.admin import memberships, notices, policies
from app.admin.models import AppUser, Post, PostTemplate, Team, TeamMember
from app.admin.principal import forget_principals
from app.admin.reach import require_node, require_whole_group
from app.admin.sessions import touch_access
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict, DomainError, Invalid, NotFound

ONE_TEAM = "ex_admin_team_member_one_team"


def add_team(
    *,
    project_id: int,
    name: str,
    organization_id: int | None = None,
    with_templates: bool = True,
    actor: Actor,
) -> Team:
    """Add a team to a project, with a post for every template post unless that is not wanted.

    Raises NotFound for a project outside the actor's scope, Conflict for a name that is taken.
    """
    actor.require("admin.team:add")
    _require_reach(project_id, actor)
    if organization_id is not None:
        require_node(organization_id, actor)
    team = Team(project_id=project_id, name=name, organization_id=organization_id)
    _add(team, _l("The project has a team called %(name)s already.", name=name), "name")
    if with_templates:
        _follow_all_templates(team)
    return team


def edit_team(team: Team, *, name: str, organization_id: int | None, actor: Actor) -> Team:
    """Change a team. Raises as ``add_team``."""
    actor.require("admin.team:edit")
    _require_reach(team.project_id, actor)
    if organization_id not in (None, team.organization_id):
        require_node(organization_id, actor)
    taken = select(Team.id).where(
        Team.project_id == team.project_id, Team.name == name, Team.id != team.id
    )
    if db.session.scalar(taken) is not None:
        sentence = _l("The project has a team called %(name)s already.", name=name)
        raise Conflict(sentence, fields={"name": sentence})
    team.name, team.organization_id = name, organization_id
    db.session.flush()
    return team


def delete_team(team: Team, *, actor: Actor) -> None:
    """Delete a team with its posts. Raises Conflict if anybody is or was a member."""
    actor.require("admin.team:delete")
    _require_reach(team.project_id, actor)
    if db.session.scalar(select(TeamMember.id).where(TeamMember.team_id == team.id).limit(1)):
        raise Conflict(
            _l("%(name)s has or had members. Take them out of it first.", name=team.name)
        )
    for post in list_posts(team.id):
        post.superior_id = None
    db.session.flush()
    db.session.delete(team)
    db.session.flush()


def list_posts(team_id: int) -> list[Post]:
    """Return the posts of a team, as they were made."""
    return list(db.session.scalars(select(Post).where(Post.team_id == team_id).order_by(Post.id)))


# Posts


def add_post(
    *,
    team_id: int,
    name: str | None = None,
    superior_id: int | None = None,
    template_id: int | None = None,
    actor: Actor,
) -> Post:
    """Add a post to a team; one that follows a template takes its name and superior from it.

    Raises NotFound outside the scope, Conflict for a name that is taken, Invalid for a superior of
    another team or a post without a name.
    """
    actor.require("admin.team:edit")
    team = _there(db.session.scalar(select(Team).where(Team.id == team_id)))
    post = Post(team_id=team.id, project_id=team.project_id, name="")
    _describe(post, name, superior_id, template_id)
    _add(post, _l("The team has a post called %(name)s already.", name=post.name), "name")
    forget_principals()
    return post


def edit_post(
    post: Post,
    *,
    name: str | None,
    superior_id: int | None,
    template_id: int | None,
    actor: Actor,
) -> Post:
    """Change a post; what people see follows it. Raises as ``add_post``."""
    actor.require("admin.team:edit")
    _require_reach(post.project_id, actor)
    with db.session.no_autoflush:
        _describe(post, name, superior_id, template_id)
    _refuse_circle(Post, post.id, post.superior_id)
    _add(post, _l("The team has a post called %(name)s already.", name=post.name), "name")
    forget_principals()
    return post


def delete_post(post: Post, *, actor: Actor) -> None:
    """Delete a post that nobody holds or held. Raises Conflict; posts below it move up."""
    actor.require("admin.team:edit")
    _require_reach(post.project_id, actor)
    if db.session.scalar(select(TeamMember.id).where(TeamMember.post_id == post.id).limit(1)):
        raise Conflict(_l("Somebody holds or held the post %(name)s.", name=post.name))
    for below in db.session.scalars(select(Post).where(Post.superior_id == post.id)):
        below.superior_id = post.superior_id
    db.session.flush()
    db.session.delete(post)
    db.session.flush()
    forget_principals()


def _describe(
    post: Post, name: str | None, superior_id: int | None, template_id: int | None
) -> None:
    post.template_id = template_id
    if template_id is not None:
        template = _there(db.session.get(PostTemplate, template_id))
        post.name, post.superior_id = template.name, _superior_by_template(post, template)
        return
    if not (name or "").strip():
        sentence = _l("Give the post a name, or let it follow a template post.")
        raise Invalid(sentence, fields={"name": sentence})
    if superior_id is not None:
        above = db.session.scalar(select(Post).where(Post.id == superior_id))
        if above is None or above.team_id != post.team_id:
            sentence = _l("A superior post belongs to the same team.")
            raise Invalid(sentence, fields={"superior_id": sentence})
    post.name, post.superior_id = str(name).strip(), superior_id


def _superior_by_template(post: Post, template: PostTemplate) -> int | None:
    """Return the team's post that follows the nearest template above, if it has one."""
    above = template.superior
    while above is not None:
        found: int | None = db.session.scalar(
            select(Post.id).where(Post.team_id == post.team_id, Post.template_id == above.id)
        )
        if found is not None:
            return found
        above = above.superior
    return None


# Template posts


def add_template(*, name: str, superior_id: int | None = None, actor: Actor) -> PostTemplate:
    """Add a template post.

    Raises NotAllowed unless the actor reaches every project: new teams of all begin with it.
    Conflict for a name that is taken.
    """
    actor.require("admin.post_template:edit")
    require_whole_group(actor)
    template = PostTemplate(name=name, superior_id=superior_id)
    _add(template, _l("There is a template post called %(name)s already.", name=name), "name")
    return template


def edit_template(
    template: PostTemplate, *, name: str, superior_id: int | None, actor: Actor
) -> PostTemplate:
    """Change a template post; every post that follows it changes with it.

    Raises NotAllowed unless the actor reaches every project, Conflict for a name that is taken,
    here or in a team of a follower; Invalid if it would stand above itself.
    """
    actor.require("admin.post_template:edit")
    require_whole_group(actor)
    _refuse_circle(PostTemplate, template.id, superior_id)
    template.name, template.superior_id = name, superior_id
    _add(template, _l("There is a template post called %(name)s already.", name=name), "name")
    db.session.refresh(template, ["superior"])
    for post in _followers():
        with db.session.no_autoflush:
            above = _there(post.template)
            post.name, post.superior_id = above.name, _superior_by_template(post, above)
        _add(post, _l("A team has a post of its own called %(name)s.", name=name), "name")
    forget_principals()
    return template


def delete_template(template: PostTemplate, *, actor: Actor) -> None:
    """Delete a template post; posts that followed it go on as they are.

    Raises NotAllowed unless the actor reaches every project.
    """
    actor.require("admin.post_template:edit")
    require_whole_group(actor)
    for post in _followers(template.id):
        post.template_id = None
    below = select(PostTemplate).where(PostTemplate.superior_id == template.id)
    for one in db.session.scalars(below):
        one.superior_id = template.superior_id
    db.session.flush()
    db.session.delete(template)
    db.session.flush()


def _followers(template_id: int | None = None) -> list[Post]:
    found = select(Post).where(Post.template_id.is_not(None)).order_by(Post.team_id, Post.id)
    if template_id is not None:
        found = found.where(Post.template_id == template_id)
    # A template binds teams that the administrator does not see himself.
    return list(db.session.scalars(found.execution_options(whole_group=True)))


def _follow_all_templates(team: Team) -> None:
    waiting = list(db.session.scalars(select(PostTemplate).order_by(PostTemplate.id)))
    made: set[int] = set()
    while waiting:
        # From the top down, so that a superior is there when its inferior looks for it.
        ready = [one for one in waiting if one.superior_id is None or one.superior_id in made]
        for template in ready:
            post = Post(team_id=team.id, project_id=team.project_id, name=template.name)
            _describe(post, None, None, template.id)
            db.session.add(post)
            db.session.flush()
            made.add(template.id)
        waiting = [one for one in waiting if one.id not in made]


# Members


def join_team(
    *,
    post_id: int,
    user_id: int,
    from_on: date | None = None,
    until_on: date | None = None,
    actor: Actor,
) -> TeamMember:
    """Put a user on a post from a day on; he reaches the project and signs in again.

    Raises NotFound outside the scope, NotAllowed for a user whose rights the actor may not give,
    Conflict if he is in a team of the project at that time.
    """
    actor.require("admin.team:edit")
    post = _there(db.session.scalar(select(Post).where(Post.id == post_id)))
    user = _there(db.session.get(AppUser, user_id))
    policies.require_rights_covered(user, actor)
    if not user.active:
        sentence = _l("%(name)s has left.", name=user.full_name)
        raise Invalid(sentence, fields={"user_id": sentence})
    memberships.take_person(user)
    member = TeamMember(project_id=post.project_id, team_id=post.team_id, post_id=post.id)
    member.user_id = user.id
    memberships.set_days(member, from_on or clock.today(), until_on)
    _add(member, _busy(user), "user_id")
    _given(member, actor)
    return member


def edit_membership(
    member: TeamMember, *, post_id: int, from_on: date, until_on: date | None, actor: Actor
) -> TeamMember:
    """Change post or days of a membership. Raises as ``join_team``; Invalid for another team."""
    actor.require("admin.team:edit")
    _require_reach(member.project_id, actor)
    post = _there(db.session.scalar(select(Post).where(Post.id == post_id)))
    if post.team_id != member.team_id:
        sentence = _l("End this membership and begin one in the other team.")
        raise Invalid(sentence, fields={"post_id": sentence})
    policies.require_rights_covered(member.user, actor)
    memberships.take_person(member.user)
    member.post_id = post.id
    memberships.set_days(member, from_on, until_on)
    _add(member, _busy(member.user), "user_id")
    _given(member, actor)
    return member


def end_membership(member: TeamMember, *, actor: Actor) -> None:
    """Let a membership end with yesterday, or take one away that began today."""
    actor.require("admin.team:edit")
    _require_reach(member.project_id, actor)
    user, yesterday = member.user, clock.today() - timedelta(days=1)
    place = memberships.place_of(member)
    memberships.take_person(user)
    if member.from_on > yesterday:
        db.session.delete(member)
    elif member.until_on is None or member.until_on > yesterday:
        memberships.set_days(member, member.from_on, yesterday)
    db.session.flush()
    _changed(user)
    notices.tell_taken(user.id, place, actor=actor)


def _busy(user: AppUser) -> Any:
    return _l(
        "%(name)s is in a team of this project at that time. End that membership first.",
        name=user.full_name,
    )


def _given(member: TeamMember, actor: Actor) -> None:
    user: AppUser = db.session.get_one(AppUser, member.user_id)
    _changed(user)
    place = memberships.place_of(member)
    notices.tell_given(user.id, place, member.from_on, member.until_on, actor=actor)


def _changed(user: AppUser) -> None:
    """Let the user sign in again; who stands above him sees the change within half a minute."""
    touch_access(user)
    forget_principals()


def _require_reach(project_id: int, actor: Actor) -> None:
    if not actor.reaches(project_id):
        raise _nothing()


def _nothing() -> DomainError:
    return NotFound(_l("There is nothing here, or it is not within your scope."))


def _there(found: Any) -> Any:
    if found is None:
        raise _nothing()
    return found


def _refuse_circle(model: Any, own_id: int, superior_id: int | None) -> None:
    seen = {own_id}
    while superior_id is not None:
        if superior_id in seen:
            sentence = _l("A post cannot stand above itself.")
            raise Invalid(sentence, fields={"superior_id": sentence})
        seen.add(superior_id)
        superior_id = db.session.scalar(select(model.superior_id).where(model.id == superior_id))


def _add(row: Any, taken: Any, field: str) -> None:
    """Write the row; raise Conflict with the sentence if it clashes with another one."""
    try:
        with db.session.begin_nested():
            db.session.add(row)
            db.session.flush()
    except IntegrityError as error:
        if "uq_" not in str(error.orig) and ONE_TEAM not in str(error.orig):
            raise
        raise Conflict(taken, fields={field: taken}) from error

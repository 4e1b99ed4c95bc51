"""Users, role profiles, the organization tree and sign-in failures."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_appbuilder.security.sqla.models import User as FrameworkUser
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import (
    Base,
    code_text,
    created_moment,
    day,
    json_list,
    moment,
    name_text,
    user_ref,
)
from app.core.scope import GroupWide, ProjectScoped

__all__ = [
    "AppUser",
    "Organization",
    "OrganizationMember",
    "Post",
    "PostTemplate",
    "RoleProfile",
    "SignInFailure",
    "Team",
    "TeamMember",
]


class AppUser(FrameworkUser):
    """用户: one person who signs in. ``first_name`` holds the whole Chinese name.

    Named AppUser because the framework's own relationships look for "User" by name.
    """

    __tablename__ = "ab_user"
    __audited__: ClassVar[bool] = True
    __personal__: ClassVar[tuple[str, ...]] = ("password",)

    #: raised by whatever changes what the user may do; sessions and tokens carry it
    access_version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    #: the user must choose a new password before anything else
    must_change_password: Mapped[bool] = mapped_column(Boolean, server_default=false())
    #: reaches every project of the group (administrators and group leaders)
    whole_group: Mapped[bool] = mapped_column(Boolean, server_default=false())

    @property
    def full_name(self) -> str:
        """Return the name as colleagues say it."""
        return f"{self.first_name}{self.last_name}".strip()

    def get_full_name(self) -> str:
        return self.full_name

    def __str__(self) -> str:
        return self.full_name


class RoleProfile(GroupWide, Base):
    """角色档案: a role's title and description; of a preset also what the sync has granted it."""

    __tablename__ = "admin_role_profile"

    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"), unique=True)
    code: Mapped[code_text] = mapped_column(unique=True)
    title: Mapped[name_text]
    description: Mapped[str | None] = mapped_column(String(400))
    #: False for a role that administrators made
    is_preset: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    #: ``area.entity:action`` as granted by the last sync; what an administrator took away since
    #: then is not given back
    granted: Mapped[json_list]


class Organization(GroupWide, Base):
    """组织: a node of the tree group → region → company; projects hang under it."""

    __tablename__ = "admin_organization"

    parent_id: Mapped[int | None] = mapped_column(ForeignKey("admin_organization.id"), index=True)
    code: Mapped[code_text] = mapped_column(unique=True)
    name: Mapped[name_text]
    parent: Mapped[Organization | None] = relationship(remote_side="Organization.id")

    def __str__(self) -> str:
        return self.name


class OrganizationMember(GroupWide, Base):
    """组织成员: a user attached to a node reaches every project below it."""

    __tablename__ = "admin_organization_member"
    __table_args__ = (UniqueConstraint("user_id", "organization_id"),)

    user_id: Mapped[int] = user_ref(nullable=False)
    organization_id: Mapped[int] = mapped_column(ForeignKey("admin_organization.id"), index=True)
    #: first and last day on which it counts; None is without bound
    from_on: Mapped[day | None]
    until_on: Mapped[day | None]
    user: Mapped[AppUser] = relationship(foreign_keys="OrganizationMember.user_id")
    organization: Mapped[Organization] = relationship()


class PostTemplate(GroupWide, Base):
    """模板岗位: a post as the group knows it; posts that follow it take its name and superior."""

    __tablename__ = "admin_post_template"

    name: Mapped[name_text] = mapped_column(unique=True)
    superior_id: Mapped[int | None] = mapped_column(
        ForeignKey("admin_post_template.id"), index=True
    )
    superior: Mapped[PostTemplate | None] = relationship(remote_side="PostTemplate.id")

    def __str__(self) -> str:
        return self.name


class Team(ProjectScoped, Base):
    """团队: the people who sell one project together, under the organization that employs them."""

    __tablename__ = "admin_team"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    name: Mapped[name_text]
    organization_id: Mapped[int | None] = mapped_column(
        ForeignKey("admin_organization.id"), index=True
    )
    organization: Mapped[Organization | None] = relationship()
    # admin stands below estate, whose class the registry finds by its name.
    project: Mapped[Any] = relationship("Project")

    def __str__(self) -> str:
        return self.name


class Post(ProjectScoped, Base):
    """岗位: a place in a team; whoever holds it sees what those on the posts below it see."""

    __tablename__ = "admin_post"
    __table_args__ = (UniqueConstraint("team_id", "name"),)

    team_id: Mapped[int] = mapped_column(ForeignKey("admin_team.id", ondelete="CASCADE"))
    name: Mapped[name_text]
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("admin_post.id"), index=True)
    template_id: Mapped[int | None] = mapped_column(
        ForeignKey("admin_post_template.id"), index=True
    )
    team: Mapped[Team] = relationship()
    superior: Mapped[Post | None] = relationship(remote_side="Post.id")
    template: Mapped[PostTemplate | None] = relationship()

    def __str__(self) -> str:
        return self.name


class TeamMember(ProjectScoped, Base):
    """团队成员: a user on a post of a team; of one project he belongs to one team at a time."""

    __tablename__ = "admin_team_member"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="ends_after_beginning"),
    )

    team_id: Mapped[int] = mapped_column(ForeignKey("admin_team.id"), index=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("admin_post.id"), index=True)
    user_id: Mapped[int] = user_ref(nullable=False)
    #: first and last day on which it counts; no last day is until further notice
    from_on: Mapped[day]
    until_on: Mapped[day | None]
    team: Mapped[Team] = relationship()
    post: Mapped[Post] = relationship()
    user: Mapped[AppUser] = relationship(foreign_keys="TeamMember.user_id")
    project: Mapped[Any] = relationship("Project")

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


class SignInFailure(Base):
    """登录失败: one failed attempt, counted for a name and for an address."""

    __tablename__ = "admin_sign_in_failure"
    __audited__ = False
    __table_args__ = (
        Index("ix_admin_sign_in_failure_username_at", "username", "at"),
        Index("ix_admin_sign_in_failure_address_at", "address", "at"),
    )

    at: Mapped[created_moment]
    username: Mapped[str] = mapped_column(String(128))
    address: Mapped[str] = mapped_column(String(64))
    forgiven_at: Mapped[moment | None]

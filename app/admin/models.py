"""Users, role profiles, the organization tree, and what signing in leaves behind."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_appbuilder.security.sqla.models import User as FrameworkUser
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
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
    "EntrustedRole",
    "Organization",
    "OrganizationMember",
    "PasswordHistory",
    "Post",
    "PostTemplate",
    "RecoveryCode",
    "RoleProfile",
    "RoleSecurity",
    "SecondFactor",
    "SignInFailure",
    "SignInSession",
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
    password_changed_at: Mapped[moment | None]
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


class EntrustedRole(GroupWide, Base):
    """可授予的角色: a role put in the hands of an administrator who does not hold it himself.

    He gives it, and administers the accounts that hold it; its work he may not do.
    """

    __tablename__ = "admin_entrusted_role"
    __table_args__ = (UniqueConstraint("user_id", "role_id"),)

    user_id: Mapped[int] = user_ref(nullable=False)
    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"), index=True)


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
    #: whether it counted when its days were last looked at (``memberships.apply_days``)
    counts: Mapped[bool | None]
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
    #: whether it counted when its days were last looked at (``memberships.apply_days``)
    counts: Mapped[bool | None]
    team: Mapped[Team] = relationship()
    post: Mapped[Post] = relationship()
    user: Mapped[AppUser] = relationship(foreign_keys="TeamMember.user_id")
    project: Mapped[Any] = relationship("Project")

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


class SignInFailure(Base):
    """登录失败: one attempt, counted for a name and for an address before it is looked at.

    An attempt that succeeds is deleted; one whose outcome nobody wrote down counts as failed.
    """

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
    #: still being looked at
    pending: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)


class SignInSession(Base):
    """登录会话: one browser or program signed in as a user; its cookie or token refers to it."""

    __tablename__ = "admin_sign_in_session"
    __audited__ = False

    user_id: Mapped[int] = user_ref(nullable=False)
    #: SHA-256 of the key that only the cookie or token knows
    key_digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: ``browser`` or ``program``
    kind: Mapped[str] = mapped_column(String(10))
    #: the user's when it began; a change of rights raises his, which ends the session
    access_version: Mapped[int]
    started_at: Mapped[moment]
    seen_at: Mapped[moment]
    idle_until: Mapped[moment]
    ends_at: Mapped[moment]
    address: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(80))
    #: digest of the key that the browser keeps, or of a program's kind and address
    browser: Mapped[str] = mapped_column(String(64), server_default="")
    #: what must be done before anything else: ``password``, ``second_factor`` or nothing
    duty: Mapped[str] = mapped_column(String(20), server_default="")
    ended_at: Mapped[moment | None]
    end_reason: Mapped[str] = mapped_column(String(20), server_default="")
    user: Mapped[AppUser] = relationship(foreign_keys="SignInSession.user_id")


class SecondFactor(Base):
    """二次验证: a user's secret for one-time codes, encrypted under the row's id."""

    __tablename__ = "admin_second_factor"
    __audited__ = False

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), unique=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[moment | None]
    #: the time step of the last code that was taken; no code counts twice
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)


class RecoveryCode(Base):
    """恢复码: lets a user in once without his second factor; only a keyed digest is kept."""

    __tablename__ = "admin_recovery_code"
    __audited__ = False
    __table_args__ = (UniqueConstraint("user_id", "code_digest"),)

    user_id: Mapped[int] = user_ref(nullable=False)
    code_digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[moment | None]


class PasswordHistory(Base):
    """用过的密码: the last few, as hashes, so that none is chosen again."""

    __tablename__ = "admin_password_history"
    __audited__ = False

    user_id: Mapped[int] = user_ref(nullable=False)
    at: Mapped[created_moment]
    password: Mapped[str] = mapped_column(String(256))


class RoleSecurity(GroupWide, Base):
    """角色登录要求: what a role asks of the people who hold it when they sign in."""

    __tablename__ = "admin_role_security"

    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"), unique=True)
    second_factor: Mapped[bool] = mapped_column(Boolean, server_default=false())

"""Approval flows, requests and tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.admin.models import AppUser
from app.core.db import (
    Base,
    code_text,
    created_moment,
    json_list,
    json_object,
    long_text,
    moment,
    name_text,
    user_ref,
)
from app.core.scope import GroupWide, ProjectScoped
from app.core.states import State, Stateful, Transitions

__all__ = ["ApprovalFlow", "ApprovalRequest", "ApprovalState", "ApprovalTask"]


class ApprovalState(State):
    """审批状态."""

    DRAFT = "draft"
    RUNNING = "running"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"
    FAILED = "failed"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "draft": _l("Draft"),
            "running": _l("In approval"),
            "returned": _l("Returned"),
            "approved": _l("Approved and executed"),
            "rejected": _l("Rejected"),
            "withdrawn": _l("Withdrawn"),
            "voided": _l("Voided"),
            "failed": _l("Could not be executed"),
        }


class ApprovalFlow(GroupWide, Base):
    """审批流程: the steps of one kind; a new version for every edit, running requests keep theirs.

    ``steps`` is a list of ``{"name", "role", "condition"?}``; a condition compares one figure of
    the request: ``{"any": [["percent", ">", "2.00"], ["below_floor", "=", true]]}``.
    """

    __tablename__ = "workflows_approval_flow"
    __table_args__ = (
        Index("uq_workflows_approval_flow_version", "kind", "version", unique=True),
        Index(
            "uq_workflows_approval_flow_active",
            "kind",
            unique=True,
            postgresql_where=text("is_active"),
        ),
    )

    kind: Mapped[code_text]
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[name_text]
    steps: Mapped[json_list]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    created_at: Mapped[created_moment]
    created_by_id: Mapped[int | None] = user_ref()

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ApprovalRequest(ProjectScoped, Stateful, Base):
    """审批单: one request with the figures frozen at sending and the digest that binds them."""

    __tablename__ = "workflows_approval_request"
    __table_args__ = (
        Index("ix_workflows_approval_request_subject", "subject_type", "subject_id"),
        # What the search looks into (search.py).
        Index(
            "ix_workflows_approval_request_words",
            text("workflows_search_words(number, subject_title)"),
            postgresql_using="gin",
        ),
        Index(
            "ix_workflows_approval_request_customer",
            text("(values ->> 'customer_id')"),
            postgresql_where=text("(values ->> 'customer_id') IS NOT NULL"),
        ),
        Index(
            "uq_workflows_approval_request_live",
            "kind",
            "subject_type",
            "subject_id",
            unique=True,
            postgresql_where=text("state IN ('running','returned','failed')"),
        ),
    )
    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"running", "withdrawn"},
        "running": {"returned", "approved", "rejected", "withdrawn", "voided", "failed"},
        "returned": {"running", "withdrawn"},
        "failed": {"running", "withdrawn"},
        "approved": set(),
        "rejected": set(),
        "withdrawn": set(),
        "voided": set(),
    }

    number: Mapped[code_text] = mapped_column(unique=True)
    kind: Mapped[code_text]
    subject_type: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    #: what the request is about, in words: ``3栋-1单元-2602 · 王**``
    subject_title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), server_default=text("'draft'"))
    applicant_id: Mapped[int] = user_ref(nullable=False)
    reason: Mapped[long_text]
    #: what was asked for
    values: Mapped[json_object]
    #: what conditions look at and approvers see, frozen at sending
    figures: Mapped[json_object]
    #: rows of before → after, frozen at sending
    summary: Mapped[json_list]
    #: binds the approval to the figures: another digest at execution voids it
    digest: Mapped[str | None] = mapped_column(String(64))
    flow_id: Mapped[int | None] = mapped_column(
        ForeignKey("workflows_approval_flow.id"), index=True
    )
    #: the way that this request goes: the flow's steps whose conditions hold
    route: Mapped[json_list]
    #: index into ``route`` of the step that waits
    step: Mapped[int | None]
    sent_at: Mapped[moment | None]
    ended_at: Mapped[moment | None]
    #: what execution brought, e.g. ``{"special_discount_id": 7}``
    result: Mapped[json_object | None]
    #: what the applicant said when he withdrew it
    closing_note: Mapped[long_text | None]
    #: why it could not be executed, or what made it void, in words
    failure: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[created_moment]
    applicant: Mapped[AppUser] = relationship(foreign_keys="ApprovalRequest.applicant_id")
    flow: Mapped[ApprovalFlow | None] = relationship()
    tasks: Mapped[list[ApprovalTask]] = relationship(
        order_by="ApprovalTask.id", back_populates="request"
    )

    def __str__(self) -> str:
        return self.number


class TaskState(State):
    """待办状态."""

    WAITING = "waiting"
    DONE = "done"
    DROPPED = "dropped"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {"waiting": _l("Waiting"), "done": _l("Done"), "dropped": _l("Dropped")}


class Decision(State):
    """决定: what somebody did with a step."""

    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"
    DELEGATE = "delegate"
    OPINION = "opinion"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "approve": _l("agreed"),
            "reject": _l("refused"),
            "return": _l("gave it back"),
            "delegate": _l("handed it over"),
            "opinion": _l("gave an opinion"),
        }


class ApprovalTask(ProjectScoped, Base):
    """待办: one step of one request, waiting for a role or a named person, then its decision."""

    __tablename__ = "workflows_approval_task"
    __table_args__ = (
        Index(
            "ix_workflows_approval_task_waiting",
            "role",
            "project_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        # What concerned a role, the newest first (search.py).
        Index(
            "ix_workflows_approval_task_of_role",
            "role",
            "request_id",
            postgresql_where=text("user_id IS NULL"),
        ),
        Index(
            "ix_workflows_approval_task_user_waiting",
            "user_id",
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    request_id: Mapped[int] = mapped_column(ForeignKey("workflows_approval_request.id"), index=True)
    step: Mapped[int]
    name: Mapped[name_text]
    #: ``step`` decides; ``consult`` gives an opinion only
    purpose: Mapped[str] = mapped_column(String(10), server_default=text("'step'"))
    #: the role code that may act, unless ``user_id`` names a person
    role: Mapped[str | None] = mapped_column(String(40))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    state: Mapped[str] = mapped_column(String(10), server_default=text("'waiting'"))
    created_at: Mapped[created_moment]
    #: who handed the step over or asks for an opinion, and what he asks
    asked_by_id: Mapped[int | None] = user_ref()
    question: Mapped[long_text | None]
    decided_at: Mapped[moment | None]
    decided_by_id: Mapped[int | None] = user_ref()
    #: a Decision
    decision: Mapped[str | None] = mapped_column(String(10))
    comment: Mapped[long_text | None]
    request: Mapped[ApprovalRequest] = relationship(back_populates="tasks")
    user: Mapped[AppUser | None] = relationship(foreign_keys="ApprovalTask.user_id")
    asked_by: Mapped[AppUser | None] = relationship(foreign_keys="ApprovalTask.asked_by_id")
    decided_by: Mapped[AppUser | None] = relationship(foreign_keys="ApprovalTask.decided_by_id")

"""Factories: a toy approval kind over a project, flows and requests."""

# ruff: noqa: ARG002 - a kind keeps the signatures of what it overrides

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Invalid, WrongState
from app.estate.models import Project
from app.workflows import engine
from app.workflows.kinds import ApprovalKind, RequestFacts, Step, ValueField
from app.workflows.models import ApprovalFlow, ApprovalRequest
from app.workflows.sync import default_flow

DEEP = {"any": [["percent", ">", "2.00"], ["below_floor", "=", True]]}


class ToyKind(ApprovalKind):
    """Renames a project: enough to see freezing, execution, failure and voiding on a real row.

    ``city`` is the freeze, ``address`` what execution writes, ``company`` = 关闭 makes execution
    fail after it has written.
    """

    key = "toy_rename"
    title = "改名"
    subject_type = "project"
    default_route = (
        Step("销售经理", "manager"),
        Step("营销总监", "director", DEEP),
    )
    apply_permission = "workflows.request:add"
    fields = (
        ValueField("address", "新地址", "text"),
        ValueField("percent", "折扣", "percent", required=False),
    )
    figure_titles: ClassVar[dict[str, Any]] = {"percent": "折扣", "below_floor": "低于底价"}
    outcome = "改名"

    def load_subject(self, session: Any, subject_id: int) -> Any:
        return session.scalar(select(Project).where(Project.id == subject_id))

    def lock_subject(self, session: Any, subject_id: int) -> None:
        session.execute(select(Project.id).where(Project.id == subject_id).with_for_update())

    def project_id(self, subject: Any) -> int:
        return int(subject.id)

    def subject_title(self, subject: Any, values: dict[str, Any]) -> str:
        return f"{subject.name} · {values['address']}"

    def subject_path(self, subject_id: int, actor: Any) -> str:
        return f"/projects/{subject_id}"

    def clean(self, subject: Any, values: dict[str, Any], actor: Actor) -> dict[str, Any]:
        if not values.get("address"):
            raise Invalid("没有新地址。", fields={"address": "写上新地址。"})
        return {"address": values["address"], "percent": values.get("percent", "1.00")}

    def figures(self, subject: Any, values: dict[str, Any]) -> dict[str, Any]:
        return {"percent": values["percent"], "below_floor": False}

    def summary(self, subject: Any, values: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"label": "名称", "before": None, "after": subject.name},
            {"label": "地址", "before": subject.address, "after": values["address"], "tone": "bad"},
            {"label": "注意", "before": None, "after": None, "note": "低于底价", "tone": "bad"},
        ]

    def digest_source(self, subject: Any, values: dict[str, Any]) -> Any:
        return {"name": subject.name, "address": subject.address, "values": values}

    def on_sent(self, request: RequestFacts, actor: Actor) -> None:
        self._project(request).city = "冻结"

    def on_approved(self, request: RequestFacts, actor: Actor) -> dict[str, Any]:
        project = self._project(request)
        project.address = request.values["address"]
        project.city = None
        db.session.flush()
        if project.company == "关闭":
            raise WrongState("公司已关闭，不能改名。")
        return {"project_id": project.id}

    def on_rejected(self, request: RequestFacts, actor: Actor) -> None:
        self._project(request).city = None

    def _project(self, request: RequestFacts) -> Project:
        return db.session.get_one(Project, request.subject_id)


def make_flow(kind: ApprovalKind, **values: Any) -> ApprovalFlow:
    flow = default_flow(kind)
    for name, value in values.items():
        setattr(flow, name, value)
    db.session.add(flow)
    db.session.flush()
    return flow


def make_request(project: Project, actor: Actor, **values: Any) -> ApprovalRequest:
    """A toy request, sent."""
    reason = values.pop("reason", "地址变了")
    values = {"address": "新街 1 号", **values}
    return engine.submit(ToyKind.key, project.id, values=values, reason=reason, actor=actor)

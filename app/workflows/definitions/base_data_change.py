"""基础资料变更 base_data_change: locked base data may be changed once more."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid, WrongState
from app.estate.base_data import was_locked
from app.pricing import policies
from app.pricing.base_data_fields import field_of, value_text
from app.pricing.models import BaseDataChange, BaseDataChangeLine, BaseDataChangeState
from app.pricing.notices import tell_to_carry_out
from app.pricing.operations.base_data_changes import approve_change, freeze_change, reopen_change
from app.pricing.queries.base_data import get_base_data_change
from app.workflows.kinds import ApprovalKind, RequestFacts, Step, register_kind


class BaseDataChangeKind(ApprovalKind):
    """基础资料变更: subject a ``base_data_change``; no values.

    It needs the scan of the signed paper. Approved, it is carried out by the steward within the
    project's days. Result ``{"base_data_change_id", "execute_by"}``. Source: roles.md,
    "base_data_change: M → L".
    """

    key = "base_data_change"
    title = _l("Change of base data")
    subject_type = "base_data_change"
    apply_permission = f"{policies.BASE_DATA_CHANGE}:submit"
    outcome = _l("It may be carried out")
    figure_titles: ClassVar[dict[str, Any]] = {
        "lines": _l("Values that change"),
        "by_hand": _l("Carried out by hand"),
    }
    default_route = (
        Step(_l("Sales manager"), "manager"),
        Step(_l("General manager"), "gm"),
    )

    def load_subject(self, session: Session, subject_id: int) -> BaseDataChange | None:
        return session.scalar(select(BaseDataChange).where(BaseDataChange.id == subject_id))

    def lock_subject(self, session: Session, subject_id: int) -> None:
        """Lock the change, so that no line is added or taken out meanwhile."""
        session.scalar(
            select(BaseDataChange.id).where(BaseDataChange.id == subject_id).with_for_update()
        )

    def project_id(self, subject: BaseDataChange) -> int:
        return subject.project_id

    def subject_title(self, subject: BaseDataChange, values: dict[str, Any]) -> str:  # noqa: ARG002
        return str(subject)

    def subject_path(self, subject_id: int, actor: Actor) -> str | None:
        may = actor.may(f"{policies.BASE_DATA_CHANGE}:see")
        return f"/base-data-changes/show/{subject_id}" if may else None

    def clean(
        self,
        subject: BaseDataChange,
        values: dict[str, Any],  # noqa: ARG002 - everything stands in the change itself
        actor: Actor,  # noqa: ARG002 - the permission has been checked
    ) -> dict[str, Any]:
        if not policies.can_edit_change(subject):
            raise WrongState(
                _l(
                    "%(change)s is %(state)s and cannot be sent for approval.",
                    change=str(subject),
                    state=BaseDataChangeState(subject.state).title,
                )
            )
        if not was_locked(subject.project_id):
            raise WrongState(
                _l(
                    "The base data of %(project)s are not locked. Change them directly.",
                    project=str(subject.project),
                )
            )
        if subject.scan is None:
            raise Invalid(_l("Hand in the scan of the signed paper first."))
        if not subject.by_hand and not subject.lines:
            raise Invalid(_l("Enter what is to change, or have it carried out by hand."))
        return {}

    def figures(self, subject: BaseDataChange, values: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"lines": len(subject.lines), "by_hand": subject.by_hand}

    def summary(
        self,
        subject: BaseDataChange,
        values: dict[str, Any],  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            {"label": _l("What is to change"), "before": None, "after": subject.content},
            {
                "label": _l("Signed paper"),
                "before": None,
                "after": subject.scan.file_name if subject.scan else "–",
            },
        ]
        if subject.by_hand:
            rows.append(
                {
                    "label": _l("Carried out by hand"),
                    "before": None,
                    "after": None,
                    "note": str(_l("The base data are open while it is carried out.")),
                    "tone": "warn",
                }
            )
        return rows + [_line_row(line) for line in subject.lines]

    def digest_source(self, subject: BaseDataChange, values: dict[str, Any]) -> Any:  # noqa: ARG002
        return {
            "change": subject.id,
            "content": subject.content,
            "by_hand": subject.by_hand,
            "scan": subject.scan.sha256 if subject.scan else None,
            "lines": [[line.id, line.field, _now(line), line.after] for line in subject.lines],
        }

    def on_sent(self, request: RequestFacts, actor: Actor) -> None:
        freeze_change(get_base_data_change(request.subject_id), actor=actor)

    def on_approved(self, request: RequestFacts, actor: Actor) -> dict[str, Any]:
        change = get_base_data_change(request.subject_id)
        approve_change(change, actor=actor)
        tell_to_carry_out(change, actor=actor)
        return {"base_data_change_id": change.id, "execute_by": change.execute_by}

    def on_rejected(self, request: RequestFacts, actor: Actor) -> None:
        self._reopen(request, actor, rejected=True)

    def on_withdrawn(self, request: RequestFacts, actor: Actor) -> None:
        self._reopen(request, actor)

    def on_returned(self, request: RequestFacts, actor: Actor) -> None:
        self._reopen(request, actor)

    def on_voided(self, request: RequestFacts, actor: Actor) -> None:
        self._reopen(request, actor)

    @staticmethod
    def _reopen(request: RequestFacts, actor: Actor, *, rejected: bool = False) -> None:
        reopen_change(get_base_data_change(request.subject_id), rejected=rejected, actor=actor)


def _now(line: BaseDataChangeLine) -> str:
    kind = policies.kind_of_line(line)
    return value_text(kind, line.field, getattr(line.record, line.field))


def _line_row(line: BaseDataChangeLine) -> dict[str, Any]:
    title = field_of(policies.kind_of_line(line), line.field).title
    return {
        "label": f"{line.record} · {title}",
        "before": line.before or "–",
        "after": line.after or "–",
    }


register_kind(BaseDataChangeKind())

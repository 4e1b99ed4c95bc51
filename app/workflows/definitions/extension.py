"""延期 extension: a deal may be signed later than agreed."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core.actor import Actor
from app.estate.models import Room
from app.sales import policies
from app.sales.models import Subscription
from app.sales.operations.extensions import (
    ExtensionOrder,
    check_extension,
    days_extended,
    extend_signing,
    first_deadline,
    is_open,
    read_sign_by,
)
from app.sales.queries import get_subscription
from app.workflows.kinds import ApprovalKind, RequestFacts, Step, ValueField, register_kind


class ExtensionKind(ApprovalKind):
    """延期: subject a subscription; values ``{"sign_by"}``, the new last day to sign.

    Days count from the deadline first agreed. Result ``{"change_id", "sign_by"}``. Source:
    roles.md, "extension: M up to 30 days, L beyond".
    """

    key = "extension"
    title = _l("Extension")
    subject_type = "subscription"
    apply_permission = policies.ASK_CHANGE
    outcome = _l("The deadline moves")
    fields = (
        ValueField(
            "sign_by",
            _l("New signing deadline"),
            "day",
            help=_l("The last day to sign the contract."),
        ),
    )
    figure_titles: ClassVar[dict[str, Any]] = {
        "days": _l("Days after the deadline first agreed"),
        "deal_total": _l("Deal total"),
    }
    default_route = (
        Step(_l("Sales manager"), "manager"),
        Step(_l("General manager"), "gm", {"all": [["days", ">", 30]]}),
    )

    def load_subject(self, session: Session, subject_id: int) -> Subscription | None:
        return session.scalar(
            select(Subscription)
            .where(Subscription.id == subject_id)
            .options(
                joinedload(Subscription.room).joinedload(Room.building),
                joinedload(Subscription.room).joinedload(Room.entrance),
            )
        )

    def lock_subject(self, session: Session, subject_id: int) -> None:
        """Lock the deal, so that it neither ends nor is signed while its deadline moves."""
        session.scalar(
            select(Subscription.id)
            .where(Subscription.id == subject_id)
            .with_for_update(key_share=True)
        )

    def project_id(self, subject: Subscription) -> int:
        return subject.project_id

    def subject_title(self, subject: Subscription, values: dict[str, Any]) -> str:  # noqa: ARG002
        return f"{subject.number} · {subject.room.title}"

    def subject_path(self, subject_id: int, actor: Actor) -> str | None:
        may = actor.may(policies.SEE_SUBSCRIPTIONS)
        return f"/sales/subscriptions/show/{subject_id}" if may else None

    def clean(
        self,
        subject: Subscription,
        values: dict[str, Any],
        actor: Actor,  # noqa: ARG002 - whoever may ask and sees the deal
    ) -> dict[str, Any]:
        wanted = read_sign_by(values)
        check_extension(subject, wanted)
        return {"sign_by": wanted}

    def figures(self, subject: Subscription, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "days": days_extended(subject, read_sign_by(values)),
            "deal_total": subject.deal_total,
        }

    def summary(self, subject: Subscription, values: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = read_sign_by(values)
        days = days_extended(subject, wanted)
        return [
            {
                "label": _l("Sign by"),
                "before": subject.sign_by,
                "after": wanted,
                "note": str(_l("%(days)s days after the deadline first agreed", days=days)),
                "tone": "warn",
            },
            {"label": _l("First agreed"), "before": None, "after": first_deadline(subject)},
        ]

    def digest_source(self, subject: Subscription, values: dict[str, Any]) -> Any:
        return {
            "subscription": subject.id,
            "sign_by": subject.sign_by,
            "values": values,
            "is_open": is_open(subject),
        }

    def on_approved(self, request: RequestFacts, actor: Actor) -> dict[str, Any]:
        deal = get_subscription(request.subject_id)
        order = ExtensionOrder(
            sign_by=read_sign_by(request.values),
            request_id=request.id,
            request_number=request.number,
            applicant_id=request.applicant_id,
            reason=request.reason,
        )
        change = extend_signing(deal, order, actor=actor)
        return {"change_id": change.id, "sign_by": order.sign_by}

    def on_rejected(self, request: RequestFacts, actor: Actor) -> None:
        """Asking froze nothing on the deal, so there is nothing to undo."""


register_kind(ExtensionKind())

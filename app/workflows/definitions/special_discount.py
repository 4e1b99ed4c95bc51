"""特殊折扣 special_discount: a discount beyond authority or below floor, for one room and buyer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core.actor import Actor
from app.core.money import format_yuan, parse_percent, per_area
from app.customers.queries import list_customers
from app.estate.models import Room
from app.estate.queries import get_room
from app.sales import policies
from app.sales.operations.special_discounts import (
    DiscountEffect,
    check_wish,
    discount_effect,
    grant_special_discount,
    own_authority,
    read_wish,
)
from app.workflows.kinds import ApprovalKind, RequestFacts, Step, ValueField, register_kind


def _deeper_than(percent: str) -> dict[str, Any]:
    return {"any": [["percent", ">", percent], ["below_floor", "=", True]]}


class SpecialDiscountKind(ApprovalKind):
    """特殊折扣: subject a room; values ``{"customer_id", "percent", "valid_until"}``.

    ``percent`` is of the list total, this discount alone. Result ``{"special_discount_id"}``: used
    once, for this room, with that customer among the buyers, until that day, on this list total.
    """

    key = "special_discount"
    title = _l("Special discount")
    subject_type = "room"
    apply_permission = policies.ASK_SPECIAL
    outcome = _l("The discount is granted, to be used once")
    fields = (
        ValueField("customer_id", _l("Customer"), "id", editable=False),
        ValueField(
            "percent",
            _l("Discount"),
            "percent",
            help=_l("Percent of the list total, beside the payment method and listed discounts."),
        ),
        ValueField(
            "valid_until",
            _l("Valid until"),
            "day",
            help=_l("The last day on which the room may be subscribed with it."),
        ),
    )
    figure_titles: ClassVar[dict[str, Any]] = {
        "percent": _l("Discount, percent"),
        "list_total": _l("List total, yuan"),
        "total": _l("Price with this discount alone, yuan"),
        "below_floor": _l("Below the floor price"),
    }
    default_route = (
        Step(_l("Sales manager"), "manager"),
        Step(_l("Marketing director"), "director", _deeper_than("2.00")),
        Step(_l("General manager"), "gm", _deeper_than("3.00")),
    )

    def load_subject(self, session: Session, subject_id: int) -> Room | None:
        return session.scalar(
            select(Room)
            .where(Room.id == subject_id)
            .options(joinedload(Room.building), joinedload(Room.entrance))
        )

    def lock_subject(self, session: Session, subject_id: int) -> None:
        """Lock the room, so that none is granted for a room that is just being sold."""
        session.scalar(select(Room.id).where(Room.id == subject_id).with_for_update(key_share=True))

    def project_id(self, subject: Room) -> int:
        return subject.project_id

    def subject_title(self, subject: Room, values: dict[str, Any]) -> str:
        return f"{subject.title} · {_customer(values)}"

    def subject_path(self, subject_id: int, actor: Actor) -> str | None:
        return f"/sales/quotation/{subject_id}" if actor.may(policies.SEE_QUOTE) else None

    def clean(self, subject: Room, values: dict[str, Any], actor: Actor) -> dict[str, Any]:
        wish = read_wish(values)
        check_wish(subject, wish, actor=actor)
        discount_effect(subject, wish.percent)
        return {
            "customer_id": wish.customer_id,
            "percent": wish.percent,
            "valid_until": wish.valid_until,
        }

    def figures(self, subject: Room, values: dict[str, Any]) -> dict[str, Any]:
        effect = _effect(subject, values)
        return {
            "percent": _percent(values),
            "list_total": effect.list_total,
            "total": effect.total,
            "below_floor": effect.below_floor,
        }

    def summary(self, subject: Room, values: dict[str, Any]) -> list[dict[str, Any]]:
        effect = _effect(subject, values)
        percent = _percent(values)
        rows: list[dict[str, Any]] = [
            {"label": _l("Customer"), "before": None, "after": _customer(values)},
            {
                "label": _l("This request"),
                "before": None,
                "after": f"−{percent}%  (−{format_yuan(effect.amount)})",
                "tone": "warn",
            },
            {
                "label": _l("Total price, yuan"),
                "before": format_yuan(effect.list_total),
                "after": format_yuan(effect.total),
            },
            {
                "label": _l("Unit price, yuan per m²"),
                "before": format_yuan(per_area(effect.list_total, subject.gross_area)),
                "after": format_yuan(per_area(effect.total, subject.gross_area)),
            },
            {"label": _l("Valid until"), "before": None, "after": values["valid_until"]},
        ]
        if effect.below_floor:
            # How far below is for those to see who see floor prices; the applicant reads this too.
            note = _l("Below the floor price")
            rows.append({"label": note, "before": None, "after": None, "note": note, "tone": "bad"})
        return rows

    def digest_source(self, subject: Room, values: dict[str, Any]) -> Any:
        effect = _effect(subject, values)
        return {
            "room": subject.id,
            "values": values,
            "list_total": effect.list_total,
            "floor_total": effect.floor_total,
        }

    def own_authority(self, subject: Room, values: dict[str, Any], actor: Actor) -> str | None:
        """Return the role whose own authority covers the depth; never below the floor price."""
        if _effect(subject, values).below_floor:
            return None
        return own_authority(_percent(values), actor, subject.project_id)

    def on_approved(self, request: RequestFacts, actor: Actor) -> dict[str, Any]:
        granted = grant_special_discount(
            get_room(request.subject_id),
            read_wish(request.values),
            applicant_id=request.applicant_id,
            request_id=request.id,
            actor=actor,
        )
        return {"special_discount_id": granted.id}

    def on_rejected(self, request: RequestFacts, actor: Actor) -> None:
        """Asking froze nothing on the room, so there is nothing to undo."""


def _effect(subject: Room, values: dict[str, Any]) -> DiscountEffect:
    return discount_effect(subject, _percent(values))


def _percent(values: dict[str, Any]) -> Decimal:
    """Return the percent as kept; the day may lie in the past by the time this is asked."""
    return parse_percent(str(values["percent"]))


def _customer(values: dict[str, Any]) -> str:
    found = list_customers([int(values["customer_id"])])
    return found[0].masked_name if found else "–"


register_kind(SpecialDiscountKind())

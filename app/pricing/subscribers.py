"""What prices add to the pages of rooms: release, withdraw, confirm the price, draft a plan."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import validators

from app.core.actor import Actor
from app.core.errors import Invalid
from app.estate.models import Room, RoomStatus
from app.estate.room_steps import register_room_link, register_room_step
from app.pricing import opening_findings, operations, policies, reshaped
from app.pricing.operations import Adjustment, PlanHead
from app.pricing.queries import RoomSelection
from app.web.actions import PageLink, RowAction
from app.web.crud_forms import AmountField, LineField


def release(
    rooms: Sequence[Room], *, reason: str, unready_reason: str | None = None, actor: Actor
) -> None:
    """Release the chosen rooms, all or none."""
    operations.release_for_sale(
        room_ids=[room.id for room in rooms],
        reason=reason,
        unready_reason=unready_reason,
        actor=actor,
    )


def withdraw(rooms: Sequence[Room], *, reason: str, actor: Actor) -> None:
    """Withdraw the chosen rooms, all or none."""
    operations.withdraw_from_sale(room_ids=[room.id for room in rooms], reason=reason, actor=actor)


def confirm(room: Room, *, actor: Actor) -> None:
    """Take a room that awaits a price back on sale."""
    operations.confirm_price(room.id, actor=actor)


def draft_plan(
    rooms: Sequence[Room], *, name: str, actor: Actor, **changes: Decimal | None
) -> None:
    """Draft a plan of the chosen rooms: by the change that was given, or by hand without one."""
    projects = {room.project_id for room in rooms}
    if len(projects) > 1:
        raise Invalid(_l("A price plan is of one project. Choose rooms of one project only."))
    selection = RoomSelection(projects.pop(), room_ids=tuple(room.id for room in rooms))
    head = PlanHead(name, selection)
    if any(change is not None for change in changes.values()):
        operations.draft_adjusted_plan(head, adjustment=Adjustment(**changes), actor=actor)
    else:
        operations.draft_plan_by_hand(head, actor=actor)


def _reason() -> Any:
    return LineField(_l("Reason"), [validators.InputRequired(message=_l("Give a reason."))])


register_room_step(
    RowAction(
        "release",
        _l("Release for sale"),
        f"{policies.SALE}:release",
        release,
        fields={
            "reason": _reason(),
            "unready_reason": LineField(
                _l("Why before the opening checklist is complete"),
                description=_l("Needed only while something on it is not ready."),
            ),
        },
        when=lambda room: room.status == RoomStatus.UNRELEASED.value,
        together=True,
        kind="p",
        done=_l("The rooms are for sale now."),
    )
)
register_room_step(
    RowAction(
        "withdraw",
        _l("Withdraw from sale"),
        f"{policies.SALE}:withdraw",
        withdraw,
        fields={"reason": _reason()},
        when=lambda room: room.status in {RoomStatus.AVAILABLE.value, RoomStatus.REPRICING.value},
        together=True,
        done=_l("The rooms are off the market now."),
    )
)
register_room_step(
    RowAction(
        "confirm-price",
        _l("Confirm the price"),
        f"{policies.SALE}:confirm_price",
        confirm,
        confirm=_l("Put this room back on sale at its present price?"),
        when=lambda room: room.status == RoomStatus.REPRICING.value,
        done=_l("The rooms are for sale now."),
    )
)
register_room_step(
    RowAction(
        "draft-plan",
        _l("Into a price plan"),
        f"{policies.PLAN}:add",
        draft_plan,
        fields={
            "name": LineField(
                _l("Price plan"), [validators.InputRequired(message=_l("Give it a name."))]
            ),
            "percent": AmountField(
                _l("By percent"),
                description=_l(
                    "3 raises, -3 lowers. Leave all three empty to type prices by hand."
                ),
            ),
            "per_area": AmountField(_l("By yuan per m²")),
            "per_room": AmountField(_l("By yuan a room")),
        },
        together=True,
        single=False,
        done=_l("The draft is among the price plans."),
    )
)
register_room_link(
    PageLink(
        _l("Price history"),
        f"{policies.ROOM_PRICE}:see",
        lambda room: f"/room-prices/of/{room.id}",
        icon="money",
    )
)

reshaped.listen()

# Importing it is what connects it.
__all__ = ["opening_findings"]

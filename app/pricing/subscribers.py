"""What prices add to the pages of rooms: release, withdraw, confirm the price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import validators

from app.core.actor import Actor
from app.estate.models import Room, RoomStatus
from app.estate.room_steps import register_room_link, register_room_step
from app.pricing import operations, policies
from app.web.actions import PageLink, RowAction
from app.web.crud_forms import LineField


def release(rooms: Sequence[Room], *, reason: str, actor: Actor) -> None:
    """Release the chosen rooms, all or none."""
    operations.release_for_sale(room_ids=[room.id for room in rooms], reason=reason, actor=actor)


def withdraw(rooms: Sequence[Room], *, reason: str, actor: Actor) -> None:
    """Withdraw the chosen rooms, all or none."""
    operations.withdraw_from_sale(room_ids=[room.id for room in rooms], reason=reason, actor=actor)


def confirm(room: Room, *, actor: Actor) -> None:
    """Take a room that awaits a price back on sale."""
    operations.confirm_price(room.id, actor=actor)


def _reason() -> Any:
    return LineField(_l("Reason"), [validators.InputRequired(message=_l("Give a reason."))])


register_room_step(
    RowAction(
        "release",
        _l("Release for sale"),
        f"{policies.SALE}:release",
        release,
        fields={"reason": _reason()},
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
register_room_link(
    PageLink(
        _l("Price history"),
        f"{policies.ROOM_PRICE}:see",
        lambda room: f"/room-prices/of/{room.id}",
        icon="money",
    )
)

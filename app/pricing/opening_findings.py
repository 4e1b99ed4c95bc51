"""What pricing sees of how ready a project is to be sold: prices, methods, discounts."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, func, select

from app.core.db import db
from app.estate.models import Room
from app.estate.opening import Finding, OpeningKind
from app.estate.queries import rooms_of
from app.estate.signals import opening_examined
from app.pricing.models import Discount, PaymentMethod, RoomPrice


@opening_examined.connect
def examine(_sender: Any, *, project_id: int, building_ids: tuple[int, ...]) -> dict[str, Finding]:
    """Judge prices of buildings, none for all, and payment methods and discounts of a project."""
    methods = _active(PaymentMethod, project_id)
    discounts = _active(Discount, project_id)
    return {
        OpeningKind.PRICES.value: _prices(rooms_of(project_id, building_ids)),
        OpeningKind.METHODS.value: Finding(
            methods > 0, _l("%(count)d payment methods in use.", count=methods)
        ),
        OpeningKind.DISCOUNTS.value: Finding(
            discounts > 0, _l("%(count)d discounts in use.", count=discounts)
        ),
    }


def _active(model: Any, project_id: int) -> int:
    wanted = select(func.count(model.id)).where(
        model.project_id == project_id, model.is_active.is_(True)
    )
    return db.session.scalar(wanted) or 0


def _prices(wanted: ColumnElement[bool]) -> Finding:
    priced = exists().where(RoomPrice.room_id == Room.id, RoomPrice.valid_to.is_(None))
    count, lacking = db.session.execute(
        select(func.count(), func.count().filter(~priced)).where(wanted)
    ).one()
    if lacking:
        return Finding(False, _l("%(count)d rooms have no price in force.", count=lacking))
    return Finding(count > 0, _l("%(count)d rooms are priced.", count=count))

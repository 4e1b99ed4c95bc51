"""Payment methods and discounts."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import selectinload

from app.core.db import db
from app.pricing.models import Discount, PaymentMethod
from app.pricing.queries.found import there


def list_payment_methods(project_id: int, *, on: date | None = None) -> list[PaymentMethod]:
    """Return the payment methods of a project with their lines, in their order.

    ``on`` leaves out those that are switched off or not valid that day.
    """
    wanted = (
        select(PaymentMethod)
        .where(PaymentMethod.project_id == project_id)
        .options(selectinload(PaymentMethod.lines), selectinload(PaymentMethod.buildings))
    )
    if on is not None:
        wanted = wanted.where(*_valid(PaymentMethod, on))
    return list(db.session.scalars(wanted.order_by(PaymentMethod.position, PaymentMethod.id)))


def list_discounts(project_id: int, *, on: date | None = None) -> list[Discount]:
    """Return the discounts of a project in their order; ``on`` as for payment methods."""
    wanted = (
        select(Discount)
        .where(Discount.project_id == project_id)
        .options(selectinload(Discount.buildings))
    )
    if on is not None:
        wanted = wanted.where(*_valid(Discount, on))
    return list(db.session.scalars(wanted.order_by(Discount.position, Discount.id)))


def get_payment_method(method_id: int) -> PaymentMethod:
    """Return the payment method with its lines. Raises NotFound outside scope."""
    found: PaymentMethod | None = db.session.scalar(
        select(PaymentMethod)
        .where(PaymentMethod.id == method_id)
        .options(selectinload(PaymentMethod.lines))
    )
    return there(found, _l("There is no such payment method within your scope."))


def get_discount(discount_id: int) -> Discount:
    """Return the discount. Raises NotFound outside scope."""
    found: Discount | None = db.session.scalar(select(Discount).where(Discount.id == discount_id))
    return there(found, _l("There is no such discount within your scope."))


def _valid(entity: Any, on: date) -> tuple[ColumnElement[bool], ...]:
    return (
        entity.is_active,
        or_(entity.valid_from.is_(None), entity.valid_from <= on),
        or_(entity.valid_to.is_(None), entity.valid_to >= on),
    )

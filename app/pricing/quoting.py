"""Makes a quote from what is kept: room, price in force, payment method and chosen discounts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.core import clock
from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.db import db
from app.core.errors import Invalid, NotFound
from app.core.money import plain
from app.estate.milestones import MilestoneKind
from app.estate.models import Project, Room
from app.estate.policies import require_reach
from app.estate.queries import reached_stages
from app.pricing.grantors import require_grant
from app.pricing.models import Discount, PaymentMethod, PaymentMethodLine, RoomPrice
from app.pricing.quotes import (
    DiscountKind,
    DiscountTerms,
    DueKind,
    DueRule,
    Line,
    LineBasis,
    LineKind,
    LineTerms,
    MethodTerms,
    PriceBasis,
    Quote,
    SpecialTerms,
    Step,
    calculate,
)

#: steps whose names are ours to translate; the others are names of records
OWN_STEPS = ("list", "rounding")

#: what a special discount is for a room; raises a DomainError if it may not be used for it
SpecialResolver = Callable[[int, int, Actor], SpecialTerms]
_special_resolver: list[SpecialResolver] = []


def register_special_resolver(resolve: SpecialResolver) -> None:
    """Let the area that grants special discounts say what one is: ``resolve(id, room_id, actor)``.

    Prices stand below sales and cannot ask it themselves.
    """
    _special_resolver[:] = [resolve]


def resolve_special(special_discount_id: int, *, room_id: int, actor: Actor) -> SpecialTerms:
    """Return the terms of a granted special discount. Raises NotFound or what sales says of it."""
    if not _special_resolver:
        raise NotFound(_l("There is no such special discount within your scope."))
    return _special_resolver[0](special_discount_id, room_id, actor)


@dataclass(frozen=True, slots=True)
class PricedRoom:
    """What a quote needs of a room: areas in m², its price in force in yuan, its project's step."""

    room_id: int
    project_id: int
    building_id: int
    gross_area: Decimal
    inside_area: Decimal | None
    price_basis: str
    list_total: Decimal
    floor_total: Decimal
    rounding: Decimal


def get_priced_room(room_id: int) -> PricedRoom:
    """Return the room with its price. Raises NotFound outside scope, Invalid without a price."""
    row = db.session.execute(
        select(
            Room.id,
            Room.project_id,
            Room.building_id,
            Room.gross_area,
            Room.inside_area,
            RoomPrice.price_basis,
            RoomPrice.list_total,
            RoomPrice.floor_total,
            Project.total_rounding,
        )
        .join(Project, Project.id == Room.project_id)
        .outerjoin(RoomPrice, (RoomPrice.room_id == Room.id) & RoomPrice.valid_to.is_(None))
        .where(Room.id == room_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_l("There is no such room within your scope."))
    if row.list_total is None:
        raise Invalid(
            _l("This room has no price yet. Get a price plan approved first."), code="no_price"
        )
    return PricedRoom(*row)


def quote(
    *,
    room_id: int,
    payment_method_id: int,
    discount_ids: Collection[int] = (),
    special_percent: Decimal | None = None,
    special_name: str = "",
    on: date | None = None,
    contracted_on: date | None = None,
    actor: Actor,
) -> Quote:
    """Return what the room costs under these terms; writes nothing.

    ``special_percent`` is an approved special discount in percent of the list total. Raises
    NotFound for a room outside scope; Invalid for a room without price, terms of another project,
    terms not valid on the day, or terms that do not go together.
    """
    day = on or clock.today()
    room = get_priced_room(room_id)
    require_reach(actor, room.project_id)
    method = _method(payment_method_id, room, day)
    discounts = _discounts(discount_ids, room, day, actor)
    special = None
    if special_percent is not None:
        special = SpecialTerms(special_name or gettext("Special discount"), special_percent)
    try:
        return calculate(
            list_total=room.list_total,
            gross_area=room.gross_area,
            inside_area=room.inside_area,
            price_basis=PriceBasis(room.price_basis),
            method=method,
            discounts=discounts,
            special=special,
            rounding=room.rounding,
            subscribed_on=day,
            contracted_on=contracted_on,
        )
    except BadValue as error:
        raise Invalid(error.message, code=error.code) from error


def _method(method_id: int, room: PricedRoom, day: date) -> MethodTerms:
    method: PaymentMethod | None = db.session.scalar(
        select(PaymentMethod)
        .where(PaymentMethod.id == method_id, PaymentMethod.project_id == room.project_id)
        .options(selectinload(PaymentMethod.lines), selectinload(PaymentMethod.buildings))
    )
    if method is None:
        sentence = _l("Choose a payment method of this project.")
        raise Invalid(sentence, fields={"payment_method_id": sentence})
    _check_valid(method, day, "payment_method_id")
    _check_place(method, room, "payment_method_id")
    waits = any(line.due_stage for line in method.lines)
    return method_terms(method, reached_stages(room.building_id) if waits else None)


def _discounts(
    discount_ids: Collection[int], room: PricedRoom, day: date, actor: Actor
) -> list[DiscountTerms]:
    if not discount_ids:
        return []
    found = db.session.scalars(
        select(Discount)
        .where(Discount.id.in_(discount_ids), Discount.project_id == room.project_id)
        .options(selectinload(Discount.buildings))
    )
    discounts = {discount.id: discount for discount in found}
    if len(discounts) < len(discount_ids):
        sentence = _l("Choose discounts of this project, each of them once.")
        raise Invalid(sentence, fields={"discount_ids": sentence})
    for discount in discounts.values():
        _check_valid(discount, day, "discount_ids")
        _check_place(discount, room, "discount_ids")
        require_grant(discount, actor)
    return [discount_terms(discounts[discount_id]) for discount_id in discount_ids]


def _check_valid(terms: PaymentMethod | Discount, day: date, field: str) -> None:
    is_early = terms.valid_from is not None and day < terms.valid_from
    is_late = terms.valid_to is not None and day > terms.valid_to
    if not terms.is_active or is_early or is_late:
        sentence = _l("“%(name)s” is not valid on %(day)s.", name=terms.name, day=day.isoformat())
        raise Invalid(sentence, fields={field: sentence})


def _check_place(terms: PaymentMethod | Discount, room: PricedRoom, field: str) -> None:
    if terms.buildings and room.building_id not in {one.id for one in terms.buildings}:
        sentence = _l(
            "“%(name)s” is for %(buildings)s only.",
            name=terms.name,
            buildings="、".join(one.name for one in terms.buildings),
        )
        raise Invalid(sentence, fields={field: sentence})


def method_terms(method: PaymentMethod, reached: Mapping[str, date] | None = None) -> MethodTerms:
    """Return a payment method as plain values; ``reached`` are the stages of the building."""
    return MethodTerms(
        name=method.name,
        lines=tuple(line_terms(line, reached) for line in method.lines),
        discount_percent=method.discount_percent,
        code=f"method:{method.id}",
    )


def discount_terms(discount: Discount) -> DiscountTerms:
    """Return a discount as plain values."""
    return DiscountTerms(
        code=f"discount:{discount.id}",
        name=discount.name,
        kind=DiscountKind(discount.kind),
        value=discount.value,
        position=discount.position,
        is_stackable=discount.is_stackable,
    )


def line_terms(line: PaymentMethodLine, reached: Mapping[str, date] | None) -> LineTerms:
    """Return a payment line as plain values; ``reached`` as for ``method_terms``."""
    kind = DueKind(line.due_rule)
    stage, stage_kind = None, None
    if kind is DueKind.STAGE:
        # An old line only has its own name for the stage that it waits for: 主体封顶.
        stage_kind = line.due_stage
        stage = str(MilestoneKind(stage_kind).title) if stage_kind else line.name
    due = DueRule(
        kind=kind,
        days=line.due_days or 0,
        on=line.due_on,
        stage=stage,
        stage_kind=stage_kind,
        reached_on=(reached or {}).get(stage_kind or ""),
    )
    return LineTerms(
        kind=LineKind(line.kind),
        name=line.name,
        basis=LineBasis(line.basis),
        due=due,
        value=line.value or Decimal(0),
        round_down_to=line.round_down_to,
        position=line.position,
    )


def quote_data(found: Quote) -> dict[str, Any]:
    """Return a quote as JSON: for REST answers, and for keeping the steps with a deal."""
    unit = found.deal_unit_price
    return {
        "steps": [step_data(step) for step in found.steps],
        "list_total": plain(found.list_total),
        "discount_total": plain(found.discount_total),
        "discount_percent": plain(found.discount_percent),
        "deal_total": plain(found.deal_total),
        "deal_unit_price": None if unit is None else plain(unit),
        "receivables": [line_data(line) for line in found.receivables],
    }


def step_data(step: Step) -> dict[str, Any]:
    """Return one line of a price's explanation as JSON, its own words translated."""
    return {
        "code": step.code,
        "name": gettext(step.name) if step.code in OWN_STEPS else step.name,
        "kind": step.kind.value,
        "value": plain(step.value),
        "before": plain(step.before),
        "amount": plain(step.amount),
        "after": plain(step.after),
    }


def line_data(line: Line) -> dict[str, Any]:
    """Return one payment line as JSON; ``due`` is a day, or null while nobody can tell it."""
    rule = line.due_rule
    return {
        "kind": line.kind.value,
        "name": line.name,
        "due": line.due_on.isoformat() if line.due_on else None,
        "due_rule": {
            "kind": rule.kind.value,
            "days": rule.days,
            "stage": rule.stage,
            "stage_kind": rule.stage_kind,
        },
        "amount": plain(line.amount),
    }

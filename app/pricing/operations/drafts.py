"""Drafts plans: by hand over chosen rooms, by a rule, or as an adjustment of today's prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.errors import Invalid
from app.core.gathering import check_all
from app.core.money import (
    HUNDRED,
    ZERO,
    per_area,
    percent,
    percent_of,
    plain,
    round_to,
    times_area,
)
from app.estate.policies import require_reach
from app.estate.queries import get_project
from app.pricing import policies
from app.pricing.entries import check_plan
from app.pricing.models import PricePlan
from app.pricing.operations.plans import create_price_plan
from app.pricing.operations.rows import PlanRowDraft
from app.pricing.price_rule import PriceRule, RuledPrice, RuledRoom
from app.pricing.queries import RoomSelection, RoomToPrice, rooms_for_rule, rooms_to_price
from app.pricing.rules import fits_area

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class PlanHead:
    """What every plan has: its name, its rooms, and the day from which its prices hold."""

    name: str
    selection: RoomSelection
    takes_effect_on: date | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """By how much list prices go up, or down below 0: one of percent, yuan per m², yuan a room."""

    percent: Decimal | None = None
    per_area: Decimal | None = None
    per_room: Decimal | None = None

    def check(self) -> None:
        """Raise Invalid unless exactly one of the three is given, and is not 0."""
        given = [one for one in (self.percent, self.per_area, self.per_room) if one]
        if len(given) != 1:
            sentence = _l("Say by how much, in one of the three ways.")
            raise Invalid(sentence, fields={"percent": sentence})

    def apply(self, total: Decimal, square_metres: Decimal) -> Decimal:
        """Return the new list total in yuan, before the project's rounding."""
        if self.percent:
            return percent_of(total, HUNDRED + self.percent)
        if self.per_area:
            return total + times_area(self.per_area, square_metres)
        return total + (self.per_room or Decimal(0))

    def as_data(self) -> dict[str, Any]:
        """Return the one way that was given, as JSON."""
        ways = {"percent": self.percent, "per_area": self.per_area, "per_room": self.per_room}
        return {name: plain(amount) for name, amount in ways.items() if amount}


def draft_plan_by_hand(head: PlanHead, *, actor: Actor) -> PricePlan:
    """Draft a plan over the chosen rooms with their prices of today, to be changed in its grid.

    Rooms without a price are blank. Raises NotAllowed, NotFound outside scope, Invalid without
    rooms.
    """
    _check_head(head, actor)
    rounding = get_project(head.selection.project_id).total_rounding
    rooms = _some(rooms_to_price(head.selection))
    rows = [_as_today(room, rounding) for room in rooms]
    return _draft(head, rows, "hand", {}, actor, blanks=True)


def draft_plan_by_rule(head: PlanHead, *, rule: PriceRule, actor: Actor) -> PricePlan:
    """Draft a plan that prices the chosen rooms by a rule, which is kept with it.

    The same rule gives the same prices for ever. Raises NotAllowed, NotFound outside scope,
    Invalid for a rule that cannot be or naming the first room that it gives no price.
    """
    rows = [
        PlanRowDraft(price.room_id, price.total, price.unit_price, price_basis=rule.basis)
        for _room, price in _ruled(head, rule, actor)
    ]
    return _draft(head, rows, "rule", {"rule": rule.as_data()}, actor)


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What a rule would come to, before a plan is drafted; money in yuan, areas in m² gross.

    ``known_before`` and ``known_after`` are of those rooms only that have a price today.
    """

    rooms: int
    area: Decimal
    list_total: Decimal
    known_rooms: int
    known_before: Decimal
    known_after: Decimal
    below_floor: int
    lowest: tuple[RuledRoom, RuledPrice]
    highest: tuple[RuledRoom, RuledPrice]

    @property
    def average(self) -> Decimal:
        """Return the average list price in yuan per m² gross."""
        return per_area(self.list_total, self.area)

    @property
    def change_percent(self) -> Decimal | None:
        """Return by how many percent the rooms priced before change together."""
        if not self.known_before:
            return None
        return percent((self.known_after - self.known_before) * HUNDRED / self.known_before)


def try_rule(head: PlanHead, *, rule: PriceRule, actor: Actor) -> RulePreview:
    """Return what a rule would come to and write nothing. Raises as ``draft_plan_by_rule``."""
    priced = _ruled(head, rule, actor)
    today = {room.id: room for room in rooms_to_price(head.selection)}
    known = [
        (today[price.room_id], price)
        for _room, price in priced
        if today[price.room_id].list_total is not None
    ]
    ordered = sorted(priced, key=lambda pair: (pair[1].unit_price, pair[1].room_id))
    return RulePreview(
        rooms=len(priced),
        area=sum((room.areas.gross for room, _price in priced), ZERO),
        list_total=sum((price.total for _room, price in priced), ZERO),
        known_rooms=len(known),
        known_before=sum((room.list_total or ZERO for room, _price in known), ZERO),
        known_after=sum((price.total for _room, price in known), ZERO),
        below_floor=sum(price.total < (room.floor_total or ZERO) for room, price in known),
        lowest=ordered[0],
        highest=ordered[-1],
    )


def _ruled(head: PlanHead, rule: PriceRule, actor: Actor) -> list[tuple[RuledRoom, RuledPrice]]:
    _check_head(head, actor)
    rooms = _some(rooms_for_rule(head.selection))
    rounding = get_project(head.selection.project_id).total_rounding
    try:
        prices = rule.price_all(rooms, rounding=rounding)
    except BadValue as error:
        raise Invalid(error.message, code=error.code, fields={"base": error.message}) from error
    return list(zip(rooms, prices, strict=True))


def draft_adjusted_plan(head: PlanHead, *, adjustment: Adjustment, actor: Actor) -> PricePlan:
    """Draft a plan that changes the prices in force of the chosen rooms.

    Totals are rounded as the project says; floor totals are worked out anew; rooms without a price
    are left out. Raises NotAllowed, NotFound, Invalid unless exactly one way is given, where no
    room has a price, or where one would fall to 0.
    """
    _check_head(head, actor, adjustment)
    found = _some(rooms_to_price(head.selection))
    rounding = get_project(head.selection.project_id).total_rounding
    rows = [_adjusted(room, adjustment, rounding) for room in found if room.list_total is not None]
    if not rows:
        raise Invalid(_l("No room here has a price yet. Import a price list first."))
    return _draft(head, rows, "adjust", {"adjustment": adjustment.as_data()}, actor)


def _adjusted(room: RoomToPrice, adjustment: Adjustment, rounding: Decimal) -> PlanRowDraft:
    area = room.areas.by(room.basis)
    if area is None or room.list_total is None:
        raise Invalid(_l("%(room)s has no inside area. Enter it first.", room=room.title))
    total = round_to(adjustment.apply(room.list_total, area), rounding)
    if total <= 0:
        raise Invalid(
            _l(
                "%(room)s would fall from %(total)s to nothing. Choose a smaller change.",
                room=room.title,
                total=plain(room.list_total),
            )
        )
    unit = None
    if adjustment.per_area and room.unit_price is not None:
        # 52,229.87 and 500 more is 52,729.87, whatever the total was rounded to.
        whole = room.unit_price + adjustment.per_area
        unit = whole if whole > 0 and fits_area(total, whole, area, rounding) else None
    return PlanRowDraft(room.id, total, unit, price_basis=room.basis)


def _as_today(room: RoomToPrice, rounding: Decimal) -> PlanRowDraft:
    """Return the room's price in force as a row; blank where the room changed under it."""
    area, total, unit = room.areas.by(room.basis), room.list_total, room.unit_price
    if area is None or total is None or unit is None:
        return PlanRowDraft(room.id)
    if not fits_area(total, unit, area, rounding):
        return PlanRowDraft(room.id, price_basis=room.basis)
    return PlanRowDraft(room.id, total, unit, room.floor_total, room.basis)


def _check_head(head: PlanHead, actor: Actor, adjustment: Adjustment | None = None) -> None:
    actor.require(f"{policies.PLAN}:add")
    chosen = head.selection
    require_reach(actor, chosen.project_id)
    given = {
        "project_id": chosen.project_id,
        "name": head.name,
        "takes_effect_on": head.takes_effect_on,
        "building_ids": chosen.building_ids,
        "zone_ids": chosen.zone_ids,
        "house_type_ids": chosen.house_type_ids,
        "floor_from": chosen.floor_from,
        "floor_to": chosen.floor_to,
    }
    check_all(
        lambda: check_plan(given), lambda: adjustment.check() if adjustment is not None else None
    )


def _some(rooms: list[Found]) -> list[Found]:
    if not rooms:
        raise Invalid(
            _l("No unsold room fits this choice. Choose other buildings, house types or floors.")
        )
    return rooms


def _draft(
    head: PlanHead,
    rows: Sequence[PlanRowDraft],
    origin: str,
    terms: dict[str, Any],
    actor: Actor,
    *,
    blanks: bool = False,
) -> PricePlan:
    chosen = head.selection.as_data()
    return create_price_plan(
        project_id=head.selection.project_id,
        name=head.name,
        rows=rows,
        origin=origin,
        terms={**terms, **({"selection": chosen} if chosen else {})},
        takes_effect_on=head.takes_effect_on,
        blanks=blanks,
        actor=actor,
    )

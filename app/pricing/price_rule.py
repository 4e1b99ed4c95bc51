"""Prices by a rule: base unit price, step per floor, special floors, differences; no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from app.core.bad_value import N_, BadValue
from app.core.money import MAX_AMOUNT, ZERO, parse_yuan, plain, round_to
from app.pricing.rules import Areas, total_of, unit_of
from app.pricing.terms import PriceBasis

#: how a special floor says "the highest of each entrance"
TOP: Final = "top"
#: what rooms may differ by, in the order in which a price is explained
DIFFERENCES: Final = ("building", "entrance", "orientation", "view", "house_type")


class RuleError(BadValue):
    """A rule that cannot be, or that gives a room no price."""


@dataclass(frozen=True, slots=True)
class FloorBand:
    """Floors ``first`` to ``last`` climb by ``step`` each, instead of the rule's usual step."""

    first: int
    last: int
    step: Decimal


@dataclass(frozen=True, slots=True)
class SpecialFloor:
    """Floors, by name or ``top``, that cost ``amount`` more (or less) than their place says."""

    floors: tuple[str, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RuledRoom:
    """What a rule looks at: place, kind and areas of one room."""

    room_id: int
    title: str
    floor: int
    floor_name: str
    is_top: bool
    areas: Areas
    #: of ``DIFFERENCES``, as far as they are known
    traits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuledPrice:
    """The price of one room in yuan, and what its unit price is made of, part by part."""

    room_id: int
    unit_price: Decimal
    total: Decimal
    #: base, floors, special, then the differences that apply; adds up to the rule's price
    parts: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class PriceRule:
    """定价规则. All amounts are yuan per m² of the basis' area, or yuan a room when by the unit.

    The base holds on ``base_floor``; every floor above adds its step, every one below takes it
    away. There is no floor 0. A room on several special floors gets each of them.
    """

    base: Decimal
    basis: PriceBasis = PriceBasis.GROSS
    base_floor: int = 1
    step: Decimal = ZERO
    bands: tuple[FloorBand, ...] = ()
    special: tuple[SpecialFloor, ...] = ()
    #: trait → name → more (or less)
    differences: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def check(self) -> None:
        """Raise RuleError for a base that is no price, or for bands that are no bands."""
        if not 0 < self.base <= MAX_AMOUNT:
            raise RuleError("base", N_("The base price must be above 0."))
        for band in self.bands:
            if band.first > band.last:
                raise RuleError(
                    "band",
                    N_("A band goes from a lower to a higher floor: %(first)s to %(last)s."),
                    first=str(band.first),
                    last=str(band.last),
                )
        ordered = sorted(self.bands, key=lambda band: band.first)
        for lower, upper in pairwise(ordered):
            if upper.first <= lower.last:
                raise RuleError(
                    "band",
                    N_("Floor %(floor)s stands in two bands. Leave it in one of them."),
                    floor=str(upper.first),
                )

    def price(self, room: RuledRoom, *, rounding: Decimal) -> RuledPrice:
        """Return the room's price, its total rounded half up to ``rounding`` yuan.

        Raises RuleError naming the room whose inside area is missing or which would be free.
        """
        area = room.areas.by(self.basis)
        if area is None:
            raise RuleError(
                "no_inside_area",
                N_("%(room)s has no inside area. Enter it, or price the room by gross area."),
                room=room.title,
            )
        parts = self._parts(room)
        worked_out = sum((amount for _name, amount in parts), ZERO)
        if self.basis is PriceBasis.UNIT:
            total = round_to(worked_out, rounding)
            unit = unit_of(total, area) if total > 0 else ZERO
        else:
            unit, total = worked_out, total_of(worked_out, area, rounding)
        if min(unit, total) <= 0 or total > MAX_AMOUNT:
            raise RuleError(
                "no_price",
                N_("%(room)s would cost %(total)s by this rule. Raise the base or a difference."),
                room=room.title,
                total=plain(total),
            )
        return RuledPrice(room.room_id, unit, total, parts)

    def price_all(self, rooms: Iterable[RuledRoom], *, rounding: Decimal) -> list[RuledPrice]:
        """Return the prices of many rooms, in their order. Raises as ``check`` and ``price``."""
        self.check()
        return [self.price(room, rounding=rounding) for room in rooms]

    def _parts(self, room: RuledRoom) -> tuple[tuple[str, Decimal], ...]:
        special = sum((one.amount for one in self.special if _is_on(one, room)), ZERO)
        found = [("base", self.base), ("floors", self.climb(room.floor)), ("special", special)]
        for trait in DIFFERENCES:
            amounts = self.differences.get(trait, {})
            found.append((trait, amounts.get(room.traits.get(trait, ""), ZERO)))
        return tuple((name, amount) for name, amount in found if amount or name == "base")

    def climb(self, floor: int) -> Decimal:
        """Return what the place of a floor adds to the base, or takes from it."""
        low, high = sorted((floor, self.base_floor))
        climbed = self.step * _floors(low + 1, high)
        for band in self.bands:
            inside = _floors(max(low + 1, band.first), min(high, band.last))
            climbed += (band.step - self.step) * inside
        return climbed if floor > self.base_floor else -climbed

    def as_data(self) -> dict[str, Any]:
        """Return the rule as JSON, figures as strings; ``read_rule`` reads it back."""
        return {
            "base": plain(self.base),
            "basis": self.basis.value,
            "base_floor": self.base_floor,
            "step": plain(self.step),
            "bands": [
                {"first": band.first, "last": band.last, "step": plain(band.step)}
                for band in self.bands
            ],
            "special": [
                {"floors": list(one.floors), "amount": plain(one.amount)} for one in self.special
            ],
            "differences": {
                trait: {name: plain(amount) for name, amount in amounts.items()}
                for trait, amounts in self.differences.items()
                if amounts
            },
        }


def read_rule(data: Mapping[str, Any]) -> PriceRule:
    """Return the rule that ``as_data`` wrote. Raises BadValue for figures that are none."""
    known = {one.name for one in fields(PriceRule)}
    if not {"base", "basis"} <= set(data) <= known:
        raise RuleError("unknown", N_("This is not a price rule."))
    return PriceRule(
        base=parse_yuan(data["base"]),
        basis=PriceBasis(data["basis"]),
        base_floor=int(data.get("base_floor", 1)),
        step=parse_yuan(data.get("step", "0")),
        bands=tuple(
            FloorBand(int(band["first"]), int(band["last"]), parse_yuan(band["step"]))
            for band in data.get("bands", ())
        ),
        special=tuple(
            SpecialFloor(tuple(one["floors"]), parse_yuan(one["amount"]))
            for one in data.get("special", ())
        ),
        differences={
            trait: {name: parse_yuan(amount) for name, amount in amounts.items()}
            for trait, amounts in data.get("differences", {}).items()
        },
    )


def _floors(first: int, last: int) -> int:
    """Count the floors from first to last; there is no floor 0."""
    return max(0, last - first + 1 - (1 if first <= 0 <= last else 0))


def _is_on(special: SpecialFloor, room: RuledRoom) -> bool:
    return room.floor_name in special.floors or (room.is_top and TOP in special.floors)

"""How the prices of a plan were worked out, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.money import format_yuan, plain
from app.pricing.models import PricePlan
from app.pricing.price_rule import TOP, PriceRule, read_rule
from app.pricing.terms import PriceBasis
from app.pricing.titles import PRICE_BASES

TRAITS = {
    "building": _l("Building"),
    "entrance": _l("Entrance"),
    "orientation": _l("Orientation"),
    "view": _l("View"),
    "house_type": _l("House type"),
}


def terms_words(plan: PricePlan) -> str | None:
    """Return the rule or adjustment of a plan in words, or None for one typed by hand."""
    found: list[str] = []
    if "rule" in plan.terms:
        found += rule_words(read_rule(plan.terms["rule"]))
    found += _adjustment_words(plan.terms.get("adjustment", {}))
    return "；".join(found) or None


def rule_words(rule: PriceRule) -> Iterator[str]:
    """Yield what a rule says, part by part."""
    unit = _("yuan a room") if rule.basis is PriceBasis.UNIT else _("yuan/m²")
    yield str(PRICE_BASES[rule.basis.value])
    yield _("floor %(floor)d: %(base)s %(unit)s", floor=rule.base_floor,
            base=format_yuan(rule.base), unit=unit)  # fmt: skip
    if rule.step:
        yield _("each floor %(amount)s", amount=signed(rule.step))
    for band in rule.bands:
        yield _("floors %(first)d to %(last)d: each %(amount)s", first=band.first, last=band.last,
                amount=signed(band.step))  # fmt: skip
    for one in rule.special:
        names = "、".join(_("top floor") if name == TOP else name for name in one.floors)
        yield _("floor %(floors)s %(amount)s", floors=names, amount=signed(one.amount))
    for trait, amounts in rule.differences.items():
        told = "、".join(f"{name} {signed(amount)}" for name, amount in amounts.items())
        yield f"{TRAITS[trait]} {told}"


def _adjustment_words(adjustment: dict[str, Any]) -> Iterator[str]:
    units = {
        "percent": "%",
        "per_area": f" {_('yuan/m²')}",
        "per_room": f" {_('yuan a room')}",
    }
    for name, amount in adjustment.items():
        sign = "" if amount.startswith("-") else "+"
        yield f"{sign}{amount}{units[name]}"


def signed(amount: Any) -> str:
    """Return +300.00 or -300.00."""
    return f"+{plain(amount)}" if amount > 0 else plain(amount)

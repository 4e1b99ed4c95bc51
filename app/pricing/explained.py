"""What a price step was applied to, and how it was rounded, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.core.money import format_yuan


def explained(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for every step of a price, which are those of ``step_data``.

    It is told from what is kept with a deal, so that old deals read like today's quotations.
    """
    return [_explain(step, Decimal(steps[0]["after"])) for step in steps]


def _explain(step: Mapping[str, Any], list_total: Decimal) -> str:
    figures = {
        "value": format_yuan(Decimal(step["value"])),
        "list": format_yuan(list_total),
        "before": format_yuan(Decimal(step["before"])),
        "off": format_yuan(abs(Decimal(step["amount"]))),
        "after": format_yuan(Decimal(step["after"])),
    }
    match step["kind"]:
        case "method" | "points" | "special":
            return _(
                "List total %(list)s × %(value)s%% = %(off)s off, half up to the fen", **figures
            )
        case "percent":
            return _(
                "Running price %(before)s × %(value)s%% = %(off)s off, half up to the fen",
                **figures,
            )
        case "per_area":
            return _(
                "%(value)s yuan per m² × the area that the room is priced by = %(off)s off, half up"
                " to the fen",
                **figures,
            )
        case "amount":
            return _("%(off)s off the running price %(before)s", **figures)
        case "rounding":
            return _("%(before)s rounded half up to steps of %(value)s yuan = %(after)s", **figures)
        case _:
            return _("The room's list price in force")

"""Quotations kept as data: the terms of each, and the exact steps and lines they must give.

``python -m tests.pricing.quote_examples`` adds what is missing; an example that is there is never
written again, since deals were made with this arithmetic.
"""

from __future__ import annotations

import json
import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.pricing.quotes import (
    DiscountKind,
    DiscountTerms,
    DueKind,
    DueRule,
    LineBasis,
    LineKind,
    LineTerms,
    MethodTerms,
    PriceBasis,
    QuoteError,
    SpecialTerms,
    calculate,
)
from app.pricing.quoting import line_data

FILE = Path(__file__).parent / "data" / "quotes.json"
SIGNED = (None, "2026-07-15")
WANTED = 60
_DUES: list[dict[str, Any]] = [
    {"kind": "subscription", "days": 7},
    {"kind": "contract", "days": 30},
    {"kind": "date", "on": "2026-12-31"},
    {"kind": "stage", "stage": "主体封顶"},
]


def quote_of(terms: dict[str, Any]) -> dict[str, Any]:
    """Return what these terms give, as it is kept; a refusal is kept by its code."""
    special, signed = terms["special"], terms["contracted_on"]
    inside = terms["inside_area"]
    try:
        found = calculate(
            list_total=Decimal(terms["list_total"]),
            gross_area=Decimal(terms["gross_area"]),
            inside_area=None if inside is None else Decimal(inside),
            price_basis=PriceBasis(terms["price_basis"]),
            method=MethodTerms(
                "方式", tuple(map(_line, terms["lines"])), Decimal(terms["method_percent"])
            ),
            discounts=[_discount(place, one) for place, one in enumerate(terms["discounts"])],
            special=None if special is None else SpecialTerms("特殊折扣", Decimal(special)),
            rounding=Decimal(terms["rounding"]),
            subscribed_on=date.fromisoformat(terms["subscribed_on"]),
            contracted_on=None if signed is None else date.fromisoformat(signed),
        )
    except QuoteError as error:
        return {"refused": error.code}
    return {
        "steps": [[step.code, str(step.amount), str(step.after)] for step in found.steps],
        "lines": [
            [line["kind"], line["due"], line["amount"]]
            for line in map(line_data, found.receivables)
        ],
        "unit_price": str(found.deal_unit_price),
    }


def _line(line: dict[str, Any]) -> LineTerms:
    due, step = line["due"], line["round_down_to"]
    on = due.get("on")
    return LineTerms(
        LineKind(line["kind"]),
        line["kind"],
        LineBasis(line["basis"]),
        DueRule(
            DueKind(due["kind"]),
            due.get("days", 0),
            None if on is None else date.fromisoformat(on),
            due.get("stage"),
        ),
        Decimal(line["value"]),
        None if step is None else Decimal(step),
    )


def _discount(place: int, one: dict[str, Any]) -> DiscountTerms:
    kind, value = DiscountKind(one["kind"]), Decimal(one["value"])
    return DiscountTerms(f"d{place}", "优惠", kind, value, one["position"], one["is_stackable"])


def invented(seed: int) -> dict[str, Any]:
    """Return terms as an office would set them, the same ones for a seed."""
    of = random.Random(seed)

    def line(kind: str, basis: str, value: str = "0", step: str | None = None) -> dict[str, Any]:
        due = of.choice(_DUES)
        return {"kind": kind, "basis": basis, "value": value, "due": due, "round_down_to": step}

    lines = of.choice(
        [
            [line("instalment", "rest")],
            [line("deposit", "fixed", "100000.00"), line("instalment", "rest")],
            [
                line("deposit", "fixed", "50000.00"),
                line("down_payment", "percent", of.choice(["20.00", "30.00", "33.33"])),
                line("fund", "fixed", "904321.00", of.choice([None, "1000.00"])),
                line("loan", "rest", step=of.choice([None, "0.01", "5000.00"])),
                line("collected", "percent", "1.50"),
            ],
            [
                line("deposit", "percent", "2.00"),
                line("instalment", "percent", "33.33"),
                line("instalment", "percent", "33.33"),
                line("fitout", "percent", "33.34"),
            ],
            [
                line("loan", "percent", "50.00"),
                line("instalment", "rest"),
                line("collected", "fixed", "8000.00"),
            ],
        ]
    )
    gross = Decimal(of.randint(4000, 24000)).scaleb(-2)
    discounts = [
        {
            "kind": of.choice(["percent", "points", "per_area", "amount"]),
            "value": str(Decimal(of.randint(1, 800)).scaleb(-2)),
            "position": of.randint(0, 3),
            "is_stackable": of.random() > 0.1,
        }
        for _ in range(of.randint(0, 3))
    ]
    return {
        "list_total": str(Decimal(of.randint(30_000_000, 2_000_000_000)).scaleb(-2)),
        "gross_area": str(gross),
        "inside_area": str((gross * 8 / 10).quantize(Decimal("0.01"))),
        "price_basis": of.choice(["gross", "inside", "unit"]),
        "lines": lines,
        "method_percent": str(Decimal(of.randint(0, 300)).scaleb(-2)),
        "discounts": discounts,
        "special": of.choice([None, None, "1.25", "2.50"]),
        "rounding": of.choice(["0.01", "1", "10", "100"]),
        "subscribed_on": "2026-07-01",
        "contracted_on": of.choice(SIGNED),
    }


def kept() -> list[dict[str, Any]]:
    """Return every example with what it must give."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Add the examples that are missing."""
    examples = kept() if FILE.exists() else []
    for seed in range(len(examples), WANTED):
        terms = invented(seed)
        examples.append({"terms": terms, "gives": quote_of(terms)})
    rows = ",\n".join(json.dumps(one, ensure_ascii=False) for one in examples)
    FILE.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()

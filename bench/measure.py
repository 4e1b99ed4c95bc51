"""What a measurement is, and how the run prints and keeps them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Yardstick:
    """What the figure is held against, measured in the same run."""

    name: str
    value: float


@dataclass(frozen=True)
class Measure:
    """One figure; ``ratio`` is value ÷ yardstick."""

    name: str
    value: float
    unit: str
    scale: float
    yardstick: Yardstick | None
    ratio: float | None
    better: Literal["higher", "lower"]
    goal: float
    met: bool


def measure(
    name: str,
    value: float,
    unit: str,
    *,
    scale: float,
    better: Literal["higher", "lower"],
    goal: float,
    yardstick: Yardstick | None = None,
    by: Literal["ratio", "value"] = "ratio",
) -> Measure:
    """Return the measurement; the goal is on the ratio or on the value itself."""
    ratio = value / yardstick.value if yardstick and yardstick.value else None
    figure = ratio if by == "ratio" and ratio is not None else value
    met = figure >= goal if better == "higher" else figure <= goal
    return Measure(name, value, unit, scale, yardstick, ratio, better, goal, met)


def print_table(measures: list[Measure]) -> None:
    head = f"{'name':<16}{'value':>12} {'unit':<10}{'yardstick':>34}{'ratio':>8}{'goal':>8}  met"
    print(head)
    for one in measures:
        stick = f"{one.yardstick.name} {one.yardstick.value:,.3f}" if one.yardstick else "–"
        ratio = f"{one.ratio:.3f}" if one.ratio is not None else "–"
        sign = "≥" if one.better == "higher" else "≤"
        print(
            f"{one.name:<16}{one.value:>12,.3f} {one.unit:<10}{stick:>34}{ratio:>8}"
            f"{sign + str(one.goal):>8}  {'yes' if one.met else 'NO'}"
        )


def keep(measures: list[Measure], path: Path) -> None:
    """Write the run's figures; figures of other benchmarks from earlier runs stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    known |= {one.name: asdict(one) for one in measures}
    path.write_text(json.dumps(list(known.values()), indent=1, ensure_ascii=False))

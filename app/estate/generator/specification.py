"""What is asked for: floors, entrances and their columns, the rule of numbers, changed cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Mode(StrEnum):
    """Whether rooms stand floor by floor, are listed, or are a building each."""

    GRID = "grid"
    LIST = "list"
    VILLA = "villa"


class NumberRule(StrEnum):
    """What stands behind the floor in a room's number.

    ``column``: its column within the entrance. ``across_entrance``: a running number from left to
    right within floor and entrance. ``down_entrance``: a running number through the whole
    entrance, down each column from the top floor, column by column. ``across_building``: a running
    number from left to right over all entrances of the floor.
    """

    COLUMN = "column"
    ACROSS_ENTRANCE = "across_entrance"
    DOWN_ENTRANCE = "down_entrance"
    ACROSS_BUILDING = "across_building"


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What the rooms of a column are as a rule; areas in m²."""

    house_type: str | None = None
    gross_area: Decimal | None = None
    inside_area: Decimal | None = None
    orientation: str | None = None


@dataclass(frozen=True, slots=True)
class EntrancePlan:
    """An entrance with its columns from the left; without a name the building has none."""

    name: str | None
    columns: tuple[ColumnPlan, ...]


@dataclass(frozen=True, slots=True)
class CellChange:
    """What is different about one cell; None leaves it as the rules have it.

    ``floor`` is the floor's place from the lowest, ``entrance`` from the left, both from 0;
    ``column`` from 1. Spans reach to the right and down.
    """

    floor: int
    entrance: int
    column: int
    is_blank: bool | None = None
    number: str | None = None
    house_type: str | None = None
    gross_area: Decimal | None = None
    inside_area: Decimal | None = None
    orientation: str | None = None
    column_span: int = 1
    row_span: int = 1

    @property
    def place(self) -> tuple[int, int, int]:
        """Return where the cell is."""
        return self.floor, self.entrance, self.column


@dataclass(frozen=True, slots=True)
class Specification:
    """A building to be filled with rooms. ``floors`` are names, lowest first."""

    floors: tuple[str, ...]
    entrances: tuple[EntrancePlan, ...]
    rule: NumberRule = NumberRule.COLUMN
    #: figures of the running number; None for as many as are needed, two at least
    digits: int | None = None
    cells: tuple[CellChange, ...] = ()


def list_plan(
    numbers: Sequence[str], *, floor: str, entrance: str | None, plan: ColumnPlan
) -> Specification:
    """Return the specification of rooms side by side on one floor, under these numbers."""
    columns = (plan,) * len(numbers)
    cells = (
        CellChange(0, 0, column, number=number) for column, number in enumerate(numbers, start=1)
    )
    return Specification((floor,), (EntrancePlan(entrance, columns),), cells=tuple(cells))

"""What a price list says once it is read: rooms, faults, and whether two lists agree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from app.core.money import ZERO
from app.estate.sheets.faults import Fault

if TYPE_CHECKING:
    from app.estate.sheets.matrix_matching import MatrixGuess

TOLERANCE: Final = Decimal("1.00")

RoomKey = tuple[str, str, str]

_BUILDING_WORD: Final = re.compile(r"(?:栋|幢|座|号楼|#楼|楼|号|#)$")
_ENTRANCE_WORD: Final = re.compile(r"(?:单元|门|座|梯)$")


class Shape(StrEnum):
    """表样: a row for each room, or floors down and columns across."""

    ROWS = "rows"
    MATRIX = "matrix"


class Traits(NamedTuple):
    """What a list says of a room besides its place, areas and price; None is nothing said.

    The last two are its building's.
    """

    orientation: str | None = None
    view: str | None = None
    structure: str | None = None
    fit_out: str | None = None
    #: a value of ``RoomUsage``
    usage: str | None = None
    product_type: str | None = None
    zone: str | None = None


NO_TRAITS: Final = Traits()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One room of a price list. Areas in m², prices in yuan; None is what the list does not say.

    ``sheet`` and ``line`` say where it stands (the first sheet of a matrix); ``floor`` is the
    floor's order with basements below 0; ``column`` the place on the floor from 1; ``written`` the
    number as it was written, where a floor was put before it.
    """

    sheet: str
    line: int
    building: str
    entrance: str | None
    floor: int
    floor_name: str
    column: int
    number: str
    house_type: str | None
    gross_area: Decimal | None
    inside_area: Decimal | None
    unit_price: Decimal | None
    total: Decimal | None
    written: str | None = None
    traits: Traits = NO_TRAITS

    @property
    def key(self) -> RoomKey:
        """Return what makes two rows the same room, however its building is worded."""
        return (
            _BUILDING_WORD.sub("", self.building),
            _ENTRANCE_WORD.sub("", self.entrance or ""),
            self.number,
        )

    @property
    def title(self) -> str:
        return "-".join(part for part in (self.building, self.entrance, self.number) if part)


@dataclass(frozen=True, slots=True)
class MatchedColumn:
    """A column of a list: ``key`` tells its heading from all others of the sheet.

    ``column`` is a value of ``Column``, empty where nobody knows; ``samples`` are its first cells.
    """

    key: str
    letter: str
    heading: str
    column: str
    samples: tuple[str, ...]
    sheet: str = ""


@dataclass(slots=True)
class PriceList:
    """价目表 as read: with any fault in it, nothing of it may be written.

    ``project_name`` is what stood before every building's name; ``ignored`` are the headings of
    columns that are known and not used; ``hidden_rows`` are taken in like the others.
    """

    shape: Shape | None = None
    rows: Sequence[SheetRow] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    project_name: str | None = None
    ignored: tuple[str, ...] = ()
    hidden_rows: int = 0
    #: what the columns of lists of rows were taken for
    columns: list[MatchedColumn] = field(default_factory=list)
    #: what sheets, columns and blocks of a matrix were taken for
    matrix: MatrixGuess | None = None
    #: whether somebody's word on the columns was followed
    is_matched: bool = False

    @property
    def matching(self) -> dict[str, str]:
        """Return heading → what its column was taken for, to be followed again.

        Of a matrix, key → what sheet, column or block was taken for.
        """
        columns = {column.key: column.column for column in self.columns}
        return columns | (self.matrix.matching if self.matrix else {})

    @property
    def is_good(self) -> bool:
        return not self.faults and bool(self.rows)

    @property
    def has_prices(self) -> bool:
        return any(row.total is not None for row in self.rows)

    @property
    def total_sum(self) -> Decimal:
        """Return the sum of the rooms' totals, in yuan."""
        return sum((row.total for row in self.rows if row.total is not None), ZERO)


@dataclass(frozen=True, slots=True)
class Difference:
    """The totals that two lists give to one room, in yuan."""

    title: str
    one: Decimal
    other: Decimal

    @property
    def amount(self) -> Decimal:
        return abs(self.one - self.other)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far two price lists agree; the titles of what only one of them has or prices."""

    compared: int
    tolerance: Decimal
    largest: Difference | None
    beyond: tuple[Difference, ...]
    only_in_one: tuple[str, ...]
    only_in_other: tuple[str, ...]
    priced_in_one_only: tuple[str, ...]

    @property
    def largest_difference(self) -> Decimal:
        return self.largest.amount if self.largest else ZERO

    @property
    def agrees(self) -> bool:
        """Tell whether both have the same rooms at totals within the tolerance."""
        apart = (self.beyond, self.only_in_one, self.only_in_other, self.priced_in_one_only)
        return self.compared > 0 and not any(apart)


def compare(one: PriceList, other: PriceList, *, tolerance: Decimal = TOLERANCE) -> Comparison:
    """Compare two lists room by room; totals may differ by ``tolerance`` yuan."""
    ones = {row.key: row for row in one.rows}
    others = {row.key: row for row in other.rows}
    both = [(row, others[key]) for key, row in ones.items() if key in others]
    differences = [
        Difference(row.title, row.total, twin.total)
        for row, twin in both
        if row.total is not None and twin.total is not None
    ]
    return Comparison(
        compared=len(both),
        tolerance=tolerance,
        largest=max(differences, key=lambda difference: difference.amount, default=None),
        beyond=tuple(found for found in differences if found.amount > tolerance),
        only_in_one=_titles(row for key, row in ones.items() if key not in others),
        only_in_other=_titles(row for key, row in others.items() if key not in ones),
        priced_in_one_only=_titles(
            row for row, twin in both if (row.total is None) != (twin.total is None)
        ),
    )


def _titles(rows: Iterable[SheetRow]) -> tuple[str, ...]:
    return tuple(row.title for row in rows)

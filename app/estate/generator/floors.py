"""Names floors, with those that people avoid left out, and puts named floors in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.estate.sheets.values import floor_of

#: floors that many buyers do not want, for how their numbers sound
AVOIDED: Final = frozenset({4, 13, 14})
MOST_FLOORS: Final = 100


@dataclass(frozen=True, slots=True)
class FloorNames:
    """How floors are to be named.

    ``above`` and ``below`` count storeys that stand there. Names in ``avoided`` are left out, so
    that the top floor bears a higher number than there are floors; with ``by_letter`` the floor
    stays and is named after the one below it (3A for 4, 12A and 12B for 13 and 14). ``basement``
    is what stands before the number of a floor below ground: ``B`` or ``-``.
    """

    above: int
    below: int = 0
    avoided: Collection[int] = ()
    by_letter: bool = False
    basement: str = "B"


def name_floors(wish: FloorNames) -> list[str]:
    """Return the names from the lowest floor up: ``B2, B1, 1, 2, 3, 5``."""
    names = [f"{wish.basement}{depth}" for depth in range(wish.below, 0, -1)]
    number, plain, letters = 0, 0, 0
    left = wish.above
    while left > 0:
        number += 1
        if number not in wish.avoided:
            plain, letters = number, 0
            names.append(str(number))
        elif wish.by_letter and plain:
            letters += 1
            names.append(f"{plain}{_letter(letters)}")
        else:
            continue
        left -= 1
    return names


def order_floors(names: Sequence[str], known: Mapping[str, int] | None = None) -> list[int]:
    """Return each floor's place among the building's floors, lowest first, strictly rising.

    A floor that the building has (``known``: name → place) stays where it is. A name that says
    its place (31, B1, 12A) is put there, as price lists are read; any other follows the floor
    below it. There is no place 0.
    """
    orders: list[int] = []
    for name in names:
        last = orders[-1] if orders else None
        said = (known or {}).get(name)
        if said is None:
            read = floor_of(name)
            said = read[0] if read is not None else None
        if said is None or (last is not None and said <= last):
            said = 1 if last in {None, -1} else (last or 0) + 1
        orders.append(said)
    return orders


def _letter(count: int) -> str:
    return chr(ord("A") + count - 1)

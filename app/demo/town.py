"""Made-up projects of any number of rooms: where they stand, how they are built, what they cost.

Nothing is left to chance: the same number of rooms gives the same rooms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

PROJECTS: Final = 300
#: no further project is begun for fewer rooms
ROOMS_OF_A_PROJECT: Final = 300

CITIES: Final = (
    "深圳", "广州", "佛山", "东莞", "长沙", "武汉", "成都", "重庆", "杭州", "南京", "苏州", "西安",
)  # fmt: skip
#: yuan per m² by city
_PRICES: Final = (
    52000, 41000, 18000, 24000, 12500, 17000, 19500, 14000, 38000, 31000, 27000, 16500,
)  # fmt: skip
_FIRST: Final = ("松风", "云栖", "锦绣", "江湾", "翠湖", "长堤", "望岳", "听澜", "明德", "和光")
_SECOND: Final = ("明月", "雅苑", "华府", "公馆", "花园", "新里", "名郡", "云台", "文轩", "名邸")


class Tower(NamedTuple):
    """How a building is built."""

    floors: int
    entrances: int
    on_a_floor: int


class HouseType(NamedTuple):
    """A type of home: areas in m²."""

    name: str
    gross_area: Decimal
    inside_area: Decimal
    orientation: str


#: as the buildings of a project follow each other
TOWERS: Final = (
    Tower(33, 2, 4), Tower(18, 3, 2), Tower(26, 2, 3), Tower(11, 4, 2), Tower(32, 1, 6),
)  # fmt: skip
#: by place on the floor, again and again
TYPES: Final = (
    HouseType("A", Decimal("143.28"), Decimal("112.60"), "南"),
    HouseType("B", Decimal("89.45"), Decimal("69.80"), "东南"),
    HouseType("C", Decimal("108.92"), Decimal("85.15"), "北"),
    HouseType("D", Decimal("125.53"), Decimal("98.05"), "西南"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A project: its place among all from 0, and how many rooms it has."""

    at: int
    rooms: int

    @property
    def city(self) -> int:
        """Return the place of its city in CITIES."""
        return self.at % len(CITIES)

    @property
    def name(self) -> str:
        """Return a name that no other site has."""
        words = len(_FIRST) * len(_SECOND)
        turn, rest = divmod(self.at, words)
        phase = f"{'二三四五六七八九'[turn - 1]}期" if turn else ""
        return _FIRST[rest % len(_FIRST)] + _SECOND[rest // len(_FIRST)] + phase


class Home(NamedTuple):
    """A room; building and entrance are counted over all sites from 0."""

    at: int
    site: int
    building: int
    position: int
    entrance: int
    floor: int
    column: int
    type: int

    @property
    def status(self) -> str:
        """Return available for two of three buildings, with a held room here and there."""
        if self.position % 3 == 0:
            return "unreleased"
        return "held" if self.at % 29 == 0 else "available"

    @property
    def is_priced(self) -> bool:
        """Tell whether a price is in force: of all that is on sale, and of half the rest."""
        return self.position % 6 != 0

    @property
    def unit_price(self) -> Decimal:
        """Return yuan per m²: more with every floor, and for the south."""
        base = _PRICES[self.site % len(CITIES)] + 80 * self.floor - 350 * self.type
        return Decimal(base + self.building % 7 * 120).quantize(Decimal("0.01"))


class BuildingOf(NamedTuple):
    """A building: its site, its place there from 1, and its first entrance."""

    site: int
    position: int
    first_entrance: int
    entrances: int


@dataclass(frozen=True, slots=True)
class Town:
    """All that is made for a number of rooms."""

    rooms: int

    def sites(self) -> list[Site]:
        """Return the projects: some have three times the rooms of others."""
        count = min(PROJECTS, max(1, self.rooms // ROOMS_OF_A_PROJECT))
        weights = [2 + at * 7 % 5 for at in range(count)]
        whole, given, sites = sum(weights), 0, []
        for at in range(count):
            upto = self.rooms * sum(weights[: at + 1]) // whole
            sites.append(Site(at, upto - given))
            given = upto
        return sites

    def buildings(self) -> list[BuildingOf]:
        """Return the buildings in the order in which `homes` counts them."""
        found, entrances = [], 0
        for site in self.sites():
            for position, tower, _rooms in _towers(site):
                found.append(BuildingOf(site.at, position, entrances, tower.entrances))
                entrances += tower.entrances
        return found

    def homes(self) -> Iterator[Home]:
        """Yield the rooms, building by building, from the ground up."""
        at = building = entrance = 0
        for site in self.sites():
            for position, tower, rooms in _towers(site):
                for place in range(rooms):
                    floor, rest = divmod(place, tower.entrances * tower.on_a_floor)
                    door, column = divmod(rest, tower.on_a_floor)
                    yield Home(
                        at, site.at, building, position, entrance + door, floor + 1, column + 1,
                        column % len(TYPES),
                    )  # fmt: skip
                    at += 1
                building += 1
                entrance += tower.entrances


def _towers(site: Site) -> Iterator[tuple[int, Tower, int]]:
    """Yield place, kind and number of rooms of the site's buildings; the last may end early."""
    left, position = site.rooms, 0
    while left:
        tower = TOWERS[(site.at + position) % len(TOWERS)]
        rooms = min(left, tower.floors * tower.entrances * tower.on_a_floor)
        position += 1
        yield position, tower, rooms
        left -= rooms

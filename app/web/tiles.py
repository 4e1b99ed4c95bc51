"""Tiles of the workbench: each area declares what it can show of somebody's day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from flask import current_app

from app.core.actor import Actor
from app.core.permissions import PRESET_ROLES

EXTENSION = "xiaokong_tiles"
#: rows of a list, so that tiles stay of one height
MOST_ROWS = 5
Size = Literal["half", "wide"]


@dataclass(frozen=True)
class Figure:
    """One number with its word; ``note`` is small print beside it, ``tone`` its tint."""

    title: Any
    value: Any
    url: str = ""
    note: Any = ""
    #: ok, warn, bad or info; or a room status as ``st-available``
    tone: str = ""


@dataclass(frozen=True)
class Figures:
    """A band of numbers."""

    items: Sequence[Figure]


@dataclass(frozen=True)
class Row:
    """One line of a list: what it is, what about it, its state, and a figure or moment."""

    title: Any
    url: str = ""
    detail: Any = ""
    #: a chip (markup), or nothing
    chip: Any = ""
    aside: Any = ""
    #: a moment by which something is due: shown as time left, red when it is near
    due: datetime | None = None


@dataclass(frozen=True)
class Rows:
    """A short list; ``count`` is how many there are in all, ``empty`` what stands for none."""

    items: Sequence[Row]
    empty: Any
    count: int | str | None = None


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length as a number, and the words at its end."""

    title: Any
    value: float
    text: Any
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Bars:
    """Bars beside each other, the longest over the whole width, or what all of them make up."""

    items: Sequence[Bar]
    empty: Any = ""
    #: whether the bars are parts of one whole, which is then what takes the whole width
    are_parts: bool = False

    @property
    def longest(self) -> float:
        """Return the length that takes the whole width."""
        lengths = [bar.value for bar in self.items]
        return (sum(lengths) if self.are_parts else max(lengths, default=0)) or 1


@dataclass(frozen=True)
class Tile:
    """Something of somebody's day: shown if he holds ``permission`` (one of a tuple; () is all).

    ``query(actor)`` returns Figures, Rows or Bars, or whatever ``template`` draws. ``roles`` are
    the letters of the preset roles that see it without choosing; others may add it. A tile that
    takes long is ``deferred``: the page is shown first and asks for it then.
    """

    key: str
    title: Any
    permission: str | tuple[str, ...]
    query: Callable[[Actor], Any]
    order: int = 100
    roles: str = ""
    size: Size = "half"
    icon: str = ""
    #: where all of it is
    url: str | Callable[[], str] = ""
    deferred: bool = False
    template: str = ""

    @property
    def permissions(self) -> tuple[str, ...]:
        """Return the permissions of which one is enough."""
        return (self.permission,) if isinstance(self.permission, str) else self.permission

    @property
    def role_codes(self) -> frozenset[str]:
        """Return the codes of the preset roles that see it without choosing."""
        return frozenset(PRESET_ROLES[letter][0] for letter in self.roles)

    def address(self) -> str:
        """Return where all of it is."""
        return self.url() if callable(self.url) else self.url

    def may_be_seen_by(self, actor: Actor) -> bool:
        """Tell whether the actor holds the right to it."""
        return not self.permissions or actor.may_any(*self.permissions)


@dataclass(frozen=True)
class Drawn:
    """A tile with what there is to show, or the number under which its fault was logged."""

    tile: Tile
    data: Any = None
    error_id: str = ""
    waiting: bool = field(default=False)


def keep(tiles: Iterable[Tile]) -> None:
    """Keep the tiles that the areas declare; ``app.views`` calls it once.

    Raises ValueError for a key that is declared twice.
    """
    kept: dict[str, Tile] = {}
    for tile in tiles:
        if tile.key in kept:
            message = f"tile {tile.key} is declared twice"
            raise ValueError(message)
        kept[tile.key] = tile
    current_app.extensions[EXTENSION] = kept


def tiles_for(actor: Actor) -> dict[str, Tile]:
    """Return the tiles that the actor may see, by key, in their usual order."""
    kept: dict[str, Tile] = current_app.extensions.get(EXTENSION, {})
    seen = [tile for tile in kept.values() if tile.may_be_seen_by(actor)]
    return {tile.key: tile for tile in sorted(seen, key=lambda one: one.order)}

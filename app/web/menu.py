"""The menu: each area declares its places, in the order of the work day; shown by permission."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l

from app.core.actor import Actor

#: the groups in the order of the work day
GROUPS: dict[str, Any] = {
    "work": _l("Work"),
    "rooms": _l("Housing"),
    "customers": _l("Customers"),
    "sales": _l("Sales"),
    "finance": _l("Finance"),
    "base": _l("Base data"),
    "system": _l("System"),
}
#: parts of a long group, each with a line of its own above its places
SECTIONS: dict[str, Any] = {
    "project": _l("Project and opening"),
    "building": _l("Buildings and drawings"),
    "room": _l("Rooms and house types"),
    "terms": _l("Payment and discounts"),
    "review": _l("Review and changes"),
}
#: groups that few people open on a day: folded until a page of theirs is shown
FOLDED = ("base", "system")
EXTENSION = "xiaokong_menu"


@dataclass(frozen=True)
class MenuItem:
    """A place in the menu: a view class (its list or default page) or a url.

    ``permission`` is ``area.entity:action`` or a tuple of which one is enough, () for everybody
    who is signed in; ``badge`` counts
    what waits for the actor and is asked after the page has been drawn.
    """

    title: Any
    group: str
    order: int
    permission: str | tuple[str, ...]
    view: type | None = None
    url: str = ""
    icon: str = ""
    #: the part of its group, a key of SECTIONS; places of one part follow each other
    section: str = ""
    badge: Callable[[Actor], int] | None = None
    #: where people arrive after signing in, if they may open it
    home: bool = False

    @property
    def key(self) -> str:
        """Name the item for counts."""
        return self.view.__name__ if self.view is not None else self.url

    @property
    def permissions(self) -> tuple[str, ...]:
        """Return the permissions of which one is enough."""
        return (self.permission,) if isinstance(self.permission, str) else self.permission

    def address(self) -> str:
        """Return the address of the place."""
        if self.view is None:
            return self.url
        return url_for(f"{self.view.__name__}.{self.view.default_view}")  # type: ignore[attr-defined]


def keep(items: Iterable[MenuItem]) -> None:
    """Keep the places that the areas declare; ``app.views`` calls it once.

    Raises ValueError for an unknown group or section, and for a view that is not registered.
    """
    kept = list(items)
    for item in kept:
        if item.group not in GROUPS:
            message = f"menu item {item.key} names the unknown group {item.group}"
            raise ValueError(message)
        if item.section and item.section not in SECTIONS:
            message = f"menu item {item.key} names the unknown section {item.section}"
            raise ValueError(message)
        if item.view is not None and item.view.__name__ not in current_app.blueprints:
            message = f"menu item {item.key} names a view that is not in VIEWS"
            raise ValueError(message)
    current_app.extensions[EXTENSION] = kept


def items_for(actor: Actor) -> list[MenuItem]:
    """Return the places that the actor may open, in menu order."""
    order = list(GROUPS)
    found = [
        item
        for item in current_app.extensions.get(EXTENSION, [])
        if not item.permissions or actor.may_any(*item.permissions)
    ]
    return sorted(found, key=lambda item: (order.index(item.group), item.order))


def home_for(actor: Actor) -> str | None:
    """Return where the actor begins his day: the first home of the menu, else his first place.

    That is the workbench, where all that waits for him comes together. Who has no right yet has
    no place to begin.
    """
    if actor.kind == "user" and not actor.roles:
        return None
    items = items_for(actor)
    found = next((item for item in items if item.home), None) or next(iter(items), None)
    return found.address() if found else None


def groups_for(actor: Actor) -> list[tuple[str, list[MenuItem]]]:
    """Return the names of the groups that hold something for the actor, with their items."""
    found: dict[str, list[MenuItem]] = {}
    for item in items_for(actor):
        found.setdefault(item.group, []).append(item)
    return list(found.items())


def counts_for(actor: Actor) -> dict[str, int]:
    """Return what waits at each place that counts."""
    return {item.key: item.badge(actor) for item in items_for(actor) if item.badge is not None}

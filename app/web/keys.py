"""Every key that does something by itself, in one place; ``js/keys.js`` does what stands here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import session
from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.preferences import get_preference, set_preference

#: the preference that switches the keys off: single letters disturb some assistive software
PREFERENCE = "keys"


@dataclass(frozen=True)
class Key:
    """A key, or two one after the other, and what it does."""

    keys: str
    title: Any


EVERYWHERE = (
    Key("/", _l("Search")),
    Key("?", _l("Show the keys")),
    Key("Esc", _l("Close what is open")),
)
LISTS = (
    Key("j", _l("Next row")),
    Key("k", _l("Row before")),
    Key("Enter", _l("Open the row")),
    Key("x", _l("Select the row")),
    Key("n", _l("New")),
    Key("e", _l("Change")),
)
#: ``g`` and then the letter goes to the place, for whom it is in the menu
PLACES = {
    "w": "WorkbenchView",
    "a": "ApprovalView",
    "q": "MyRequestView",
    "g": "GridView",
    "r": "RoomView",
    "c": "CustomerView",
    "s": "SubscriptionView",
    "h": "HoldView",
    "m": "CashierView",
    "p": "ReceiptView",
    "d": "DeviceJobView",
    "u": "UserView",
}
LETTER_OF = {view: letter for letter, view in PLACES.items()}


def are_on(actor: Actor | None) -> bool:
    """Tell whether the actor uses the keys; asked of the database once a session."""
    if actor is None or actor.kind != "user":
        return False
    kept = session.get(PREFERENCE)
    if not isinstance(kept, list) or kept[0] != actor.id:
        kept = [actor.id, bool(get_preference(PREFERENCE, actor=actor, default=True))]
        session[PREFERENCE] = kept
    return bool(kept[1])


def switch(on: bool, *, actor: Actor) -> None:
    """Switch the actor's keys on or off."""
    set_preference(PREFERENCE, None if on else False, actor=actor)
    session[PREFERENCE] = [actor.id, on]

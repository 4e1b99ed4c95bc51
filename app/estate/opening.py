"""What has to be ready before rooms go on sale 开盘准备, and what the system can tell of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.states import State
from app.estate.signals import opening_examined


class OpeningKind(State):
    """准备事项: in the order in which they are shown."""

    PERMIT = "permit"
    ROOMS = "rooms"
    PRICES = "prices"
    DISCOUNTS = "discounts"
    METHODS = "methods"
    CONTRACT_TEMPLATE = "contract_template"
    USERS = "users"
    BILL_BOOKS = "bill_books"
    DEVICES = "devices"
    ACCOUNTS = "accounts"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "permit": _l("Pre-sale permit"),
            "rooms": _l("Rooms"),
            "prices": _l("Prices"),
            "discounts": _l("Discounts"),
            "methods": _l("Payment methods"),
            "contract_template": _l("Reviewed contract template"),
            "users": _l("Users"),
            "bill_books": _l("Bill books"),
            "devices": _l("Devices"),
            "accounts": _l("Collection accounts"),
        }


ORDER = {kind.value: place for place, kind in enumerate(OpeningKind)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the system sees of an item: whether it looks ready, in a sentence."""

    is_ready: bool
    sentence: Any


def find_readiness(project_id: int, building_ids: Collection[int] = ()) -> dict[str, Finding]:
    """Ask every area what it sees of these buildings, none for the whole project.

    Items that no area can judge are missing.
    """
    found: dict[str, Finding] = {}
    for _receiver, answer in opening_examined.send(
        None, project_id=project_id, building_ids=tuple(building_ids)
    ):
        found |= answer
    return found

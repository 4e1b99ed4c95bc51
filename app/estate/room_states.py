"""The states of rooms, of their generations and of their imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.states import State


class RoomStatus(State):
    """房间状态: where a room stands on its way to the buyer."""

    UNRELEASED = "unreleased"
    AVAILABLE = "available"
    HELD = "held"
    RESERVED = "reserved"
    QUEUED = "queued"
    SUBSCRIBED = "subscribed"
    CONTRACTED = "contracted"
    HANDED_OVER = "handed_over"
    REPRICING = "repricing"
    #: gone into another room; kept for its history and shown on no grid
    MERGED = "merged"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "unreleased": _l("Unreleased"),
            "available": _l("Available"),
            "held": _l("Held"),
            "reserved": _l("Reserved"),
            "queued": _l("Queued for"),
            "subscribed": _l("Subscribed"),
            "contracted": _l("Contracted"),
            "handed_over": _l("Handed over"),
            "repricing": _l("Awaiting a price"),
            "merged": _l("Merged away"),
        }


#: the mark drawn beside the word, so that colour never stands alone
ROOM_MARKS: Mapping[str, str] = {
    "available": "○",
    "contracted": "■",
    "subscribed": "◆",
    "reserved": "◷",
    "held": "⊘",
    "queued": "№",
    "repricing": "!",
    "handed_over": "✓",
    "unreleased": "–",
    "merged": "⊂",
}


class RoomUsage(State):
    """租售类型: whether a room is to be sold, to be let, or either."""

    SALE = "sale"
    LEASE = "lease"
    BOTH = "both"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {"sale": _l("To be sold"), "lease": _l("To be let"), "both": _l("To be sold or let")}


class RoomImportLineKind(State):
    """导入核对结果: what an import does to a room, or finds of it."""

    NEW = "new"
    CHANGED = "changed"
    #: the list says something else, and the import was not asked to change rooms
    DIFFERS = "differs"
    SAME = "same"
    #: stands in a building of the list, and not in the list
    ABSENT = "absent"
    REFUSED = "refused"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "new": _l("New"),
            "changed": _l("Changes"),
            "differs": _l("Differs, left alone"),
            "same": _l("Unchanged"),
            "absent": _l("Not in the list"),
            "refused": _l("Refused"),
        }


class RoomGenerationState(State):
    """生成状态."""

    DONE = "done"
    UNDONE = "undone"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {"done": _l("Rooms made"), "undone": _l("Taken back")}


class RoomImportState(State):
    """导入状态: a dry run waits to be carried out; the others have ended."""

    CHECKED = "checked"
    DONE = "done"
    REFUSED = "refused"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "checked": _l("Checked, not imported yet"),
            "done": _l("Imported"),
            "refused": _l("Refused for faults"),
        }

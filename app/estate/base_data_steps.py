"""What can happen to a project's base data, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.states import State


class BaseDataStep(State):
    """资料日志类型: what an entry of the log of base data says."""

    REVIEWED_SALES = "reviewed_sales"
    REVIEWED_FINANCE = "reviewed_finance"
    TAKEN_BACK = "taken_back"
    LOCKED = "locked"
    ASKED = "asked"
    REJECTED = "rejected"
    APPROVED = "approved"
    OPENED = "opened"
    EXECUTED = "executed"
    CANCELLED = "cancelled"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "reviewed_sales": _l("Reviewed for sales"),
            "reviewed_finance": _l("Reviewed for finance"),
            "taken_back": _l("Review taken back"),
            "locked": _l("Locked"),
            "asked": _l("Change sent for approval"),
            "rejected": _l("Change rejected"),
            "approved": _l("Change approved"),
            "opened": _l("Opened for a change"),
            "executed": _l("Change carried out"),
            "cancelled": _l("Change cancelled"),
        }


#: side that reviews → the step that it is
REVIEW_STEPS = {"sales": BaseDataStep.REVIEWED_SALES, "finance": BaseDataStep.REVIEWED_FINANCE}

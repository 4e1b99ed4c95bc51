"""The stages that a building reaches, in the order in which it reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.states import State


class MilestoneKind(State):
    """楼栋节点: what instalments, area settlement, handover and title wait for."""

    FOUNDATION = "foundation"
    GROUND_LEVEL = "ground_level"
    TOPPED_OUT = "topped_out"
    COMPLETION_RECORD = "completion_record"
    MEASURED_SURVEY = "measured_survey"
    TITLE_REGISTRATION = "title_registration"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        """Return the lazy title of every kind."""
        return {
            cls.FOUNDATION.value: _l("Foundation done"),
            cls.GROUND_LEVEL.value: _l("±0.00 reached"),
            cls.TOPPED_OUT.value: _l("Topped out"),
            cls.COMPLETION_RECORD.value: _l("Completion record"),
            cls.MEASURED_SURVEY.value: _l("Measured survey"),
            cls.TITLE_REGISTRATION.value: _l("Overall title registration"),
        }


#: words of a payment line's name → the stage that it waits for; the first that fits
STAGE_WORDS = (
    ("封顶", MilestoneKind.TOPPED_OUT),
    ("正负零", MilestoneKind.GROUND_LEVEL),
    ("±0", MilestoneKind.GROUND_LEVEL),
    ("基础", MilestoneKind.FOUNDATION),
    ("竣工", MilestoneKind.COMPLETION_RECORD),
    ("备案", MilestoneKind.COMPLETION_RECORD),
    ("实测", MilestoneKind.MEASURED_SURVEY),
    ("大产证", MilestoneKind.TITLE_REGISTRATION),
    ("初始登记", MilestoneKind.TITLE_REGISTRATION),
)


def stage_named(name: str) -> str | None:
    """Return the stage that a payment line's name speaks of, None if it names none."""
    return next((kind.value for word, kind in STAGE_WORDS if word in name), None)
